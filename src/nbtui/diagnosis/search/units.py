"""Lines printed in another unit: all components of a field differ by one conversion factor.

Source: hypotheses.md, Tap position.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nbtui.diagnosis.hypotheses.record import Form, Variant
from nbtui.diagnosis.hypotheses.taps import UNIT_LABEL, shown_times
from nbtui.diagnosis.search.rows import Rows
from nbtui.live.scene import Array

_BASES = {
    "": 1.0,
    "2 pi": 2.0 * math.pi,
    "1/(2 pi)": 0.5 / math.pi,
    "pi": math.pi,
    "1/pi": 1.0 / math.pi,
    "180/pi": 180.0 / math.pi,
    "pi/180": math.pi / 180.0,
}
_POWERS = range(-12, 13)
CLOSE = 1e-6  # relative: single precision in a value makes its floor larger, but not the evidence for a unit


def conversions() -> dict[str, float]:
    """Every factor of a change of unit, by name."""
    out = {}
    for name, base in _BASES.items():
        for power in _POWERS:
            if name or power:
                words = [word for word in (name, f"1e{power:+d}" if power else "") if word]
                out[" x ".join(words)] = base * 10.0**power
    return out


CONVERSIONS = conversions()
_LOGS = np.asarray([math.log(value) for value in CONVERSIONS.values()])
_NAMES = tuple(CONVERSIONS)


def conversion_name(expected: Array, printed: Array, tolerance: float) -> str:
    """Name of the conversion factor from the expected to the printed components, or "".

    ``tolerance``: how far a component may miss, relative to the vector.
    """
    return _ratio(expected, printed, np.full(expected.shape, tolerance)) or ""


def label_variants(rows: Rows, predicted: Array, target: Array, bits: Array) -> Sequence[Variant]:
    """One variant for every field whose rows all differ by a conversion factor, to their printed digits."""
    out = []
    for number in range(len(rows.sizes)):
        here = np.flatnonzero(rows.group == number)
        if not (bits[here] > 0.0).any():
            continue
        name = rows.fields[here[0]]
        ratio = _ratio(predicted[here], target[here], np.minimum(rows.floor[here], CLOSE))
        if ratio is not None:
            out.append(UNIT_LABEL.variant(Form(f"{name} x {ratio}", shown_times(name, CONVERSIONS[ratio]))))
    return out


def _ratio(predicted: Array, target: Array, floor: Array) -> str | None:
    size = np.abs(predicted).max()
    if not np.isfinite(size) or size == 0.0:
        return None
    at = int(np.argmax(np.abs(predicted)))
    with np.errstate(over="ignore"):
        value = target[at] / predicted[at]
    if not np.isfinite(value) or value <= 0.0:
        return None
    nearest = int(np.argmin(np.abs(_LOGS - math.log(value))))
    factor = CONVERSIONS[_NAMES[nearest]]
    close = np.abs(target - predicted * factor) <= floor * size * factor
    return _NAMES[nearest] if close.all() else None
