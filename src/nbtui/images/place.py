"""The place where two images differ: one pixel, spot, row, corner, or everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nbtui.images.ranks import largest

Array = npt.NDArray[np.float64]
Pixel = tuple[int, int]  # (slow, fast)

SHARE = 0.9  # of the sum of squared differences
_GROUPED = 4000  # most pixels grouped into spots
_GAP = 2  # pixels between two of one spot
_FEW = 9  # spots
_SMALL = 0.125  # of the image: largest box named by its coordinates

Indices = npt.NDArray[np.intp]
Box = tuple[int, int, int, int]  # fast from, to, slow from, to, inclusive


@dataclass(frozen=True)
class Place:
    """The place of the differing pixels, and how few of them carry SHARE of the sum of squared differences."""

    differing: int
    box: Box  # of all that differ
    spots: int | None  # groups of neighbours; None for too many pixels to group
    main: int | None  # pixels that carry SHARE; None for too many
    main_spots: int | None
    everywhere: bool  # no named part holds them
    sentence: str


def place(delta: Array, differs: npt.NDArray[np.bool_], corner: Pixel) -> Place | None:
    """Where ``delta`` (slow, fast), whose first pixel is ``corner``, is large; None where nothing ``differs``."""
    where = np.flatnonzero(differs)
    if not where.size:
        return None
    values = np.abs(delta.ravel()[where])
    squares = np.square(values / values.max())
    top = largest(squares, _GROUPED)
    top = top[np.argsort(-squares[top], kind="stable")]
    sums = np.cumsum(squares[top])
    wanted = SHARE * float(squares.sum()) * (1.0 - 1e-12)
    count = int(np.searchsorted(sums, wanted)) + 1 if sums[-1] >= wanted else None
    slow, fast = np.divmod(where, delta.shape[1])
    spots = _spots(slow, fast)
    main_spots = None if count is None else _spots(slow[top[:count]], fast[top[:count]])
    named = _named(delta.shape, slow, fast, corner, spots)
    pixels = "1 pixel" if len(where) == 1 else f"{len(where)} pixels"
    if named:
        sentence = f"only in {named}: {pixels}" if len(where) > 1 else f"only in {named}"
    else:
        sentence = f"all over the image: {pixels} ({100.0 * len(where) / delta.size:.3g} %)"
    if count is not None and count < len(where) / 2:
        makes = "make" if count > 1 else "makes"
        spot = f"{main_spots} spot{'s' * (main_spots != 1)}"
        sentence += f"; {count} in {spot} {makes} {100 * SHARE:.0f} % of the difference"
    return Place(len(where), _box(slow, fast, corner), spots, count, main_spots, not named, sentence)


def _box(slow: Indices, fast: Indices, corner: Pixel) -> Box:
    fast0, fast1 = int(fast.min()) + corner[1], int(fast.max()) + corner[1]
    return fast0, fast1, int(slow.min()) + corner[0], int(slow.max()) + corner[0]


def _spots(slow: Indices, fast: Indices) -> int | None:
    if len(slow) > _GROUPED:
        return None
    left = set(zip(slow.tolist(), fast.tolist(), strict=True))
    reach = range(-_GAP, _GAP + 1)
    found = 0
    while left:
        found += 1
        queue = [left.pop()]
        while queue:
            s, f = queue.pop()
            near = {(s + i, f + j) for i in reach for j in reach} & left
            left -= near
            queue += near
    return found


def _named(shape: tuple[int, ...], slow: Indices, fast: Indices, corner: Pixel, spots: int | None) -> str:
    """The named part with all of these pixels: pixel, row, column, border, spot, quadrant ...; empty: the image."""
    fast0, fast1, slow0, slow1 = _box(slow, fast, corner)
    where = f"slow {_span(slow0, slow1)} fast {_span(fast0, fast1)}"
    rows, columns = shape[:2]
    if len(slow) == 1:
        return f"pixel {where}"
    if slow0 == slow1 and fast1 - fast0 > _GAP:
        return f"row {where}"
    if fast0 == fast1 and slow1 - slow0 > _GAP:
        return f"column {where}"
    border = (slow == 0) | (slow == rows - 1) | (fast == 0) | (fast == columns - 1)
    if border.all() and min(rows, columns) > 2:
        return "the outermost rows and columns"
    if spots == 1 and (slow1 - slow0 + 1) * (fast1 - fast0 + 1) < _SMALL * rows * columns:
        return f"one spot, {where}"
    if spots is not None and spots <= _FEW and len(slow) < 0.1 * rows * columns:
        return f"{spots} spots within {where}"
    if (slow1 - slow0 + 1) * (fast1 - fast0 + 1) < _SMALL * rows * columns:
        return where
    return _part(shape, slow, fast)


def _part(shape: tuple[int, ...], slow: Indices, fast: Indices) -> str:
    """The quadrant or half with all of these pixels, in words; empty without one."""
    upper, left = slow < shape[0] / 2, fast < shape[1] / 2
    down = "upper" if upper.all() else "lower" if not upper.any() else ""
    across = "left" if left.all() else "right" if not left.any() else ""
    if not (down or across):
        return ""
    return f"the {down} {across} quadrant" if down and across else f"the {down or across} half"


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
