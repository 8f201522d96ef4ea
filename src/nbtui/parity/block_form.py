"""A trace in the form of a -printout block, for a comparison with a stock build, which prints nothing else.

A live trace brings C's block of the same pixel. Of a log, those lines of the block are made that follow from its trace
lines: values of the last sub-pixel and layer, and values of the last pass where the pixel has a single one per ray.
Source: nanobragg_pixel_loop section 11.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from nbtui.parity.align import count_blocks
from nbtui.parity.units import cell_in_metres, metres_of_scattering
from nbtui.trace.columns import Records
from nbtui.trace.loop_counts import loop_counts
from nbtui.trace.model import Record, Trace, Value
from nbtui.trace.reading.printout import holds_block, is_printout

Vector = tuple[float, ...]
_AXES = ("rot_a_angstroms", "rot_b_angstroms", "rot_c_angstroms")


def in_block_form(c: Trace, py: Trace) -> tuple[Trace, Trace]:
    """Both traces; one with trace lines also has the values of the other's -printout block, as far as it shows them."""
    return _beside(c, py), _beside(py, c)


def _beside(trace: Trace, other: Trace) -> Trace:
    if not holds_block(other) or holds_block(trace) or not trace.records:
        return trace
    made = trace.printout or (tuple(_made(trace, other)) if is_printout(other) else ())
    there = {record.name for record in other.records}
    extra = [record for record in made if record.name in there]
    return replace(trace, records=_extended(trace.records, extra)) if extra else trace


def _extended(records: Sequence[Record], extra: Sequence[Record]) -> Sequence[Record]:
    if not isinstance(records, Records):
        return (*records, *extra)
    longer = copy.deepcopy(records)
    for record in extra:
        longer.put(record)
    return longer


@dataclass(frozen=True)
class _Line:
    """A line of the block made from the last of these trace lines."""

    name: str
    inputs: tuple[str, ...]
    formula: Callable[..., Vector]
    one_source: bool = False  # the trace shows source 0, the block the last one
    one_pass: bool = False  # the trace shows the first phi step and domain, the block the last ones


def _in_plane(position: Vector, wavelength: Vector) -> Vector:
    x, y, z = position
    return (math.sin(0.5 * math.atan2(math.hypot(y, z), x)) / wavelength[0],)


_LINES = (
    _Line("printout.pixel_pos_meters", ("pixel_pos_meters",), lambda position: position),
    _Line("printout.stol", ("scattering_vec_A_inv",), lambda q: (0.5 * math.hypot(*q),), one_source=True),
    _Line("printout.stol_plane", ("pixel_pos_meters", "lambda_angstroms"), _in_plane, one_source=True),
    *(
        _Line(f"printout.cell_{axis}", _AXES, lambda a, b, c, n=n: (a[n], b[n], c[n]), one_pass=True)
        for n, axis in enumerate("xyz")
    ),
    *(
        _Line(f"printout.{name}", (name,), lambda value: value, one_pass=True)
        for name in ("hkl_frac", "hkl_rounded", "F_latt", "F_cell")
    ),
)
_PER_STEP = _Line("printout.I_per_step", ("I_before_scaling", "steps"), lambda total, steps: (total[0] / steps[0],))


def _made(trace: Trace, block: Trace) -> Iterator[Record]:
    """The lines of the block that follow from a trace; ``block``: the other side, whose log counts C's loops."""
    counts = loop_counts(block)
    oversample, layers = counts["oversample"], counts["thick_steps"]
    if oversample is not None and layers is not None and count_blocks(trace) == oversample**2 * max(layers, 1):
        one_source = counts["sources"] == 1
        one_pass = one_source and counts["mosaic_domains"] == 1 and counts["phi_steps"] == 1
        for line in _LINES:
            if (one_pass or not line.one_pass) and (one_source or not line.one_source):
                yield from _record(line, trace)
        if one_source and counts["mosaic_domains"] == 1 and not one_pass and trace.phi:
            yield from _last_phi(trace)
    yield from _record(_PER_STEP, trace)


def _record(line: _Line, trace: Trace) -> Iterator[Record]:
    found = [trace.all(name) for name in line.inputs]
    if not all(len(records) for records in found) or (line.inputs == _AXES and cell_in_metres(trace)):
        return
    last = [records[-1] for records in found]
    inputs = [_numbers(record.values) for record in last]
    if not all(inputs):
        return
    try:
        values = line.formula(*inputs)
    except (ArithmeticError, ValueError, IndexError):
        return
    scale = metres_of_scattering(trace) if line.name == "printout.stol" else 1.0
    yield _made_record(line.name, tuple(value * scale for value in values), last[0].line, ", ".join(line.inputs))


def _last_phi(trace: Trace) -> Iterator[Record]:
    """The lattice factor of the last phi step of the last block."""
    entry = trace.phi[-1]
    if "F_latt" in entry.values:
        yield _made_record("printout.F_latt", (entry.values["F_latt"],), entry.line, "phi.F_latt")


def _made_record(name: str, values: Vector, line: int, source: str) -> Record:
    text = " ".join(f"{value:.17g}" for value in values)
    whole = name == "printout.hkl_rounded"
    shown: tuple[Value, ...] = tuple(map(int, values)) if whole else values
    return Record(name, source, shown, 0, line, f"{name} {text}")


def _numbers(values: Sequence[Value]) -> Vector:
    """The values of a line of finite numbers; empty for any other."""
    found = tuple(float(value) for value in values if not isinstance(value, str) and math.isfinite(value))
    return found if len(found) == len(values) else ()
