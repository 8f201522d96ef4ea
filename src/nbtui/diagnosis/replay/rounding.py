"""Rules of the nearest Miller index. Source: nanobragg_pixel_loop.md section 7.1."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import numpy as np

from nbtui.live.scene import Array


class Rounding(StrEnum):
    """Rule of the nearest index."""

    HALF_DOWN = "half down"  # C's
    HALF_UP = "half up"
    HALF_EVEN = "half even"
    HALF_AWAY = "half away"
    FLOOR = "floor"
    CEIL = "ceil"
    TRUNC = "trunc"


_NEAREST: dict[Rounding, Callable[[Array], Array]] = {
    Rounding.HALF_DOWN: lambda x: np.ceil(x - 0.5),
    Rounding.HALF_UP: lambda x: np.floor(x + 0.5),
    Rounding.HALF_EVEN: np.rint,
    Rounding.HALF_AWAY: lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5),
    Rounding.FLOOR: np.floor,
    Rounding.CEIL: np.ceil,
    Rounding.TRUNC: np.trunc,
}


def nearest_index(hkl: Array, rule: Rounding) -> Array:
    """Integer indices, as floats."""
    return np.asarray(_NEAREST[rule](hkl)) + 0.0
