"""Builds the alignment of two logs from their comparison."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nbtui.console.logs.alignment import Alignment, Marks
from nbtui.parity.model import Comparison, Row, Status
from nbtui.parity.sorting import distinct
from nbtui.parity.table import RowTable

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_BITS = 32  # two numbers packed into one
_LOW = (1 << _BITS) - 1


def aligned(comparison: Comparison | None, row: Row | None) -> tuple[Alignment, tuple[int | None, int | None]]:
    """The alignment found by `compare`, and the line of ``row`` in each log.

    Suited to a background thread: no single step holds the interpreter lock long enough to delay the screen.
    """
    if comparison is None:
        return Alignment(), (None, None)
    ours, theirs, differs, alone = _lines(comparison)
    both = (ours > 0) & (theirs > 0)
    pairs = distinct(ours[both] << _BITS | theirs[both])
    here, there = pairs >> _BITS, pairs & _LOW
    swapped = np.sort(there << _BITS | here)
    compared = any(tally.both for tally in comparison.overview.tallies)
    marks = [_marks(side, differs, alone & (side > 0) & compared) for side in (ours, theirs)]
    wanted = (row.c_line or None, row.py_line or None) if row is not None else (None, None)
    back = (_column(swapped & _LOW), _column(swapped >> _BITS))
    return Alignment((_column(here), _column(there)), back, (marks[0], marks[1])), wanted


def _lines(comparison: Comparison) -> tuple[Integers, Integers, Flags, Flags]:
    """For every row: its line in either log, whether it counts as a divergence, and whether one side lacks it.

    Phi lines in a file of their own have a value and no line.
    """
    rows = comparison.rows
    differs = np.zeros(len(rows), dtype=bool)
    differs[np.asarray(comparison.overview.raised, dtype=np.int64)] = True
    if isinstance(rows, RowTable):
        return *rows.log_lines(), differs, rows.one_sided()
    ours, theirs = ([getattr(row, name) for row in rows] for name in ("c_line", "py_line"))
    alone = np.array([row.status is Status.MISSING for row in rows], dtype=bool)
    return np.array(ours, dtype=np.int64), np.array(theirs, dtype=np.int64), differs, alone


def _marks(lines: Integers, differs: Flags, lacking: Flags) -> Marks:
    bad, alone = distinct(lines[differs & (lines > 0)]), distinct(lines[lacking])
    every = distinct(np.concatenate([bad, alone]))
    signs = np.full(len(every), ord("o"), dtype=np.uint8)
    signs[np.searchsorted(every, bad)] = ord("#")
    return Marks(_column(every), signs.tobytes().decode("ascii"))


def _column(values: Integers) -> Sequence[int]:
    return array("q", values.astype(np.int64).tobytes())
