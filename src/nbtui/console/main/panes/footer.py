"""The foot line: the available keys, the last message, or the search text."""

from __future__ import annotations

from nbtui.console.drawing.foot import keys, message
from nbtui.console.drawing.line import Line, Span, fit, line, width_of
from nbtui.console.main.actions import ACTIONS, PAIRS
from nbtui.console.main.state import State
from nbtui.trace.text import clean


def draw(state: State, width: int, height: int) -> list[Line]:
    """One line, or more of a long message."""
    if state.prompt is not None:
        return [fit(line(Span(" :", "key"), clean(state.prompt), Span("_", "cursor")), width)]
    if state.searching:
        return [fit(line(Span(" /", "key"), clean(state.query), Span("_", "cursor")), width)]
    if state.message:
        said = Span(f" {clean(state.message)} ", "warning")
        room = width - width_of((said,))
        beside = _keys(state, room)
        return [fit((said, *beside), width)] if width_of(beside) <= room else message(state.message, width, height)
    return [fit(_keys(state, width), width)]


def _keys(state: State, width: int) -> Line:
    """Available keys in order of priority, as many as fit, and always help and quit."""
    entries: list[tuple[str, str]] = []
    for known in ACTIONS:
        pair = next((pair for pair in PAIRS if pair[0] == known.id), None)
        if pair and known.when(state):
            other = next(entry for entry in ACTIONS if entry.id == pair[1])
            entries.append((f"{known.shown} {other.shown}", pair[2]))
        elif known.label and known.when(state):
            entries.append((known.shown, "back" if known.id == "quit" and state.opened else known.label))
    return keys(entries, width)
