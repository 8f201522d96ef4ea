"""The formula: what every (layer, subpixel, source, phi step, mosaic domain) adds to a pixel.

Axes are always [pixel, layer, subpixel, source, phi, mosaic] (P, T, B, Q, J, M); flattening the last five
gives C's order of accumulation. Single pixels, tiles of an image and trace values all come from here.
Source: nanobragg_pixel_loop.md sections 2, 7 and 8 (quirks L8, L13, L14).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nbsim.factors.table import in_interpolation_range, nearest, tricubic
from nbsim.model import ExperimentData
from nbsim.pixel.lattice import LatticeFactor, Triple, lattice_factor, nearest_index
from nbsim.pixel.orientations import (
    Orientations,
    depends_on_first_pass,
    first_pass_pixel,
    pass_orientations,
    rendered_tiles,
    thread_rows,
)
from nbsim.pixel.rays import Rays, trace_rays
from nbsim.vectors import dot

Pixel = tuple[int, int]  # (slow, fast)
TILE = 1 << 18  # contributions held at once


@dataclass(frozen=True)
class Passes:
    """Everything of the innermost passes up to the lattice factor."""

    rays: Rays
    cell: Orientations  # the vectors in use; leading axes broadcast
    hkl: Triple  # real Miller indices, each (P, T, B, Q, J, M)
    hkl0: Triple  # nearest integers, as floats
    lattice: LatticeFactor
    executed: Tensor  # bool: not cut by dmin, not skipped for F_latt = 0


@dataclass(frozen=True)
class Terms:
    """Contributions and what they are made of."""

    passes: Passes
    f_cell: Tensor  # (P, T, B, Q, J, M)
    value: Tensor  # F_cell^2 F_latt^2 (times the source's weight where quirk L8 is off); 0 where not executed


@dataclass(frozen=True)
class RunState:
    """What the pixels of a run inherit from those rendered before them."""

    first_pixels: tuple[Pixel, ...]  # those that hold the first pass of a thread, where that matters
    interpolation_stop: tuple[int, int, int] | None  # (slow, fast, flat pass): first pass without interpolation

    def interpolation_end(self, pixels: Tensor, n_fast: int, n_passes: int) -> Tensor | None:
        """First flat pass without interpolation of each of ``pixels`` (P, 2), (P,); None: there is no such event."""
        if self.interpolation_stop is None:
            return None
        slow, fast, at = self.interpolation_stop
        ahead = slow * n_fast + fast - (pixels[:, 0] * n_fast + pixels[:, 1])
        return torch.where(ahead > 0, n_passes, torch.where(ahead == 0, at, 0))


def executed_passes(experiment: ExperimentData, pixels: Tensor, *, first_pass: bool = False) -> Passes:
    """Indices and lattice factors of ``pixels`` (P, 2), int64 (slow, fast).

    ``first_pass``: the first surviving pass of each of these pixels is the first of a run.
    """
    rays = trace_rays(experiment, pixels)
    cell = pass_orientations(experiment, rays.kept, holds_first_pass=first_pass)
    scattering = rays.scattering[:, :, :, :, None, None, :]
    h, k, l = (dot(vector, scattering) for vector in (cell.a, cell.b, cell.c))
    hkl0 = (nearest_index(h), nearest_index(k), nearest_index(l))
    lattice = lattice_factor(experiment.crystal, experiment.quirks, (h, k, l), hkl0)
    executed = rays.kept[..., None, None].expand_as(h)
    if experiment.quirks.zero_term_skip and experiment.sampling.water == 0.0:
        executed = executed & (lattice.total != 0.0)
    return Passes(rays, cell, (h, k, l), hkl0, lattice, executed)


def source_shares(experiment: ExperimentData) -> Tensor | None:
    """Factor per source, mean 1, (Q,); None when all sources count equally (quirk L8)."""
    if experiment.quirks.source_weights_ignored:
        return None
    weights = experiment.beam.source_weights
    return weights * (weights.numel() / weights.sum())


def interpolates(experiment: ExperimentData) -> bool:
    """Whether structure factors are interpolated at all."""
    return experiment.sampling.interpolate and experiment.structure_factors.grid is not None


def structure_factor(experiment: ExperimentData, passes: Passes, interpolation_end: Tensor | None) -> Tensor:
    """F_cell of every pass, (P, T, B, Q, J, M).

    ``interpolation_end`` (P,): flat pass of a pixel from which on there is no interpolation; None: only the
    range decides.
    """
    table = experiment.structure_factors
    plain = nearest(table, *passes.hkl0)
    if not interpolates(experiment):
        return plain
    usable = interpolated_passes(experiment, passes, interpolation_end)
    return torch.where(usable, tricubic(table, *passes.hkl), plain)


def interpolated_passes(experiment: ExperimentData, passes: Passes, interpolation_end: Tensor | None) -> Tensor:
    """Bool (P, T, B, Q, J, M): passes whose F_cell is interpolated in a run that interpolates at all.

    ``interpolation_end`` as for :func:`structure_factor`.
    """
    usable = in_interpolation_range(experiment.structure_factors, *passes.hkl)
    if interpolation_end is None:
        return usable
    order = torch.arange(usable[0].numel(), device=usable.device).reshape(usable.shape[1:])
    end = interpolation_end.reshape(-1, 1, 1, 1, 1, 1)
    return usable & (order < end)


def contributions(
    experiment: ExperimentData,
    pixels: Tensor,
    *,
    first_pass: bool = False,
    interpolation_end: Tensor | None = None,
) -> Terms:
    """Terms of ``pixels`` (P, 2), int64 (slow, fast), differentiable in the experiment's tensors.

    ``first_pass`` and ``interpolation_end`` say what these pixels inherit from earlier ones; see
    :func:`executed_passes` and :func:`structure_factor`.
    """
    passes = executed_passes(experiment, pixels, first_pass=first_pass)
    f_cell = structure_factor(experiment, passes, interpolation_end)
    f_latt = passes.lattice.total
    value = f_cell * f_cell * f_latt * f_latt
    shares = source_shares(experiment)
    if shares is not None:
        value = value * shares[:, None, None]
    return Terms(passes, f_cell, torch.where(passes.executed, value, torch.zeros_like(value)))


def _out_of_range(experiment: ExperimentData, tile: Tensor, *, first_pass: bool) -> Tensor:
    """Bool (P, N): executed passes whose indices leave no room for four nodes."""
    passes = executed_passes(experiment, tile, first_pass=first_pass)
    inside = in_interpolation_range(experiment.structure_factors, *passes.hkl)
    return (passes.executed & ~inside).flatten(1)


def _interpolation_stop(
    experiment: ExperimentData, rows: range, first: tuple[Pixel, ...]
) -> tuple[int, int, int] | None:
    for tile in rendered_tiles(experiment, rows, max(1, TILE // experiment.n_passes)):
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
def run_state(experiment: ExperimentData, *, n_threads: int = 1, until_row: int | None = None) -> RunState:
    """What the pixels of rows up to ``until_row`` (default: all) inherit in a run with ``n_threads``.

    The search for the end of interpolation follows the scan order of one thread; with more threads C races
    and has no reproducible answer (section 8.3).

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
    if interpolates(experiment) and experiment.quirks.interpolation_switch_off:
        stop = _interpolation_stop(experiment, range(stop_row), first)
    return RunState(first, stop)
