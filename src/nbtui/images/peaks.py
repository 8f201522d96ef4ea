"""Bright spots of an image, and the distances between the spots of two images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nbtui.images.ranks import middle

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Pixel = tuple[int, int]  # (slow, fast)

PEAKS = 50  # brightest peaks of one image that need a partner in the other
_CANDIDATES = 4 * PEAKS  # of the other image, so that their ranks may differ
_FAINT = 1e-3  # of the brightest pixel above background: a fainter maximum needs no partner
_LARGEST_PLATEAU = 10_000  # pixels; a larger flat top is not a spot
_NEIGHBOURS = [(s, f) for s in (-1, 0, 1) for f in (-1, 0, 1) if (s, f) != (0, 0)]


@dataclass(frozen=True)
class Peak:
    """A local maximum: its pixel, its centre of intensity [px], and its height above background."""

    pixel: Pixel
    centre: tuple[float, float]
    height: float


@dataclass(frozen=True)
class PeakPair:
    """A peak of the C image, or of the Python image, and its partner; ``distance`` between their centres in pixels."""

    c: Peak | None
    py: Peak | None
    distance: float | None  # None without a partner


def find_peaks(image: Array, kept: Mask, limit: int = PEAKS) -> list[Peak]:
    """Brightest local maxima of ``image`` (slow, fast), at most ``limit``, brightest first.

    A maximum exceeds the median of the kept pixels and all its neighbours; a flat top (a saturated spot) that exceeds
    all its neighbours is one maximum, at its middle. Pixels that are not ``kept`` are neither maxima nor neighbours.
    The centre is that of the intensity, above the lowest pixel, in the 3 x 3 pixels around each pixel of the top.
    """
    if not kept.any():
        return []
    background = middle(image[kept])
    padded = np.full((image.shape[0] + 2, image.shape[1] + 2), -np.inf)
    padded[1:-1, 1:-1] = np.where(kept, image, -np.inf)
    centre = padded[1:-1, 1:-1]
    top = centre > background
    for slow, fast in _NEIGHBOURS:
        top &= centre >= padded[1 + slow : padded.shape[0] - 1 + slow, 1 + fast : padded.shape[1] - 1 + fast]
    where = np.flatnonzero(top)
    order = where[np.argsort(-image.ravel()[where], kind="stable")]
    seen: set[Pixel] = set()
    found: list[Peak] = []
    for flat in order:
        at = divmod(int(flat), image.shape[1])
        if at in seen:
            continue
        members = _plateau(padded, at)
        seen.update(members or ())
        if members:
            found.append(_peak(padded, members, background))
        if len(found) == limit:
            break
    return found


def _plateau(padded: Array, at: Pixel) -> list[Pixel]:
    """All pixels of the flat top at ``at``; empty when a neighbour is higher or none is lower."""
    value = padded[at[0] + 1, at[1] + 1]
    members, queue, lower = {at}, [at], False
    while queue:
        slow, fast = queue.pop()
        for s, f in _NEIGHBOURS:
            other = padded[slow + s + 1, fast + f + 1]
            if other > value:
                return []
            lower |= bool(np.isfinite(other) and other < value)
            if other == value and (slow + s, fast + f) not in members:
                members.add((slow + s, fast + f))
                queue.append((slow + s, fast + f))
        if len(members) > _LARGEST_PLATEAU:
            return []
    return sorted(members) if lower else []


def _peak(padded: Array, members: list[Pixel], background: float) -> Peak:
    top = np.array(members)
    middle = top.mean(axis=0)
    pixel = members[int(np.argmin(((top - middle) ** 2).sum(axis=1)))]
    about = sorted({(s + i, f + j) for s, f in members for i in (-1, 0, 1) for j in (-1, 0, 1)})
    around = np.array(about)
    values = padded[around[:, 0] + 1, around[:, 1] + 1]
    around, values = around[np.isfinite(values)], values[np.isfinite(values)]
    # difference before ratio: sums of the largest doubles overflow
    weights = (values - values.min()) / (values.max() - values.min())
    centre = (weights[:, None] * around).sum(axis=0) / weights.sum()
    return Peak(pixel, (float(centre[0]), float(centre[1])), float(padded[pixel[0] + 1, pixel[1] + 1]) - background)


def match_peaks(c: Array, py: Array, kept: Mask) -> list[PeakPair]:
    """Partners of the PEAKS brightest of either image, each used once, nearest first; returned farthest first.

    A peak above 1e-3 of its image's highest looks for its partner among the four times as many brightest of the other
    image.
    """
    all_c, all_py = find_peaks(c, kept, _CANDIDATES), find_peaks(py, kept, _CANDIDATES)
    wanted_c, wanted_py = _wanted(all_c), _wanted(all_py)
    pairs: list[PeakPair] = []
    free_c, free_py = set(range(len(all_c))), set(range(len(all_py)))
    if all_c and all_py:
        at_c, at_py = (np.array([peak.centre for peak in peaks]) for peaks in (all_c, all_py))
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


def _wanted(peaks: list[Peak]) -> int:
    """How many of the ``peaks``, brightest first, need a partner."""
    return sum(1 for peak in peaks[:PEAKS] if peak.height >= _FAINT * peaks[0].height)
