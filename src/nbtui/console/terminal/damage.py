"""Fewer bytes per frame: remember the cells on the terminal and send only the differing ones.

Textual (8.2) sends a changed region from the left edge of its widget on, and a whole screen, twice, whenever one screen
replaces another. Over a slow link that is most of the traffic. Every frame of Textual is therefore compared with the
cells sent before. This depends on how Textual passes its frames on; `tests/console/test_damage.py` fails if a later
Textual changes that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size

from nbtui.console.drawing.characters import ascii_for, ascii_only

Cell = tuple[str, str]  # character ("" for the right half of a wide one), parameters of its SGR sequence
_Piece = tuple[int, int, int, list[Cell]]  # line, first and end column, their cells

# a colour, which stays, or one of the terminal's own two, which the reset before each style restores anyway
_COLOURS = re.compile(r"([34]8;5;\d+|[34]8;2;\d+;\d+;\d+)|;?\b[34]9\b")
_UNKNOWN: Cell = ("\0", "")
_BLANK: Cell = (" ", "")
_BRIDGE = 6  # longest run of equal cells that is cheaper to send again than to skip
_ERASE_FROM = 4  # shortest run of trailing blanks that is cheaper to erase than to send


class DisplayedCells:
    """Known contents of the terminal, cell by cell."""

    def __init__(self) -> None:
        self._rows: list[list[Cell]] = []
        self._size = Size(0, 0)
        self._codes: dict[Style | None, str] = {}
        self._painting: set[str] = set()  # codes that make a blank visible

    def forget(self) -> None:
        """Mark all cells as unknown after foreign output to the terminal."""
        self._rows = [[_UNKNOWN] * self._size.width for _ in range(self._size.height)]

    def differing(self, renderable: RenderableType | None, size: Size) -> RenderableType | None:
        """A frame of Textual as one of only the differing cells; anything else as it is."""
        return self.frame(renderable, size) if isinstance(renderable, CompositorUpdate) else renderable

    def frame(self, update: CompositorUpdate, size: Size) -> CompositorUpdate:
        """``update`` as a frame of only the differing cells, for a terminal of ``size``; others are unchanged."""
        if type(update) not in (LayoutUpdate, ChopsUpdate):
            self.forget()
            return update
        if size != self._size:
            self._size = size
            self.forget()
        return _DamageUpdate(self, update)

    def lay(self, update: CompositorUpdate, console: Console) -> str:
        """Terminal sequences that display ``update``; record its cells as known."""
        if isinstance(update, LayoutUpdate):
            pieces = self._of_layout(update, console)
        else:
            assert isinstance(update, ChopsUpdate)
            pieces = self._of_chops(update, console)
        sent: list[str] = []
        code = ""
        for y, first, end, cells in pieces:
            if y < self._size.height:
                code = self._changed(y, first, min(end, self._size.width), cells, sent, code)
        return "".join(sent) + ("\x1b[m" if code else "")

    def _of_layout(self, update: LayoutUpdate, console: Console) -> Iterator[_Piece]:
        left, top, right, _ = update.region.corners
        for y, strips in enumerate(update.strips, start=top):
            yield y, left, right, self._cells((segment for strip in strips for segment in strip), console)

    def _of_chops(self, update: ChopsUpdate, console: Console) -> Iterator[_Piece]:
        for y, start, end in update.spans:
            for stop, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is not None and x < end and stop > start:
                    first, last = max(start, x), min(end, stop)
                    yield y, first, last, self._cells(strip.crop(first - x, last - x), console)

    def _cells(self, segments: Iterable[Segment], console: Console) -> list[Cell]:
        """Cells of a line. A character of zero width (a combining mark) belongs to the cell before it."""
        row: list[Cell] = []
        for text, style, control in segments:
            if control:
                continue
            code = self._code(style, console)
            blank = (" ", code) if code in self._painting else _BLANK
            if text.isascii():
                row += [blank if char == " " else (char, code) for char in text]
                continue
            for char in "".join(map(ascii_for, text)) if ascii_only() else text:
                wide = cell_len(char)
                if char == " ":
                    row.append(blank)
                elif wide:
                    row += [(char, code), *[("", code)] * (wide - 1)]
                elif row:
                    at = -1 if row[-1][0] else -2
                    row[at] = (row[at][0] + char, row[at][1])
        return row

    def _code(self, style: Style | None, console: Console) -> str:
        if style not in self._codes:
            sequence = style.render("\0", color_system=console._color_system).partition("\0")[0] if style else ""
            self._codes[style] = _COLOURS.sub(r"\1", sequence.removeprefix("\x1b[").removesuffix("m")).strip(";")
            if style and (style.bgcolor or style.reverse or style.underline):
                self._painting.add(self._codes[style])
        return self._codes[style]

    def _changed(self, y: int, first: int, end: int, cells: list[Cell], sent: list[str], code: str) -> str:
        """Send the differences of a line, starting from the SGR parameters ``code``; return the final parameters."""
        old = self._rows[y]
        new = old[:first] + cells[: end - first] + old[first + len(cells[: end - first]) :]
        blank_from = _blank_from(new) if end == self._size.width else end
        for start, stop in runs(old, new):
            sent.append(f"\x1b[{y + 1};{start + 1}H")
            erased = stop - max(start, blank_from) >= _ERASE_FROM
            for char, wanted in new[start : max(start, blank_from) if erased else stop]:
                if wanted != code and ((char, wanted) != _BLANK or code in self._painting):
                    sent.append(_change(code, wanted))
                    code = wanted
                sent.append(char)
            if erased:
                sent.append("\x1b[m\x1b[K" if code else "\x1b[K")
                code = ""
                break
        self._rows[y] = new
        return code


class _DamageUpdate(CompositorUpdate):
    """A frame of Textual, compared with the terminal's contents at the moment of sending."""

    def __init__(self, displayed: DisplayedCells, update: CompositorUpdate) -> None:
        self._displayed, self._update = displayed, update

    def render_segments(self, console: Console) -> str:
        return self._displayed.lay(self._update, console)


