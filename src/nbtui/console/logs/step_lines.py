"""The lines of the logs that belong to the step under the cursor."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from nbtui.console.main.state import State
from nbtui.live.model import TERM_AXES
from nbtui.trace.model import PhiRecord, TermRecord, Trace

Record = TypeVar("Record", PhiRecord, TermRecord)
Place = tuple[int, ...]


Lines = tuple[int | None, int | None]


def lines_of_step(state: State) -> Lines:
    """The line of each log that shows the step: its term, else its phi line; None where a log prints neither."""
    grid = state.contributions
    if grid is None:
        return None, None
    block = np.unravel_index(state.block, grid.shape[:4])
    place = (*(int(index) for index in block), state.phi, state.domain)
    visited, source = divmod(state.block, grid.shape[3])
    phi_line = (visited, state.phi) if not (source or state.domain) else None
    ours, theirs = (_line(trace, place, phi_line) for trace in (state.c_trace, state.py_trace))
    return ours, theirs


def lines_at_opening(state: State, field: Lines) -> Lines:
    """The lines to open the logs at: those of the step if the contributions have the focus, else of the field."""
    ours, theirs = lines_of_step(state) if state.pane == "steps" else (None, None)
    return (ours, theirs) if ours or theirs else field


def _line(trace: Trace | None, place: Place, phi_line: Place | None) -> int | None:
    if trace is None:
        return None
    term = _found(trace.terms, place, lambda record: tuple(int(record.values.get(axis, -1)) for axis in TERM_AXES))
    if term is not None or phi_line is None:
        return term
    return _found(trace.phi, phi_line, lambda record: (record.occurrence, record.phi_tic))


def _found(records: Sequence[Record], place: Place, place_of: Callable[[Record], Place]) -> int | None:
    """The line of the record at a place, by bisection: a program prints its passes in the order of the loops."""
    at = bisect_left(records, place, key=place_of)
    return records[at].line or None if at < len(records) and place_of(records[at]) == place else None
