"""The rows of terms.csv as arrays, some thousands at a time."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nbtui.regular_file import open_regular_text

AXES = ("thick", "sub_slow", "sub_fast", "source", "phi_step", "mosaic_domain")
COLUMNS = (*AXES, "h", "k", "l", "h0", "k0", "l0", "F_latt", "F_cell", "F_cell2_F_latt2")
PIECE = 20_000  # rows at a time: there may be millions

Array = NDArray[np.float64]


class BadTerms(ValueError):
    """terms.csv cannot be read; the message names the line."""


@dataclass(frozen=True)
class TermRows:
    """A piece of the file: ``first`` is the line of its first row."""

    first: int
    table: Array  # (n, columns)

    def column(self, name: str) -> Array:
        return np.asarray(self.table[:, COLUMNS.index(name)])

    @property
    def axes(self) -> Array:
        """(n, 6)"""
        return np.asarray(self.table[:, :6])

    @property
    def hkl(self) -> Array:
        """(n, 3)"""
        return np.asarray(self.table[:, 6:9])


def read_terms(path: Path) -> Iterator[TermRows]:
    """The file in pieces.

    Raises:
        BadTerms: a line is not a row of numbers as nbtui prints them.
        OSError: the file cannot be read.
    """
    with open_regular_text(path) as stream:
        lines = csv.reader(stream)
        try:
            if tuple(next(lines, ())) != COLUMNS:
                raise BadTerms(f"the first line must be {','.join(COLUMNS)}")
            first = 2
            while piece := list(islice(lines, PIECE)):
                yield TermRows(first, np.array([_numbers(row, first + at) for at, row in enumerate(piece)]))
                first += len(piece)
        except csv.Error as error:
            raise BadTerms(f"cannot be read: {error}") from error


def _numbers(row: list[str], line: int) -> list[float]:
    try:
        values = [float(cell) for cell in row]
    except ValueError:
        values = []
    if len(values) != len(COLUMNS) or not all(map(math.isfinite, values)):
        raise BadTerms(f"line {line} does not hold {len(COLUMNS)} numbers")
    if any(f"{value:.17g}" != cell for value, cell in zip(values, row, strict=True)):
        raise BadTerms(f"line {line} has a number in another form than nbtui prints")
    return values
