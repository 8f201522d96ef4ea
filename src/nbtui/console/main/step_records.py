"""The records of a trace that belong to one step: its term line, and its phi line."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from nbtui.console.main.contributions import Contributions, Place
from nbtui.live.model import TERM_AXES
from nbtui.trace.model import PhiRecord, TermRecord, Trace

Record = TypeVar("Record", PhiRecord, TermRecord)
Indices = tuple[int, ...]


def term_at(trace: Trace, grid: Contributions, place: Place) -> TermRecord | None:
    """The TERM line of a place."""
    block = np.unravel_index(place[0], grid.shape[:4])
    indices = (*(int(index) for index in block), *place[1:])
    return _found(trace.terms, indices, lambda term: tuple(int(term.values.get(axis, -1)) for axis in TERM_AXES))


def phi_line_at(trace: Trace, grid: Contributions, place: Place) -> PhiRecord | None:
    """The phi line of a place; programs print it for source 0 and mosaic domain 0."""
    visited, source = divmod(place[0], grid.shape[3])
    if source or place[2]:
        return None
    return _found(trace.phi, (visited, place[1]), lambda line: (line.occurrence, line.phi_tic))


def _found(records: Sequence[Record], indices: Indices, indices_of: Callable[[Record], Indices]) -> Record | None:
    """A record by bisection: a program prints its passes in the order of the loops."""
    at = bisect_left(records, indices, key=indices_of)
    return records[at] if at < len(records) and indices_of(records[at]) == indices else None
