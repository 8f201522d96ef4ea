"""Pixel values by torch on a CPU, without a compiler: the formula, one orientation at a time, in buffers.

Rays, corrections, shapes and scaling are those of :mod:`nbsim.pixel`. What every term needs has the formula's
operations in its order, rounding noise included, on buffers that stay in the cache. A pixel without a finite value, as
of a grating at an index of exactly 0, is doubtful: the formula itself must compute it.
Source: nanobragg_pixel_loop.md sections 7 to 9.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nbsim.image.arguments import boxed_table
from nbsim.image.interpolation import Interpolation, Scratch
from nbsim.model import ExperimentData
from nbsim.pixel.accumulation import value_of_groups
from nbsim.pixel.corrections import Corrections, Use, correction_uses, corrections_of, omega_now, running_weights
from nbsim.pixel.lattice import lattice_factor
from nbsim.pixel.orientations import orientations
from nbsim.pixel.rays import Rays, trace_rays
from nbsim.pixel.terms import interpolates, source_shares
from nbsim.workers import Stopped

_RAYS = 1 << 14  # of a tile: what one operation reads and writes fits into a cache of 1 MB


@dataclass(frozen=True)
class _Executed:
    """The E combinations of pixel, layer, subpixel and source that the resolution cut leaves."""

    scattering: Tensor  # S [1/m], (3, E)
    weight: Tensor | None  # of the running sum at every pass, (E,); None: 1
    end: Tensor | None  # passes with interpolation, (E,); None: all


class InTurn:
    """Pixel values of one experiment on the CPU; :mod:`nbsim.image.scope` lists what is followed."""

    def __init__(self, experiment: ExperimentData) -> None:
        self.experiment = experiment
        cells = orientations(experiment)
        self.cells: list[list[list[float]]] = torch.stack((cells.a, cells.b, cells.c), dim=2).flatten(0, 1).tolist()
        box, low = boxed_table(experiment.structure_factors, experiment.crystal.a)
        self.low, self.counts = tuple(map(float, low)), tuple(box.shape)
        self.table = box.flatten()
        self.interpolation = Interpolation(experiment.structure_factors, box, low) if interpolates(experiment) else None
        self.squares = self.table.square()
        self.n_cells: list[float] = experiment.crystal.n_cells.clamp(min=1.0).tolist()
        self.skips = experiment.quirks.zero_term_skip and experiment.sampling.water == 0.0

    def tile_size(self) -> int:
        """Pixels of a tile."""
        experiment = self.experiment
        sources = experiment.beam.source_directions.shape[0]
        of_pixel = experiment.detector.n_layers * experiment.sampling.oversample**2 * sources
        return max(1, _RAYS // of_pixel)

    def values(self, pixels: Tensor, ends: Tensor | None, stopped: Stopped) -> tuple[Tensor, Tensor, Tensor]:
        """Pixel values (P,), sums of the effective solid angles (P,) [sr], and doubtful pixels (P,), bool.

        ``ends``: the first flat pass of each pixel without interpolation, (P,); None: only the range decides.
        ``stopped`` is called between orientations.
        """
        experiment = self.experiment
        rays = trace_rays(experiment, pixels)
        found, omega = self._corrections(rays)
        weights = running_weights(found)
        sums, decay = self._sums(self._executed(rays, weights, ends), stopped)
        if experiment.sampling.dmin > 0.0:
            kept = _flat(rays.kept)
            sums = torch.zeros_like(kept, dtype=sums.dtype).masked_scatter_(kept, sums)
            decay = None if decay is None else torch.ones_like(kept, dtype=sums.dtype).masked_scatter_(kept, decay)
        sums, shares = _of_pixels(sums, rays.kept.shape), source_shares(experiment)
        sums = sums if shares is None else sums * shares
        decay = None if decay is None else _of_pixels(decay, rays.kept.shape)
        values = value_of_groups(experiment, found, sums, decay)
        return values, omega, ~(values.abs() < torch.inf)

    def _corrections(self, rays: Rays) -> tuple[Corrections, Tensor]:
        """Those of the pixels, and the sums of the effective solid angles (P,) [sr]."""
        experiment = self.experiment
        if set(correction_uses(experiment)) == {Use.CACHED}:
            # nearly always, the first subpixel with its first source fills all caches, that of each layer the captures
            start = _first_rays(rays)
            capture, polar, omega = found = corrections_of(experiment, start)
            filled = start.kept[:, 0, 0, 0] & (polar.at_terms[:, 0, 0, 0] != 0.0) & (omega.at_terms[:, 0, 0, 0] != 0.0)
            if bool((filled & (capture.at_terms[:, -1, 0, 0] != 0.0)).all()):
                return found, omega.cached() * float(rays.omega[0].numel())
        found = corrections_of(experiment, rays)
        return found, omega_now(found[2]).flatten(1).sum(dim=1)

    def _executed(self, rays: Rays, weights: Tensor | None, ends: Tensor | None) -> _Executed:
        kept, end = _flat(rays.kept), None
        if ends is not None:
            first = torch.arange(len(kept) // len(ends))[:, None] * len(self.cells)
            end = (ends - first).flatten()
        weight = None if weights is None else _flat(weights.expand_as(rays.kept))
        scattering = torch.stack([_flat(component) for component in rays.scattering.unbind(-1)])
        if self.experiment.sampling.dmin > 0.0:
            weight, end = (None if x is None else x[kept] for x in (weight, end))
            scattering = scattering[:, kept]
        return _Executed(scattering, weight, end)

    def _sums(self, rays: _Executed, stopped: Stopped) -> tuple[Tensor, Tensor | None]:
        """The terms summed over orientations, (E,), with running weights, and the product of those, (E,)."""
        indices, whole = torch.empty_like(rays.scattering), torch.empty_like(rays.scattering)
        other, cell, total = (torch.empty_like(rays.scattering[0]) for _ in range(3))
        address = torch.empty_like(total, dtype=torch.float64)  # a float32 has too few digits
        scratch = Scratch(indices) if self.interpolation else None
        decay = None if rays.weight is None else torch.ones_like(total)
        total.zero_()
        for number, vectors in enumerate(self.cells):
            stopped()
            address.zero_()
            for index, nearest, vector, low, count in zip(indices, whole, vectors, self.low, self.counts, strict=True):
                _dot(vector, rays.scattering, index, other)
                torch.sub(index, 0.5, out=nearest).ceil_()
                address.mul_(count).add_(torch.clamp(nearest, low, low + count - 1.0, out=other))
            self._f_cell_squared(indices, address, None if rays.end is None else number < rays.end, scratch, cell)
            term = self._f_latt(indices, whole, other)
            if rays.weight is None or decay is None:
                total.add_(term.square_().mul_(cell))
                continue
            weight = torch.where(term != 0.0, rays.weight, 1.0) if self.skips else rays.weight
            total.add_(term.square_().mul_(cell)).mul_(weight)
            decay.mul_(weight)
        return total, decay

    def _f_cell_squared(
        self, indices: Tensor, address: Tensor, interpolates: Tensor | None, scratch: Scratch | None, out: Tensor
    ) -> None:
        """F_cell^2 at h, k, l (3, E), nearest or interpolated; overwrites the addresses.

        ``interpolates``: where interpolation has not ended, bool (E,); None: everywhere.
        """
        (low_h, low_k, low_l), (_, n_k, n_l) = self.low, self.counts
        address.sub_((low_h * n_k + low_k) * n_l + low_l)
        # nan is not a place in the table
        node = address.to(torch.int64).clamp_(0, self.table.shape[0] - 1)
        if self.interpolation is None or scratch is None:
            torch.index_select(self.squares, 0, node, out=out)
            return
        value, usable = self.interpolation.value(indices, scratch), self.interpolation.usable(indices)
        if usable is not None and interpolates is not None:
            usable = usable & interpolates
        usable = interpolates if usable is None else usable
        if usable is not None:
            value = torch.where(usable, value, torch.index_select(self.table, 0, node))
        torch.square(value, out=out)

    def _f_latt(self, indices: Tensor, whole: Tensor, other: Tensor) -> Tensor:
        """F_latt at h, k, l (3, E); overwrites all arguments."""
        crystal, quirks = self.experiment.crystal, self.experiment.quirks
        if crystal.shape != "SQUARE":
            (h, k, l), (h0, k0, l0) = indices, whole
            return lattice_factor(crystal, quirks, (h, k, l), (h0, k0, l0)).total
        if not quirks.grating_literal:
            indices.sub_(whole)
        above, below = whole[0].fill_(1.0), whole[1].fill_(1.0)
        for index, n in zip(indices.mul_(torch.pi), self.n_cells, strict=True):
            above.mul_(torch.mul(index, n, out=other).sin_())
            below.mul_(index.sin_())
        return above.div_(below)


def _flat(of_pixels: Tensor) -> Tensor:
    """(P, T, B, Q) in its order in memory, pixels innermost, (T B Q P,)."""
    return of_pixels.permute(1, 2, 3, 0).reshape(-1)


def _of_pixels(flat: Tensor, shape: torch.Size) -> Tensor:
    """The inverse of :func:`_flat`."""
    return flat.reshape(*shape[1:], shape[0]).permute(3, 0, 1, 2)


def _first_rays(rays: Rays) -> Rays:
    """The rays of the first subpixel of every layer, and of the first source."""
    of_subpixels = ("position", "distance", "direction", "obliquity", "omega", "capture")
    of_sources = ("cos_2theta", "scattering", "kept")
    first = {name: getattr(rays, name)[:, :, :1] for name in of_subpixels}
    first |= {name: getattr(rays, name)[:, :, :1, :1] for name in of_sources}
    return replace(rays, incident=rays.incident[:1], **first)


def _dot(vector: list[float], along: Tensor, out: Tensor, other: Tensor) -> None:
    """The product of a vector and those of ``along`` (3, E), in the order of the formula."""
    (x, y, z), (a, b, c) = vector, along
    torch.mul(a, x, out=out).add_(torch.mul(b, y, out=other)).add_(torch.mul(c, z, out=other))
