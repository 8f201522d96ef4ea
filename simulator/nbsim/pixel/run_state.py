"""State that C carries from pixel to pixel: the first pass of a thread, and the end of interpolation.

Source: nanobragg_pixel_loop.md sections 3.3 (quirk L2) and 8.3 (quirk L14).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice

import torch
from torch import Tensor

from nbsim.factors.table import in_interpolation_range
from nbsim.model import ExperimentData
from nbsim.pixel.orientations import Orientations, depends_on_first_pass, orientations
from nbsim.pixel.rays import trace_rays
from nbsim.pixel.terms import TILE, executed_passes, interpolates
from nbsim.pixel.visited import rendered_tiles, thread_rows
from nbsim.vectors import dot

Pixel = tuple[int, int]  # (slow, fast)
_RAYS = 1 << 16  # subpixel rays examined together
_FIRST_RAYS = 1 << 10  # examined before them: mostly one passes the resolution cut in the first row
_BEYOND_ROUNDING = 1.0 + 1e-5  # also of rotations in single precision


@dataclass(frozen=True)
class RunState:
    """State that the pixels of a run inherit from earlier ones."""

    first_pixels: tuple[Pixel, ...]  # pixels with the first pass of a thread, where relevant
    interpolation_stop: tuple[int, int, int] | None  # (slow, fast, flat pass): first pass without interpolation

    def interpolation_end(self, pixels: Tensor, n_fast: int, n_passes: int) -> Tensor | None:
        """First flat pass without interpolation of each of ``pixels`` (P, 2), (P,); None: interpolation never ends."""
        if self.interpolation_stop is None:
            return None
        slow, fast, at = self.interpolation_stop
        ahead = slow * n_fast + fast - (pixels[:, 0] * n_fast + pixels[:, 1])
        return torch.where(ahead > 0, n_passes, torch.where(ahead == 0, at, 0))


def first_pass_pixel(experiment: ExperimentData, rows: range) -> tuple[int, int] | None:
    """(slow, fast) of the first rendered pixel of ``rows`` with a source that survives the resolution cut."""
    per_pixel = experiment.detector.n_layers * experiment.sampling.oversample**2
    rays = (_FIRST_RAYS, _RAYS) if experiment.sampling.dmin > 0.0 else (1, 1)
    few, many = (max(1, n // (per_pixel * experiment.beam.source_directions.shape[0])) for n in rays)
    for tile in chain(islice(rendered_tiles(experiment, rows, few), 1), rendered_tiles(experiment, rows, many)):
        alive = trace_rays(experiment, tile).kept.flatten(1).any(dim=1)
        if bool(alive.any()):
            slow, fast = tile[int(alive.int().argmax())].tolist()
            return slow, fast
    return None


def _out_of_range(experiment: ExperimentData, tile: Tensor, *, first_pass: bool) -> Tensor:
    """Bool (P, N): executed passes with indices too close to the edge of the table for four nodes."""
    passes = executed_passes(experiment, tile, first_pass=first_pass)
    inside = in_interpolation_range(experiment.structure_factors, *passes.hkl)
    return (passes.executed & ~inside).flatten(1)


def first_pass_stop(experiment: ExperimentData, pixel: Pixel) -> tuple[int, int, int] | None:
    """``pixel``, which holds the first pass of a run, and its first flat pass without interpolation; None: no such."""
    failed = _out_of_range(experiment, torch.tensor([pixel], device=experiment.device), first_pass=True)[0]
    return (*pixel, int(failed.int().argmax())) if bool(failed.any()) else None


def _is_surely_inside(experiment: ExperimentData, scattering: Tensor, cell: Orientations) -> bool:
    """Whether |h| <= |a| |S|, and so for k and l, leaves room for four nodes wherever |S| is at most that given."""
    longest = dot(scattering, scattering).max().sqrt() * _BEYOND_ROUNDING
    reach = (dot(vectors, vectors).max().sqrt() * longest for vectors in (cell.a, cell.b, cell.c))
    return bool(in_interpolation_range(experiment.structure_factors, *(torch.stack((-x, x)) for x in reach)).all())


def has_room_everywhere(experiment: ExperimentData, cell: Orientations) -> bool:
    """Whether the corners of the region of interest show that every pass has room for four nodes along every axis.

    Below 90 degrees, the scattering angle of a flat detector, with all its layers, is largest at a corner.
    """
    detector = experiment.detector
    fast0, fast1, slow0, slow1 = detector.roi
    rows, columns = range(detector.n_slow)[max(slow0, 0) : slow1 + 1], range(detector.n_fast)[max(fast0, 0) : fast1 + 1]
    if detector.curved or not rows or not columns:
        return False
    corners = torch.cartesian_prod(torch.tensor([rows[0], rows[-1]]), torch.tensor([columns[0], columns[-1]]))
    rays = trace_rays(experiment, corners.to(experiment.device))
    return bool((rays.cos_2theta > 0.0).all()) and _is_surely_inside(experiment, rays.scattering, cell)


def _interpolation_stop(
    experiment: ExperimentData, rows: range, first: tuple[Pixel, ...]
) -> tuple[int, int, int] | None:
    cell = orientations(experiment)
    if has_room_everywhere(experiment, cell):
        return None
    for tile in rendered_tiles(experiment, rows, max(1, TILE // experiment.n_passes)):
        if _is_surely_inside(experiment, trace_rays(experiment, tile).scattering, cell):
            continue
        failed = _out_of_range(experiment, tile, first_pass=False)
        for slow, fast in first:
            here = (tile[:, 0] == slow) & (tile[:, 1] == fast)
            if bool(here.any()):
                failed[here] = _out_of_range(experiment, tile[here], first_pass=True)
        bad = failed.any(dim=1)
        if bool(bad.any()):
            where = int(bad.int().argmax())
            slow, fast = tile[where].tolist()
            return slow, fast, int(failed[where].int().argmax())
    return None


@torch.no_grad()
def run_state(
    experiment: ExperimentData, *, n_threads: int = 1, until_row: int | None = None, interpolation_end: bool = True
) -> RunState:
    """The inheritance of the pixels of rows up to ``until_row`` (default: all) in a run with ``n_threads``.

    ``interpolation_end``: search for the end of interpolation, through every pixel of those rows. The search follows
    the scan order of one thread; with more threads C races and has no reproducible answer (section 8.3).

    Raises:
        InputError: fewer than one thread.
    """
    n_slow = experiment.detector.n_slow
    stop_row = n_slow if until_row is None else until_row + 1
    blocks = [range(rows.start, min(rows.stop, stop_row)) for rows in thread_rows(n_slow, n_threads)]
    first: tuple[Pixel, ...] = ()
    if depends_on_first_pass(experiment):
        found = (first_pass_pixel(experiment, rows) for rows in blocks)
        first = tuple(pixel for pixel in found if pixel is not None)
    stop: tuple[int, int, int] | None = None
    if interpolation_end and interpolates(experiment) and experiment.quirks.interpolation_switch_off:
        stop = _interpolation_stop(experiment, range(stop_row), first)
    return RunState(first, stop)
