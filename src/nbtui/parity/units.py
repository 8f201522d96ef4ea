"""The units of scattering vector and cell vectors, inferred from their trace, and the conversion between two traces.

Source: spec/trace_dialects.md: decide by |q| lambda = 2 sin(theta), which is |d - i| for unit vectors d and i.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from nbtui.trace.model import Trace
from nbtui.trace.side import Pair
from nbtui.trace.units import unit_of_scattering

FIELD = "scattering_vec_A_inv"
_OF_SCATTERING = {"m^-1": 1.0, "A^-1": 1e-10, "2 pi m^-1": 2 * math.pi, "2 pi A^-1": 2e-10 * math.pi}
_IN_METRES = {**_OF_SCATTERING, "m": 1.0, "A": 1e10}  # the number printed for 1 m^-1, or for 1 m
CELL = ("rot_a_angstroms", "rot_b_angstroms", "rot_c_angstroms")
SHORTEST_CELL = 1e-3  # A; a cell vector labelled as shorter is in metres
_CLOSE = 1e-3  # relative; units differ by more, float32 arithmetic and misplaced detectors by less


@dataclass(frozen=True)
class Conversion:
    """The second trace's values of ``fields`` times ``factor`` are in the first one's unit."""

    fields: tuple[str, ...]
    factor: float
    note: str


def conversions(c: Trace, py: Trace, named: Pair) -> tuple[Conversion, ...]:
    """The conversions of the second trace's values to the first one's units; none for equal units or missing lines."""
    result = []
    for fields, units in (((FIELD,), (unit(c), unit(py))), (CELL, (_cell_unit(c), _cell_unit(py)))):
        ours, theirs = units
        if ours != theirs and any(c.all(name) and py.all(name) for name in fields):
            names = fields[0] if len(fields) == 1 else f"{', '.join(fields[:-1])} and {fields[-1]}"
            verb, its = ("is", "its label") if len(fields) == 1 else ("are", "their labels")
            text = f"{names} {verb} in {ours} in {named[0].noun} and in {theirs} in {named[1].noun}, despite {its}"
            factor = _IN_METRES[ours] / _IN_METRES[theirs]
            result.append(Conversion(fields, factor, f"{text}; the values of {named[1].noun} are converted"))
    return tuple(result)


def cell_in_metres(trace: Trace) -> bool:
    """Whether the cell vectors are in metres, although labelled as Angstroms."""
    lengths = [math.hypot(*values) for name in CELL if (values := _numbers(trace, name))]
    return bool(lengths) and 0.0 < max(lengths) < SHORTEST_CELL


def metres_of_scattering(trace: Trace) -> float:
    """The printed scattering vector times this is in m^-1."""
    return 1.0 / _IN_METRES[unit(trace)]


def _cell_unit(trace: Trace) -> str:
    return "m" if cell_in_metres(trace) else "A"


def unit(trace: Trace) -> str:
    """Unit of the scattering vector in this trace: m^-1, A^-1, or either with a factor 2 pi."""
    ratio = _ratio(trace)
    for name, size in _OF_SCATTERING.items():
        if ratio is not None and abs(ratio / size - 1) < _CLOSE:
            return name
    return unit_of_scattering(trace)


def _ratio(trace: Trace) -> float | None:
    """|q| lambda / |d - i|: the factor of the printed vector relative to m^-1."""
    q, d, i, wavelength = (_numbers(trace, name) for name in (FIELD, "diffracted_vec", "incident_vec", "lambda_meters"))
    if not (len(q) == len(d) == len(i) == 3 and len(wavelength) == 1):
        return None
    sine = math.dist(d, i)
    return math.hypot(*q) * wavelength[0] / sine if sine > 0 else None


def _numbers(trace: Trace, name: str) -> list[float]:
    records = trace.all(name)
    values = records[0].values if records else ()
    return [float(value) for value in values if not isinstance(value, str) and math.isfinite(value)]
