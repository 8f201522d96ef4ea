"""The parameters that a C log shows, as :mod:`nbtui.live.parameters.table` names them.

Taken from the trace fields with 15 digits where there are any, else from the plain lines of the set-up, which C prints
with 6. Source: nanobragg_setup.md sections 2.8 and 6, nanobragg_pixel_loop.md section 12.6.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nbtui.live.parameters.table import QUIRK, Value, parameters
from nbtui.trace.model import Trace

EXACT = 1e-9  # relative; far above what 15 digits lose, far below what somebody would type
PRINTED = 5.1e-6  # relative: half a unit of the last of 6 digits


@dataclass(frozen=True)
class Shown:
    """A value that C shows, and the relative difference within which it says so."""

    value: Value
    within: float = EXACT


_NUMBER = r"([-+0-9.eE]+|inf)"
_LINES: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = (
    (rf"wave={_NUMBER} meters \+/- {_NUMBER}% in (\d+) steps",
     (("wavelength", 1e10), ("dispersion", 1.0), ("dispersion_steps", 1.0))),
    (rf"incident fluence: {_NUMBER} photons", (("fluence", 1.0),)),
    (rf"Kahn polarization factor: {_NUMBER}", (("polarisation", 1.0),)),
    (rf"distance={_NUMBER} detsize=\S+ +pixel={_NUMBER} meters \((\d+)x(\d+) pixels\)",
     (("distance", 1e3), ("pixel", 1e3), ("detpixels_fast", 1.0), ("detpixels_slow", 1.0))),
    (rf"(\d+) mosaic domains over mosaic spread of {_NUMBER} degrees", (("mosaic_domains", 1.0), ("mosaic", 1.0))),
    (rf"(\d+) phi steps from {_NUMBER} to {_NUMBER} degrees", (("phi_steps", 1.0), ("phi", 1.0), ("osc", 1.0))),
    (r"(\d+)x\d+ pixel oversample steps", (("oversample", 1.0),)),
    (r"xtal: (\d+)x(\d+)x(\d+) cells", (("n_a", 1.0), ("n_b", 1.0), ("n_c", 1.0))),
    (rf"misset angles = \[{_NUMBER}, {_NUMBER}, {_NUMBER}\] degrees",
     (("misset_x", 1.0), ("misset_y", 1.0), ("misset_z", 1.0))),
    (rf"initializing to default_F = {_NUMBER}:", (("default_f", 1.0),)),
)  # fmt: skip
_PATTERNS = tuple((re.compile(pattern), names) for pattern, names in _LINES)
_SAYINGS: tuple[tuple[str, str, Value], ...] = (
    *((f"{name.lower()} convention selected", "convention", name)
      for name in ("MOSFLM", "ADXV", "DENZO", "XDS", "DIALS", "CUSTOM")),
    ("pivoting detector around direct beam", "pivot", "BEAM"),
    ("pivoting detector around sample", "pivot", "SAMPLE"),
    ("parallelpiped xtal", "shape", "SQUARE"),
    ("ellipsoidal xtal", "shape", "ROUND"),
    ("gaussian xtal", "shape", "GAUSS"),
    ("tophat-spot xtal", "shape", "TOPHAT"),
    ("polarization effect disabled", "nopolar", True),
    ("Kahn polarization factor", "nopolar", False),
    ("auto-selected no interpolation", "interpolate", False),
    ("auto-selected tricubic interpolation", "interpolate", True),
)  # fmt: skip
_SCALARS = (
    ("fluence_photons_per_m2", "fluence", 1.0),
    ("distance_m", "distance", 1e3),
    ("close_distance_meters", "close_distance", 1e3),
)
_FLAGS = ("oversample_thick", "oversample_polar", "oversample_omega")
_VECTORS = (
    ("DETECTOR_FAST_AXIS", "fast_vector"),
    ("DETECTOR_SLOW_AXIS", "slow_vector"),
    ("DETECTOR_NORMAL_AXIS", "normal_vector"),
    ("DETECTOR_PIX0_VECTOR", "pix0_vector"),
)
_ANGLES = ("rotx", "roty", "rotz", "twotheta")


def c_setup(trace: Trace) -> dict[str, Shown]:
    """The parameters that a trace of the C program shows, by their ids; nothing for a trace without a value.

    The quirks and the phi mode are what the C program does by construction.
    """
    if not trace.records:
        return {}
    found: dict[str, Shown] = {"phi_mode": Shown("c-parity")}
    found |= {row.id: Shown(True) for row in parameters() if row.id.startswith(QUIRK)}
    for notice in trace.notices:
        found |= dict(_noticed(notice.text))
    single = found.get("dispersion_steps", Shown(1)).value == 1
    for name, id, factor in (*_SCALARS, *([("lambda_angstroms", "wavelength", 1.0)] if single else [])):
        values = _values(trace, name, 1)
        # distance_m is printed before a close distance overrules it: the summary's plain line is the last word
        if values is not None and not (id in found and differs(values[0] * factor, found[id])):
            found[id] = Shown(values[0] * factor)
    for name in _FLAGS:
        values = _values(trace, name, 1)
        if values is not None:
            found[name] = Shown(bool(values[0]))
    for name, id in _VECTORS:
        values = _values(trace, name, 3)
        if values is not None:
            found[id] = Shown(tuple(values), PRINTED)
    angles = _values(trace, "angles_rad", len(_ANGLES))
    if angles is not None:
        found |= {id: Shown(math.degrees(angle)) for id, angle in zip(_ANGLES, angles, strict=True)}
    return found | _cell(trace)


def differs(value: Value, c: Shown) -> bool:
    """Whether a value is another one than C's; one that is not known is not."""
    if value is None or c.value is None:
        return False
    if isinstance(value, (bool, str)) or isinstance(c.value, (bool, str)):
        return value != c.value
    ours, theirs = np.atleast_1d(np.array(value, float)), np.atleast_1d(np.array(c.value, float))
    if ours.shape != theirs.shape:
        return True
    room = c.within * max(float(np.abs(theirs).max()), 1e-300)
    with np.errstate(invalid="ignore"):  # both infinite: equal, whatever their difference is
        return not bool(np.all((ours == theirs) | (np.abs(ours - theirs) <= room)))


