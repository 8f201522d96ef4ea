"""Solid angle, polarization and capture fraction that the pixel's sum is multiplied by.

C evaluates each once and uses it for the whole pixel (quirk cached_corrections), unless an oversample flag moves it
into the sum. Source: nanobragg_pixel_loop.md sections 4.3, 4.4, 6 and 9.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nbtui.diagnosis.replay.absorption import capture_fraction
from nbtui.diagnosis.replay.pixel import PixelValues
from nbtui.diagnosis.replay.polarization import kahn_polarization
from nbtui.diagnosis.replay.scattering import Flags, ScatteringValues
from nbtui.live.scene import Array, Scene


class Taken(StrEnum):
    """The value that stands for all of the pixel's."""

    FIRST = "first"  # C's (cached_corrections)
    LAST = "last"
    MEAN = "mean"


class Capture(StrEnum):
    """How the layers' capture fractions enter."""

    LAST = "last"  # C's (last_layer_capture): the sum over layers times the last layer's
    FIRST = "first"
    MEAN = "mean"
    TOTAL = "total"
    EACH = "each"  # each layer times its own


@dataclass(frozen=True)
class CorrectionRules:
    """Which values the pixel is multiplied by."""

    omega_of: Taken = Taken.FIRST
    polar_of: Taken = Taken.FIRST
    capture: Capture = Capture.LAST
    abs_parallax: bool = False


@dataclass(frozen=True)
class CorrectionValues:
    """Each correction point by point, and its one value for the pixel."""

    omega: Array  # [sr], (layer, subpixel)
    polar: Array  # (layer, subpixel, source)
    capture: Array  # (layer, subpixel)
    pixel_omega: float
    pixel_polar: float
    pixel_capture: float
    each_layer: bool  # the terms carry their layer's capture fraction, the pixel none


def corrections(scene: Scene, rules: CorrectionRules, at: PixelValues, rays: ScatteringValues) -> CorrectionValues:
    """Solid angle, polarization and capture fraction."""
    polar = kahn_polarization(rays.incident, at.outgoing, scene)
    capture = capture_fraction(scene, at.outgoing, absolute=rules.abs_parallax)
    omega = float(at.omega.flat[-1])
    if not scene.oversample_omega:
        omega = _chosen(rules.omega_of, at.omega.reshape(-1), np.ones(at.omega.size, dtype=bool))
    return CorrectionValues(
        at.omega,
        polar,
        capture,
        omega,
        _pixel_polar(scene, rules, polar.reshape(-1), rays.alive.reshape(-1)),
        _pixel_capture(scene, rules, capture),
        each_layer=rules.capture is Capture.EACH,
    )


def _pixel_polar(scene: Scene, rules: CorrectionRules, polar: Array, alive: Flags) -> float:
    """Polarization of the pixel: of a ray within the resolution cut, 0 without one, 1 where it is switched off."""
    if scene.oversample_polar and alive.any():
        return float(polar[alive][-1])
    if scene.nopolar:
        return 1.0
    return _chosen(rules.polar_of, polar, alive)


def _pixel_capture(scene: Scene, rules: CorrectionRules, capture: Array) -> float:
    layers = capture[:, 0]
    match rules.capture:
        case Capture.TOTAL:
            return float(layers.sum())
        case Capture.MEAN:
            return float(layers.mean())
        case Capture.FIRST:
            return float(layers[0])
        case Capture.LAST | Capture.EACH:
            return float(capture[-1, -1 if scene.oversample_thick else 0])


def _chosen(taken: Taken, values: Array, valid: Flags) -> float:
    kept = values[valid]
    if kept.size == 0:
        return 0.0
    if taken is Taken.MEAN:
        return float(kept.mean())
    return float(kept[0] if taken is Taken.FIRST else kept[-1])
