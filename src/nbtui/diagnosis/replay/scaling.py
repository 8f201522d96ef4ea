"""Stage scaling: from the sum of terms to photons. Source: nanobragg_pixel_loop.md section 9.3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nbtui.diagnosis.replay.accumulation import AccumulationValues
from nbtui.diagnosis.replay.corrections import CorrectionValues
from nbtui.diagnosis.replay.precision import Noise
from nbtui.live.constants import R_E_SQR
from nbtui.live.scene import Scene
from nbtui.trace.fields.catalogue import Stage


class ScalingFactor(StrEnum):
    """Factors between the sum of terms and the pixel."""

    POLAR = "polar"
    OMEGA = "omega"
    CAPTURE = "capture"
    STEPS = "steps"  # 1/steps
    SCALE = "scale"  # r_e^2 x fluence


@dataclass(frozen=True)
class ScalingValues:
    """The pixel, and the factors that made it."""

    factors: Mapping[ScalingFactor, float]
    final: float  # [photons]


def scaling(scene: Scene, total: AccumulationValues, corrections: CorrectionValues, noise: Noise) -> ScalingValues:
    """The pixel's value; a correction that the terms carry already does not multiply it again."""
    capture = 1.0 if corrections.each_layer else corrections.pixel_capture
    polar, omega = corrections.pixel_polar, corrections.pixel_omega
    factors = {
        ScalingFactor.POLAR: polar,
        ScalingFactor.OMEGA: omega,
        ScalingFactor.CAPTURE: capture,
        ScalingFactor.STEPS: 1.0 / total.steps,
        ScalingFactor.SCALE: R_E_SQR * scene.fluence,
    }
    final = R_E_SQR * scene.fluence / total.steps * total.total
    final *= 1.0 if scene.oversample_thick else capture
    final *= 1.0 if scene.oversample_polar else polar
    final *= 1.0 if scene.oversample_omega else omega
    return ScalingValues(factors, float(noise(Stage.SCALING, np.asarray(final))))
