"""The formula: the contribution of every (layer, subpixel, source, phi step, mosaic domain) to a pixel.

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
from nbsim.pixel.orientations import Orientations, pass_orientations
from nbsim.pixel.rays import Rays, trace_rays
from nbsim.values import ByValue
from nbsim.vectors import dot

TILE = 1 << 18  # contributions held at once


@dataclass(frozen=True, eq=False)
class Passes(ByValue):
    """Results of the innermost passes up to the lattice factor."""

    rays: Rays
    cell: Orientations  # the vectors in use; leading axes broadcast
    hkl: Triple  # real Miller indices, each (P, T, B, Q, J, M)
    hkl0: Triple  # nearest integers, as floats
    lattice: LatticeFactor
    executed: Tensor  # bool: not cut by dmin, not skipped for F_latt = 0


@dataclass(frozen=True, eq=False)
class Terms(ByValue):
    """Contributions and their factors."""

    passes: Passes
    f_cell: Tensor  # (P, T, B, Q, J, M)
    value: Tensor  # F_cell^2 F_latt^2 (times the source's weight where quirk L8 is off); 0 where not executed


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

    ``interpolation_end`` (P,): first flat pass of a pixel without interpolation; None: only the range decides.
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

    ``first_pass`` and ``interpolation_end``: state that these pixels inherit from earlier ones; see
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
