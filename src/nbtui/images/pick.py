"""The pixels of an image that are worth a trace: the brightest ones, and the one where two images differ most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nbtui.images.metrics import beyond_tolerance

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Pixel = tuple[int, int]  # (slow, fast)

APART = 3  # pixels between two of the brightest ones, along either axis


def brightest_pixels(image: npt.ArrayLike, count: int = 1) -> tuple[Pixel, ...]:
    """The brightest pixels above 0, at most ``count``, at least APART pixels from each other; brightest first."""
    left = np.nan_to_num(np.array(image, dtype=np.float64), nan=-1.0, posinf=-1.0)
    found: list[Pixel] = []
    while len(found) < count:
        slow, fast = (int(at) for at in np.unravel_index(int(np.argmax(left)), left.shape))
        if not left[slow, fast] > 0.0:
            break
        found.append((slow, fast))
        left[max(0, slow - APART) : slow + APART + 1, max(0, fast - APART) : fast + APART + 1] = -1.0
    return tuple(found)


def worst_pixel(c: Array, py: Array, kept: Mask | None = None) -> Pixel | None:
    """The pixel with the largest absolute difference among those beyond tolerance; None where the images agree.

    A pixel that is a number in one image alone comes before all others. ``kept``: pixels that count; default: all.
    """
    counts = np.ones(c.shape, dtype=bool) if kept is None else kept
    finite_c, finite_py = np.isfinite(c), np.isfinite(py)
    only_one = counts & (finite_c != finite_py)
    if only_one.any():
        return _at(int(np.argmax(only_one)), c.shape)
    both = counts & finite_c & finite_py
    differs = beyond_tolerance(c, py, both)
    if not differs.any():
        return None
    gap = np.zeros(c.shape)
    with np.errstate(over="ignore"):
        np.subtract(py, c, out=gap, where=differs)
    return _at(int(np.argmax(np.abs(gap))), c.shape)


def _at(flat: int, shape: tuple[int, ...]) -> Pixel:
    slow, fast = divmod(flat, shape[1])
    return slow, fast
