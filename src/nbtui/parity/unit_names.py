"""Names of the factors between units in which a value can be printed.

Source: hypotheses.md, Tap position: exact power of ten, 2 pi, degrees and radians.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

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


def _conversions() -> dict[str, float]:
    out = {}
    for name, base in _BASES.items():
        for power in _POWERS:
            if name or power:
                words = [word for word in (name, f"1e{power:+d}" if power else "") if word]
                out[" x ".join(words)] = base * 10.0**power
    return out


CONVERSIONS = _conversions()  # every factor of a change of unit, by name


def conversion_name(expected: Iterable[float], printed: Iterable[float], tolerance: float | Iterable[float]) -> str:
    """Name of the conversion factor from the expected to the printed components, or "".

    ``tolerance``: how far a component may miss, relative to the largest; one for all, or one each.
    """
    pairs = list(zip(map(float, expected), map(float, printed), strict=True))
    rooms = [tolerance] * len(pairs) if isinstance(tolerance, int | float) else list(tolerance)
    largest, there = max(pairs, key=lambda pair: abs(pair[0]), default=(0.0, 0.0))
    if largest == 0.0 or not math.isfinite(largest) or not math.isfinite(there) or not 0.0 < there / largest < math.inf:
        return ""
    logarithm = math.log(there / largest)
    name, factor = min(CONVERSIONS.items(), key=lambda item: abs(math.log(item[1]) - logarithm))
    size = abs(largest) * factor
    fits = all(abs(p - e * factor) <= room * size for (e, p), room in zip(pairs, rooms, strict=True))
    return name if fits else ""
