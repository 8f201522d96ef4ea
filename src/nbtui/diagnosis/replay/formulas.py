"""Formulas of the replay that several rules touch. Source: nanobragg_pixel_loop.md sections 4, 6, 7."""

from __future__ import annotations

import math

import numpy as np

from nbtui.diagnosis.replay.rules import Rules
from nbtui.live.scene import Array, Scene


def unit(vector: Array) -> Array:
    """Unit vectors along the last axis; zero stays zero."""
    size = np.linalg.norm(vector, axis=-1, keepdims=True)
    return np.asarray(vector / np.where(size > 0.0, size, 1.0))


def rotation(axis: Array, angle: float) -> Array:
    """Rotation by ``angle`` [rad] about ``axis`` as given (not normalised), (3, 3)."""
    x, y, z = (float(value) for value in axis)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(
        np.outer(axis, axis) * (1.0 - math.cos(angle)) + np.eye(3) * math.cos(angle) + cross * math.sin(angle)
    )


def rotation_xyz(angles: tuple[float, float, float], order: str = "xyz") -> Array:
    """Rotations about the laboratory axes, applied in ``order``, (3, 3); angles [rad] about x, y, z."""
    matrix = np.eye(3)
    for name in order:
        axis = "xyz".index(name)
        matrix = rotation(np.eye(3)[axis], angles[axis]) @ matrix
    return matrix


def curved(position: Array, scene: Scene) -> Array:
    """Points of a curved detector (section 4.2), same shape."""
    flat = position.reshape(-1, 3)
    out = np.empty_like(flat)
    for n, point in enumerate(flat):
        swung = rotation(scene.slow, point[1] / scene.distance) @ (scene.distance * scene.beam)
        out[n] = rotation(scene.fast, point[2] / scene.distance) @ swung
    return out.reshape(position.shape)


def solid_angle(scene: Scene, rules: Rules, radius: Array) -> Array:
    """omega [sr] for distances ``radius`` [m] (section 4.3)."""
    close = scene.close_distance if rules.omega_distance is None else rules.omega_distance
    area = scene.pixel_size * scene.pixel_size
    if scene.point_pixel and rules.omega == "full":
        return 1.0 / radius / radius
    kinds = {
        "full": area / radius / radius * close / radius,
        "no_obliquity": area / radius / radius,
        "no_area": close / radius / radius / radius,
        "point": 1.0 / radius / radius,
        "restored": area / radius / radius * close / radius,
    }
    return np.asarray(kinds[rules.omega])


def capture_fraction(scene: Scene, rules: Rules, outgoing: Array) -> Array:
    """Share absorbed in each layer, (layer, subpixel) (section 4.4)."""
    if scene.thickness == 0.0 and not scene.oversample_thick:
        return np.ones(outgoing.shape[:2])
    parallax = outgoing @ scene.normal
    if rules.abs_parallax:
        parallax = np.abs(parallax)
    front = np.arange(scene.n_layers)[:, None] * scene.layer
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        near = np.exp(-front * scene.attenuation / parallax)
        far = np.exp(-(front + scene.layer) * scene.attenuation / parallax)
    return np.asarray(near - far)


def kahn_polarization(incident: Array, outgoing: Array, scene: Scene) -> Array:
    """Polarisation factor, (layer, subpixel, source) (section 6)."""
    beams, rays = unit(incident), unit(outgoing)
    cosine = np.einsum("qi,tsi->tsq", beams, rays)
    swing = np.ones_like(cosine)
    if scene.kahn != 0.0:
        b_in = unit(np.cross(unit(scene.polar_axis), beams))
        e_in = unit(np.cross(beams, b_in))
        psi = -np.arctan2(np.einsum("qi,tsi->tsq", b_in, rays), np.einsum("qi,tsi->tsq", e_in, rays))
        swing = np.cos(2.0 * psi)
    return np.asarray(0.5 * (1.0 + cosine**2 - scene.kahn * swing * (1.0 - cosine**2)))


def grating(x: Array, n: int) -> Array:
    """sin(pi N x)/sin(pi x), N at exactly x = 0 (section 7.2)."""
    angle = math.pi * x
    below = np.sin(angle)
    zero = angle == 0.0
    return np.asarray(np.where(zero, float(n), np.sin(angle * n) / np.where(zero | (below == 0.0), 1.0, below)))


def lattice_factors(hkl: Array, scene: Scene, rules: Rules) -> tuple[Array, Array]:
    """Factors (..., 3) and F_latt (...) of fractional indices (..., 3) (section 7)."""
    counts = scene.n_cells
    off = hkl - np.ceil(hkl - 0.5)
    ones = np.ones_like(hkl)
    total = float(np.prod(counts))
    if scene.shape == "SQUARE":
        argument = off if rules.sincg_fractional else hkl
        for axis, n in enumerate(counts):
            if n > 1:
                ones[..., axis] = grating(argument[..., axis], n)
        return ones, np.asarray(ones[..., 0] * ones[..., 1] * ones[..., 2])
    if scene.shape == "ROUND":
        radius = math.pi * np.sqrt(np.sum((off * np.asarray(counts)) ** 2, axis=-1) * scene.fudge)
        safe = np.where(radius == 0.0, 1.0, radius)
        ball = np.where(radius == 0.0, 1.0, 3.0 * (np.sin(safe) / safe - np.cos(safe)) / safe / safe)
        return ones, np.asarray(total * 0.723601254558268 * ball)
    width = np.sum((off @ scene.reciprocal) ** 2, axis=-1) * total * total
    if scene.shape == "GAUSS":
        return ones, np.asarray(total * np.exp(-(width / 0.63 * scene.fudge)))
    return ones, np.where(width * scene.fudge < 0.3969, total, 0.0)
