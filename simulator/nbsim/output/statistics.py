"""Statistics that the C program reports on an image, summed in its own order (section 9.4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nbsim.output.blocks import row_blocks


@dataclass(frozen=True)
class Statistics:
    """``max_at`` is (fast, slow) [m] of the last sub-pixel of the brightest pixel; the rest is in photons/pixel."""

    maximum: float
    max_at: tuple[float, float]
    total: float
    mean: float
    rms: float  # about zero, over rendered pixels
    rmsd: float  # about the mean, over the whole ROI, masked pixels included (L19)


def _sum_in_order(parts: Iterable[npt.NDArray[np.float64]]) -> float:
    """Strictly sequential sum of arrays made for it: the printed digits and the PGM scale follow C's."""
    total = 0.0
    for part in parts:
        if part.size:
            part[0] += total
            total = float(np.add.accumulate(part, out=part)[-1])
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

    ``rms`` squares in float32 as in C, so that it overflows to inf above about 1.8e19 (L18).
    """
    blocks = list(row_blocks(image))
    count = int(np.count_nonzero(rendered))
    whole = count == image.size

    def parts() -> Iterator[npt.NDArray[np.float32]]:
        return (image[rows].ravel() if whole else image[rows][rendered[rows]] for rows in blocks)

    maximum = max((float(np.fmax.reduce(part, initial=0.0)) for part in parts()), default=0.0)  # NaN ignored
    at = (0.0, 0.0)
    if maximum > 0.0:
        at_maximum = (np.argwhere(rendered[rows] & (image[rows] == np.float32(maximum))) for rows in blocks)
        rows, places = next(pair for pair in zip(blocks, at_maximum, strict=True) if len(pair[1]))
        slow, fast = rows.start + places[0, 0], places[0, 1]
        sub = pixel_size / oversample
        at = (
            sub * (int(fast) * oversample + oversample - 1) + sub / 2.0,
            sub * (int(slow) * oversample + oversample - 1) + sub / 2.0,
        )
    total = _sum_in_order(part.astype(np.float64) for part in parts())
    mean = total / max(count, 1)
    squares = (np.square(part).astype(np.float64) for part in parts())
    rms = math.sqrt(_sum_in_order(squares) / (max(count, 2) - 1))
    inside = image[roi]
    deviations = ((inside[rows].astype(np.float64).ravel() - mean) ** 2 for rows in row_blocks(inside))
    rmsd = math.sqrt(_sum_in_order(deviations) / (max(inside.size, 2) - 1))
    return Statistics(maximum, at, total, mean, rms, rmsd)
