"""Text of the selection on the main screen."""

from __future__ import annotations

from nbtui.console.main.state import State
from nbtui.console.main.step_rows import place_words, step_row
from nbtui.live.model import F_CELL_ORIGINS
from nbtui.trace.model import Value
from nbtui.trace.text import clean


def selected(state: State) -> str | None:
    """Text for ``y``: the contribution of the step in its pane, else the row of the field as the table shows it.

    None if there is neither.

    The text is one line of tab-separated ``name value`` pairs, free of terminal control sequences.
    """
    grid = state.contributions
    if state.pane == "steps" and grid is not None:
        block, phi, domain = state.place
        pairs = [("block", str(block)), ("phi_step", str(phi)), ("mosaic_domain", str(domain))]
        pairs += [(name, _number(name, value)) for name, value in grid.py.at(state.place).items()]
        if grid.c is not None:
            pairs += [(f"C_{name}", _number(name, value)) for name, value in grid.c.at(state.place).items()]
        return "\t".join(f"{name} {value}" for name, value in pairs)
    row = state.row
    if row is None:
        return None
    step = step_row(state, row)
    place = f"at {place_words(state)}" if step is not None else ""
    row = step or row
    sides = [
        f"{state.named[0].name} {_value(row.c_value)}",
        *([] if state.pending else [f"{state.named[1].name} {_value(row.py_value)}", row.status]),
    ]
    return "\t".join(clean(part) for part in (row.label, row.unit, place, *sides) if part)


def _number(name: str, value: float) -> str:
    if name == "F_cell_origin":
        return F_CELL_ORIGINS[int(value)] if value >= 0 else "-"  # NaN without a term
    return f"{value:.15g}"


def _value(value: Value | None) -> str:
    """All digits of a value; a minus if one side lacks it."""
    return "-" if value is None else repr(value) if isinstance(value, float) else str(value)
