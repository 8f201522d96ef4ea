"""Everything about the field under the cursor."""

from __future__ import annotations

from nbtui.console.panes.fields import glyph, row_name
from nbtui.console.panes.line import Line, Span, block, clip, left, line, rule, wrap
from nbtui.console.panes.numbers import agreeing_digits, common_digits, count, full, relative
from nbtui.console.provenance import dependencies
from nbtui.console.state import State, inherits
from nbtui.parity.model import Row
from nbtui.trace.catalogue import field
from nbtui.trace.text import clean


def draw(state: State, width: int, height: int) -> list[Line]:
    """Six lines when there is room for no more; a higher pane wraps the sentences instead of cutting them."""
    title = rule((Span("this field", "title"),), width, focused=state.pane == "detail")
    row = state.row
    if row is None:
        return block([title, line(Span("  no field", "faint"))], width, height)
    roomy = height >= 12
    lines = [title, _what(state, row, width), *_values(row, width, stacked=roomy or width < 100)]
    lines += [_deltas(state, row), *_meaning(row, width, roomy), *_depends(state, row, width, roomy)]
    return block(lines, width, height)


def _what(state: State, row: Row, width: int) -> Line:
    name = row_name(row) + (f" {row.component}" if row.component else "")
    mark, tone = glyph(state, row)
    spans = line(Span(f" {mark} ", tone), Span(name, "title"), Span(f" [{clean(row.unit)}]  ", "faint"))
    return (*spans, *_standing(state, row, width - 8 - len(name) - len(row.unit)))


def _standing(state: State, row: Row, width: int) -> Line:
    if state.pending:
        return (Span("C alone, Python is not there yet", "faint"),)
    if not row.status.differs:
        if row.note:
            return (Span(clip(clean(row.note), width), "faint"),)
        return (Span("agrees" if row.py_value is not None and row.c_value is not None else _lacking(row), "faint"),)
    parents = inherits(state, row)
    if parents:
        names = ", ".join(clean(name) for name in parents)
        return (Span(f"{row.status.value} ", "inherited"), Span(clip(f"inherited from {names}", width - 10), "inherited"))
    note = f"; {clean(row.note)}" if row.note else ""
    return (
        Span(f"{row.status.value} ", "critical"),
        Span("new here", "diverge"),
        Span(clip(f": nothing upstream differs{note}", width - 19)),
    )


def _lacking(row: Row) -> str:
    return "the Python side does not print it" if row.py_value is None else "the C log does not have it"


def _values(row: Row, width: int, *, stacked: bool) -> list[Line]:
    c, py = full(row.c_value), full(row.py_value)
    shared = len(c) if c == py else common_digits(c, py)
    room = width - 8 if stacked else width // 2 - 12

    def side(label: str, text: str) -> tuple[Span, ...]:
        text = clip(text, room)
        return (Span(label, "label"), Span(text[:shared], "agree"), Span(text[shared:], "digit"))

    if stacked:
        return [line(*side("   C   ", c)), line(*side("   Py  ", py))]
    gap = Span(" " * max(3, 30 - len(c)))
    return [line(*side("   C  ", c), gap, *side("Python  ", py), Span(_digits(row, c, py), "faint"))]


def _digits(row: Row, c: str, py: str) -> str:
    if c == py or isinstance(row.c_value, str) or row.c_value is None or row.py_value is None:
        return ""
    return f"   {agreeing_digits(c, py)} digits agree"


def _deltas(state: State, row: Row) -> Line:
    if state.comparison is None:
        return ()
    c, py = full(row.c_value), full(row.py_value)
    absolute = "-" if row.abs_delta is None else f"{row.abs_delta:.6g}"
    return line(
        Span("   abs ", "label"),
        left(absolute, 13),
        Span("rel ", "label"),
        left(relative(row.rel_delta), 9),
        Span("ulp ", "label"),
        left(count(row.ulp), 8),
        Span("tolerance ", "label"),
        f"{row.tolerance:g} ",
        Span(f"({clean(state.comparison.profile)})", "faint"),
        Span(_digits(row, c, py), "faint"),
    )


def _meaning(row: Row, width: int, roomy: bool) -> list[Line]:
    known = field(row.field)
    tap = f"  Taken {known.tap}." if known and known.tap else ""
    text = clean(row.description or (known.description if known else "a name the catalogue does not know")) + tap
    if roomy:
        return [line("   " + part) for part in wrap(text, width - 4)]
    return [line("   " + clip(text, width - 4))]


def _depends(state: State, row: Row, width: int, roomy: bool) -> list[Line]:
    """The fields this one is made from, each with its mark; what no log shows has none."""
    names = dependencies(row.field)
    if not names:
        return [line(Span("   made from ", "label"), Span("the command line", "faint"))]
    spans: list[Span] = [Span("   made from ", "label")]
    lines: list[Line] = []
    used = 13
    for name in names:
        mark, tone = _mark(state, name, row.occurrence)
        if used + len(name) + 4 > width:
            if not roomy:
                spans.append(Span("...", "faint"))
                break
            lines.append(tuple(spans))
            spans, used = [Span(" " * 13)], 13
        spans += [Span(mark + " ", tone), Span(clean(name) + "  ", "faint" if mark in "= " else "text")]
        used += len(name) + 4
    return [*lines, tuple(spans)]


def _mark(state: State, name: str, occurrence: int) -> tuple[str, str]:
    rows = [row for row in state.rows if row.field == name]
    near = [row for row in rows if row.occurrence == occurrence] or rows
    if not near:
        return " ", "faint"
    worst = next((row for row in near if row.status.differs), near[0])
    return glyph(state, worst)
