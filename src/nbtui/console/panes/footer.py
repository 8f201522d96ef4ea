"""The foot line: the keys that are of use now, or what was last told, or the search text."""

from __future__ import annotations

from nbtui.console.actions import ACTIONS, PAIRS
from nbtui.console.panes.line import Line, Span, clip, fit, line, width_of
from nbtui.console.state import State
from nbtui.trace.text import clean


def draw(state: State, width: int, height: int) -> list[Line]:
    """One line."""
    if state.prompt is not None:
        return [fit(line(Span(" :", "key"), clean(state.prompt), Span("_", "cursor")), width)]
    if state.searching:
        return [fit(line(Span(" /", "key"), clean(state.query), Span("_", "cursor")), width)]
    if state.message:
        return [fit(line(Span(" " + clip(clean(state.message), width - 2), "warning")), width)]
    return [fit(_keys(state, width), width)]


def _keys(state: State, width: int) -> Line:
    entries: list[tuple[str, str]] = []
    for known in ACTIONS:
        pair = next((pair for pair in PAIRS if pair[0] == known.id), None)
        if pair and known.when(state):
            other = next(entry for entry in ACTIONS if entry.id == pair[1])
            entries.append((f"{known.shown} {other.shown}", pair[2]))
        elif known.label and known.when(state):
            entries.append((known.shown, known.label))
    # help and quit are always in sight, whatever has no room before them
    *others, help_entry, quit_entry = (
        line(Span(f" {shown}", "key"), Span(f" {label} ", "faint")) for shown, label in entries
    )
    spans: Line = ()
    for entry in others:
        if width_of((*spans, *entry, *help_entry, *quit_entry)) > width:
            break
        spans = (*spans, *entry)
    return (*spans, *help_entry, *quit_entry)
