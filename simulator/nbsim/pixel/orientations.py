"""Crystal orientations per phi step and mosaic domain, and what C carries from one pixel to the next.

C does not touch its rotated vectors at phi = 0, so that step inherits those of the step executed before it,
possibly in another pixel. One *pass* is one traversal of the phi loop (fixed pixel, layer, subpixel, source).
Source: nanobragg_pixel_loop.md section 3 (quirk L2) and the ROI and mask rules of section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from nbsim.errors import InputError
from nbsim.model import ExperimentData
from nbsim.pixel.rays import rotate, trace_rays

_TILE = 1 << 16  # subpixel rays looked at together


@dataclass(frozen=True)
class Orientations:
    """Real-space vectors a, b, c [m] with axes [..., phi, mosaic, 3]; leading axes broadcast over passes."""

    a: Tensor
    b: Tensor
    c: Tensor


def inherited_steps(experiment: ExperimentData) -> tuple[tuple[int | None, ...], tuple[int | None, ...]]:
    """Which phi step's rotation each phi step really has: in the first pass, and in every later one.

    None stands for the unrotated vectors. "Zero" is an exact test on the angle formed in double.
    """
    angles = experiment.sampling.phi_values()
    if not experiment.quirks.phi_carryover:
        fresh = tuple(step if angle != 0.0 else None for step, angle in enumerate(angles))
        return fresh, fresh
    first: list[int | None] = []
    last: int | None = None
    for step, angle in enumerate(angles):
        last = step if angle != 0.0 else last
        first.append(last)
    later = tuple(last if step is None else step for step in first)
    return tuple(first), later


def depends_on_first_pass(experiment: ExperimentData) -> bool:
    """Whether a run's very first pass differs from the same pass anywhere else."""
    first, later = inherited_steps(experiment)
    return first != later


def orientations(experiment: ExperimentData, *, first_pass: bool = False) -> Orientations:
    """Vectors of every (phi, mosaic), each (n_phi, n_mosaic, 3) [m]: rotated by phi, then by the domain."""
    crystal, sampling = experiment.crystal, experiment.sampling
    steps = inherited_steps(experiment)[0 if first_pass else 1]
    # without anything to inherit a step turns by its own angle, zero: the vectors stay, the derivative is a turn's
    at = [own if step is None else step for own, step in enumerate(steps)]
    sine, cosine = (torch.cat([x[j : j + 1] for j in at]) for x in (sampling.phi_sine, sampling.phi_cosine))
    n_mosaic = crystal.mosaic_matrices.shape[0]
    vectors: list[Tensor] = []
    for start in (crystal.a, crystal.b, crystal.c):
        vector = rotate(start, crystal.spindle, sine, cosine)[:, None, :]
        if crystal.mosaic_spread > 0.0:
            m = crystal.mosaic_matrices
            vector = (
                vector[..., 0, None] * m[..., 0] + vector[..., 1, None] * m[..., 1] + vector[..., 2, None] * m[..., 2]
            )
        vectors.append(vector.expand(-1, n_mosaic, -1))
    return Orientations(*vectors)


def pass_orientations(experiment: ExperimentData, kept: Tensor, *, holds_first_pass: bool) -> Orientations:
    """Vectors for passes ``kept`` (P, T, B, Q), bool.

    With ``holds_first_pass`` the first kept pass of each pixel is the first of a run, and the result has all
    axes (P, T, B, Q, phi, mosaic, 3); otherwise (phi, mosaic, 3) serves every pass.
    """
    later = orientations(experiment)
    if not (holds_first_pass and depends_on_first_pass(experiment)):
        return later
    flat = kept.flatten(1)
    is_first = (flat & (flat.cumsum(1) == 1)).reshape(*kept.shape, 1, 1, 1)
    first = orientations(experiment, first_pass=True)
    return Orientations(*(torch.where(is_first, getattr(first, x), getattr(later, x)) for x in "abc"))


def thread_rows(n_slow: int, n_threads: int) -> tuple[range, ...]:
    """Rows of each thread under the static block split of GCC's OpenMP; empty blocks are left out.

    Raises:
        InputError: fewer than one thread.
    """
    if n_threads < 1:
        raise InputError(f"number of threads {n_threads}: at least one is needed")
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


def n_rendered(experiment: ExperimentData) -> int:
    """Pixels inside the ROI that are not masked."""
    detector = experiment.detector
    fast0, fast1, slow0, slow1 = detector.roi
    rows, columns = (slice(max(low, 0), max(high + 1, 0)) for low, high in ((slow0, slow1), (fast0, fast1)))
    if detector.mask is not None:
        return int(detector.mask[rows, columns].sum())
    return len(range(detector.n_slow)[rows]) * len(range(detector.n_fast)[columns])


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
    # counted once for all tiles: a device is not waited for in each of them
    allowed = None if detector.mask is None else detector.mask[start:stop, left:right]
    counts = [] if allowed is None else allowed.sum(dim=1).tolist()
    for row in range(start, stop, together):
        end = min(row + together, stop)
        if allowed is None:
            pixels = torch.cartesian_prod(torch.arange(row, end, device=experiment.device), columns)
        else:
            lines = slice(row - start, end - start)
            slow, fast = torch.nonzero_static(allowed[lines], size=sum(counts[lines])).unbind(1)
            pixels = torch.stack((slow + row, fast + left), dim=1)
        for begin in range(0, pixels.shape[0], size):
            yield pixels[begin : begin + size]


def first_pass_pixel(experiment: ExperimentData, rows: range) -> tuple[int, int] | None:
    """(slow, fast) of the first rendered pixel of ``rows`` with a source that survives the resolution cut."""
    per_pixel = experiment.detector.n_layers * experiment.sampling.oversample**2
    size = max(1, _TILE // (per_pixel * experiment.beam.source_directions.shape[0]))
    for tile in rendered_tiles(experiment, rows, size if experiment.sampling.dmin > 0.0 else 1):
        alive = trace_rays(experiment, tile).kept.flatten(1).any(dim=1)
        if bool(alive.any()):
            slow, fast = tile[int(alive.int().argmax())].tolist()
            return slow, fast
    return None
