"""Positions, solid angles and scattering vectors of subpixels.

Axes: [pixel, layer, subpixel (= slow * oversample + fast)], then source where relevant, then 3 for vectors.
Source: nanobragg_pixel_loop.md sections 4 and 5 (quirks L3, L4, L6).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from nbsim.model import ExperimentData
from nbsim.pixel.polarization import unit
from nbsim.values import ByValue
from nbsim.vectors import cross, cross_components, dot


@dataclass(frozen=True, eq=False)
class Rays(ByValue):
    """Geometry of a set of pixels; P pixels, T layers, B subpixels, Q sources.

    Properties are computed at every access.
    """

    experiment: ExperimentData = field(repr=False, compare=False)
    position: Tensor  # X [m], (P, T, B, 3)
    distance: Tensor  # R = |X| [m], (P, T, B)
    direction: Tensor  # d = X/R, (P, T, B, 3)
    incident: Tensor  # beam directions, (Q, 3)
    scattering: Tensor  # S = (d - i)/lambda [1/m], (P, T, B, Q, 3)
    kept: Tensor  # bool, survives the resolution cut, (P, T, B, Q)

    @property
    def obliquity(self) -> Tensor:
        """Dc/R, (P, T, B)."""
        return self.experiment.detector.close_distance / self.distance

    @property
    def cos_2theta(self) -> Tensor:
        """Cosine of the scattering angle, (P, T, B, Q)."""
        return dot(self.direction[..., None, :], self.incident)

    @property
    def omega(self) -> Tensor:
        """Solid angle [sr] of a whole pixel here, (P, T, B); 1/R^2 [1/m^2] for a point pixel in C (L4)."""
        detector, distance = self.experiment.detector, self.distance
        area = detector.pixel_size * detector.pixel_size
        if detector.point_pixel:
            without_area = self.experiment.quirks.point_pixel_without_area
            return (1.0 if without_area else area) / distance / distance
        return area / distance / distance * detector.close_distance / distance

    @property
    def capture(self) -> Tensor:
        """Fraction absorbed in each layer, (P, T, B); 1 without a sensor unless quirk L6 makes it 0."""
        detector, sampling, direction = self.experiment.detector, self.experiment.sampling, self.direction
        layer = torch.arange(detector.n_layers, dtype=direction.dtype, device=direction.device)[:, None]
        path = detector.layer_thickness * detector.attenuation / dot(direction, detector.normal)
        absorbed = torch.exp(-layer * path) - torch.exp(-(layer + 1.0) * path)
        if sampling.oversample_thick and self.experiment.quirks.thick_flag_zeroes:
            return absorbed
        return torch.where(detector.thickness == 0.0, torch.ones_like(absorbed), absorbed)


def rotate(vector: Tensor, axis: Tensor, sine: Tensor, cosine: Tensor) -> Tensor:
    """``vector`` (..., 3) about the unit ``axis`` (3,) by the angle of ``sine`` and ``cosine`` (...).

    Right-handed. Leading axes broadcast. Shape (..., 3).
    """
    along = dot(axis, vector) * (1.0 - cosine)
    parts = zip(axis.unbind(-1), vector.unbind(-1), cross_components(axis, vector), strict=True)
    turned = [a * along + v * cosine + c * sine for a, v, c in parts]
    return torch.stack(turned).movedim(0, -1)  # in memory, the components follow one another


def _flat_positions(experiment: ExperimentData, pixels: Tensor) -> Tensor:
    """Subpixel centres on the plane, each layer at its front face, (T, B, P, 3) [m]."""
    detector, ov = experiment.detector, experiment.sampling.oversample
    dtype, device = experiment.dtype, experiment.device
    sub = torch.arange(ov, device=device)[:, None]
    step = detector.pixel_size / ov
    slow, fast = (step * (at * ov + sub).to(device, dtype) + step / 2.0 for at in pixels.T)  # (ov, P)
    slow, fast = slow[:, None, :].expand(-1, ov, -1).flatten(0, 1), fast[None, :, :].expand(ov, -1, -1).flatten(0, 1)
    depth = (torch.arange(detector.n_layers, dtype=dtype, device=device) * detector.layer_thickness)[:, None, None]
    axes = zip(detector.fast, detector.slow, detector.normal, detector.pix0, strict=True)
    flat = torch.stack([fast * along_f + slow * along_s + depth * normal + at for along_f, along_s, normal, at in axes])
    return flat.movedim(0, -1)


def _swing(vector: Tensor, axis: Tensor, angle: Tensor) -> Tensor:
    return rotate(vector, axis, torch.sin(angle), torch.cos(angle))


def _curved(experiment: ExperimentData, flat: Tensor) -> Tensor:
    """Positions bent onto the sphere of radius D about the sample."""
    detector, beam = experiment.detector, experiment.beam
    pole = detector.distance * beam.direction
    if experiment.quirks.curved_transposed:
        # C: laboratory y rotates about the slow axis, z about the fast axis, in every convention
        swung = _swing(pole, detector.slow, flat[..., 1] / detector.distance)
        return _swing(swung, detector.fast, flat[..., 2] / detector.distance)
    # a rotation about b x F moves the beam spot towards F
    offset = flat - pole
    to_fast, to_slow = (unit(cross(beam.direction, axis)) for axis in (detector.fast, detector.slow))
    swung = _swing(pole, to_fast, dot(offset, detector.fast) / detector.distance)
    return _swing(swung, to_slow, dot(offset, detector.slow) / detector.distance)


def positions(experiment: ExperimentData, pixels: Tensor) -> Tensor:
    """Subpixel positions [m], (P, T, B, 3), of ``pixels`` (P, 2) given as (slow, fast).

    In memory the pixels of a component are neighbours, so that its operations are those of whole vectors.
    """
    flat = _flat_positions(experiment, pixels)
    return (_curved(experiment, flat) if experiment.detector.curved else flat).permute(2, 0, 1, 3)


def trace_rays(experiment: ExperimentData, pixels: Tensor) -> Rays:
    """Rays from the sample to every layer and subpixel of ``pixels`` (P, 2), int64 (slow, fast)."""
    beam, dmin = experiment.beam, experiment.sampling.dmin
    position = positions(experiment, pixels)
    distance = torch.sqrt(dot(position, position))
    direction = position / distance[..., None]
    incident = -beam.source_directions
    scattering = (direction[..., None, :] - incident) / beam.source_wavelengths[:, None]
    kept = torch.ones_like(scattering[..., 0], dtype=torch.bool)
    if dmin > 0.0:
        half = 0.5 * torch.sqrt(dot(scattering, scattering).detach())
        # a pixel on the direct beam (half = 0) is never cut
        kept = ~((half > 0.0) & (dmin > 0.5 / half))
    return Rays(experiment, position, distance, direction, incident, scattering, kept)
