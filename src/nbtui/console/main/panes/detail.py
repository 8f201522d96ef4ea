"""Everything about the field under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nbtui.console.drawing.line import Line, Span, block, clip, left, line, rule, width_of, wrap
from nbtui.console.drawing.numbers import agreeing_digits, common_digits, count, full, relative
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.cause_summary import cause_in_one_line, certain_and_unknown, hint, not_diagnosed
from nbtui.console.main.dependencies import dependencies, dependents
from nbtui.console.main.links import chosen, links, row_of
from nbtui.console.main.panes import about
from nbtui.console.main.panes.fields import glyph, row_name
from nbtui.console.main.state import Phase, State, inherits
from nbtui.console.main.step_rows import place_words, step_row
from nbtui.parity.compare import raised
from nbtui.parity.model import Row, Status
from nbtui.parity.standing import obstacle, origin
from nbtui.trace.fields.catalogue import field
from nbtui.trace.text import clean

ROOMY = 12  # height from which sentences are wrapped instead of cut, and the long answers added
_FRAME = 8  # width of the strokes and blanks of a title line


def draw(state: State, width: int, height: int) -> list[Line]:
    """Seven lines in a low pane; a higher pane wraps the sentences and adds the long answers.

    ``state.detail_top`` scrolls through longer content.
    """
    title = (Span("this field", "title"),)
    focused = state.pane == "detail"
    row = state.row
    if row is None:
        return block([rule(title, width, focused=focused), line(Span("  no field", "faint"))], width, height)
    body = _body(state, row, width, height)
    top = _top(state, len(body), height)
    more = len(body) - height + 1 - top
    tail = (
        Span(f"{more} more line{'s' * (more != 1)} " if more > 0 else "end ", "faint"),
        Span(f"{ACTIONS.key('page_down')} {ACTIONS.key('page_up')}", "key"),
    )
    shown = tail if focused and len(body) > height - 1 and height >= ROOMY else ()
    ways = _ways(state) if focused else ()
    ends = (*ways, *shown) if width_of((*title, *ways, *shown)) + _FRAME <= width else shown
    return block([rule(title, width, ends, focused=focused), *body[top:]], width, height)


def _ways(state: State) -> Line:
    """Keys for the links."""
    if not links(state):
        return ()
    back = line(Span(f" {ACTIONS.key('back')}", "key"), Span(" back", "faint")) if state.path else ()
    go = line(
        Span(ACTIONS.key("open"), "key"),
        Span(" goes to [ ]  ", "faint"),
        Span(f"{ACTIONS.key('left')} {ACTIONS.key('right')}", "key"),
    )
    return (*go, Span(" choose", "faint"), *back, Span("  "))


def kept_in_view(state: State, width: int, height: int) -> State:
    """State with ``detail_top`` limited so that the last page fills the pane."""
    if state.row is None or not state.detail_top:
        return state
    top = _top(state, len(_body(state, state.row, width, height)), height)
    return state if top == state.detail_top else replace(state, detail_top=top)


def _top(state: State, lines: int, height: int) -> int:
    return max(0, min(state.detail_top, lines - height + 1))


def _body(state: State, row: Row, width: int, height: int) -> list[Line]:
    roomy = height >= ROOMY
    now = step_row(state, row) or row
    lines = [_what(state, row, width), *_values(state, now, width, stacked=roomy or width < 100)]
    lines += [*_deltas(state, now, width), *_meaning(row, width, roomy), *_depends(state, row, width, roomy)]
    lines += _why(state, width, roomy, "Why: " if raised(row) or raised(now) else "Gap: ")
    return lines + _feeds(state, row, width) + about.lines(state, row, width) if height >= ROOMY else lines


def _why(state: State, width: int, roomy: bool, label: str) -> list[Line]:
    """The known reason of the difference; under a field that agrees, ``label`` says that it is of the pixel's gap."""
    cause, seen, large = cause_in_one_line(state), hint(state), not_diagnosed(state)
    if not cause:
        return _advice("Hint: ", seen, width, roomy) if seen else _advice(label, large, width, roomy) if large else []
    parts = ((label, cause), *(certain_and_unknown(state) if roomy else ()))
    return [part for name, words in parts for part in _advice(name, words, width, roomy)]


def _advice(label: str, words: str, width: int, roomy: bool) -> list[Line]:
    room = width - len(label) - 4
    first, *rest = (wrap(words, room) if roomy else []) or [clip(words, room)]
    head = line(Span("   " + label, "label"), Span(first, "warning"))
    return [head, *(line(Span(" " * (3 + len(label))), Span(part, "warning")) for part in rest)]


def _what(state: State, row: Row, width: int) -> Line:
    name = row_name(row) + (f" {row.component}" if row.component else "")
    mark, tone = glyph(state, row)
    kept = "!" if row.label in state.marks else " "
    spans = line(
        Span(f" {mark}", tone),
        Span(kept, "warning"),
        Span(name, "title"),
        Span(f" [{clean(row.unit)}]  " if row.unit else "  ", "faint"),
    )
    return (*spans, *_standing(state, row, width - 8 - len(name) - len(row.unit)))


