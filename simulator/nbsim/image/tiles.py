"""Pixel values through :mod:`nbsim.image.kernel`: from an experiment to its arguments, and from its sums to values.

Source: nanobragg_pixel_loop.md sections 2, 6 and 9.
"""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from nbsim.constants import R_E_SQR
from nbsim.image.arguments import boxed_table, in_units
from nbsim.image.fused import Kernel
from nbsim.image.kernel import NUMBERS, TileInput, tile_sums
from nbsim.model import ExperimentData
from nbsim.pixel.accumulation import water_background
from nbsim.pixel.orientations import orientations
from nbsim.pixel.polarization import unit
from nbsim.vectors import cross
from nbsim.workers import Stopped

ORIENTATIONS = 1 << 13  # of one call
# a literal quotient of sines this close to a whole index carries rounding noise beyond 1e-8, or beyond the last digit
# of a float32 (quirk L10)
_NOISE, _NOISE_SINGLE = 2e-8, 1e-9


def _filled(value: Tensor | float, like: Tensor) -> Tensor:
    """A scalar on the device of ``like``; a number is filled in there, without a copy."""
    return value if isinstance(value, Tensor) else torch.full_like(like, value)


def _padded(cells: Tensor, terms: torch.dtype) -> tuple[Tensor, Tensor]:
    """At least two orientations, the fewest of a compiled form, and their weights: 0 for an added one."""
    weights = cells.new_ones(cells.shape[0], dtype=terms)
    if cells.shape[0] > 1:
        return cells.contiguous(), weights
    return cells.repeat(2, 1, 1), torch.cat((weights, torch.zeros_like(weights)))


class KernelTiles:
    """Pixel values of one experiment through the kernel; it must fit (:mod:`nbsim.image.scope`)."""

    def __init__(self, experiment: ExperimentData, kernel: Kernel | None, terms: torch.dtype | None = None) -> None:
        """``terms``: dtype of the terms; None: that of the experiment."""
        self.experiment = experiment
        terms = terms or experiment.dtype
        self.kernel = kernel or tile_sums
        cells, sources = orientations(experiment), experiment.beam.source_directions
        stacked = torch.stack((cells.a, cells.b, cells.c), dim=2).flatten(0, 1)  # (N, 3, 3)
        self.cells = [_padded(chunk, terms) for chunk in torch.split(stacked, ORIENTATIONS)]
        table, (h_min, k_min, l_min) = boxed_table(experiment.structure_factors, experiment.crystal.a)
        factors, unit = in_units(table, terms)
        self.table = (factors * factors).flatten()
        self.box = table.new_tensor([float(x) for x in (h_min, k_min, l_min, *table.shape)])
        self.n_cells = experiment.crystal.n_cells.clamp(min=1.0)
        subpixels = range(experiment.sampling.oversample)
        order = product(range(experiment.detector.n_layers), subpixels, subpixels, range(len(sources)))
        self.background = water_background(experiment) / unit**2
        self.scale = R_E_SQR * experiment.beam.fluence / float(experiment.n_steps) * unit**2
        self.places = {where: self._place(*where) for where in order}

    def _place(self, layer: int, sub_slow: int, sub_fast: int, source: int) -> TileInput:
        """All arguments except pixels for one (layer, subpixel, source)."""
        experiment = self.experiment
        detector, beam, ov = experiment.detector, experiment.beam, experiment.sampling.oversample
        incident = -beam.source_directions[source]
        b_axis = unit(cross(unit(beam.polarization_axis), unit(incident)))
        e_axis = unit(cross(unit(incident), b_axis))
        origin = detector.pix0 + layer * detector.layer_thickness * detector.normal
        area = detector.pixel_size * detector.pixel_size
        bare = detector.point_pixel and experiment.quirks.point_pixel_without_area
        noise = _NOISE if self.table.dtype == experiment.dtype else _NOISE_SINGLE
        numbers: dict[str, Tensor | float] = {
            "pixel_step": detector.pixel_size / ov,
            "oversample": ov,
            "sub_fast": sub_fast,
            "sub_slow": sub_slow,
            "area": torch.ones_like(area) if bare else area,
            "close_distance": detector.close_distance,
            "point_pixel": detector.point_pixel,
            "wavelength": beam.source_wavelengths[source],
            "kahn": beam.polarization,
            "thickness": detector.thickness,
            "absorption": detector.layer_thickness * detector.attenuation,
            "layer": layer,
            "noise": noise if experiment.quirks.grating_literal else 0.0,
        }
        return TileInput(
            fast=area.new_empty(0),
            slow=area.new_empty(0),
            vectors=torch.stack((detector.fast, detector.slow, detector.normal, origin, incident, e_axis, b_axis)),
            numbers=torch.stack([_filled(numbers[name], area) for name in NUMBERS]),
            cells=self.cells[0][0],
            weights=self.cells[0][1],
            n_cells=self.n_cells,
            table=self.table,
            box=self.box,
        )

    def values(self, pixels: Tensor, stopped: Stopped) -> tuple[Tensor, Tensor, Tensor]:
        """Pixel values (P,), sums of the effective solid angles (P,) [sr], and doubtful pixels (P,), bool.

        ``stopped`` is called between calls of the kernel.
        """
        experiment = self.experiment
        slow, fast = pixels.to(experiment.dtype).T.contiguous().unbind()
        total, doubtful = self.background, torch.zeros_like(slow, dtype=torch.bool)
        omega = polar = capture = total
        for (layer, *rest), place in self.places.items():
            for cells, weights in self.cells:
                stopped()
                sums = self.kernel(place._replace(fast=fast, slow=slow, cells=cells, weights=weights))
                total, doubtful = total + sums.intensity, doubtful | sums.doubtful
            if not any(rest):
                capture = sums.capture
                if layer == 0:
                    omega, polar = sums.omega, sums.polar
        value = self.scale * total * capture * omega
        rays = experiment.detector.n_layers * experiment.sampling.oversample**2
        return value if experiment.beam.nopolar else value * polar, omega * rays, doubtful
