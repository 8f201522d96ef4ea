"""Stages detector and pixel: the points of the pixel, and their solid angles.

Source: nanobragg_pixel_loop.md section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nbtui.diagnosis.replay.precision import Noise
from nbtui.diagnosis.replay.rotation import rotation
from nbtui.live.scene import Array, Scene
from nbtui.trace.fields.catalogue import Stage


class SolidAngle(StrEnum):
    """Formula of omega; R is the distance to the sample."""

    FULL = "full"  # area/R^2 x close_distance/R, 1/R^2 with -point_pixel (point_pixel_without_area)
    NO_OBLIQUITY = "no_obliquity"  # area/R^2
    NO_AREA = "no_area"  # 1/R^2 x close_distance/R
    POINT = "point"  # 1/R^2


@dataclass(frozen=True)
class PixelRules:
    """Where the points lie and how large they are seen from the sample."""

    offset: tuple[float, float] = (0.0, 0.0)  # (slow, fast) shift of every point, in subpixels
    omega: SolidAngle = SolidAngle.FULL
    omega_distance: float | None = None  # close distance in the solid angle, if another [m]


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
    depth = scene.layer * np.arange(scene.n_layers)
    grid_slow, grid_fast = np.repeat(along_slow, over), np.tile(along_fast, over)
    position = (
        grid_fast[:, None] * scene.fast + grid_slow[:, None] * scene.slow + depth[:, None, None] * scene.normal + pix0
    )
    if scene.curved:
        position = curved(position, scene)
    position = noise(Stage.PIXEL, position)
    radius = np.linalg.norm(position, axis=-1)
    return PixelValues(
        pix0,
        position,
        radius,
        outgoing=position / radius[..., None],
        omega=noise(Stage.PIXEL, solid_angle(scene, rules, radius)),
        obliquity=noise(Stage.PIXEL, scene.close_distance / radius),
    )


def curved(position: Array, scene: Scene) -> Array:
    """Points of a curved detector (section 4.2), same shape."""
    flat = position.reshape(-1, 3)
    out = np.empty_like(flat)
    for n, point in enumerate(flat):
        swung = rotation(scene.slow, point[1] / scene.distance) @ (scene.distance * scene.beam)
        out[n] = rotation(scene.fast, point[2] / scene.distance) @ swung
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
