"""Pixel values by torch on a CPU, without a compiler: the formula, one orientation at a time, in buffers.

Rays, corrections, shapes and scaling are those of :mod:`nbsim.pixel`, but for a polarization without an angle. What
every term needs has the formula's operations in its order, rounding noise included, on buffers that stay in the cache.
A pixel without a finite value, as of a grating at an index of exactly 0, is doubtful: the formula itself must compute
it.
Source: nanobragg_pixel_loop.md sections 7 to 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nbsim.image.arguments import boxed_table
from nbsim.image.interpolation import Interpolation
from nbsim.model import ExperimentData
from nbsim.pixel.accumulation import value_of_groups
from nbsim.pixel.corrections import (
    Corrections,
    Use,
    correction_uses,
    corrections_of,
    in_caches,
    is_unpolarized,
    omega_now,
    running_weights,
)
from nbsim.pixel.lattice import lattice_factor, reach_of_tophat
from nbsim.pixel.orientations import orientations
from nbsim.pixel.polarization import kahn_factor_of_cosines, unit
from nbsim.pixel.rays import Rays, trace_rays
from nbsim.pixel.run_state import has_room_everywhere
from nbsim.pixel.terms import interpolates, source_shares
from nbsim.vectors import cross
from nbsim.workers import Stopped

# of a tile: Python's share is small, and what an operation reads and writes fits into a cache of 1 or 2 MB
_RAYS = 1 << 15
_SMALL_REACH = 0.25  # half of all rays


@dataclass(frozen=True)
class _Executed:
    """The E combinations of pixel, layer, subpixel and source that the resolution cut leaves."""

    scattering: tuple[Tensor, Tensor, Tensor]  # S [1/m], each (E,)
    weight: Tensor | None  # of the running sum at every pass, (E,); None: 1
    end: Tensor | None  # passes with interpolation, (E,); None: all

    def at(self, chosen: Tensor) -> _Executed:
        """Those of ``chosen``, indices (K,) or bool (E,)."""
        x, y, z = (component[chosen] for component in self.scattering)
        weight, end = (None if of_rays is None else of_rays[chosen] for of_rays in (self.weight, self.end))
        return _Executed((x, y, z), weight, end)

    def buffers(self, count: int) -> list[Tensor]:
        """Numbers for each combination, (E,); those of the first may be addresses: a float32 has too few digits."""
        return [torch.empty_like(self.scattering[0], dtype=torch.float64 if n == 0 else None) for n in range(count)]


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
        self.has_room = self.interpolation is not None and has_room_everywhere(experiment, cells)
        self.are_blocks = experiment.crystal.shape == "SQUARE" and self.interpolation is None
        self.squares = self.table.square()
        self.n_cells: list[float] = experiment.crystal.n_cells.clamp(min=1.0).tolist()
        self.axes = _polarization_axes(experiment)
        is_known = bool(self.axes) or is_unpolarized(experiment)
        self.are_cached = set(correction_uses(experiment)) == {Use.CACHED} and is_known
        self.absorbs = float(experiment.detector.thickness) != 0.0
        self.skips = experiment.quirks.zero_term_skip and experiment.sampling.water == 0.0
        self.reach = self._reach()

    def _reach(self) -> tuple[int, float] | None:
        """The axis along which the spots of a top hat are narrowest, and their reach; None: no look for them pays."""
        experiment = self.experiment
        running = Use.RUNNING in correction_uses(experiment)
        if experiment.crystal.shape != "TOPHAT" or (running and not self.skips):
            return None
        reach, axis = reach_of_tophat(experiment.crystal, experiment.quirks).nan_to_num(nan=torch.inf).min(dim=0)
        return (int(axis), float(reach)) if float(reach) < _SMALL_REACH else None

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
        if self.are_cached and self._starts_are_kept(rays):
            # nearly always, the first subpixel with its first source fills all caches, that of each layer the captures
            first = _first_subpixels(rays)
            omega, polar = first.omega[:, 0, 0], self._polarization(first.direction[:, 0, 0].unbind(-1))
            capture = first.capture[:, -1, 0] if self.absorbs else torch.ones_like(omega)
            if bool((polar * omega).mul_(capture).all()):
                return in_caches(capture, polar, omega), omega * float(rays.distance[0].numel())
        found = corrections_of(experiment, rays)
        return found, omega_now(found[2]).flatten(1).sum(dim=1)

    def _starts_are_kept(self, rays: Rays) -> bool:
        """Whether the resolution cut leaves the first ray of each pixel that has any light."""
        sampling = self.experiment.sampling
        if sampling.dmin == 0.0:
            return True
        kept = rays.kept.flatten(1)
        starts = kept[:, 0] if sampling.water != 0.0 else kept[:, 0] | ~kept.any(dim=1)
        return bool(starts.all())

    def _polarization(self, direction: Sequence[Tensor]) -> Tensor:
        """Kahn's factor, (P,), at the components of directions, each (P,)."""
        if is_unpolarized(self.experiment):
            return torch.ones_like(direction[0])
        cosine, along_e, along_b, other = (torch.empty_like(direction[0]) for _ in range(4))
        for axis, product in zip(self.axes, (cosine, along_e, along_b), strict=True):
            _dot(axis, direction, product, other)
        return kahn_factor_of_cosines(cosine, along_e, along_b, self.experiment.beam.polarization)

    def _executed(self, rays: Rays, weights: Tensor | None, ends: Tensor | None) -> _Executed:
        kept, end = _flat(rays.kept), None
        if ends is not None:
            first = torch.arange(len(kept) // len(ends))[:, None] * len(self.cells)
            end = (ends - first).flatten()
        weight = None if weights is None else _flat(weights.expand_as(rays.kept))
        x, y, z = (_flat(component) for component in rays.scattering.unbind(-1))
        executed = _Executed((x, y, z), weight, end)
        return executed.at(kept) if self.experiment.sampling.dmin > 0.0 else executed

    def _sums(self, rays: _Executed, stopped: Stopped) -> tuple[Tensor, Tensor | None]:
        """The terms summed over orientations, (E,), with running weights, and the product of those, (E,)."""
        total = torch.zeros_like(rays.scattering[0])
        decay = None if rays.weight is None else torch.ones_like(total)
        spots = _Spots(*self.reach, rays) if self.reach is not None else None
        terms = None if spots is not None else _Blocks(self, rays) if self.are_blocks else _Shapes(self, rays)
        for number, vectors in enumerate(self.cells):
            stopped()
            if terms is not None:
                self._add(terms, number, vectors, total, decay)
            elif spots is not None and len(near := spots.near(vectors)):
                few, part = _Shapes(self, rays.at(near)), total[near]
                part_of_decay = None if decay is None else decay[near]
                self._add(few, number, vectors, part, part_of_decay)
                total[near] = part
                if decay is not None and part_of_decay is not None:
                    decay[near] = part_of_decay
        return total, decay

    def _add(
        self, terms: _Blocks | _Shapes, number: int, vectors: list[list[float]], total: Tensor, decay: Tensor | None
    ) -> None:
        """Add the terms of one orientation to ``total``, with running weights, which multiply ``decay``, each (E,)."""
        f_latt, weight = terms.f_latt(vectors), terms.rays.weight
        if weight is not None and self.skips:
            weight = torch.where(f_latt != 0.0, weight, 1.0)
        f_latt.square_().mul_(terms.f_cell_squared(number))
        total.add_(f_latt)
        if weight is not None and decay is not None:
            total.mul_(weight)
            decay.mul_(weight)

    def f_cell_squared(self, address: Tensor, out: Tensor) -> Tensor:
        """F_cell^2 of the nearest reflections at their addresses, (E,)."""
        return torch.index_select(self.squares, 0, self.node(address), out=out)

    def node(self, address: Tensor) -> Tensor:
        """Places in the table, (E,), of addresses, which are overwritten."""
        (low_h, low_k, low_l), (_, n_k, n_l) = self.low, self.counts
        address.sub_((low_h * n_k + low_k) * n_l + low_l)
        return address.to(torch.int64).clamp_(0, self.table.shape[0] - 1)  # nan is not a place in the table


class _Blocks:
    """Terms of block-shaped crystals without interpolation, one axis after the other."""

    def __init__(self, of: InTurn, rays: _Executed) -> None:
        self.of, self.rays = of, rays
        self.address, self.other, self.index, self.above, self.below = rays.buffers(5)
        self.literal = of.experiment.quirks.grating_literal

    def f_latt(self, vectors: list[list[float]]) -> Tensor:
        """F_latt of one orientation, (E,), and the addresses of its reflections."""
        index, above, below = self.index, self.above.fill_(1.0), self.below.fill_(1.0)
        address, other = self.address.zero_(), self.other
        for vector, n, low, count in zip(vectors, self.of.n_cells, self.of.low, self.of.counts, strict=True):
            _dot(vector, self.rays.scattering, index, other)
            torch.sub(index, 0.5, out=other).ceil_()
            address.mul_(count)
            if self.literal:
                index.mul_(torch.pi)
            else:
                index.sub_(other).mul_(torch.pi)
            address.add_(other.clamp_(low, low + count - 1.0))
            above.mul_(torch.mul(index, n, out=other).sin_())
            below.mul_(index.sin_())
        return above.div_(below)

    def f_cell_squared(self, number: int) -> Tensor:
        """F_cell^2 of orientation ``number``, (E,)."""
        return self.of.f_cell_squared(self.address, self.other)


class _Shapes:
    """Terms of any crystal, interpolated or not."""

    def __init__(self, of: InTurn, rays: _Executed) -> None:
        self.of, self.rays = of, rays
        self.address, self.other, *_ = rays.buffers(2)
        self.indices, self.whole = rays.scattering[0].new_empty(2, 3, len(rays.scattering[0]))

    def f_latt(self, vectors: list[list[float]]) -> Tensor:
        """F_latt of one orientation, (E,), and the addresses of its reflections."""
        of, (h, k, l), (h0, k0, l0) = self.of, self.indices, self.whole
        address, other = self.address.zero_(), self.other
        for index, nearest, vector, low, count in zip(
            self.indices, self.whole, vectors, of.low, of.counts, strict=True
        ):
            _dot(vector, self.rays.scattering, index, other)
            torch.sub(index, 0.5, out=nearest).ceil_()
            if not of.has_room or self.rays.end is not None:
                address.mul_(count).add_(torch.clamp(nearest, low, low + count - 1.0, out=other))
        crystal, quirks = of.experiment.crystal, of.experiment.quirks
        return lattice_factor(crystal, quirks, (h, k, l), (h0, k0, l0)).total

    def f_cell_squared(self, number: int) -> Tensor:
        """F_cell^2 of orientation ``number``, (E,)."""
        interpolation = self.of.interpolation
        if interpolation is None:
            return self.of.f_cell_squared(self.address, self.other)
        value = interpolation.value(self.indices)
        usable = None if self.of.has_room else interpolation.usable(self.indices)
        if self.rays.end is not None:
            usable = number < self.rays.end if usable is None else usable & (number < self.rays.end)
        if usable is not None:
            value = torch.where(usable, value, torch.index_select(self.of.table, 0, self.of.node(self.address)))
        return torch.square(value, out=self.other)


class _Spots:
    """Where the spots of a top hat may lie: elsewhere, which is nearly everywhere, its terms are 0."""

    def __init__(self, axis: int, reach: float, rays: _Executed) -> None:
        """``reach``: the largest distance from a whole number of the index along ``axis`` in a spot."""
        self.axis, self.reach, self.rays = axis, reach, rays
        self.other, self.index, *_ = rays.buffers(2)

    def near(self, vectors: list[list[float]]) -> Tensor:
        """Rays, (K,), outside of which no spot of an orientation lies."""
        index, other = self.index, self.other
        _dot(vectors[self.axis], self.rays.scattering, index, other)
        torch.sub(index, 0.5, out=other).ceil_()
        return (index.sub_(other).abs_() <= self.reach).nonzero().flatten()


def _flat(of_pixels: Tensor) -> Tensor:
    """(P, T, B, Q) in its order in memory, pixels innermost, (T B Q P,)."""
    return of_pixels.permute(1, 2, 3, 0).reshape(-1)


def _of_pixels(flat: Tensor, shape: torch.Size) -> Tensor:
    """The inverse of :func:`_flat`."""
    return flat.reshape(*shape[1:], shape[0]).permute(3, 0, 1, 2)


def _first_subpixels(rays: Rays) -> Rays:
    """The rays of the first subpixel of every layer."""
    parts = ("position", "distance", "direction", "scattering", "kept")
    return replace(rays, **{name: getattr(rays, name)[:, :, :1] for name in parts})


def _polarization_axes(experiment: ExperimentData) -> list[list[float]]:
    """The directions of the first source, of E for K = 1 and of the normal to both; none where E has no direction."""
    beam = experiment.beam
    incident = unit(-beam.source_directions[0])
    magnetic = unit(cross(unit(beam.polarization_axis), incident))
    axes: list[list[float]] = torch.stack((incident, cross(incident, magnetic), magnetic)).tolist()
    return axes if bool(magnetic.any()) else []


def _dot(vector: list[float], along: Sequence[Tensor], out: Tensor, other: Tensor) -> None:
    """The product of a vector and those with components ``along``, each (E,), in the order of the formula."""
    (x, y, z), (a, b, c) = vector, along
    torch.mul(a, x, out=out).add_(torch.mul(b, y, out=other)).add_(torch.mul(c, z, out=other))
