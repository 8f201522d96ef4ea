"""The unit of a scattering vector, inferred from its trace, and the conversion between two traces.

Source: spec/trace_dialects.md: decide by |q| lambda = 2 sin(theta), which is |d - i| for unit vectors d and i.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from nbtui.trace.model import Trace
from nbtui.trace.units import unit_of_scattering

FIELD = "scattering_vec_A_inv"
_IN_METRES = {"m^-1": 1.0, "A^-1": 1e-10, "2 pi m^-1": 2 * math.pi, "2 pi A^-1": 2e-10 * math.pi}
_CLOSE = 1e-3  # relative; units differ by more, float32 arithmetic and misplaced detectors by less


@dataclass(frozen=True)
class Conversion:
    """Python's scattering vector times ``factor`` is in C's unit."""

    factor: float
    note: str

    def applies(self, name: str) -> bool:
        return name == FIELD


def conversion(c: Trace, py: Trace) -> Conversion | None:
    """The conversion of Python's scattering vector to C's unit; None for equal units or a missing vector."""
    if not c.all(FIELD) or not py.all(FIELD):
        return None
    ours, theirs = unit(c), unit(py)
    if ours == theirs:
        return None
    return Conversion(
        _IN_METRES[ours] / _IN_METRES[theirs],
        f"{FIELD} is in {ours} on the C side and in {theirs} on the Python side, despite its label; "
        "the Python values are converted",
    )


def unit(trace: Trace) -> str:
    """Unit of the scattering vector in this trace: m^-1, A^-1, or either with a factor 2 pi."""
    ratio = _ratio(trace)
    for name, size in _IN_METRES.items():
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
