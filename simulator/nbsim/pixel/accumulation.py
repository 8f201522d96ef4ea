"""From terms to a pixel value: C's running sum, the water background, the scaling.

Axes: terms flattened to [pixel, pass] in C's order; geometry [pixel, layer, subpixel, source].
Source: nanobragg_pixel_loop.md sections 2, 6 and 9 (quirks L1, L16, L17).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nbsim.constants import AVOGADRO, R_E_SQR, WATER_F, WATER_MASS
from nbsim.model import ExperimentData
from nbsim.pixel.corrections import Correction, Corrections, Use, corrections_of, omega_now, running_weights
from nbsim.pixel.terms import Terms
from nbsim.values import ByValue


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


def _average(correction: Correction, share: Tensor, shape: torch.Size) -> tuple[Tensor, Tensor]:
    """Mean of a correction weighted by ``share`` (P, 1 + N), and the shares after it; background first."""
    of_terms = correction.at_terms[..., None, None].expand(shape).flatten(1)
    outside = correction.mean()
    after = share * torch.cat((outside[:, None], of_terms), dim=1)
    total = share.sum(dim=1)
    empty = total == 0.0
    mean = after.sum(dim=1) / torch.where(empty, torch.ones_like(total), total)
    return torch.where(empty, outside, mean), after


def _background_and_terms(experiment: ExperimentData, found: Corrections, value: Tensor) -> tuple[Tensor, Tensor]:
    """The background before the terms, (P,), and the terms (P, T, B, Q, J, M), times the corrections of each term."""
    start = water_background(experiment).expand(value.shape[0])
    start = start if experiment.quirks.background_twice else torch.zeros_like(start)
    for correction in found:
        if correction.use is Use.EACH_TERM:  # one factor after the other, as the fixed program rounds them
            value = value * correction.at_terms[..., None, None]
            start = start * correction.mean() if experiment.quirks.background_weighted else start
    return start, value


def _scaled(
    experiment: ExperimentData, found: Corrections, intensity: Tensor, share: Tensor, shape: torch.Size
) -> tuple[list[Tensor], Tensor]:
    """The pixel's corrections and its value, each (P,).

    ``share`` (P, 1 + N): what the background and each term of ``shape`` (P, T, B, Q, J, M) contribute to ``intensity``.
    """
    factors: list[Tensor] = []
    scaled = R_E_SQR * experiment.beam.fluence * intensity / float(experiment.n_steps)
    for correction in found:
        if correction.use is Use.AVERAGE:
            factor, share = _average(correction, share, shape)
        else:
            factor = correction.cached() if correction.use is Use.CACHED else correction.last()
        if correction.use in (Use.CACHED, Use.AVERAGE):
            scaled = scaled * factor
        factors.append(factor)
    if experiment.quirks.background_twice:
        return factors, scaled
    background = water_background(experiment).expand_as(intensity)
    for correction in found:
        if correction.use is Use.EACH_TERM and not experiment.quirks.background_weighted:
            continue
        background = background * (correction.cached() if correction.use is Use.CACHED else correction.mean())
    return factors, scaled + background


def sum_pixels(experiment: ExperimentData, terms: Terms) -> PixelSums:
    """Accumulate and scale: v = r_e^2 fluence I / steps times the corrections not already in I (9.2, 9.3)."""
    found = corrections_of(experiment, terms.passes.rays)
    shape, executed = terms.value.shape, terms.passes.executed.flatten(1)
    start, value = _background_and_terms(experiment, found, terms.value)
    value, weights = value.flatten(1), running_weights(found)
    if weights is not None:
        weights = weights[..., None, None].expand(shape).flatten(1)
    running = _accumulate(value, start, executed, weights)
    intensity = running[:, -1]
    share = torch.cat((start[:, None], value), dim=1)
    if weights is not None:
        after = torch.where(executed, weights, torch.ones_like(weights)).flip(1).cumprod(dim=1).flip(1)
        share = share * torch.cat((after[:, :1], after), dim=1)
    (capture, polar, omega), scaled = _scaled(experiment, found, intensity, share, shape)
    return PixelSums(running, intensity, omega_now(found[2]), capture, polar, omega, scaled)


def value_of_groups(experiment: ExperimentData, found: Corrections, sums: Tensor, decay: Tensor | None) -> Tensor:
    """Pixel values (P,) of :func:`sum_pixels` from sums over phi steps and mosaic domains.

    Args:
        experiment: the run.
        found: its corrections at the pixels.
        sums: the sum of the terms of each (layer, subpixel, source), (P, T, B, Q), times :func:`running_weights`.
        decay: the factor of each of them on the sum of all terms before, (P, T, B, Q); None: 1.
    """
    start, value = _background_and_terms(experiment, found, sums[..., None, None])
    # in memory the pixels of a term are neighbours
    share = torch.cat((start[None], value.movedim(0, -1).flatten(0, -2)))
    if decay is not None:
        after = decay.movedim(0, -1).flatten(0, -2).flip(0).cumprod(dim=0).flip(0)
        share = share * torch.cat((after, torch.ones_like(after[:1])))
    return _scaled(experiment, found, share.sum(dim=0), share.T, value.shape)[1]
