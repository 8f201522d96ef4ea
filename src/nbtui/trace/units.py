"""The unit of a printed scattering vector: the line is labelled A^-1, but most programs print m^-1."""

from __future__ import annotations

import math

from nbtui.trace.model import Trace

_METRES = "m^-1"
_ANGSTROMS = "A^-1"
_HUGE = 1e4  # a scattering vector in A^-1 is below 1e3 at any wavelength in use, in m^-1 above 1e5 off the beam


def unit_of_scattering(trace: Trace) -> str:
    """``m^-1`` or ``A^-1``: the unit of ``scattering_vec_A_inv`` in this trace.

    Decided by |q| lambda = 2 sin(theta) = |d - i|, with d and i the diffracted and incident unit vectors; without
    them, or straight along the beam, by magnitude. ``m^-1``, as C prints it, for a trace without a scattering vector.
    Source: trace_dialects.
    """
    length = _length(_floats(trace, "scattering_vec_A_inv"))
    if length is None or length == 0.0:
        return _METRES
    wavelength, sine = _wavelength(trace), _twice_sine(trace)
    if wavelength is None or not sine:
        return _METRES if length > _HUGE else _ANGSTROMS
    ratio = length * wavelength / sine  # 1 in m^-1, 1e-10 in A^-1
    return _METRES if ratio > 1e-5 else _ANGSTROMS


def _wavelength(trace: Trace) -> float | None:
    """The wavelength in metres; None for a trace without a plausible one."""
    for name, scale in (("lambda_meters", 1.0), ("lambda_angstroms", 1e-10)):
        values = _floats(trace, name)
        if values is not None and len(values) == 1 and values[0] > 0.0:
            return values[0] * scale
    return None


def _twice_sine(trace: Trace) -> float | None:
    diffracted, incident = _floats(trace, "diffracted_vec"), _floats(trace, "incident_vec")
    if diffracted is not None and incident is not None and len(diffracted) == len(incident):
        return _length([d - i for d, i in zip(diffracted, incident, strict=True)])
    cosine = _floats(trace, "cos_2theta")
    if cosine is not None and len(cosine) == 1 and abs(cosine[0]) <= 1.0:
        return math.sqrt(2.0 - 2.0 * cosine[0])
    return None


def _floats(trace: Trace, name: str) -> list[float] | None:
    """The finite values of the first occurrence."""
    records = trace.all(name)
    values = [float(item) for item in records[0].values if not isinstance(item, str)] if records else []
    return values if values and len(values) == len(records[0].values) and all(map(math.isfinite, values)) else None


def _length(values: list[float] | None) -> float | None:
    return math.hypot(*values) if values else None
