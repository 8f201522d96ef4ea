"""Capture, polarization and solid angle of a pixel: C's caches, means, and how each enters the sum.

Axes: geometry [pixel, layer, subpixel, source] (P, T, B, Q).
Source: nanobragg_pixel_loop.md sections 2, 6 and 9 (quirks L5, L7, L9, L17).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import reduce

import torch
from torch import Tensor

from nbsim.model import ExperimentData
from nbsim.pixel.polarization import kahn_factor
from nbsim.pixel.rays import Rays


class Use(Enum):
    """How a correction (capture, polarization, solid angle) enters a pixel."""

    RUNNING = "multiplies the running sum at every pass"  # oversample flag, quirk L17
    EACH_TERM = "multiplies every term before it is added"  # oversample flag, L17 off
    AVERAGE = "multiplies the sum, averaged over the terms"  # no flag, cache off
    CACHED = "multiplies the sum, one value for the pixel"  # no flag, as C


def _use(flag: bool, each_term: bool, cached: bool) -> Use:
    if flag:
        return Use.EACH_TERM if each_term else Use.RUNNING
    return Use.CACHED if cached else Use.AVERAGE


def _first(values: Tensor, valid: Tensor | None = None) -> Tensor:
    """First valid value that is not exactly zero, last axis; else 0 (C's cache test)."""
    usable = values != 0.0 if valid is None else valid & (values != 0.0)
    if values.shape[-1] == 1:
        return torch.where(usable[..., 0], values[..., 0], 0.0)
    at = usable.int().argmax(dim=-1, keepdim=True)
    return torch.where(usable.any(dim=-1), values.gather(-1, at).squeeze(-1), 0.0)


def _last(values: Tensor, valid: Tensor, otherwise: float) -> Tensor:
    """Last valid value, last axis; else ``otherwise``."""
    at = valid.shape[-1] - 1 - valid.flip(-1).int().argmax(dim=-1, keepdim=True)
    return torch.where(valid.any(dim=-1), values.gather(-1, at).squeeze(-1), otherwise)


def _mean(values: Tensor, valid: Tensor) -> Tensor:
    """Plain mean of the valid values, last axis, else 0."""
    return torch.where(valid, values, torch.zeros_like(values)).sum(-1) / valid.sum(-1).clamp(min=1)


def is_unpolarized(experiment: ExperimentData) -> bool:
    """``-nopolar`` is effective: C lets ``-oversample_polar`` overrule it (L9)."""
    overruled = experiment.sampling.oversample_polar and experiment.quirks.nopolar_overridden
    return experiment.beam.nopolar and not overruled


def correction_uses(experiment: ExperimentData) -> tuple[Use, Use, Use]:
    """How capture, polarization and solid angle enter a pixel."""
    sampling, quirks = experiment.sampling, experiment.quirks
    each_term = not quirks.running_sum_weights
    return (
        _use(sampling.oversample_thick, each_term, quirks.last_layer_capture),
        _use(sampling.oversample_polar, each_term, quirks.cached_corrections),
        _use(sampling.oversample_omega, each_term, quirks.cached_corrections),
    )


@dataclass(frozen=True)
class Correction:
    """One correction: its use and its values; the functions give (P,)."""

    use: Use
    at_terms: Tensor  # (P, T, B, Q or 1)
    cached: Callable[[], Tensor]  # C's one value for the pixel
    last: Callable[[], Tensor]  # the last one computed
    mean: Callable[[], Tensor]  # for light outside any term; the captures of layers are summed


Corrections = tuple[Correction, Correction, Correction]  # capture, polarization, solid angle: C's order of products


def corrections_of(experiment: ExperimentData, rays: Rays) -> Corrections:
    """Those of the pixels of ``rays``."""
    of_capture, of_polar, of_omega = correction_uses(experiment)
    capture, of_rays = rays.capture, rays.omega
    omega, own = of_rays.flatten(1), capture
    if of_capture is Use.AVERAGE and experiment.quirks.cached_corrections:
        own = _first(capture)[:, :, None].expand_as(capture)
    return (
        Correction(
            of_capture,
            own[..., None],
            lambda: _first(capture[:, -1]),
            lambda: capture[:, -1, -1],
            lambda: capture.mean(dim=2).sum(dim=1),
        ),
        _polarization(experiment, rays, of_polar),
        Correction(
            of_omega,
            of_rays[..., None],
            lambda: _first(omega),
            lambda: omega[:, -1],
            lambda: omega.mean(dim=1),
        ),
    )


def in_caches(capture: Tensor, polar: Tensor, omega: Tensor) -> Corrections:
    """The corrections of pixels whose caches hold these values, (P,), and which take nothing else from them."""

    def cached(value: Tensor) -> Correction:
        return Correction(Use.CACHED, value[:, None, None, None], *3 * (lambda: value,))

    return cached(capture), cached(polar), cached(omega)


def _polarization(experiment: ExperimentData, rays: Rays, use: Use) -> Correction:
    beam = experiment.beam
    if is_unpolarized(experiment):
        factor = torch.ones_like(rays.scattering[..., 0])
        valid = torch.ones_like(rays.kept).flatten(1)
    else:
        factor = kahn_factor(rays.incident, rays.direction[..., None, :], beam.polarization_axis, beam.polarization)
        valid = rays.kept.flatten(1)
        if not experiment.quirks.culled_polar_zero:
            valid = valid | ~valid.any(dim=1, keepdim=True)
    flat, preset = factor.flatten(1), 1.0 if beam.nopolar else 0.0
    return Correction(
        use, factor, lambda: _first(flat, valid), lambda: _last(flat, valid, preset), lambda: _mean(flat, valid)
    )


def omega_now(omega: Correction) -> Tensor:
    """Effective solid angle at every subpixel entry, (P, T, B): C's cache fills with the first nonzero value."""
    own = omega.at_terms[..., 0]
    if omega.use is not Use.CACHED:
        return own
    filled = (own.flatten(1) != 0.0).cumsum(dim=1).reshape(own.shape) > 0
    return torch.where(filled, omega.cached()[:, None, None], own)


def running_weights(found: Corrections) -> Tensor | None:
    """Product of the corrections that multiply the running sum, (P, T, B, Q or 1); None if none does."""
    chosen = [correction.at_terms for correction in found if correction.use is Use.RUNNING]
    return reduce(torch.mul, chosen) if chosen else None
