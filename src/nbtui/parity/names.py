"""Give two traces one name per quantity: structure factors and angles that a port prints in its own lines.

C prints the structure factor of a term as F_cell. Some ports print F_cell_nearest and F_cell_interpolated instead, one
of them or both, whether they interpolate or not. C prints the rotations of the detector in one line, angles_rad; some
ports print one line for each.
"""

from __future__ import annotations

import re
from dataclasses import replace

from nbtui.parity import align
from nbtui.trace.columns import Records
from nbtui.trace.model import Record, Trace

F_CELL, NEAREST, INTERPOLATED = "F_cell", "F_cell_nearest", "F_cell_interpolated"
ANGLES = "angles_rad"
SINGLE_ANGLES = ("detector_rotx_rad", "detector_roty_rad", "detector_rotz_rad", "detector_twotheta_rad")
_ONE_TERM = 1e-4  # relative: how far F_cell^2 F_latt^2 may be from the sum of a single term
_SAME = 1e-5  # relative: structure factors of one table, in single precision as well
_STATEMENT = re.compile(r"auto-selected (no|tricubic) interpolation")  # nanobragg_pixel_loop 8.3


def named_alike(c: Trace, py: Trace) -> tuple[Trace, Trace]:
    """Both traces, each with the structure factor that it used under the name F_cell.

    Decided by the trace itself where it shows a single term, then by what the logs state about interpolation, then by
    the value that C prints.
    """
    c, py = _with_angles(c), _with_angles(py)
    return _named(c, py), _named(py, c)


def _with_angles(trace: Trace) -> Trace:
    """The trace with angles_rad in place of the lines of single angles; an angle without a line is not there."""
    found = {name: records[0] for name in SINGLE_ANGLES if len(records := trace.all(name))}
    if not found or trace.all(ANGLES):
        return trace
    values = tuple(found[name].values[0] if name in found else align.NOT_THERE for name in SINGLE_ANGLES)
    first = next(iter(found.values()))
    joined = Record(ANGLES, first.raw_name, values, 0, first.line, first.text)
    rest = (record for record in trace.records if record.name not in SINGLE_ANGLES)
    return replace(trace, records=(joined, *rest))


def _named(trace: Trace, other: Trace) -> Trace:
    chosen = _used(trace, other)
    if chosen is None:
        return trace
    if isinstance(trace.records, Records):
        return replace(trace, records=trace.records.renamed(chosen, F_CELL))
    records = tuple(replace(record, name=F_CELL) if record.name == chosen else record for record in trace.records)
    return replace(trace, records=records)


def _used(trace: Trace, other: Trace) -> str | None:
    """The name under which the trace prints the structure factor of its terms; None when it prints F_cell itself."""
    if trace.all(F_CELL):
        return None
    printed = [name for name in (NEAREST, INTERPOLATED) if trace.all(name)]
    if len(printed) < 2:
        return printed[0] if printed else None
    return _by_sum(trace) or _by_statement(trace) or _by_statement(other) or _by_value(trace, other) or NEAREST


def _by_sum(trace: Trace) -> str | None:
    """The one whose square times F_latt^2 is the sum of a pixel with one term."""
    total, lattice, steps = (_number(trace, name) for name in ("I_before_scaling", "F_latt", "steps"))
    if not total or not lattice or steps != 1 or len(trace.phi) > 1 or align.count_blocks(trace) != 1:
        return None
    root = abs(total) ** 0.5 / abs(lattice)
    fits = [name for name in (NEAREST, INTERPOLATED) if abs(_size(trace, name) - root) <= _ONE_TERM * root]
    return fits[0] if len(fits) == 1 else None


def _by_statement(trace: Trace) -> str | None:
    said = [match[1] for notice in trace.notices if (match := _STATEMENT.search(notice.text))]
    return (NEAREST if said[-1] == "no" else INTERPOLATED) if said else None


def _by_value(trace: Trace, other: Trace) -> str | None:
    """The one with the value of the other side's F_cell."""
    wanted = _size(other, F_CELL)
    fits = [name for name in (NEAREST, INTERPOLATED) if abs(_size(trace, name) - wanted) <= _SAME * wanted]
    return fits[0] if wanted and len(fits) == 1 else None


def _size(trace: Trace, name: str) -> float:
    return abs(_number(trace, name) or 0.0)


def _number(trace: Trace, name: str) -> float | None:
    """The value of a scalar in its first record."""
    found = trace.all(name)
    record: Record | None = found[0] if len(found) else None
    if record is None or len(record.values) != 1 or isinstance(record.values[0], str):
        return None
    return float(record.values[0])
