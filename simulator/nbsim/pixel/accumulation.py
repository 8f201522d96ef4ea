"""From terms to a pixel value: C's running sum, its cached corrections, the water background, the scaling.

Axes: terms flattened to [pixel, pass] in C's order; geometry [pixel, layer, subpixel(, source)].
Source: nanobragg_pixel_loop.md sections 2, 6 and 9 (quirks L1, L5, L7, L9, L16, L17).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import reduce

import torch
from torch import Tensor

from nbsim.constants import AVOGADRO, R_E_SQR, WATER_F, WATER_MASS
from nbsim.model import ExperimentData
from nbsim.pixel.polarization import kahn_factor
from nbsim.pixel.terms import Terms
from nbsim.values import ByValue


class Use(Enum):
    """How a correction (capture, polarization, solid angle) enters a pixel."""

    RUNNING = "multiplies the running sum at every pass"  # oversample flag, quirk L17
    EACH_TERM = "multiplies every term before it is added"  # oversample flag, L17 off
    AVERAGE = "multiplies the sum, averaged over the terms"  # no flag, cache off
    CACHED = "multiplies the sum, one value for the pixel"  # no flag, as C


@dataclass(frozen=True, eq=False)
class PixelSums(ByValue):
    """Values of P pixels."""

    running: Tensor  # I after every pass, (P, N)
    intensity: Tensor  # I before scaling, (P,)
    omega_now: Tensor  # effective solid angle at each subpixel, (P, T, B)
    capture: Tensor  # the pixel's factors, (P,): those of the scaling, or the last computed with an oversample flag
    polar: Tensor
    omega: Tensor
    value: Tensor  # scaled pixel, (P,)


def _use(flag: bool, each_term: bool, cached: bool) -> Use:
    if flag:
        return Use.EACH_TERM if each_term else Use.RUNNING
    return Use.CACHED if cached else Use.AVERAGE


def _first(values: Tensor, valid: Tensor) -> Tensor:
    """First valid value that is not exactly zero, last axis; else 0 (C's cache test)."""
    usable = valid & (values != 0.0)
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


def water_background(experiment: ExperimentData) -> Tensor:
    """I_bg, scalar: F_w^2 r_e^2 fluence times the molecules of a water cube of edge W (9.1)."""
    edge = experiment.sampling.water
    molecules = edge * edge * edge * 1e6 * AVOGADRO / WATER_MASS
    return experiment.beam.fluence * (WATER_F * WATER_F * R_E_SQR * molecules)


def _accumulate(terms: Tensor, start: Tensor, executed: Tensor, weights: Tensor | None) -> Tensor:
    """I after every pass, (P, N): terms and executed (P, N), start (P,), weights (P, N) on the whole sum (L17)."""
    if weights is None:
        return torch.cat((start[:, None], terms), dim=1).cumsum(dim=1)[:, 1:]
    total, steps = start, []
    for n in range(terms.shape[1]):
        total = torch.where(executed[:, n], (total + terms[:, n]) * weights[:, n], total)
        steps.append(total)
    return torch.stack(steps, dim=1)


@dataclass(frozen=True)
class _Correction:
    """One correction: its use and its values."""

    use: Use
    cached: Tensor  # C's one value for the pixel, (P,)
    last: Tensor  # the last one computed, (P,)
    mean: Tensor  # for light outside any term; the captures of layers are summed, (P,)
    at_terms: Tensor  # (P, T, B, Q or 1)


def _corrections(experiment: ExperimentData, terms: Terms) -> tuple[_Correction, _Correction, _Correction]:
    """Capture, polarization and solid angle, in C's order of multiplication."""
    rays, quirks = terms.passes.rays, experiment.quirks
    of_capture, of_polar, of_omega = correction_uses(experiment)
    every = torch.ones_like(rays.omega, dtype=torch.bool)

    first_of_layer = _first(rays.capture, every)  # (P, T)
    own_capture = first_of_layer[:, :, None].expand_as(rays.capture) if quirks.cached_corrections else rays.capture
    per_term = own_capture if of_capture is Use.AVERAGE else rays.capture
    capture = _Correction(
        of_capture,
        first_of_layer[:, -1],
        rays.capture[:, -1, -1],
        rays.capture.mean(dim=2).sum(dim=1),
        per_term[..., None],
    )

    if is_unpolarized(experiment):
        factor = torch.ones_like(rays.cos_2theta)
        valid = torch.ones_like(rays.kept).flatten(1)
    else:
        beam = experiment.beam
        factor = kahn_factor(rays.incident, rays.direction[..., None, :], beam.polarization_axis, beam.polarization)
        valid = rays.kept.flatten(1)
        if not quirks.culled_polar_zero:
            valid = valid | ~valid.any(dim=1, keepdim=True)
    flat = factor.flatten(1)
    preset = 1.0 if experiment.beam.nopolar else 0.0
    polar = _Correction(of_polar, _first(flat, valid), _last(flat, valid, preset), _mean(flat, valid), factor)

    flat, valid = rays.omega.flatten(1), every.flatten(1)
    omega = _Correction(of_omega, _first(flat, valid), flat[:, -1], flat.mean(dim=1), rays.omega[..., None])
    return capture, polar, omega


def _omega_now(omega: _Correction) -> Tensor:
    """Effective solid angle at every subpixel entry, (P, T, B): C's cache fills with the first nonzero value."""
    own = omega.at_terms[..., 0]
    if omega.use is not Use.CACHED:
        return own
    filled = (own.flatten(1) != 0.0).cumsum(dim=1).reshape(own.shape) > 0
    return torch.where(filled, omega.cached[:, None, None], own)


def _factor(corrections: tuple[_Correction, ...], use: Use, shape: torch.Size) -> Tensor | None:
    """Product of the corrections used this way at every pass, (P, N); None if there are none."""
    chosen = [correction.at_terms for correction in corrections if correction.use is use]
    if not chosen:
        return None
    return reduce(torch.mul, chosen)[..., None, None].expand(shape).flatten(1)


def _average(correction: _Correction, share: Tensor, shape: torch.Size) -> tuple[Tensor, Tensor]:
    """Mean of a correction weighted by ``share`` (P, 1 + N), and the shares after it; background first."""
    of_terms = correction.at_terms[..., None, None].expand(shape).flatten(1)
    after = share * torch.cat((correction.mean[:, None], of_terms), dim=1)
    total = share.sum(dim=1)
    empty = total == 0.0
    mean = after.sum(dim=1) / torch.where(empty, torch.ones_like(total), total)
    return torch.where(empty, correction.mean, mean), after


def sum_pixels(experiment: ExperimentData, terms: Terms) -> PixelSums:
    """Accumulate and scale: v = r_e^2 fluence I / steps times the corrections not already in I (9.2, 9.3)."""
    corrections = _corrections(experiment, terms)
    shape = terms.value.shape
    executed, value = terms.passes.executed.flatten(1), terms.value.flatten(1)
    background = water_background(experiment).expand(shape[0])
    start = background if experiment.quirks.background_twice else torch.zeros_like(background)
    for correction in corrections:
        if correction.use is Use.EACH_TERM:  # one factor after the other, as the fixed program rounds them
            value = (value.reshape(shape) * correction.at_terms[..., None, None]).flatten(1)
            start = start * correction.mean if experiment.quirks.background_weighted else start
    weights = _factor(corrections, Use.RUNNING, shape)
    running = _accumulate(value, start, executed, weights)
    intensity = running[:, -1]

    # contribution of each term, and of the background before them, to I
    share = torch.cat((start[:, None], value), dim=1)
    if weights is not None:
        after = torch.where(executed, weights, torch.ones_like(weights)).flip(1).cumprod(dim=1).flip(1)
        share = share * torch.cat((after[:, :1], after), dim=1)
    factors: list[Tensor] = []
    scaled = R_E_SQR * experiment.beam.fluence * intensity / float(experiment.n_steps)
    for correction in corrections:
        factor = correction.last
        if correction.use is Use.CACHED:
            factor = correction.cached
        elif correction.use is Use.AVERAGE:
            factor, share = _average(correction, share, shape)
        if correction.use in (Use.CACHED, Use.AVERAGE):
            scaled = scaled * factor
        factors.append(factor)
    if not experiment.quirks.background_twice:
        for correction in corrections:
            if correction.use is Use.EACH_TERM and not experiment.quirks.background_weighted:
                continue
            background = background * (correction.cached if correction.use is Use.CACHED else correction.mean)
        scaled = scaled + background
    capture, polar, omega = factors
    return PixelSums(running, intensity, _omega_now(corrections[2]), capture, polar, omega, scaled)
