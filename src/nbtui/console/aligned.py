"""Which line of one log belongs to which line of the other."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge

from nbtui.parity import align
from nbtui.parity.compare import raised
from nbtui.parity.model import Comparison, Row
from nbtui.trace.model import PhiRecord, Trace

Places = dict[str, dict[int, int]]  # field -> occurrence -> line; all phi lines stand under "phi."

_PHI = "phi."
_EMPTY: Sequence[int] = ()
_MANY_RUNS = 1000
_BITS = 32  # two numbers in one, in arrays: millions of objects would keep the collector, and so the screen, waiting
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


def aligned(
    c: Trace | None, py: Trace | None, comparison: Comparison | None, row: Row | None
) -> tuple[Alignment, tuple[int | None, int | None]]:
    """The alignment of two traces by what `compare` put side by side, and the line of ``row`` in each log.

    O(lines). Meant for a thread beside the screen: it is never long in one C function, which would hold the screen up.
    """
    ours, theirs = lines_of(c), lines_of(py)
    pairs = (
        line << _BITS | theirs[name][occurrence]
        for name, lines in ours.items()
        if name in theirs
        for occurrence, line in lines.items()
        if occurrence in theirs[name]
    )
    one, other = _columns(array("Q", pairs))
    back_other, back_one = _columns(array("Q", (there << _BITS | here for here, there in zip(one, other, strict=True))))
    steps = _steps(ours, theirs)
    signs: tuple[dict[int, str], dict[int, str]] = ({}, {})
    compared = comparison.rows if comparison is not None and c is not None and py is not None else ()
    for entry in compared:
        differs, lacking = raised(entry), entry.c_value is None or entry.py_value is None
        if not (differs or lacking):
            continue
        for side, places in enumerate((ours, theirs)):
            line = _line(entry, places, steps)
            if line is not None and (differs or line not in signs[side]):
                signs[side][line] = "#" if differs else "o"
    wanted = (_line(row, ours, steps), _line(row, theirs, steps)) if row is not None else (None, None)
    for places in (ours, theirs):
        while places:  # not all at once: giving millions of numbers back takes its time, too
            places.popitem()
    return Alignment((one, other), (back_one, back_other), (_marks(signs[0]), _marks(signs[1]))), wanted


def lines_of(trace: Trace | None) -> Places:
    """The line of every field of a trace, under the occurrence that rows of a comparison carry."""
    if trace is None:
        return {}
    found: Places = {}
    for record, block in zip(trace.records, align.blocks(trace), strict=True):
        repetition = 0 if align.in_block(record.name) else record.occurrence
        if record.line > 0:
            found.setdefault(record.name, {})[block or repetition] = record.line
    if trace.phi:
        found[_PHI] = {_step(entry): entry.line for entry in trace.phi if entry.line > 0}
    return found


def _step(entry: PhiRecord) -> int:
    """A phi step of a block as one number; the order is that of the pixel loop."""
    return entry.occurrence << _BITS | (entry.phi_tic + 1) & _LOW  # a line without phi_tic counts as -1


def _line(row: Row, places: Places, steps: Sequence[int]) -> int | None:
    """The line that prints the value of a row. ``steps``: the phi steps of both traces in order."""
    if row.field.startswith(_PHI):
        return places.get(_PHI, {}).get(steps[row.occurrence]) if row.occurrence < len(steps) else None
    return places.get(row.field, {}).get(row.occurrence)


def _steps(ours: Places, theirs: Places) -> Sequence[int]:
    known, other = ours.get(_PHI, {}), theirs.get(_PHI, {})
    steps = array("Q", (step for step in known))
    steps.extend(step for step in other if step not in known)
    return array("Q", _ascending(steps))


def _marks(signs: dict[int, str]) -> Marks:
    lines = array("L", _ascending(array("Q", (line for line in signs))))
    return Marks(lines, "".join([signs[line] for line in lines]))


def _ascending(items: array[int]) -> Iterator[int]:
    """The items in order. They come in few ascending runs: merging these is quick and lets other threads in."""
    runs: list[array[int]] = []
    for item in items:
        if runs and item >= runs[-1][-1]:
            runs[-1].append(item)
        else:
            runs.append(array("Q", (item,)))
    return merge(*runs) if len(runs) < _MANY_RUNS else iter(sorted(items))


def _columns(pairs: array[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Pairs in ascending order as two columns."""
    one, other = array("L"), array("L")
    for pair in _ascending(pairs):
        one.append(pair >> _BITS)
        other.append(pair & _LOW)
    return one, other
