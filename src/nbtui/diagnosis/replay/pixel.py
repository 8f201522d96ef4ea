"""Stages detector and pixel: the points of the pixel, and their solid angles.

Source: nanobragg_pixel_loop.md section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nbtui.diagnosis.replay.precision import Noise
from nbtui.diagnosis.replay.rotation import rotation, unit
from nbtui.live.scene import Array, Scene
from nbtui.trace.fields.catalogue import Stage


class SolidAngle(StrEnum):
    """Formula of omega; R is the distance to the sample."""

    FULL = "full"  # area/R^2 x close_distance/R, 1/R^2 with -point_pixel (point_pixel_without_area)
    NO_OBLIQUITY = "no_obliquity"  # area/R^2
    NO_AREA = "no_area"  # 1/R^2 x close_distance/R
    POINT = "point"  # 1/R^2


class Curvature(StrEnum):
    """How the points of a curved detector follow from those of the plane."""

    LABORATORY = "laboratory"  # C's (curved_transposed): y and z of the laboratory are arc lengths
    AXES = "axes"  # arcs along fast and slow from the beam spot
    FAR_SIDE = "far side"  # as C's, from the point of the beam before the sample


@dataclass(frozen=True)
class PixelRules:
    """Where the points lie and how large they are seen from the sample."""

    offset: tuple[float, float] = (0.0, 0.0)  # (slow, fast) shift of every point, in subpixels
    omega: SolidAngle = SolidAngle.FULL
    omega_distance: float | None = None  # close distance in the solid angle, if another [m]
    curvature: Curvature = Curvature.LABORATORY
    first_layer: int = 0  # of the layers in the loop


@dataclass(frozen=True)
class PixelValues:
    """One entry for every (layer, subpixel)."""

    pix0: Array  # [m], (3,)
    position: Array  # [m], (layer, subpixel, 3)
    radius: Array  # [m], (layer, subpixel)
    outgoing: Array  # unit, (layer, subpixel, 3)
    omega: Array  # [sr], (layer, subpixel)
    obliquity: Array  # close_distance/R, (layer, subpixel)


def pixel(scene: Scene, rules: PixelRules, noise: Noise) -> PixelValues:
    """Points of all subpixels and layers, the layers along the detector normal."""
    pix0 = noise(Stage.DETECTOR, scene.pix0)
    over = scene.oversample
    sub = scene.pixel_size / over
    slow, fast = scene.pixel
    along_slow = sub * (slow * over + np.arange(over)) + sub * (0.5 + rules.offset[0])
    along_fast = sub * (fast * over + np.arange(over)) + sub * (0.5 + rules.offset[1])
    depth = scene.layer * (rules.first_layer + np.arange(scene.n_layers))
    grid_slow, grid_fast = np.repeat(along_slow, over), np.tile(along_fast, over)
    position = (
        grid_fast[:, None] * scene.fast + grid_slow[:, None] * scene.slow + depth[:, None, None] * scene.normal + pix0
    )
    if scene.curved:
        position = curved(position, scene, rules.curvature)
    position = noise(Stage.PIXEL, position)
    radius = np.linalg.norm(position, axis=-1)
    return PixelValues(
        pix0,
        position,
        radius,
        outgoing=noise(Stage.PIXEL, position / radius[..., None]),
        omega=noise(Stage.PIXEL, solid_angle(scene, rules, radius)),
        obliquity=noise(Stage.PIXEL, scene.close_distance / radius),
    )


def curved(position: Array, scene: Scene, curvature: Curvature) -> Array:
    """Points of a curved detector (section 4.2), same shape."""
    flat = position.reshape(-1, 3)
    out = np.empty_like(flat)
    pole = scene.distance * scene.beam
    axes, arcs = (scene.slow, scene.fast), flat[:, 1:]
    if curvature is Curvature.AXES:  # a rotation about beam x fast moves the beam spot towards fast
        axes = (unit(np.cross(scene.beam, scene.fast)), unit(np.cross(scene.beam, scene.slow)))
        arcs = (flat - pole) @ np.stack([scene.fast, scene.slow]).T
    elif curvature is Curvature.FAR_SIDE:
        pole = -pole
    for n, (first, second) in enumerate(arcs / scene.distance):
        out[n] = rotation(axes[1], second) @ (rotation(axes[0], first) @ pole)
    return out.reshape(position.shape)


def solid_angle(scene: Scene, rules: PixelRules, radius: Array) -> Array:
    """omega [sr] at distances ``radius`` [m] (section 4.3)."""
    close = scene.close_distance if rules.omega_distance is None else rules.omega_distance
    area = scene.pixel_size * scene.pixel_size
    if rules.omega is SolidAngle.NO_AREA:
        return np.asarray(close / radius / radius / radius)
    if rules.omega is SolidAngle.POINT or (scene.point_pixel and rules.omega is SolidAngle.FULL):
        return 1.0 / radius / radius
    facing = area / radius / radius
    return facing if rules.omega is SolidAngle.NO_OBLIQUITY else facing * close / radius