def runs(old: list[Cell], new: list[Cell]) -> list[tuple[int, int]]:
    """First and end column of the differing runs in two versions of a line; near runs are merged."""
    found: list[tuple[int, int]] = []
    if old == new:
        return found
    for x, (before, after) in enumerate(zip(old, new, strict=True)):
        if before == after:
            continue
        # a wide character is sent as a whole, whichever half has changed
        start = x - 1 if x and "" in (old[x][0], new[x][0]) else x
        both = x + 1 < len(new) and "" in (old[x + 1][0], new[x + 1][0])
        end = x + 2 if both else x + 1
        if found and start - found[-1][1] <= _BRIDGE:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


@lru_cache(maxsize=4096)
def _change(code: str, wanted: str) -> str:
    """Shortest SGR sequence from the parameters ``code`` to ``wanted``: a colour alone if that suffices."""
    afresh = f"\x1b[0;{wanted}m" if wanted and code else f"\x1b[{wanted}m"
    old, new = _parts(code), _parts(wanted)
    if old[0] != new[0]:
        return afresh
    colours = [
        after or default
        for before, after, default in zip(old[1:], new[1:], ("39", "49"), strict=True)
        if before != after
    ]
    return min(f"\x1b[{';'.join(colours)}m", afresh, key=len)


def _parts(code: str) -> tuple[str, str, str]:
    """Attributes, foreground colour, background colour, as parameters."""
    found = ["", "", ""]
    words = code.split(";") if code else []
    while words:
        number = int(words[0])
        length = {"5": 3, "2": 5}.get(words[1], 1) if number in (38, 48) and len(words) > 1 else 1
        part, words = ";".join(words[:length]), words[length:]
        at = 1 if number == 38 or 30 <= number < 38 or 90 <= number < 98 else 0
        at = 2 if number == 48 or 40 <= number < 48 or 100 <= number < 108 else at
        found[at] += f";{part}" if found[at] else part
    return found[0], found[1], found[2]


def _blank_from(cells: list[Cell]) -> int:
    """First column of the trailing blanks in the terminal's own colours."""
    at = len(cells)
    while at and cells[at - 1] == _BLANK:
        at -= 1
    return at