def _noticed(text: str) -> Iterator[tuple[str, Shown]]:
    for pattern, names in _PATTERNS:
        match = pattern.search(text)
        if match is None:
            continue
        numbers = {id: float(number) * factor for (id, factor), number in zip(names, match.groups(), strict=True)}
        if "osc" in numbers:  # C prints where it ends
            numbers["osc"] -= numbers["phi"]
        for id, number in numbers.items():
            yield id, Shown(int(number) if _whole(id) else number, PRINTED)
    for words, id, value in _SAYINGS:
        if words in text:
            yield id, Shown(value)


def _whole(id: str) -> bool:
    return any(row.id == id and row.kind == "whole" for row in parameters())


def _values(trace: Trace, name: str, count: int) -> Sequence[float] | None:
    """The last record of a name as numbers; None where it is missing or something else."""
    records = trace.all(name)
    values = records[-1].values if records else ()
    numbers = [float(value) for value in values if isinstance(value, (int, float))]
    return numbers if len(numbers) == len(values) == count else None


def _cell(trace: Trace) -> dict[str, Shown]:
    """Edges and angles of the traced cell vectors: rotations leave them as they are."""
    vectors = [_values(trace, f"rot_{name}_angstroms", 3) for name in "abc"]
    if any(vector is None for vector in vectors):
        return {}
    a, b, c = (np.array(vector) for vector in vectors)
    found = {f"cell_{name}": float(np.linalg.norm(v)) for name, v in zip("abc", (a, b, c), strict=True)}
    for name, u, v in (("alpha", b, c), ("beta", c, a), ("gamma", a, b)):
        found[f"cell_{name}"] = math.degrees(math.atan2(float(np.linalg.norm(np.cross(u, v))), float(u @ v)))
    return {id: Shown(value) for id, value in found.items()}
