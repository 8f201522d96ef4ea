"""The alignment of the two logs, with the queries of the raw log screen."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_EMPTY: Sequence[int] = ()


@dataclass(frozen=True)
class Marks:
    """Lines of one log whose value differs (``#``) or is missing on the other side (``o``)."""

    lines: Sequence[int] = _EMPTY  # ascending
    signs: str = ""  # one sign per line


@dataclass(frozen=True)
class Alignment:
    """Pairs of lines printing the same field in the C log (0) and the Python log (1), with their result.

    ``pairs`` holds the lines of both sides ordered by C's, ``back`` the same ordered by Python's.
    """

    pairs: tuple[Sequence[int], Sequence[int]] = (_EMPTY, _EMPTY)
    back: tuple[Sequence[int], Sequence[int]] = (_EMPTY, _EMPTY)
    marks: tuple[Marks, Marks] = (Marks(), Marks())

    def _of(self, side: int) -> tuple[Sequence[int], Sequence[int]]:
        """The lines of ``side``, ascending, and their partners on the other side."""
        return self.pairs if side == 0 else (self.back[1], self.back[0])

    def pair(self, side: int, line: int) -> int | None:
        """The line of the other log that prints the same field; None without one."""
        here, there = self._of(side)
        at = bisect_left(here, line)
        return there[at] if at < len(here) and here[at] == line else None

    def mark(self, side: int, line: int) -> str:
        """``#`` differs, ``o`` only on this side, ``=`` agrees, blank for a line without a compared field."""
        marks = self.marks[side]
        at = bisect_left(marks.lines, line)
        if at < len(marks.lines) and marks.lines[at] == line:
            return marks.signs[at]
        return " " if self.pair(side, line) is None else "="

    def partner(self, side: int, line: int) -> int:
        """The line of the other log aligned with ``line`` of ``side``; may lie outside the other log.

        Lines between two fields follow the upper field, as far as the lower one allows.
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
        """The nearest marked line after (before) ``line``, wrapping around; None without any."""
        lines = self.marks[side].lines
        if not lines:
            return None
        at = bisect_right(lines, line) if forward else bisect_left(lines, line) - 1
        return lines[at % len(lines)]
