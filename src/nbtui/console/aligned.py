"""Which line of one log belongs to which line of the other."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbtui.parity.model import Comparison, Row
from nbtui.parity.sorting import distinct
from nbtui.parity.table import Table

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_EMPTY: Sequence[int] = ()
_BITS = 32  # two numbers in one
_LOW = (1 << _BITS) - 1


@dataclass(frozen=True)
class Marks:
    """Lines of one log whose value differs (``#``) or is missing on the other side (``o``)."""

    lines: Sequence[int] = _EMPTY  # ascending
    signs: str = ""  # one sign per line


@dataclass(frozen=True)
class Alignment:
    """Lines of the C log (0) and the Python log (1) that print the same field, and what became of them.

    ``pairs`` holds the lines of both sides ordered by C's, ``back`` the same ordered by Python's.
    """

    pairs: tuple[Sequence[int], Sequence[int]] = (_EMPTY, _EMPTY)
    back: tuple[Sequence[int], Sequence[int]] = (_EMPTY, _EMPTY)
    marks: tuple[Marks, Marks] = (Marks(), Marks())

    def _of(self, side: int) -> tuple[Sequence[int], Sequence[int]]:
        """The lines of ``side`` ascending, and the other side's beside them."""
        return self.pairs if side == 0 else (self.back[1], self.back[0])

    def mark(self, side: int, line: int) -> str:
        """``#`` differs, ``o`` only on this side, ``=`` agrees, blank for a line without a compared field."""
        marks = self.marks[side]
        at = bisect_left(marks.lines, line)
        if at < len(marks.lines) and marks.lines[at] == line:
            return marks.signs[at]
        here, _ = self._of(side)
        at = bisect_left(here, line)
        return "=" if at < len(here) and here[at] == line else " "

    def partner(self, side: int, line: int) -> int:
        """The line of the other log that belongs beside ``line`` of ``side``; may lie outside of the other log.

        Between two fields the lines follow the field above, as far as the next field allows.
        """
        here, there = self._of(side)
        if not here:
            return line
        above = bisect_right(here, line) - 1
        if above < 0:
            return there[0] - (here[0] - line)
        wanted = there[above] + line - here[above]
        if above + 1 < len(here) and there[above] < there[above + 1] <= wanted:
            return there[above + 1] - 1
        return wanted

    def next_mark(self, side: int, line: int, forward: bool) -> int | None:
        """The nearest marked line after (before) ``line``, around the end if need be; None without any."""
        lines = self.marks[side].lines
        if not lines:
            return None
        at = bisect_right(lines, line) if forward else bisect_left(lines, line) - 1
        return lines[at % len(lines)]


def aligned(comparison: Comparison | None, row: Row | None) -> tuple[Alignment, tuple[int | None, int | None]]:
    """The lines that `compare` put side by side, and the line of ``row`` in each log.

    Meant for a thread beside the screen: it is never long in one step that would hold the screen up.
    """
    if comparison is None:
        return Alignment(), (None, None)
    ours, theirs, differs = _lines(comparison)
    both = (ours > 0) & (theirs > 0)
    pairs = distinct(ours[both] << _BITS | theirs[both])
    here, there = pairs >> _BITS, pairs & _LOW
    swapped = np.sort(there << _BITS | here)
    compared = any(tally.both for tally in comparison.overview.tallies)
    marks = [_marks(side, differs, ~both & (side > 0) & compared) for side in (ours, theirs)]
    wanted = (row.c_line or None, row.py_line or None) if row is not None else (None, None)
    back = (_column(swapped & _LOW), _column(swapped >> _BITS))
    return Alignment((_column(here), _column(there)), back, (marks[0], marks[1])), wanted


def _lines(comparison: Comparison) -> tuple[Integers, Integers, Flags]:
    """For every row: the line of either log that prints it, and whether it counts as a divergence."""
    rows = comparison.rows
    differs = np.zeros(len(rows), dtype=bool)
    differs[np.asarray(comparison.overview.raised, dtype=np.int64)] = True
    if isinstance(rows, Table):
        return *rows.log_lines(), differs
    ours, theirs = ([getattr(row, name) for row in rows] for name in ("c_line", "py_line"))
    return np.array(ours, dtype=np.int64), np.array(theirs, dtype=np.int64), differs


def _marks(lines: Integers, differs: Flags, lacking: Flags) -> Marks:
    bad, alone = distinct(lines[differs & (lines > 0)]), distinct(lines[lacking])
    every = distinct(np.concatenate([bad, alone]))
    signs = np.full(len(every), ord("o"), dtype=np.uint8)
    signs[np.searchsorted(every, bad)] = ord("#")
    return Marks(_column(every), signs.tobytes().decode("ascii"))


def _column(values: Integers) -> Sequence[int]:
    return array("q", values.astype(np.int64).tobytes())
