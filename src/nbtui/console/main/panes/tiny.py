"""The main screen of a very small terminal: the verdict, the field under the cursor, and both of its values."""

from __future__ import annotations

from nbtui.console.drawing.line import Line, Span, block, clip, line, width_of
from nbtui.console.drawing.numbers import full, marked, relative
from nbtui.console.main.panes import footer, header
from nbtui.console.main.panes.fields import status_word
from nbtui.console.main.state import State
from nbtui.trace.text import clean

_WRITTEN = 80  # width in columns of the verdict before it is broken into lines


def draw(state: State, width: int, height: int) -> list[Line]:
    """The verdict, as much of it as the field leaves room for, the field, and the foot line from five lines on."""
    foot = footer.draw(state, width, 1) if height > 4 else []
    room = height - len(foot)
    shown = _field(state, width)
    verdict = _flowing(header.draw(state, _WRITTEN, 2)[1], width)[: max(1, room - len(shown))]
    return [*block([*verdict, *shown], width, room), *foot]


def _flowing(spans: Line, width: int) -> list[Line]:
    """The spans in lines of at most ``width`` cells; only a span longer than a line is cut."""
    lines: list[Line] = [()]
    for text, tone in spans:
        if not text.strip():
            continue
        if width_of((*lines[-1], Span(text))) > width and lines[-1]:
            lines.append(())
        lines[-1] += (Span(clip(text if lines[-1] else " " + text.strip() + " ", width), tone),)
    return lines


def _field(state: State, width: int) -> list[Line]:
    """Name, difference and values of the field under the cursor."""
    row = state.row
    if row is None:
        return []
    c, py = full(row.c_value), full(row.py_value)
    delta = "" if state.pending else relative(row.rel_delta)
    tail = line(f" {delta} ", status_word(state, row))
    name = Span(" " + clip(clean(row.label), width - 2 - width_of(tail)), "title")
    ours, theirs = (side.name for side in state.named)
    values = [(ours, c, py)] if state.pending else [(ours, c, py), (theirs, py, c)]
    names = max(len(ours), len(theirs)) + 2
    room = width - names
    shown = [line(Span(f" {side}".ljust(names), "label"), *marked(one, other, room)) for side, one, other in values]
    return [(name, *tail), *shown]
