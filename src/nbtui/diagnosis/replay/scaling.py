"""Stage scaling: from the sum of terms to photons. Source: nanobragg_pixel_loop.md section 9.3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nbtui.diagnosis.replay.accumulation import AccumulationValues
from nbtui.diagnosis.replay.corrections import Capture, CorrectionValues, Taken
from nbtui.diagnosis.replay.precision import Noise
from nbtui.live.constants import R_E_SQR
from nbtui.live.scene import Array, Scene
from nbtui.trace.fields.catalogue import Stage


class ScalingFactor(StrEnum):
    """Factors between the sum of terms and the pixel."""

    POLAR = "polar"
    OMEGA = "omega"
    CAPTURE = "capture"
    STEPS = "steps"  # 1/steps
    SCALE = "scale"  # r_e^2 x fluence


@dataclass(frozen=True)
class ScalingRules:
    """How the pixel is scaled."""

    background_with: tuple[ScalingFactor, ...] | None = None  # added to the pixel with these factors; None: not added


@dataclass(frozen=True)
class ScalingValues:
    """The pixel, and the factors that made it."""

    factors: Mapping[ScalingFactor, float]
    capture: float  # as printed, whether it multiplies the pixel or not
    final: float  # [photons]


def scaling(
    scene: Scene, rules: ScalingRules, total: AccumulationValues, corrections: CorrectionValues, noise: Noise
) -> ScalingValues:
    """The pixel's value; a correction that the terms carry already does not multiply it again."""
    averaged = _averaged(scene, total, corrections)
    capture = averaged[ScalingFactor.CAPTURE]
    factors = {
        **averaged,
        ScalingFactor.CAPTURE: 1.0 if corrections.rules.capture is Capture.EACH else capture,
        ScalingFactor.STEPS: 1.0 / total.steps,
        ScalingFactor.SCALE: R_E_SQR * scene.fluence,
    }
    carried = {
        ScalingFactor.CAPTURE: scene.oversample_thick,
        ScalingFactor.POLAR: scene.oversample_polar,
        ScalingFactor.OMEGA: scene.oversample_omega,
    }
    final = R_E_SQR * scene.fluence / total.steps * total.total
    for name, already in carried.items():
        final *= 1.0 if already else factors[name]
    if rules.background_with is not None:
        means = _means(corrections)
        background = total.background
        for name in rules.background_with:
            background *= means[name] if carried.get(name) else factors[name]
        final += background
    return ScalingValues(factors, capture, float(noise(Stage.SCALING, np.asarray(final))))


def _means(corrections: CorrectionValues) -> dict[ScalingFactor, float]:
    """Means over the pixel, for light outside any term."""
    return {
        ScalingFactor.CAPTURE: corrections.capture_mean,
        ScalingFactor.POLAR: corrections.polar_mean,
        ScalingFactor.OMEGA: corrections.omega_mean,
    }


def _averaged(scene: Scene, total: AccumulationValues, corrections: CorrectionValues) -> dict[ScalingFactor, float]:
    """Capture, polarization and solid angle of the pixel; each averaged over the terms where its rule says so."""
    rules = corrections.rules
    values = {
        ScalingFactor.CAPTURE: corrections.pixel_capture,
        ScalingFactor.POLAR: corrections.pixel_polar,
        ScalingFactor.OMEGA: corrections.pixel_omega,
    }
    over_terms = {
        ScalingFactor.CAPTURE: rules.capture is Capture.WEIGHTED and not scene.oversample_thick,
        ScalingFactor.POLAR: rules.polar_of is Taken.WEIGHTED and not (scene.oversample_polar or scene.nopolar),
        ScalingFactor.OMEGA: rules.omega_of is Taken.WEIGHTED and not scene.oversample_omega,
    }
    if not any(over_terms.values()):
        return values
    one_ray = Taken.WEIGHTED not in (rules.omega_of, rules.polar_of)  # of a layer stands for its capture fraction
    capture = np.broadcast_to(corrections.capture[:, :1], corrections.omega.shape) if one_ray else corrections.capture
    own = {
        ScalingFactor.CAPTURE: capture[:, :, None],
        ScalingFactor.POLAR: corrections.polar,
        ScalingFactor.OMEGA: corrections.omega[:, :, None],
    }
    means, shares = _means(corrections), total.shares
    for name, wanted in over_terms.items():
        if wanted:
            values[name], shares = _average(own[name], means[name], shares, total.terms.shape)
    return values


def _average(own: Array, mean: float, shares: Array, shape: tuple[int, ...]) -> tuple[float, Array]:
    """The average of a correction (layer, subpixel, source or 1) over the background and the terms, weighted by
    ``shares`` (1 + terms,), and the shares that it leaves."""
    of_terms = np.broadcast_to(own[..., None, None], shape).reshape(-1)
    after = shares * np.concatenate([[mean], of_terms])
    whole = float(shares.sum())
    return (float(after.sum()) / whole if whole else mean), after
