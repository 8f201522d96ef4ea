"""Order statistics of millions of pixels, fast enough for interactive use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_SAMPLES = 200_000


def counted(image: Array, counts: npt.NDArray[np.bool_]) -> Array:
    """The counted pixels, flat; without a copy when all count."""
    return image.reshape(-1) if counts.all() else image[counts]


def middle(values: Array) -> float:
    """The median of flat ``values``; of a regular sample when they are many."""
    step = values.size // _SAMPLES | 1  # odd: rarely a divisor of an image's width
    return float(np.median(values[::step]))


def largest(values: Array, count: int) -> npt.NDArray[np.intp]:
    """The indices of the ``count`` largest flat ``values``, unordered; of equal values the first."""
    where = np.arange(values.size)
    step = values.size // _SAMPLES | 1
    if step > 1:
        # a sample gives a threshold exceeded by enough values; the rest need not be sorted
        sample = np.sort(values[::step])
        part = np.flatnonzero(values >= sample[max(0, sample.size - 2 - 4 * (count // step + 1))])
        where = part if part.size >= count else where
    if count >= where.size:
        return where
    found = values[where]
    limit = np.partition(found, found.size - count)[found.size - count]
    above, equal = where[found > limit], where[found == limit]
    return np.concatenate((above, equal[: count - above.size]))
