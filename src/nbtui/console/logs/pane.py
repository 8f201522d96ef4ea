"""The raw log screen: both logs side by side, or stacked on a narrow terminal."""

from __future__ import annotations

import re

from nbtui.console.drawing.foot import MOST, keys, message
from nbtui.console.drawing.line import (
    Line,
    Span,
    beside,
    block,
    breaks,
    clip,
    ending,
    fit,
    from_cell,
    left,
    line,
    right,
    rule,
    trimmed,
    width_of,
    wrap,
)
from nbtui.console.logs.actions import LOGS_ACTIONS
from nbtui.console.logs.differences import differing
from nbtui.console.logs.state import LogSide, LogsState, hit_number
from nbtui.trace.text import clean

WIDE = 120  # minimum columns for the logs side by side
_MARK_TONES = {"#": "diverge", "o": "missing", "=": "pass", " ": "text"}
_FRAME = 2  # title and foot line
_RUN = re.compile(rb"(.)\1*", re.S)  # characters of one tone


def heights(width: int, height: int) -> tuple[int, int]:
    """Visible rows of text of each log."""
    room = max(0, height - _FRAME)
    if width >= WIDE:
        return max(0, room - 1), max(0, room - 1)
    first = (room + 1) // 2
    return max(0, first - 1), max(0, room - first - 1)


