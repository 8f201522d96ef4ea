"""Find the few relevant lines in a log of any size without decoding the rest.

The log is read in blocks. Each block is searched for five rare texts (long texts are found faster). A block with a hit,
the block after it, the first few blocks and the last one are then searched for every text of `notices` and the
grammar. Memory use is a few blocks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from nbtui.trace.reading import notices, printout

BLOCK = 1 << 20
_HEAD_BLOCKS = 4  # always searched in full: the set-up of a program, before its first trace line
Many = Callable[[bytes, int, int], tuple[int, int]]  # block, first byte, number of the first line
LONGEST = 1 << 20  # bytes of a line read on each side of the text found
_QUICK = tuple(text.encode() for text in ("TRACE", notices.BANNER, "WARNING", notices.CLOSING, printout.CAPTION))
_EVERY = re.compile(
    b"|".join(re.escape(text.encode()) for text in ("TRACE", "DETECTOR_", printout.NEEDLE, *notices.NEEDLES))
)
_TAGGED = b"TRACE_"
_FEED = 10
_PRINTED = printout.NEEDLE.encode()


class Line(NamedTuple):
    """A line of the log, or the part of it that is read."""

    number: int
    text: bytes
    closed: bool  # it has a line end
    cut: bool = False  # longer than what is read of it


def lines(
    blocks: Iterable[bytes],
    *,
    progress: Callable[[], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    many: Many | None = None,
) -> Iterator[Line]:
    """Every relevant line.

    A carriage return ends a text too (progress bars), but only a line feed counts as a line. A true ``cancelled``
    stops the iteration.

    ``many`` is offered consecutive trace lines; it returns how many it has taken and the end of the last one. These
    lines are not yielded.
    """
    number, dense, index = 1, 0, 0
    for block, last in _whole_lines(blocks):
        if cancelled is not None and cancelled():
            return
        if any(text in block for text in _QUICK):
            dense = 2
        if dense or last or index < _HEAD_BLOCKS:
            yield from _search(block, number, last, many)
        number += block.count(b"\n")
        dense, index = max(0, dense - 1), index + 1
        if progress is not None:
            progress()


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Blocks that end at line ends, and whether each is the last. A line longer than eight blocks is split."""
    rest = b""
    pending: bytes | None = None
    for block in blocks:
        data = rest + block
        cut = max(data.rfind(b"\n"), data.rfind(b"\r", max(0, len(data) - BLOCK))) + 1
        if cut == 0 and len(data) < 8 * BLOCK:
            rest = data
            continue
        cut = cut or len(data)
        if pending is not None:
            yield pending, False
        pending, rest = data[:cut], data[cut:]
    if rest and pending is not None and len(rest) < BLOCK:
        yield pending + rest, True
        return
    if pending is not None:
        yield pending, not rest
    if rest:
        yield rest, True


def _search(block: bytes, number: int, last: bool, many: Many | None) -> Iterator[Line]:
    at = counted = 0
    ends = _Ends(block)
    found = _EVERY.search(block)
    while found is not None:
        hit = found.start()
        start = max(block.rfind(b"\n", at, hit), block.rfind(b"\r", at, hit), at - 1) + 1
        end = ends.of(found.end())
        number += block.count(b"\n", counted, start)
        counted = start
        closed = end < len(block) or not last
        first, beyond = max(start, hit - LONGEST), min(end, hit + LONGEST)
        yield Line(number, block[first:beyond], closed, (first, beyond) != (start, end))
        if _PRINTED in block[start:end]:
            for follower in range(printout.LINES):
                begin = block.find(b"\n", end) + 1
                if begin == 0:
                    break
                end = ends.of(begin)
                text, closed = block[begin : min(end, begin + LONGEST)], end < len(block) or not last
                yield Line(number + follower + 1, text, closed, len(text) < end - begin)
        at = end
        while block.startswith(_TAGGED, at + 1):  # trace lines are consecutive: no search needed
            begin = at + 1
            count, taken = many(block, begin, number + (block[at] == _FEED)) if many is not None else (0, begin)
            if count:
                number += (block[at] == _FEED) + count - 1
                counted = at = taken
                continue
            end = ends.of(begin + len(_TAGGED))
            piece = block[begin : min(end, begin + LONGEST)]
            if _PRINTED in piece:
                break
            number += block[at] == _FEED
            counted, at = begin, end
            yield Line(number, piece, end < len(block) or not last, len(piece) < end - begin)
        found = _EVERY.search(block, at)


class _Ends:
    """Ends of the texts of a block, asked for in ascending order."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._feed = -1  # the line feed found last: a search for each of many carriage returns would be quadratic

    def of(self, start: int) -> int:
        """The end of the text around ``start``: the next line feed or lone carriage return."""
        if self._feed < start:
            found = self._block.find(b"\n", start)
            self._feed = len(self._block) if found < 0 else found
        turn = self._block.find(b"\r", start, self._feed)
        return self._feed if turn < 0 else turn
