"""Solid angle, polarization and capture fraction that the pixel's sum is multiplied by.

C evaluates each once and uses it for the whole pixel (quirk cached_corrections), unless an oversample flag moves it
into the sum. Source: nanobragg_pixel_loop.md sections 4.3, 4.4, 6 and 9.3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from nbtui.diagnosis.replay.absorption import capture_fraction
from nbtui.diagnosis.replay.pixel import PixelRules, PixelValues, pixel
from nbtui.diagnosis.replay.polarization import kahn_polarization
from nbtui.diagnosis.replay.precision import Noise, PrecisionRules
from nbtui.diagnosis.replay.scattering import Flags, ScatteringValues, scattering
from nbtui.live.scene import Array, Scene


class Taken(StrEnum):
    """The value that stands for all of the pixel's."""

    FIRST = "first"  # C's (cached_corrections)
    LAST = "last"
    FRONT_LAST = "last of the first layer"
    MEAN = "mean"
    CENTER = "at the pixel's centre"
    DEEP_CENTER = "at the pixel's centre in the last layer"
    WEIGHTED = "averaged over the terms"


OF_THE_CENTER = (Taken.CENTER, Taken.DEEP_CENTER)


class Capture(StrEnum):
    """How the layers' capture fractions enter."""

    LAST = "last"  # C's (last_layer_capture): the sum over layers times the last layer's
    FIRST = "first"
    MEAN = "mean"
    TOTAL = "total"
    EACH = "each"  # each layer times its own
    WEIGHTED = "weighted"  # the sum times the layers' fractions, averaged over the terms


@dataclass(frozen=True)
class CorrectionRules:
    """Which values the pixel is multiplied by."""

    omega_of: Taken = Taken.FIRST
    polar_of: Taken = Taken.FIRST
    capture_of: Taken = Taken.FIRST  # ray of a layer
    capture: Capture = Capture.LAST
    capture_layer: int | None = None  # the one layer with a capture fraction
    abs_parallax: bool = False
    thick_flag_zeroes: bool = True  # -oversample_thick without thickness: the capture fraction is 0
    culled_polar_zero: bool = True  # no ray within the resolution cut: polarization 0
    nopolar_overridden: bool = True  # -oversample_polar beats -nopolar


@dataclass(frozen=True)
class CorrectionValues:
    """Each correction point by point, and its one value for the pixel."""

    omega: Array  # [sr], (layer, subpixel)
    polar: Array  # (layer, subpixel, source)
    capture: Array  # (layer, subpixel)
    alive: Flags  # rays that count in the polarization, (layer, subpixel, source)
    pixel_omega: float
    pixel_polar: float
    pixel_capture: float
    rules: CorrectionRules

    @property
    def capture_mean(self) -> float:
        """For light outside any term: the layers' means over the subpixels, summed."""
        return float(self.capture.mean(axis=1).sum())

    @property
    def polar_mean(self) -> float:
        """Over the rays within the resolution cut; 0 without one."""
        return float(self.polar[self.alive].mean()) if self.alive.any() else 0.0

    @property
    def omega_mean(self) -> float:
        """Over layers and subpixels."""
        return float(self.omega.mean())


def corrections(
    scene: Scene, rules: CorrectionRules, points: PixelRules, at: PixelValues, rays: ScatteringValues
) -> CorrectionValues:
    """Solid angle, polarization and capture fraction; an average over the terms is left to the scaling.

    ``points``: the rules of the pixel's points.
    """
    capture = _captures(scene, rules, points, at.outgoing)
    polar, alive = found = of_center = _polarizations(scene, rules, at, rays)
    center = at
    if {rules.omega_of, rules.polar_of, rules.capture_of} & set(OF_THE_CENTER):
        exact = Noise(PrecisionRules())
        middle = (points.offset[0] / scene.oversample, points.offset[1] / scene.oversample)
        center = pixel(replace(scene, oversample=1), replace(points, offset=middle), exact)
        of_center = _polarizations(scene, rules, center, scattering(scene, center, exact))
    of_layers = capture
    if rules.capture_of is not Taken.FIRST:
        of_layers = _captures(scene, rules, points, _of_layers(rules, at, center))
    omega = float(at.omega.flat[-1])
    if not scene.oversample_omega:
        valid = np.ones(at.omega.shape, dtype=bool)
        omega = _chosen(rules.omega_of, at.omega, center.omega, valid, valid[:, :1])
    return CorrectionValues(
        at.omega,
        polar,
        capture,
        alive,
        omega,
        _pixel_polar(scene, rules, found, of_center),
        _pixel_capture(scene, rules, capture, of_layers),
        rules,
    )


