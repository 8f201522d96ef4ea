"""Rows of the field table at the step under the cursor: the values of this step, and of the step before it.

The logs print the fields of the loop once per layer and sub-pixel, at source 0, phi step 0 and mosaic domain 0
(nanobragg_pixel_loop.md, section 12). At every other step the values come from the terms, and from C's phi lines.
"""

from __future__ import annotations

import math

from nbtui.console.main.contributions import FIELD_COLUMNS, PHI_NAMES, Contributions, Place
from nbtui.console.main.pair import Compared
from nbtui.console.main.state import State
from nbtui.console.main.step_records import phi_line_at, term_at
from nbtui.parity.model import Row
from nbtui.parity.numbers import judge
from nbtui.parity.profiles import Limit
from nbtui.trace.fields.catalogue import field
from nbtui.trace.fields.field import Tolerance
from nbtui.trace.model import Trace, Value

SKIPPED = "no term"  # the step adds nothing to the pixel


def step_row(state: State, row: Row) -> Row | None:
    """The row with the values of the step; None if it stays as printed.

    That is a row of another block, or of no step, and one without a value of either side at this step.
    """
    grid = state.contributions
    if grid is None or not _follows(grid, row):
        return None
    visited, _ = divmod(state.block, grid.shape[3])
    found = _row_at(state, grid, state.place, row) if visited == row.occurrence else row
    return None if found is row else found


def row_before(state: State, row: Row) -> Row | None:
    """The row with the values of the step visited before, if they differ from those of this one; else None."""
    grid = state.contributions
    if grid is None or not state.trail or not _follows(grid, row):
        return None
    visited, _ = divmod(state.block, grid.shape[3])
    if visited != row.occurrence:
        return None
    now, old = (_row_at(state, grid, place, row) for place in (state.place, state.trail[-1]))
    return None if (now.c_value, now.py_value) == (old.c_value, old.py_value) else old


def left_out(state: State, row: Row, place: Place) -> Value | None:
    """The value at a step of the side that the pair leaves out; None where it prints none."""
    grid = state.contributions
    if grid is None or not _follows(grid, row):
        return None
    name, log = FIELD_COLUMNS[row.field, row.component], state.suspect
    if state.shown is Compared.REFERENCE_LIVE:
        value = _in_log(log, grid, name, place) if log is not None else None
    else:
        value = grid.value_of("py" if state.shown is Compared.REFERENCE_LOG else "c", name, place)
    return _value(value, _exact(row))


def place_words(state: State) -> str:
    """The step in words, such as ``phi 3 domain 2``; empty while every row is as printed."""
    grid = state.contributions
    if grid is None or not (state.phi or state.domain or state.block % grid.shape[3]):
        return ""
    source = f" source {state.block % grid.shape[3]}" if grid.shape[3] > 1 else ""
    return f"phi {state.phi} domain {state.domain}{source}"


def _follows(grid: Contributions, row: Row) -> bool:
    """Whether the contributions hold the field at every step."""
    return FIELD_COLUMNS.get((row.field, row.component), "") in grid.py.columns


def _printed_at(grid: Contributions, place: Place, row: Row) -> bool:
    """Whether a place is the one that the log's line of this row shows."""
    block, phi, domain = place
    return block == row.occurrence * grid.shape[3] and phi == domain == 0


def _exact(row: Row) -> bool:
    known = field(row.field)
    return known is not None and known.tolerance is Tolerance.INTEGER


def _row_at(state: State, grid: Contributions, place: Place, row: Row) -> Row:
    """The row with the values of a place: as printed where the logs print it, and where neither side has a value."""
    if _printed_at(grid, place, row):
        return row
    name, exact = FIELD_COLUMNS[row.field, row.component], _exact(row)
    c, py = (_value(value, exact) for value in _both(state, grid, name, place))
    if c is None and py is None:
        return row
    if c is None or py is None:
        return row._replace(c_value=c, py_value=py, abs_delta=None, rel_delta=None, ulp=None, note="")
    verdict = judge(c, py, Limit(row.tolerance), exact=exact, length=_length(grid, place, row))
    return row._replace(
        c_value=c,
        py_value=py,
        abs_delta=verdict.abs_delta,
        rel_delta=verdict.rel_delta,
        ulp=verdict.ulp,
        status=verdict.status,
        note=verdict.note,
    )


def _both(state: State, grid: Contributions, name: str, place: Place) -> tuple[float | None, float | None]:
    """The values of the two sides compared; None where a side prints none."""
    live = grid.value_of("py", name, place)
    if state.suspect is None or state.shown is Compared.REFERENCE_LIVE:
        return grid.value_of("c", name, place), live
    log = _in_log(state.suspect, grid, name, place)
    return (log, live) if state.shown is Compared.LOG_LIVE else (grid.value_of("c", name, place), log)


def _in_log(trace: Trace, grid: Contributions, name: str, place: Place) -> float | None:
    """The value in a term line of a log, else in its phi line."""
    term, line = term_at(trace, grid, place), phi_line_at(trace, grid, place)
    if term is not None and name in term.values:
        return term.values[name]
    return line.values.get(PHI_NAMES.get(name, "")) if line is not None else None


def _value(value: float | None, exact: bool) -> Value | None:
    if value is None:
        return None
    return SKIPPED if math.isnan(value) else int(value) if exact else value


def _length(grid: Contributions, place: Place, row: Row) -> float:
    """Length of C's vector, of which the row is a component; 0 for a number."""
    names = [name for (entry, component), name in FIELD_COLUMNS.items() if entry == row.field and component]
    values = [grid.value_of("c", name, place) for name in names]
    return math.hypot(*(value for value in values if value is not None and math.isfinite(value)))
