"""The foot line: the keys that are of use now, or what was last told, or the search text."""

from __future__ import annotations

from nbtui.console.actions import ACTIONS, PAIRS, action
from nbtui.console.panes.line import Line, Span, clip, fit, line, width_of
from nbtui.console.state import State
from nbtui.trace.text import clean


def draw(state: State, width: int, height: int) -> list[Line]:
    """One line."""
    if state.searching:
        return [fit(line(Span(" /", "key"), clean(state.query), Span("_", "cursor")), width)]
    if state.message:
        return [fit(line(Span(" " + clip(clean(state.message), width - 2), "warning")), width)]
    return [fit(_keys(state, width), width)]


def _keys(state: State, width: int) -> Line:
    entries: list[tuple[str, str]] = []
    for entry in ACTIONS:
        pair = next((pair for pair in PAIRS if pair[0] == entry.id), None)
        if pair and action(pair[0]).when(state):
            entries.append((pair[2], pair[3]))
        elif entry.label and entry.when(state):
            entries.append((entry.shown, entry.label))
    spans: Line = ()
    for shown, label in entries:
        more = line(Span(f" {shown}", "key"), Span(f" {label} ", "faint"))
        if width_of((*spans, *more)) > width:
            break
        spans = (*spans, *more)
    return spans
