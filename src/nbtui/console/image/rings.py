"""Resolution rings, their labels, and the beam centre in cells of the image screen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nbtui.console.image.state import ImageState, Pixel
from nbtui.live.images import Resolution

# A; candidates, of which those spaced evenly over a view are drawn
SPACINGS = (
    *(100.0, 50.0, 30.0, 20.0, 15.0, 12.0, 10.0, 8.0, 7.0, 6.0, 5.0, 4.5, 4.0, 3.5, 3.2, 3.0, 2.8, 2.6, 2.4, 2.2),
    *(2.0, 1.9, 1.8, 1.7, 1.6, 1.5, 1.4, 1.3, 1.2, 1.1, 1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5),
)
COUNT = 4  # approximate number of rings in a view
BEAM = "x"
RING = ""  # placeholder for a cell of a ring, whatever its character

Cells = dict[Pixel, str]  # (line, column) -> character


def beam_cell(state: ImageState, zoom: int, size: Pixel) -> Pixel | None:
    """The cell (line, column) of the beam centre; None outside the view. ``size`` in cells."""
    known = state.resolution
    if known is None or known.beam is None:
        return None
    line, column = (
        int((at - start + 0.5) // (step * _pixels(zoom)))
        for at, start, step in zip(known.beam, state.corner, (2, 1), strict=True)
    )
    return (line, column) if 0 <= line < size[0] and 0 <= column < size[1] else None


def rings(state: ImageState, zoom: int, size: Pixel, free: npt.NDArray[np.bool_]) -> Cells:
    """Dots along a few rings of equal resolution and their labels, in ``free`` cells (lines, columns)."""
    known = state.resolution
    if known is None or 0 in size or 0 in free.shape:
        return {}
    lines, columns = min(size[0], free.shape[0]), min(size[1], free.shape[1])
    across = np.sqrt(known.at(*_edges(state, zoom, (lines, columns))))  # 1/d at the corners of cells
    found: Cells = {}
    for spacing in _chosen(known, across):
        inside = across < 1.0 / spacing
        corners = inside[:-1, :-1].astype(int) + inside[1:, :-1] + inside[:-1, 1:] + inside[1:, 1:]
        at = np.argwhere((corners > 0) & (corners < 4))
        ring = [(int(y), int(x)) for y, x in at]
        found.update({(y, x): RING for y, x in ring if free[y, x] and (y + x) % 2 == 0})  # dotted
        found.update(_name(f"{spacing:g}A", ring, free))
    return found


def _pixels(zoom: int) -> float:
    """Detector pixels per dot."""
    return float(zoom) if zoom > 0 else 1.0 / -zoom


def _edges(state: ImageState, zoom: int, cells: Pixel) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Pixel coordinates of the edges between lines and between columns."""
    slow, fast = (
        start - 0.5 + step * _pixels(zoom) * np.arange(count + 1, dtype=np.float64)
        for start, step, count in zip(state.corner, (2, 1), cells, strict=True)
    )
    return slow, fast


def _chosen(known: Resolution, across: npt.NDArray[np.float64]) -> list[float]:
    low, high = float(across.min()), float(across.max())
    wanted = [low + (high - low) * (at + 0.75) / (COUNT + 0.5) for at in range(COUNT)]
    sizes = 1.0 / np.array(SPACINGS)
    nearest = {SPACINGS[int(np.argmin(np.abs(sizes - size)))] for size in wanted}
    return sorted((spacing for spacing in nearest if low < 1.0 / spacing < high), reverse=True)


def _name(text: str, ring: list[Pixel], free: npt.NDArray[np.bool_]) -> Cells:
    """The label on its ring: top, else bottom, right or left; omitted if the image is bright in all of them."""
    if not ring:
        return {}
    middle = sorted(x for _, x in ring)[len(ring) // 2]
    ends = (
        min(ring, key=lambda cell: (cell[0], abs(cell[1] - middle))),
        max(ring, key=lambda cell: (cell[0], -abs(cell[1] - middle))),
        max(ring, key=lambda cell: cell[1]),
        min(ring, key=lambda cell: cell[1]),
    )
    for y, x in ends:
        first = min(max(0, x - len(text) // 2), free.shape[1] - len(text))
        if first >= 0 and free[y, first : first + len(text)].all():
            return {(y, first + at): char for at, char in enumerate(text)}
    return {}
