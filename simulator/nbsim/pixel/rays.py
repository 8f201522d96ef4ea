"""Positions, solid angles and scattering vectors of subpixels.

Axes: [pixel, layer, subpixel (= slow * oversample + fast)], then source where relevant, then 3 for vectors.
Source: nanobragg_pixel_loop.md sections 4 and 5 (quirks L3, L4, L6).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nbsim.model import ExperimentData
from nbsim.pixel.polarization import unit
from nbsim.values import ByValue
from nbsim.vectors import cross, dot


@dataclass(frozen=True, eq=False)
class Rays(ByValue):
    """Geometry of a set of pixels; P pixels, T layers, B subpixels, Q sources."""

    position: Tensor  # X [m], (P, T, B, 3)
    distance: Tensor  # R = |X| [m], (P, T, B)
    direction: Tensor  # d = X/R, (P, T, B, 3)
    obliquity: Tensor  # Dc/R, (P, T, B)
    omega: Tensor  # solid angle of a whole pixel here [sr], (P, T, B)
    capture: Tensor  # fraction absorbed in this layer, (P, T, B)
    incident: Tensor  # beam directions, (Q, 3)
    cos_2theta: Tensor  # (P, T, B, Q)
    scattering: Tensor  # S = (d - i)/lambda [1/m], (P, T, B, Q, 3)
    kept: Tensor  # bool, survives the resolution cut, (P, T, B, Q)


def rotate(vector: Tensor, axis: Tensor, sine: Tensor, cosine: Tensor) -> Tensor:
    """``vector`` (..., 3) about the unit ``axis`` (3,) by the angle of ``sine`` and ``cosine`` (...).

    Right-handed. Leading axes broadcast. Shape (..., 3).
    """
    along = dot(axis, vector) * (1.0 - cosine)
    parts = (axis, vector, cross(axis, vector))
    turned = [a * along + v * cosine + c * sine for a, v, c in zip(*(part.unbind(-1) for part in parts), strict=True)]
    return torch.stack(turned).movedim(0, -1)  # in memory, the components follow one another


def _flat_positions(experiment: ExperimentData, pixels: Tensor) -> Tensor:
    """Subpixel centres on the plane, each layer at its front face, (P, T, B, 3) [m].

    In memory the pixels of a component are neighbours, so that its operations are those of whole vectors.
    """
    detector, ov = experiment.detector, experiment.sampling.oversample
    dtype, device = experiment.dtype, experiment.device
    sub = torch.arange(ov, device=device)[:, None]
    step = detector.pixel_size / ov
    slow, fast = (step * (at * ov + sub).to(device, dtype) + step / 2.0 for at in pixels.T)  # (ov, P)
    slow, fast = slow[:, None, :].expand(-1, ov, -1).flatten(0, 1), fast[None, :, :].expand(ov, -1, -1).flatten(0, 1)
    depth = (torch.arange(detector.n_layers, dtype=dtype, device=device) * detector.layer_thickness)[:, None, None]
    axes = zip(detector.fast, detector.slow, detector.normal, detector.pix0, strict=True)
    flat = torch.stack([fast * along_f + slow * along_s + depth * normal + at for along_f, along_s, normal, at in axes])
    return flat.permute(3, 1, 2, 0)


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
    """Subpixel positions [m], (P, T, B, 3), of ``pixels`` (P, 2) given as (slow, fast)."""
    flat = _flat_positions(experiment, pixels)
    return _curved(experiment, flat) if experiment.detector.curved else flat


def _omega(experiment: ExperimentData, distance: Tensor) -> Tensor:
    """Solid angle [sr] of a whole pixel at ``distance`` [m]; 1/R^2 [1/m^2] for a point pixel in C (L4)."""
    detector = experiment.detector
    area = detector.pixel_size * detector.pixel_size
    if detector.point_pixel:
        without_area = experiment.quirks.point_pixel_without_area
        return (1.0 if without_area else area) / distance / distance
    return area / distance / distance * detector.close_distance / distance


def _capture(experiment: ExperimentData, direction: Tensor) -> Tensor:
    """Fraction absorbed in each layer, (P, T, B); 1 without a sensor unless quirk L6 makes it 0."""
    detector, sampling = experiment.detector, experiment.sampling
    layer = torch.arange(detector.n_layers, dtype=direction.dtype, device=direction.device)[:, None]
    path = detector.layer_thickness * detector.attenuation / dot(direction, detector.normal)
    absorbed = torch.exp(-layer * path) - torch.exp(-(layer + 1.0) * path)
    if sampling.oversample_thick and experiment.quirks.thick_flag_zeroes:
        return absorbed
    return torch.where(detector.thickness == 0.0, torch.ones_like(absorbed), absorbed)


def trace_rays(experiment: ExperimentData, pixels: Tensor) -> Rays:
    """Rays from the sample to every layer and subpixel of ``pixels`` (P, 2), int64 (slow, fast)."""
    beam, dmin = experiment.beam, experiment.sampling.dmin
    position = positions(experiment, pixels)
    distance = torch.sqrt(dot(position, position))
    direction = position / distance[..., None]
    incident = -beam.source_directions
    scattering = (direction[..., None, :] - incident) / beam.source_wavelengths[:, None]
    cos_2theta = dot(direction[..., None, :], incident)
    kept = torch.ones_like(cos_2theta, dtype=torch.bool)
    if dmin > 0.0:
        half = 0.5 * torch.sqrt(dot(scattering, scattering).detach())
        # a pixel on the direct beam (half = 0) is never cut
        kept = ~((half > 0.0) & (dmin > 0.5 / half))
    return Rays(
        position=position,
        distance=distance,
        direction=direction,
        obliquity=experiment.detector.close_distance / distance,
        omega=_omega(experiment, distance),
        capture=_capture(experiment, direction),
        incident=incident,
        cos_2theta=cos_2theta,
        scattering=scattering,
        kept=kept,
    )