def line_at(state: LogsState, width: int, height: int, x: int, y: int) -> tuple[int, int] | None:
    """Side and line at cell (x, y) of the screen; None outside the text."""
    tall = heights(width, height)
    if width >= WIDE:
        side, row = (0 if x < (width - 1) // 2 else 1), y - 2
    else:
        side = 0 if y < 2 + tall[0] else 1
        row = y - 2 if side == 0 else y - 3 - tall[0]
    rows = _rows(state, side, width, tall[side]) if 0 <= row < tall[side] else []
    return (side, rows[row][0]) if 0 <= row < len(rows) else None


def page(state: LogsState, width: int, height: int) -> int:
    """Number of lines of the active log on the screen."""
    rows = _rows(state, state.active, width, heights(width, height)[state.active])
    return len({number for number, _ in rows})


def _widths(width: int) -> tuple[int, int]:
    """Columns of each log."""
    half = (width - 1) // 2
    return (half, width - 1 - half) if width >= WIDE else (width, width)


def _digits(side: LogSide) -> int:
    return max(4, len(str(side.count)))


def _room(side: LogSide, width: int) -> int:
    """Columns of the text of a log: all but line number and mark."""
    return max(1, width - _digits(side) - 4)


def _rows(state: LogsState, index: int, screen: int, height: int) -> list[tuple[int, int]]:
    """The line and the part of it in every row of a log. Paired lines of logs side by side begin in the same row."""
    side = state.sides[index]
    if not state.wrapped:
        return [(side.top + row, 0) for row in range(height)]
    sizes = [1] * height
    for which in (0, 1) if state.locked and screen >= WIDE else (index,):
        other = state.sides[which]
        for offset, text in _texts(other, height):
            sizes[offset] = max(sizes[offset], len(breaks(text, _room(other, _widths(screen)[which]), height)))
    first, cursor = 0, side.cursor - side.top
    while first < cursor < height and sum(sizes[first : cursor + 1]) > height:
        first += 1
    parts = [(side.top + offset, part) for offset in range(first, height) for part in range(sizes[offset])]
    return parts[:height]


def _texts(side: LogSide, height: int) -> list[tuple[int, str]]:
    """Existing lines of the window, each with its distance from the top."""
    first = max(1, side.top)
    texts = side.lines.window(first, max(0, min(side.count + 1, side.top + height) - first))
    return list(enumerate(texts, first - side.top))


def draw(state: LogsState, width: int, height: int) -> list[Line]:
    """The whole screen."""
    if state.helping:
        return block(_help(width), width, height)
    tall = heights(width, height)
    if width >= WIDE:
        ours, theirs = _side(state, 0, width, tall[0]), _side(state, 1, width, tall[1])
        body = [beside(one, _widths(width)[0], other, "│") for one, other in zip(ours, theirs, strict=True)]
    else:
        body = _side(state, 0, width, tall[0]) + _side(state, 1, width, tall[1])
    foot = _foot(state, width)
    return [*block([_title(state, width), *body], width, height - len(foot)), *foot]


def _title(state: LogsState, width: int) -> Line:
    how = "scroll together" if state.locked else "scroll alone"
    head = line(Span(" LOGS ", "title"), Span(f" {how} ", "label"))
    if state.pattern is not None:
        counts = "  ".join(
            f"{name} {len(side.hits):,}" + ("" if side.searched < 0 else f" up to line {side.searched:,}")
            for name, side in zip(state.names, state.sides, strict=True)
        )
        head = (*head, *line(Span(f"  /{clip(clean(state.query), 20)}/", "key"), Span(f" found: {counts} ", "label")))
    step = line(Span(f"  at {state.step} ", "key"), Span("[ ] { }", "faint")) if state.step else ()
    return fit((*head, Span("  " + clean(state.name)), *step), width)


def _side(state: LogsState, index: int, screen: int, height: int) -> list[Line]:
    """The title line of one log and ``height`` rows of it, on a screen of ``screen`` columns."""
    side, width = state.sides[index], _widths(screen)[index]
    focused = state.active == index
    tail = line(Span(_where(state, index), "label"))
    room = width - width_of(tail) - len(state.names[index]) - 10
    title = (Span(state.names[index], "title"), Span("  " + ending(clean(side.title), room), "text"))
    rows = [rule(title, width, tail, focused=focused)]
    if side.problem:
        rows += [line(Span(" " + part, "warning")) for part in wrap(clean(side.problem), width - 2)]
    else:
        rows += _text(state, index, screen, height)
    return block(rows, width, height + 1)


def _where(state: LogsState, index: int) -> str:
    side = state.sides[index]
    if side.problem:
        return ""
    parts = []
    if side.hits and (hit := hit_number(side)):
        parts.append(f"hit {hit:,} of {len(side.hits):,}")
    inside = 1 <= side.cursor <= side.count
    first = "" if side.whole else "the first "
    parts.append(f"line {side.cursor:,} of {first}{side.count:,}" if inside else f"{first}{side.count:,} lines")
    if side.read is not None:
        done, total = side.read
        parts.append(f"reading {100 * done // total} %" if total else "reading")
    return "  ".join(parts)


def _text(state: LogsState, index: int, screen: int, height: int) -> list[Line]:
    side, room = state.sides[index], _room(state.sides[index], _widths(screen)[index])
    texts = {side.top + offset: text for offset, text in _texts(side, height)}
    rows: list[Line] = []
    for number, part in _rows(state, index, screen, height):
        if (text := texts.get(number)) is None:
            rows.append(())
            continue
        here = number == side.cursor
        mark = state.alignment.mark(index, number)
        gutter = line(
            Span(">" if here else " ", "cursor" if here and index == state.active else "text"),
            Span(right("" if part else str(number), _digits(side)), "cursor" if here else "faint"),
            " ",
            Span(" " if part else mark, _MARK_TONES[mark]),
            " ",
        )
        spans = _spans(state, index, number, text, mark)
        if not state.wrapped:
            rows.append((*gutter, *_cut(spans, state.shift, room)))
            continue
        pieces = breaks(text, room, height)
        rows.append((*gutter, *_between(spans, *pieces[part])) if part < len(pieces) else ())
    return rows


def _spans(state: LogsState, index: int, number: int, text: str, mark: str) -> Line:
    """A line of the log: search hits highlighted, then the characters that differ from the line of the other log."""
    tones = ("text" if "TRACE" in text else "faint", "digit" if mark == "#" else "faint", "changed")
    painted = bytearray(len(text))
    twin = state.alignment.pair(index, number)
    for other in state.sides[1 - index].lines.window(twin, 1) if twin is not None else ():
        for first, last in differing(text, other):
            painted[first:last] = b"\1" * (last - first)
    for match in state.pattern.finditer(text) if state.pattern is not None else ():
        painted[match.start() : match.end()] = b"\2" * (match.end() - match.start())
    return line(*(Span(text[run.start() : run.end()], tones[run[1][0]]) for run in _RUN.finditer(painted)))


def _between(spans: Line, first: int, last: int) -> Line:
    """The characters ``first`` to ``last`` of a line."""
    kept: list[Span | str] = []
    at = 0
    for text, tone in spans:
        kept.append(Span(text[max(0, first - at) : max(0, last - at)], tone))
        at += len(text)
    return line(*kept)


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
                gone = size - width_of((Span(from_cell(text, shift)),)) if shift < size else size
                text, shift = from_cell(text, shift), shift - gone
        if text:
            kept.append(Span(text, tone))
    cut = tuple(kept)
    if width_of(cut) <= width:
        return cut
    return (*trimmed(cut, max(0, width - 1))[0], Span("~", "key"))


def _foot(state: LogsState, width: int) -> list[Line]:
    if state.typing:
        return [fit(line(Span(" /", "key"), clean(state.query), Span("_", "cursor")), width)]
    if state.message:
        return message(state.message, width, MOST)
    return [fit(keys(((action.shown, action.label) for action in LOGS_ACTIONS if action.label), width), width)]


def _help(width: int) -> list[Line]:
    marks = (("=", "agrees"), ("#", "differs"), ("o", "missing in the other log"))
    characters = (Span(" characters of a line: ", "title"), Span("bright", "digit"), " differ beyond the tolerance")
    legend = [part for glyph, words in marks for part in (Span(f"  {glyph} ", _MARK_TONES[glyph]), Span(words))]
    return [
        rule((Span("raw logs: keys", "title"),), width, (Span("any key closes", "faint"),), focused=True),
        line(Span(" a line's value:", "title"), *legend),
        line(*characters, Span(", dim", "faint"), " within it"),
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
