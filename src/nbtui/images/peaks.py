"""Bright spots of an image and how far those of two images lie apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Pixel = tuple[int, int]  # (slow, fast)

PEAKS = 50  # brightest of one image that must have a partner in the other
_CANDIDATES = 4 * PEAKS  # of the other image: order of rank does not matter
_FAINT = 1e-3  # of the brightest pixel: a fainter maximum needs no partner
_NEIGHBOURS = [(s, f) for s in (-1, 0, 1) for f in (-1, 0, 1) if (s, f) != (0, 0)]


@dataclass(frozen=True)
class PeakPair:
    """A peak of the C image, or of the Python image, and its partner; ``distance`` in pixels."""

    c: Pixel | None
    py: Pixel | None
    distance: float | None  # None without a partner


def find_peaks(image: Array, kept: npt.NDArray[np.bool_], limit: int = PEAKS) -> list[Pixel]:
    """Brightest local maxima of ``image`` (slow, fast), at most ``limit``, brightest first.

    A maximum is positive, larger than its neighbours before it in scan order and not smaller than those after it (a
    plateau counts once per corner); pixels that are not ``kept`` are never maxima nor neighbours.
    """
    padded = np.full((image.shape[0] + 2, image.shape[1] + 2), -np.inf)
    padded[1:-1, 1:-1] = np.where(kept, image, -np.inf)
    centre = padded[1:-1, 1:-1]
    top = centre > 0.0
    for slow, fast in _NEIGHBOURS:
        other = padded[1 + slow : padded.shape[0] - 1 + slow, 1 + fast : padded.shape[1] - 1 + fast]
        top &= (centre > other) if (slow, fast) < (0, 0) else (centre >= other)
    where = np.flatnonzero(top)
    heights = image.ravel()[where]
    order = where[np.argsort(-heights, kind="stable")[:limit]]
    return [(int(i) // image.shape[1], int(i) % image.shape[1]) for i in order]


def match_peaks(c: Array, py: Array, kept: npt.NDArray[np.bool_]) -> list[PeakPair]:
    """Partners of the PEAKS brightest of either image, each used once, nearest first; returned farthest first.

    A peak above 1e-3 of its image's brightest pixel looks for its partner among the four times as many brightest of
    the other image.
    """
    all_c, all_py = find_peaks(c, kept, _CANDIDATES), find_peaks(py, kept, _CANDIDATES)
    wanted_c, wanted_py = _wanted(c, all_c), _wanted(py, all_py)
    pairs: list[PeakPair] = []
    free_c, free_py = set(range(len(all_c))), set(range(len(all_py)))
    if all_c and all_py:
        at_c, at_py = np.array(all_c, dtype=float), np.array(all_py, dtype=float)
        distance = np.hypot(*(at_c[:, None, :] - at_py[None, :, :]).transpose(2, 0, 1))
        for flat in np.argsort(distance, axis=None, kind="stable"):
            i, j = divmod(int(flat), len(all_py))
            if i not in free_c or j not in free_py:
                continue
            free_c.discard(i)
            free_py.discard(j)
            if i < wanted_c or j < wanted_py:
                pairs.append(PeakPair(all_c[i], all_py[j], float(distance[i, j])))
    pairs += [PeakPair(all_c[i], None, None) for i in sorted(free_c) if i < wanted_c]
    pairs += [PeakPair(None, all_py[j], None) for j in sorted(free_py) if j < wanted_py]
    return sorted(pairs, key=lambda pair: -(np.inf if pair.distance is None else pair.distance))


def _wanted(image: Array, peaks: list[Pixel]) -> int:
    """How many of the ``peaks``, brightest first, need a partner."""
    if not peaks:
        return 0
    floor = _FAINT * image[peaks[0]]
    return sum(1 for peak in peaks[:PEAKS] if image[peak] >= floor)
