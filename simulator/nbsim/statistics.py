"""Numbers the C program reports about an image, in its own order of additions (section 9.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Statistics:
    """``max_at`` is (fast, slow) [m] of the last sub-pixel of the brightest pixel; the rest is in photons/pixel."""

    maximum: float
    max_at: tuple[float, float]
    total: float
    mean: float
    rms: float  # about zero, over rendered pixels
    rmsd: float  # about the mean, over the whole ROI, masked pixels included (L19)


def _sum_in_order(values: npt.NDArray[np.float64]) -> float:
    """Strictly sequential sum: the printed digits and the PGM scale follow C's."""
    total = 0.0
    for start in range(0, values.size, _CHUNK):
        chunk = values[start : start + _CHUNK].copy()
        chunk[0] += total
        total = float(np.cumsum(chunk)[-1])
    return total


@np.errstate(over="ignore", invalid="ignore")
def statistics(
    image: npt.NDArray[np.float32],
    rendered: npt.NDArray[np.bool_],
    roi: tuple[slice, slice],
    pixel_size: float,
    oversample: int,
) -> Statistics:
    """Statistics of ``image`` (n_slow, n_fast); ``rendered`` marks pixels inside the ROI and not masked.

    ``rms`` squares in float32 as C does, so that it overflows to inf above about 1.8e19 (L18).
    """
    values = image[rendered].astype(np.float64)
    maximum, at = 0.0, (0.0, 0.0)
    brightest = float(np.fmax.reduce(values, initial=0.0))  # not among what is no number
    if brightest > 0.0:
        maximum = brightest
        slow, fast = np.argwhere(rendered & (image == np.float32(maximum)))[0]
        sub = pixel_size / oversample
        at = (
            sub * (int(fast) * oversample + oversample - 1) + sub / 2.0,
            sub * (int(slow) * oversample + oversample - 1) + sub / 2.0,
        )
    total = _sum_in_order(values)
    mean = total / max(values.size, 1)
    squares = (image[rendered] * image[rendered]).astype(np.float64)
    rms = math.sqrt(_sum_in_order(squares) / (max(values.size, 2) - 1))
    inside = image[roi].astype(np.float64).ravel()
    rmsd = math.sqrt(_sum_in_order((inside - mean) ** 2) / (max(inside.size, 2) - 1))
    return Statistics(maximum, at, total, mean, rms, rmsd)
