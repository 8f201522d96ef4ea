"""The lines of the logs that belong to the step under the cursor."""

from __future__ import annotations

from nbtui.console.main.contributions import Contributions
from nbtui.console.main.state import State
from nbtui.console.main.step_records import phi_line_at, term_at
from nbtui.trace.model import Trace

Lines = tuple[int | None, int | None]


def lines_of_step(state: State) -> Lines:
    """The line of each log that shows the step: its term, else its phi line; None where a log prints neither."""
    grid = state.contributions
    if grid is None:
        return None, None
    return _line(state, state.left, grid), _line(state, state.right, grid)


def lines_at_opening(state: State, field: Lines) -> Lines:
    """The lines to open the logs at: those of the step if the contributions have the focus, else of the field."""
    ours, theirs = lines_of_step(state) if state.pane == "steps" else (None, None)
    return (ours, theirs) if ours or theirs else field


def _line(state: State, trace: Trace | None, grid: Contributions) -> int | None:
    if trace is None:
        return None
    record = term_at(trace, grid, state.place) or phi_line_at(trace, grid, state.place)
    return record.line or None if record is not None else None
