"""The number of OpenMP threads of a C run, from the pixels that depend on it.

With phi = 0 among several steps the stock program starts every thread with unrotated vectors, so that the first pixel
of a thread's block of rows has another value than elsewhere. Source: nanobragg_pixel_loop.md section 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

import nbsim

_AGREES = 1e-6  # of a value, and of the brightest for faint ones: as images agree
_MOST = 8  # numbers of threads tried in full, and reported


def thread_counts(
    experiment: nbsim.Experiment, c: npt.NDArray[np.float64], differing: npt.NDArray[np.bool_], now: int
) -> tuple[int, ...]:
    """Numbers of threads, other than ``now``, that give C's value in every pixel that depends on them.

    Args:
        experiment: the run.
        c: the C program's image, (n_slow, n_fast).
        differing: where it differs from the image with ``now`` threads.
        now: number of threads of that image.

    Returns:
        The numbers that fit, ascending, up to the number of rows: more threads give the same image. Empty where the
        differing pixels are not the first ones of threads.
    """
    pixels = [(int(slow), int(fast)) for slow, fast in np.argwhere(differing)]
    n_slow = experiment.detector.n_slow
    present = nbsim.run_state(experiment, n_threads=now, interpolation_end=False).first_pixels
    if not pixels or not present or len(pixels) > n_slow:
        return ()
    new = {slow for slow, fast in pixels if (slow, fast) not in present}
    found: list[int] = []
    tried = 0
    for count in range(1, n_slow + 1):
        if count == now or not _may_begin(experiment, new, count):
            continue
        first = nbsim.run_state(experiment, n_threads=count, interpolation_end=False).first_pixels
        if not {*first, *present} >= set(pixels):
            continue
        tried += 1
        if _fits(experiment, c, sorted({*first, *present}), count):
            found.append(count)
        if tried == _MOST:
            break
    return tuple(found)


def _may_begin(experiment: nbsim.Experiment, rows: Iterable[int], count: int) -> bool:
    """Whether each row can hold the first pixel of a different block of rows."""
    detector, size, extra = experiment.detector, *divmod(experiment.detector.n_slow, count)
    exact = detector.mask is None and experiment.sampling.dmin == 0.0
    starts: set[int] = set()
    for row in rows:
        larger = extra * (size + 1)  # rows in the blocks that have one more
        start = row - row % (size + 1) if row < larger else row - (row - larger) % size
        if start in starts or (exact and row != max(start, detector.roi[2])):
            return False
        starts.add(start)
    return True


def _fits(experiment: nbsim.Experiment, c: npt.NDArray[np.float64], pixels: list[tuple[int, int]], count: int) -> bool:
    """Whether the pixels have C's values with ``count`` threads."""
    import torch

    with torch.no_grad():
        values = nbsim.image_values(experiment, torch.tensor(pixels), n_threads=count, interpolation_end=True)
    ours = values.to(torch.float32).cpu().numpy().astype(np.float64)
    theirs = np.asarray([c[at] for at in pixels])
    known = np.isfinite(theirs)  # an image may be a cut-out
    floor = _AGREES * float(np.nanmax(np.abs(c)))
    return bool((np.abs(ours - theirs) <= _AGREES * np.maximum(np.abs(theirs), floor))[known].all())
