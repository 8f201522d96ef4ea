"""The pixels that a run renders, in their order: region of interest, mask, threads.

Source: nanobragg_pixel_loop.md sections 2 and 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral

import torch
from torch import Tensor

from nbsim.errors import InputError
from nbsim.model import Detector, ExperimentData


def thread_rows(n_slow: int, n_threads: int) -> tuple[range, ...]:
    """Rows of each thread under the static block split of GCC's OpenMP; empty blocks are left out.

    Raises:
        InputError: fewer than one thread.
    """
    if not isinstance(n_threads, Integral) or n_threads < 1:
        raise InputError(f"number of threads {n_threads}: a whole number from 1 is needed")
    size, extra = divmod(n_slow, n_threads)
    blocks: list[range] = []
    start = 0
    for thread in range(n_threads):
        stop = start + size + (1 if thread < extra else 0)
        if stop > start:
            blocks.append(range(start, stop))
        start = stop
    return tuple(blocks)


def is_rendered(experiment: ExperimentData, slow: int, fast: int) -> bool:
    """Whether the loop visits the pixel: inside the inclusive ROI and not masked."""
    detector = experiment.detector
    fast0, fast1, slow0, slow1 = detector.roi
    if not (fast0 <= fast <= fast1 and slow0 <= slow <= slow1):
        return False
    return detector.mask is None or bool(detector.mask[slow, fast])


def are_rendered(experiment: ExperimentData, pixels: Tensor) -> Tensor:
    """Bool (P,): inside the ROI and not masked."""
    slow, fast = pixels[:, 0], pixels[:, 1]
    fast0, fast1, slow0, slow1 = experiment.detector.roi
    inside = (fast >= fast0) & (fast <= fast1) & (slow >= slow0) & (slow <= slow1)
    mask = experiment.detector.mask
    return inside if mask is None else inside & mask[slow, fast]


def _window(detector: Detector) -> tuple[slice, slice]:
    """Rows and columns of the inclusive ROI."""
    fast0, fast1, slow0, slow1 = detector.roi
    return slice(max(slow0, 0), max(slow1 + 1, 0)), slice(max(fast0, 0), max(fast1 + 1, 0))


def n_rendered(experiment: ExperimentData) -> int:
    """Pixels inside the ROI that are not masked."""
    detector = experiment.detector
    rows, columns = _window(detector)
    if detector.mask is not None:
        return int(detector.mask[rows, columns].sum())
    return len(range(detector.n_slow)[rows]) * len(range(detector.n_fast)[columns])


def rendered_pixels(experiment: ExperimentData) -> Tensor:
    """Bool (n_slow, n_fast): inside the ROI and not masked."""
    detector = experiment.detector
    window = _window(detector)
    inside = torch.zeros((detector.n_slow, detector.n_fast), dtype=torch.bool, device=experiment.device)
    inside[window] = True if detector.mask is None else detector.mask[window]
    return inside


def rendered_tiles(experiment: ExperimentData, rows: range, size: int) -> Iterator[Tensor]:
    """Rendered pixels of ``rows`` in scan order, (P, 2) int64 (slow, fast), at most ``size`` at a time."""
    detector = experiment.detector
    fast0, fast1, slow0, slow1 = detector.roi
    left, right = max(fast0, 0), min(fast1 + 1, detector.n_fast)
    start, stop = max(rows.start, slow0, 0), min(rows.stop, slow1 + 1, detector.n_slow)
    if left >= right or start >= stop:
        return
    columns = torch.arange(left, right, device=experiment.device)
    together = max(1, size // (right - left))
    # counted once for all tiles, to avoid waiting for a device
    allowed = None if detector.mask is None else detector.mask[start:stop, left:right]
    counts = [] if allowed is None else allowed.sum(dim=1).tolist()
    for row in range(start, stop, together):
        end = min(row + together, stop)
        if allowed is None:
            lines = torch.arange(row, end, device=experiment.device)
            # in memory, one index of all pixels follows the other
            pixels = torch.stack((lines[:, None].expand(-1, len(columns)), columns.expand(len(lines), -1)))
            pixels = pixels.flatten(1).T
        else:
            here = slice(row - start, end - start)
            slow, fast = torch.nonzero_static(allowed[here], size=sum(counts[here])).unbind(1)
            pixels = torch.stack((slow + row, fast + left), dim=1)
        for begin in range(0, pixels.shape[0], size):
            yield pixels[begin : begin + size]
