"""Flags against findings: in how many rows with a flag each finding occurs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    members = [[{axis for axis, _ in one.row.changes} for one in finding.members] for finding in found]
    return tuple(
        MatrixLine(
            flag,
            sum(row.answer.judged and any(axis == flag for axis, _ in row.changes) for row in rows),
            tuple(sum(flag in axes for axes in listed) for listed in members),
        )
        for flag in flags
    )
