"""Positions of pixels for the nominal beam: centre of the pixel, front face of the sensor, start of the scan.

For maps of resolution and indices; the pixel loop itself works with subpixels, layers and every source.
Source: nanobragg_pixel_loop.md sections 3 to 5.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from nbsim.model import ExperimentData
from nbsim.pixel.rays import positions, rotate


def pixel_centers(experiment: ExperimentData, pixels: Tensor) -> Tensor:
    """Centres [m] of ``pixels`` (P, 2), int64 (slow, fast): (P, 3)."""
    whole = replace(experiment, sampling=replace(experiment.sampling, oversample=1))
    return positions(whole, pixels.to(experiment.device))[:, 0, 0]


def nominal_scattering(experiment: ExperimentData, pixels: Tensor) -> Tensor:
    """Scattering vectors [1/m] of the centres of ``pixels`` (P, 2), int64 (slow, fast): (P, 3)."""
    position = pixel_centers(experiment, pixels)
    direction = position / position.norm(dim=-1, keepdim=True)
    scattering: Tensor = (direction - experiment.beam.direction) / experiment.beam.wavelength
    return scattering


def starting_cell(experiment: ExperimentData, turned: float = 0.0) -> Tensor:
    """Rows a, b, c [m] of the crystal at the first phi of the scan, without mosaic rotation, (3, 3).

    ``turned``: angle [rad] beyond that phi.
    """
    crystal = experiment.crystal
    start = experiment.sampling.phi_start + turned
    phi = torch.as_tensor(start, dtype=experiment.dtype, device=experiment.device)
    vectors = torch.stack((crystal.a, crystal.b, crystal.c))
    return rotate(vectors, crystal.spindle, torch.sin(phi), torch.cos(phi))
