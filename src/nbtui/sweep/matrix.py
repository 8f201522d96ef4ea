"""Flags against findings: in how many rows with a flag each finding occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nbtui.live.door import flags_in
from nbtui.sweep.findings import SweepFinding
from nbtui.sweep.rows import SweepRow


@dataclass(frozen=True)
class MatrixLine:
    """One axis.

    Attributes:
        flag: the axis.
        judged: rows with it.
        failing: of these, rows of each finding.
    """

    flag: str
    judged: int
    failing: tuple[int, ...]


def matrix(rows: Sequence[SweepRow], found: Sequence[SweepFinding]) -> tuple[MatrixLine, ...]:
    """One line for every axis that occurs in a row, in the order of occurrence."""
    flags = tuple(dict.fromkeys(axis for row in rows for axis, _ in row.changes))
    return _lines(flags, rows, found, lambda row: frozenset(axis for axis, _ in row.changes))


def suite_matrix(
    flags: Sequence[str], rows: Sequence[SweepRow], found: Sequence[SweepFinding]
) -> tuple[MatrixLine, ...]:
    """One line for each of ``flags``, by the command lines of a suite."""
    return _lines(flags, rows, found, lambda row: frozenset(flag.names[0] for _, _, flag, _ in flags_in(row.command)))


def _lines(
    flags: Sequence[str],
    rows: Sequence[SweepRow],
    found: Sequence[SweepFinding],
    flags_of: Callable[[SweepRow], frozenset[str]],
) -> tuple[MatrixLine, ...]:
    judged = Counter(flag for row in rows if row.answer.judged for flag in flags_of(row))
    members = [Counter(flag for one in finding.members for flag in flags_of(one.row)) for finding in found]
    return tuple(MatrixLine(flag, judged[flag], tuple(counts[flag] for counts in members)) for flag in flags)
