"""The raw log screen: both logs side by side, or stacked on a narrow terminal."""

from __future__ import annotations

from nbtui.console.drawing.line import Line, Span, beside, block, clip, fit, left, line, right, rule, width_of, wrap
from nbtui.console.logs.actions import LOGS_ACTIONS
from nbtui.console.logs.state import LogSide, LogsState, hit_number
from nbtui.trace.text import clean

WIDE = 120  # minimum columns for the logs side by side
_NAMES = ("C", "Python")
_MARK_TONES = {"#": "diverge", "o": "missing", "=": "pass", " ": "text"}
_FRAME = 2  # title and foot line


def heights(width: int, height: int) -> tuple[int, int]:
    """Visible lines of text of each log."""
    room = max(0, height - _FRAME)
    if width >= WIDE:
        return max(0, room - 1), max(0, room - 1)
    first = (room + 1) // 2
    return max(0, first - 1), max(0, room - first - 1)


def place_of(width: int, height: int, x: int, y: int) -> tuple[int, int] | None:
    """Side and text row at cell (x, y) of the screen; None outside the text."""
    rows = heights(width, height)
    if width >= WIDE:
        side, row = (0 if x < (width - 1) // 2 else 1), y - 2
    else:
        side = 0 if y < 2 + rows[0] else 1
        row = y - 2 if side == 0 else y - 3 - rows[0]
    return (side, row) if 0 <= row < rows[side] else None


def draw(state: LogsState, width: int, height: int) -> list[Line]:
    """The whole screen."""
    if state.helping:
        return block(_help(width), width, height)
    tall = heights(width, height)
    if width >= WIDE:
        half = (width - 1) // 2
        ours, theirs = _side(state, 0, half, tall[0]), _side(state, 1, width - 1 - half, tall[1])
        body = [beside(one, half, other, "│") for one, other in zip(ours, theirs, strict=True)]
    else:
        body = _side(state, 0, width, tall[0]) + _side(state, 1, width, tall[1])
    return block([_title(state, width), *body, _foot(state, width)], width, height)


def _title(state: LogsState, width: int) -> Line:
    how = "scroll together" if state.locked else "scroll alone"
    head = line(Span(" LOGS ", "title"), Span(f" {how} ", "label"))
    if state.pattern is not None:
        counts = "  ".join(
            f"{name} {len(side.hits):,}" + ("" if side.searched < 0 else f" up to line {side.searched:,}")
            for name, side in zip(_NAMES, state.sides, strict=True)
        )
        head = (*head, *line(Span(f"  /{clip(clean(state.query), 20)}/", "key"), Span(f" found: {counts} ", "label")))
    step = line(Span(f"  at {state.step} ", "key"), Span("[ ] { }", "faint")) if state.step else ()
    return fit((*head, Span("  " + clean(state.name)), *step), width)


def _side(state: LogsState, index: int, width: int, height: int) -> list[Line]:
    """The title line of one log and ``height`` lines of it."""
    side = state.sides[index]
    focused = state.active == index
    tail = line(Span(_where(state, index), "label"))
    room = width - width_of(tail) - len(_NAMES[index]) - 10
    title = (Span(_NAMES[index], "title"), Span("  " + _tail_of(clean(side.title), room), "text"))
    rows = [rule(title, width, tail, focused=focused)]
    if side.problem:
        rows += [line(Span(" " + part, "warning")) for part in wrap(clean(side.problem), width - 2)]
    else:
        rows += _text(state, index, width, height)
    return block(rows, width, height + 1)


def _tail_of(text: str, width: int) -> str:
    """The end of a path, its informative part, in at most ``width`` cells."""
    if width_of((Span(text),)) <= width:
        return text
    return "~" + _from_cell(text, width_of((Span(text),)) - max(0, width - 1)) if width > 0 else ""


def _where(state: LogsState, index: int) -> str:
    side = state.sides[index]
    if side.problem:
        return ""
    parts = []
    if side.hits and (hit := hit_number(side)):
        parts.append(f"hit {hit:,} of {len(side.hits):,}")
    inside = 1 <= side.cursor <= side.count
    parts.append(f"line {side.cursor:,} of {side.count:,}" if inside else f"{side.count:,} lines")
    if side.read is not None:
        done, total = side.read
        parts.append(f"reading {100 * done // total} %" if total else "reading")
    return "  ".join(parts)


def _text(state: LogsState, index: int, width: int, height: int) -> list[Line]:
    side = state.sides[index]
    digits = max(4, len(str(side.count)))
    first = max(1, side.top)
    texts = side.lines.window(first, max(0, min(side.count + 1, side.top + height) - first))
    rows: list[Line] = [()] * max(0, min(height, first - side.top))
    for number, text in enumerate(texts, first):
        here = number == side.cursor
        mark = state.alignment.mark(index, number)
        gutter = line(
            Span(">" if here else " ", "cursor" if here and index == state.active else "text"),
            Span(right(str(number), digits), "cursor" if here else "faint"),
            " ",
            Span(mark, _MARK_TONES[mark]),
            " ",
        )
        rows.append((*gutter, *_cut(_spans(state, side, number, text), state.shift, width - digits - 4)))
    return rows


def _spans(state: LogsState, side: LogSide, number: int, text: str) -> Line:
    """A line of the log with its search hits highlighted."""
    tone = "text" if "TRACE" in text else "faint"
    if state.pattern is None:
        return line(Span(text, tone))
    spans: list[Span] = []
    at = 0
    for match in state.pattern.finditer(text):
        if match.end() > match.start():
            spans += [Span(text[at : match.start()], tone), Span(match.group(), "changed")]
            at = match.end()
    return line(*spans, Span(text[at:], tone))


def _cut(spans: Line, shift: int, width: int) -> Line:
    """The line without its first ``shift`` cells, in at most ``width`` cells; ``~`` marks a cut."""
    kept: list[Span] = []
    for text, tone in spans:
        if shift > 0:
            here = text[:shift]
            if here.isascii():
                text, shift = text[shift:], shift - len(here)
            else:
                size = width_of((Span(text),))
                gone = size - width_of((Span(_from_cell(text, shift)),)) if shift < size else size
                text, shift = _from_cell(text, shift), shift - gone
        if text:
            kept.append(Span(text, tone))
    cut = tuple(kept)
    if width_of(cut) <= width:
        return cut
    return (*fit(cut, max(0, width - 1)), Span("~", "key"))


def _from_cell(text: str, cell: int) -> str:
    """The text without its first ``cell`` cells; a wide character cut in half becomes a blank."""
    gone = 0
    for at, char in enumerate(text):
        size = width_of((Span(char),))
        if gone >= cell and size:
            return " " * (gone - cell) + text[at:]
        gone += size
    return " " * max(0, gone - cell)


def _foot(state: LogsState, width: int) -> Line:
    if state.typing:
        return fit(line(Span(" /", "key"), clean(state.query), Span("_", "cursor")), width)
    if state.message:
        return fit(line(Span(" " + clip(clean(state.message), width - 2), "warning")), width)
    entries = [
        line(Span(f" {action.shown}", "key"), Span(f" {action.label} ", "faint"))
        for action in LOGS_ACTIONS
        if action.label
    ]
    *others, help_entry, close_entry = entries
    spans: Line = ()
    for entry in others:
        if width_of((*spans, *entry, *help_entry, *close_entry)) > width:
            break
        spans = (*spans, *entry)
    return fit((*spans, *help_entry, *close_entry), width)


def _help(width: int) -> list[Line]:
    marks = (("=", "agrees"), ("#", "differs"), ("o", "missing in the other log"))
    legend = [part for glyph, words in marks for part in (Span(f"  {glyph} ", _MARK_TONES[glyph]), Span(words))]
    return [
        rule((Span("raw logs: keys", "title"),), width, (Span("any key closes", "faint"),), focused=True),
        line(Span(" a line's value:", "title"), *legend),
        *_paired([line(Span(" " + left(action.shown, 10), "key"), action.help) for action in LOGS_ACTIONS], width),
    ]


def _paired(entries: list[Line], width: int) -> list[Line]:
    """The entries in order, two short neighbours in one line."""
    half, rows = width // 2, []
    while entries:
        first, *entries = entries
        if entries and max(width_of(first), width_of(entries[0])) < half:
            second, *entries = entries
            first = beside(first, half, second)
        rows.append(first)
    return rows