def _standing(state: State, row: Row, width: int) -> Line:
    if state.pending:
        words = "the live side could not be made" if state.phase is Phase.FAILED else "nothing to compare with yet"
        return (Span(f"C alone, {words}", "faint"),)
    step = step_row(state, row)
    if step is not None:
        words = f"at {place_words(state)}: {step.status.value}; the log line, of phi 0 domain 0: {row.status.value}"
        return (Span(clip(words, width), "diverge" if step.status.differs else "text"),)
    if not raised(row):
        if row.note:
            return (Span(clip(clean(row.note), width), "faint"),)
        return (
            Span("agrees" if row.py_value is not None and row.c_value is not None else _lacking(state, row), "faint"),
        )
    assert state.comparison is not None
    note = f"; {clean(row.note)}" if row.note else ""
    why = obstacle(state.comparison, row)
    if why:
        return (Span(clip(f"{row.status.value}, does not reach the pixel: {clean(why)}{note}", width), "minor"),)
    cause = inherits(state, row)
    if cause:
        return (Span(clip(f"{row.status.value} inherited from {clean(cause)}", width), "inherited"),)
    told = origin(state.comparison, row).removeprefix("New here").removesuffix(".")
    return (
        Span(f"{row.status.value} ", "critical"),
        Span("new here", "diverge"),
        Span(clip(f"{told}{note}", width - 19)),
    )


def _lacking(state: State, row: Row) -> str:
    return f"{state.named[row.py_value is None].noun} does not have it"


def _values(state: State, row: Row, width: int, *, stacked: bool) -> list[Line]:
    ours, theirs = (side.name for side in state.named)
    wide = max(len(ours), len(theirs))
    c, py = full(row.c_value), full(row.py_value)
    shared = len(c) if c == py else common_digits(c, py)
    room = width - wide - 6 if stacked else width // 2 - 12
    differing = "agree" if row.status is Status.PASS else "digit"

    def side(label: str, text: str) -> tuple[Span, ...]:
        text = clip(text, room)
        return (Span(label, "label"), Span(text[:shared], "agree"), Span(text[shared:], differing))

    if stacked:
        return [line(*side(f"   {ours:{wide}}  ", c)), line(*side(f"   {theirs:{wide}}  ", py))]
    gap = Span(" " * max(3, 30 - len(c)))
    return [line(*side(f"   {ours}  ", c), gap, *side(f"{theirs}  ", py))]


def _digits(row: Row) -> str:
    c, py = full(row.c_value), full(row.py_value)
    if c == py or isinstance(row.c_value, str) or row.c_value is None or row.py_value is None:
        return ""
    return f"{agreeing_digits(c, py)} digits agree"


def _deltas(state: State, row: Row, width: int) -> list[Line]:
    if state.comparison is None or state.pending:
        return []
    absolute = "-" if row.abs_delta is None else f"{row.abs_delta:.6g}"
    deltas = line(
        Span("   abs ", "label"),
        left(absolute, 13),
        Span("rel ", "label"),
        left(relative(row.rel_delta), 9),
        Span("ulp ", "label"),
        left(count(row.ulp), 8),
    )
    digits = Span(_digits(row), "faint")
    limits = line(
        Span("   tolerance ", "label"),
        f"{row.tolerance:g} ",
        Span(f"(profile {clean(state.comparison.profile)})", "faint"),
    )
    if width >= 100:
        return [line(*deltas, digits, *limits)]
    return [line(*deltas, digits), limits] if width >= 66 else [deltas, line(*limits, "  ", digits)]


def _meaning(row: Row, width: int, roomy: bool) -> list[Line]:
    known = field(row.field)
    what = row.description or (known.description if known else "a name the catalogue does not know")
    tap = f" Tap: {known.printed_when.rstrip('.')}." if known else ""
    text = clean(f"{what.rstrip('.')}.{tap}")
    if roomy:
        return [line("   " + part) for part in wrap(text, width - 4)]
    return [line("   " + clip(text, width - 4))]


def _depends(state: State, row: Row, width: int, roomy: bool) -> list[Line]:
    """Inputs of the field, each with its mark; none for a field that no log contains."""
    names = dependencies(row.field)
    if not names:
        known = field(row.field)
        words = (known.flags if known else "") or "the command line and its files"
        first, *rest = wrap(words, width - 14) if roomy else [clip(words, width - 14)]
        head = line(Span("   made from ", "label"), Span(first, "faint"))
        return [head, *(line(Span(" " * 13), Span(part, "faint")) for part in rest)]
    return _linked(state, row, "   made from ", names, width, roomy)


def _feeds(state: State, row: Row, width: int) -> list[Line]:
    """Fields of these traces that depend on this one."""
    names = [name for name in dependents(row.field) if row_of(state, name, row.occurrence) is not None]
    return _linked(state, row, "   feeds     ", names, width, True) if names else []


def _linked(state: State, row: Row, label: str, names: Sequence[str], width: int, roomy: bool) -> list[Line]:
    """Names with their marks; the target of Enter in brackets if the pane has the focus."""
    target = chosen(state) if state.pane == "detail" else None
    spans: list[Span] = [Span(label, "label")]
    lines: list[Line] = []
    used = len(label)
    for name in names:
        at = row_of(state, name, row.occurrence)
        mark, tone = (" ", "faint") if at is None else glyph(state, state.rows[at])
        if used + len(name) + 5 > width:
            if not roomy:
                spans.append(Span("...", "faint"))
                break
            lines.append(tuple(spans))
            spans, used = [Span(" " * len(label))], len(label)
        here = at is not None and at == target
        name = clean(name)
        spans += [Span(mark, tone), Span(f"[{name}]" if here else f" {name} ", "focus" if here else _quiet(mark))]
        spans.append(Span("  "))
        used += len(name) + 5
    return [*lines, tuple(spans)]


def _quiet(mark: str) -> str:
    return "faint" if mark in "= " else "text"