def _polarizations(
    scene: Scene, rules: CorrectionRules, at: PixelValues, rays: ScatteringValues
) -> tuple[Array, Flags]:
    """Polarization of every ray, and whether it counts, both (layer, subpixel, source)."""
    alive = rays.alive
    if not rules.culled_polar_zero and not alive.any():
        alive = np.ones_like(alive)
    if scene.nopolar and scene.oversample_polar and not rules.nopolar_overridden:
        return np.ones(alive.shape), np.ones_like(alive)
    return kahn_polarization(rays.incident, at.outgoing, scene), alive


def _captures(scene: Scene, rules: CorrectionRules, points: PixelRules, outgoing: Array) -> Array:
    """Capture fraction, (layer, subpixel), of rays (layer, subpixel, 3)."""
    layers = points.first_layer + np.arange(scene.n_layers)
    if rules.capture_layer is not None:
        layers = np.full(scene.n_layers, rules.capture_layer)
    return capture_fraction(
        scene, outgoing, layers, absolute=rules.abs_parallax, thick_flag_zeroes=rules.thick_flag_zeroes
    )


def _of_layers(rules: CorrectionRules, at: PixelValues, center: PixelValues) -> Array:
    """The ray of each layer whose capture fraction counts, (layer, 1, 3)."""
    match rules.capture_of:
        case Taken.LAST:
            return at.outgoing[:, -1:]
        case Taken.CENTER:
            return np.broadcast_to(center.outgoing[:1, :1], at.outgoing[:, :1].shape)
        case Taken.FRONT_LAST:
            return np.broadcast_to(at.outgoing[:1, :1], at.outgoing[:, :1].shape)
        case Taken.DEEP_CENTER:
            return center.outgoing[:, :1]
        case _:
            return at.outgoing[:, :1]


def _pixel_polar(
    scene: Scene, rules: CorrectionRules, found: tuple[Array, Flags], of_center: tuple[Array, Flags]
) -> float:
    """Polarization of the pixel: of a ray within the resolution cut, 0 without one, 1 where it is switched off."""
    polar, alive = found
    if scene.oversample_polar and alive.any():
        return float(polar[alive][-1])
    if scene.nopolar:
        return 1.0
    return _chosen(rules.polar_of, polar, of_center[0], alive, of_center[1])


def _pixel_capture(scene: Scene, rules: CorrectionRules, capture: Array, of_layers: Array) -> float:
    if scene.oversample_thick:
        return float(capture[-1, -1])
    layers = of_layers[:, 0]
    match rules.capture:
        case Capture.TOTAL:
            return float(layers.sum())
        case Capture.MEAN:
            return float(layers.mean())
        case Capture.FIRST:
            return float(layers[0])
        case Capture.LAST | Capture.EACH | Capture.WEIGHTED:
            return float(layers[-1])


def _chosen(taken: Taken, values: Array, at_center: Array, valid: Flags, valid_at_center: Flags) -> float:
    """The one value of ``values`` (layer, subpixel ...), or of those at the pixel's centre, (layer, 1 ...)."""
    match taken:
        case Taken.CENTER:
            values, valid = at_center[:1], valid_at_center[:1]
        case Taken.DEEP_CENTER:
            values, valid = at_center[-1:], valid_at_center[-1:]
        case Taken.FRONT_LAST:
            values, valid = values[:1], valid[:1]
    kept = values[valid]
    if kept.size == 0:
        return 0.0
    if taken is Taken.MEAN:
        return float(kept.mean())
    return float(kept[-1] if taken in (Taken.LAST, Taken.FRONT_LAST) else kept[0])
