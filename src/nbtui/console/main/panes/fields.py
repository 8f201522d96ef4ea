"""The field table: the sides beside each other (wide) or stacked (narrow), with the differing digits marked."""

from __future__ import annotations

from dataclasses import replace

from nbtui.console.drawing.line import Line, Span, block, left, line, right, rule, width_of
from nbtui.console.drawing.numbers import count, full, marked, relative
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.pair import Compared, log_side
from nbtui.console.main.state import Phase, State, inherits, is_new, nearest, reaches, visible
from nbtui.console.main.step_rows import left_out, place_words, row_before, step_row
from nbtui.parity.compare import raised
from nbtui.parity.model import OUTSIDE, Row, Status
from nbtui.trace.side import LIVE, C
from nbtui.trace.text import clean

SIDE_BY_SIDE = 100  # narrower panes stack the two values
THREE = 130  # columns of the pane from which a third side has a column
_NAME = 20  # smallest width of a name and its component, in cells
_ENDLESS = 10_000
_SHORT = {"your log": "log", "simulated C": "C sim", "package": "pkg"}  # names before stacked values
_OF_STEP = "@"  # before a row with the values of the step
_STATUS_TONES = {
    Status.PASS: "pass",
    Status.MINOR: "minor",
    Status.DIVERGENT: "diverge",
    Status.CRITICAL: "critical",
    Status.MISSING: "missing",
}


def draw(state: State, width: int, height: int) -> list[Line]:
    """Title, column heads in a wide pane, then the rows from ``state.top`` on."""
    head = _heads(state, width)
    room = height - len(head)
    body: list[Line] = []
    previous: Row | None = None
    for index in visible(state)[state.top :]:
        if len(body) >= room:
            break
        row = state.rows[index]
        body += _row(state, index, row, previous, width)
        previous = row
    if not state.rows:
        body = [line(Span("  no fields yet", "faint"))]
    return block([*head, *body], width, height)


def kept_in_view(state: State, width: int, height: int) -> State:
    """State with ``top`` such that the cursor's row is visible; scrolls only if the cursor would leave the pane."""
    shown = visible(state)
    room = height - len(_heads(state, width))
    if not shown:
        return state

    def size(number: int) -> int:
        return _size(state, state.rows[shown[number]], width)

    place = nearest(shown, state.cursor)
    top = max(0, min(state.top, len(shown) - 1))
    if top <= place < top + room and sum(map(size, range(top, place + 1))) <= room:
        return state if top == state.top else replace(state, top=top)
    # a jump of half a page, so that a held key rarely repaints the table
    top, above = place, 0
    while top > 0 and above + size(top - 1) <= room // 2:
        top -= 1
        above += size(top)
    return replace(state, top=top)


def rows_per_page(state: State, width: int, height: int) -> int:
    """Number of rows that Page Down moves."""
    lines = height - len(_heads(state, width))
    return max(1, lines - 1 if width >= SIDE_BY_SIDE else (lines - 1) // 2)


def row_at(state: State, width: int, height: int, y: int) -> int | None:
    """Index of the row at line ``y`` of the pane; None on the heads and below the last row."""
    at = len(_heads(state, width))
    for index in visible(state)[state.top :]:
        at += _size(state, state.rows[index], width)
        if y < at:
            return index if y >= len(_heads(state, width)) else None
        if at >= height:
            break
    return None


def glyph(state: State, row: Row) -> tuple[str, str]:
    """Mark and tone of a row: ``=``, ``~`` aside, ``#`` new, ``+`` inherited, ``o`` missing, ``.`` not known yet."""
    if state.pending:
        return ".", "faint"
    if row.status is Status.MISSING:
        return "o", "missing"
    if raised(row) and reaches(state, row):
        return ("#", "diverge") if is_new(state, row) else ("+", "inherited")
    tolerance = state.comparison.tolerance if state.comparison else 0.0
    relaxed = bool(row.note) or (row.rel_delta is not None and abs(row.rel_delta) > tolerance)
    return ("~", "minor") if relaxed else ("=", "pass")


def _glyph_at_step(row: Row) -> tuple[str, str]:
    """Mark and tone of a row with the values of a step."""
    if row.c_value is None or row.py_value is None:
        return ".", "faint"
    return ("#", "diverge") if row.status.differs else ("=", "pass")


def status_word(state: State, row: Row) -> Span:
    """The status, ``inherited`` for a difference that originates upstream, ``aside`` for one outside the pixel."""
    if state.pending:
        return Span("")
    if raised(row) and not reaches(state, row):
        return Span("aside", "faint")
    if raised(row) and not is_new(state, row):
        return Span("inherited", "inherited")
    if row.status.differs and not raised(row):
        return Span("aside" if row.note.startswith(OUTSIDE) else "log only", "faint")
    return Span(row.status.value, _STATUS_TONES[row.status])


def row_name(row: Row) -> str:
    """Row label without the component."""
    return clean(row.label.removesuffix(f".{row.component}") if row.component else row.label)


def _heads(state: State, width: int) -> list[Line]:
    only = "only differing" if state.only_differing else "all"
    tail = (Span(f"{len(visible(state)):,} rows, {only} ", "faint"), Span(f"[{ACTIONS.key('filter')}]", "key"))
    step = place_words(state)
    at = (Span(f"  {_OF_STEP} at {step}", "label"),) if step else ()
    title = rule((Span("fields", "title"), *at), width, tail, focused=state.pane == "fields")
    if width < SIDE_BY_SIDE:
        return [title]
    name, value = _columns(width, bool(_third(state, width)))
    heads = (
        "   "
        + left("field", name + 1)
        + left("unit", 6)
        + "".join(left(side.name, value + 1) for side in state.named)
        + left(_third(state, width), value + 1 if _third(state, width) else 0)
        + right("rel.diff", 8)
        + right("ulp", 7)
        + " status"
    )
    return [title, (Span(heads, "label"),)]


def _columns(width: int, third: bool = False) -> tuple[int, int]:
    """Widths of the name and of a value; ``third``: of three."""
    free = width - 37 - third
    values = 2 + third
    value = min(25, (free - _NAME) // values)
    return min(34, free - values * value), value


def _third(state: State, width: int) -> str:
    """Name of the side that the pair leaves out, where a wide pane has room for its values; empty otherwise."""
    if width < THREE or not state.has_log or state.pending:
        return ""
    return {
        Compared.REFERENCE_LOG: LIVE.name if Compared.REFERENCE_LIVE in state.others else "",
        Compared.REFERENCE_LIVE: log_side(state.suspect).name if Compared.REFERENCE_LOG in state.others else "",
        Compared.LOG_LIVE: C.name if Compared.REFERENCE_LOG in state.others else "",
    }[state.shown]


def _third_value(state: State, row: Row) -> str:
    """The value of the side that the pair leaves out, at the step where the row follows it."""
    if step_row(state, row) is not None:
        return full(left_out(state, row, state.place))
    pair = Compared.REFERENCE_LIVE if state.shown is Compared.REFERENCE_LOG else Compared.REFERENCE_LOG
    found = state.others[pair]
    same = row.order < len(found.rows) and found.rows[row.order].label == row.label
    at = row.order if same else found.overview.find(row.label)
    if at is None:
        return ""
    return full(found.rows[at].c_value if state.shown is Compared.LOG_LIVE else found.rows[at].py_value)


def _size(state: State, row: Row, width: int) -> int:
    """Height of a row in lines: two if the values are stacked, and one for the values of the step before."""
    shown, before = step_row(state, row) or row, row_before(state, row)
    more = before is not None
    if _same(shown) or state.pending:
        return 1 + more
    return (1 if width >= SIDE_BY_SIDE and _fits(shown, _value_width(state, width)) else 2) + more


def _value_width(state: State, width: int) -> int:
    """Width of a value in a wide pane."""
    return _columns(width, bool(_third(state, width)))[1]


def _fits(row: Row, width: int) -> bool:
    """Whether both values fit in ``width`` cells, including the brackets."""
    c, py = full(row.c_value), full(row.py_value)
    return max(width_of(marked(c, py, _ENDLESS)), width_of(marked(py, c, _ENDLESS))) <= width


def _same(row: Row) -> bool:
    return full(row.c_value) == full(row.py_value)


def _row(state: State, index: int, row: Row, previous: Row | None, width: int) -> list[Line]:
    here = index == state.cursor
    step, before = step_row(state, row), row_before(state, row)
    mark, tone = glyph(state, row) if step is None else _glyph_at_step(step)
    kept = Span("!", "warning") if row.label in state.marks else Span("" if step is None else _OF_STEP, "label")
    lead = (Span(">" if here else " ", "focus"), Span(mark, tone), kept._replace(text=left(kept.text, 1)))
    grouped = previous is not None and (previous.field, previous.occurrence) == (row.field, row.occurrence)
    word, origin = status_word(state, row), _origin(state, row)
    if step is not None:
        known = step.c_value is not None and step.py_value is not None
        word = Span(step.status.value, _STATUS_TONES[step.status]) if known else Span("no line", "faint")
        origin = Span("")
    third = _third_value(state, row) if _third(state, width) else None
    row = step or row
    if width < SIDE_BY_SIDE:
        lines = _stacked(state, row, here, lead, (word, origin), width)
    elif _same(row) or state.pending or _fits(row, _value_width(state, width)):
        lines = [_wide(state, row, here, grouped, lead, word, third, width)]
    else:
        lines = _long(state, row, here, lead, (word, origin), width)
    return [*lines, *([_before(state, before, width)] if before is not None else [])]


def _before(state: State, row: Row, width: int) -> Line:
    """The values of the step before, below those of this step."""
    c, py = full(row.c_value), full(row.py_value)
    if width >= SIDE_BY_SIDE:
        third = bool(_third(state, width))
        name, value = _columns(width, third)
        values = (c, py, full(left_out(state, row, state.trail[-1]))) if third else (c, py)
        shown = "".join(left(text, value + 1) for text in values)
        return line(Span(right("before", name + 3) + left("", 7) + shown, "faint"))
    ours, theirs = _short(state)
    both = f"{'='.ljust(len(ours))} {c}" if c == py else f"{ours} {c}  {theirs.strip()} {py}"
    name = min(_stacked_name(ours, width) + 9, max(9, width - len(both) - 1))  # rather before the column than cut
    return line(Span(left(right("before", min(name, _stacked_name(ours, width) + 3)), name) + both, "faint"))


def _stacked_name(side: str, width: int) -> int:
    """Width of a name in a narrow pane, beside the names of sides; a very narrow one has no units."""
    return width - 38 - len(side) if _is_very_narrow(side, width) else width - 53 - len(side)


def _is_very_narrow(side: str, width: int) -> bool:
    return width < 72 + len(side)


def _named(row: Row, width: int, here: bool, grouped: bool, quiet: bool) -> Span:
    """Name and component; the components of a vector share one name."""
    if not row.component:
        text = left(row_name(row), width)
    elif grouped and not here:
        text = right(row.component, width)
    else:
        text = left(row_name(row), width - len(row.component) - 1) + " " + row.component
    tone = "cursor" if here else "text" if not quiet else "faint"
    return Span(text, tone)


def _wide(
    state: State, row: Row, here: bool, grouped: bool, lead: Line, word: Span, third: str | None, width: int
) -> Line:
    name, value = _columns(width, third is not None)
    c, py = full(row.c_value), full(row.py_value)
    quiet = row.status is Status.PASS and not state.pending
    spans = [*lead, _named(row, name, here, grouped, quiet), Span(" " + left(clean(row.unit), 5) + " ", "faint")]
    if state.pending:
        awaited = row.c_value is not None and state.phase is not Phase.FAILED
        return line(*spans, Span(left(c, value + 1)), Span("..." if awaited else "", "faint"))
    changed_c, changed = row.label in state.changed_c, row.label in state.changed
    spans += [*_value(row, c, py, value, changed_c), _star(changed_c or changed), *_value(row, py, c, value, changed)]
    if third is not None:
        spans += [Span(" "), *_value(row, third, c, value)]
    spans.append(Span(" " + right(relative(row.rel_delta), 8) + right(count(row.ulp), 7) + " ", _delta_tone(row)))
    return line(*spans, word)


def _long(state: State, row: Row, here: bool, lead: Line, words: tuple[Span, Span], width: int) -> list[Line]:
    """A row of the wide table with values too long for one line: stacked, so that no digit is cut."""
    name, value = _columns(width)
    ours, theirs = _short(state)
    room = 2 * value - max(len(ours), len(theirs))
    c, py = full(row.c_value), full(row.py_value)
    changed_c, changed = row.label in state.changed_c, row.label in state.changed
    unit = Span(" " + left(clean(row.unit), 5) + " ", "faint")
    deltas = Span(" " + right(relative(row.rel_delta), 8) + right(count(row.ulp), 7) + " ", _delta_tone(row))
    head = (*lead, _named(row, name, here, False, False), unit)
    first = (*head, Span(ours + " ", "label"), _star(changed_c), *_value(row, c, py, room, changed_c))
    blank = Span(" " * (name + 10))
    return [
        line(*first, deltas, words[0]),
        line(blank, Span(theirs, "label"), _star(changed), *_value(row, py, c, room, changed), Span(" "), words[1]),
    ]


def _stacked(state: State, row: Row, here: bool, lead: Line, words: tuple[Span, Span], width: int) -> list[Line]:
    c, py = full(row.c_value), full(row.py_value)
    ours, theirs = _short(state)
    name, value = _stacked_name(ours, width), 23
    short = _is_very_narrow(ours, width)
    unit = Span(" " if short else " " + left(clean(row.unit), 4) + " ", "faint")
    quiet = row.status is Status.PASS and not state.pending
    spans = [*lead, _named(row, name, here, False, quiet), unit]
    deltas = Span(right(relative(row.rel_delta), 9) + " ", _delta_tone(row))
    first, second = (Span(""), words[0]) if short else words
    if state.pending:
        return [line(*spans, Span(f"{ours} ", "label"), c)]
    changed_c, changed = row.label in state.changed_c, row.label in state.changed
    if _same(row):
        both = (Span("=".ljust(len(ours)), "label"), _star(changed_c or changed), *_value(row, c, py, value))
        return [line(*spans, *both, deltas, first)]
    blank = Span(" " * (len("> # ") - 1 + name + len(unit.text)))
    return [
        line(
            *spans,
            *(Span(ours, "label"), _star(changed_c), *_value(row, c, py, value, changed_c)),
            *(deltas, first),
        ),
        line(blank, Span(theirs, "label"), _star(changed), *_value(row, py, c, value, changed), second),
    ]


def _short(state: State) -> tuple[str, str]:
    """The names of the two sides before stacked values, equally wide."""
    ours, theirs = (_SHORT.get(side.name, side.name) for side in state.named)
    wide = max(len(ours), len(theirs))
    return ours.ljust(wide), theirs.ljust(wide)


def _origin(state: State, row: Row) -> Span:
    if not raised(row):
        return Span("")
    if not reaches(state, row):
        return Span("does not reach the pixel", "faint")
    cause = inherits(state, row)
    return Span("from " + clean(cause), "inherited") if cause else Span("new here", "diverge")


def _star(changed: bool) -> Span:
    """Sign of a changed value."""
    return Span("*" if changed else " ", "changed" if changed else "text")


def _value(row: Row, text: str, other: str, width: int, changed: bool = False) -> tuple[Span, ...]:
    """One value of a row beside another one; digits that differ by less than the tolerance are dim."""
    spans = marked(text, other, width, row.tolerance, within=row.status is Status.PASS)
    if changed:
        spans = tuple(Span(span.text, "changed") for span in spans)
    return (*spans, Span(" " * max(0, width - width_of(spans))))


def _delta_tone(row: Row) -> str:
    return "text" if raised(row) else "faint"
