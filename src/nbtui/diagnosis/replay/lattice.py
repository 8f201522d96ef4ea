"""Stage lattice: fractional Miller indices and lattice factors. Source: nanobragg_pixel_loop.md section 7."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nbtui.diagnosis.replay.crystal import CrystalValues
from nbtui.diagnosis.replay.precision import Noise
from nbtui.diagnosis.replay.rounding import Rounding, nearest_index
from nbtui.diagnosis.replay.scattering import ScatteringValues
from nbtui.live.scene import Array, Scene
from nbtui.trace.fields.catalogue import Stage


@dataclass(frozen=True)
class LatticeRules:
    """How the lattice factor is computed."""

    fractional_index: bool = False  # of h - h0: same magnitude, sign (-1)^(h0 (N - 1))
    rounding: Rounding = Rounding.HALF_DOWN  # of the index that a shape's distance is measured from
    dimensional_shape_width: bool = True  # GAUSS and TOPHAT: width in 1/A; otherwise in cells


@dataclass(frozen=True)
class LatticeValues:
    """One entry for every (pass, phi, domain)."""

    hkl: Array  # fractional, (pass, phi, domain, 3)
    factors: Array  # F_latt_a, F_latt_b, F_latt_c, (pass, phi, domain, 3)
    f_latt: Array  # (pass, phi, domain)


def lattice(
    scene: Scene, rules: LatticeRules, rays: ScatteringValues, crystal: CrystalValues, noise: Noise
) -> LatticeValues:
    """h, k, l and the lattice factor of every term."""
    vectors = rays.vectors.reshape(-1, 3)
    most = crystal.used[-1]  # what all passes use but the first few
    hkl = np.einsum("pmai,ni->npma", crystal.cells[most], vectors)
    for n in np.flatnonzero((crystal.used != most).any(axis=1)):
        hkl[n] = np.einsum("pmai,i->pma", crystal.cells[crystal.used[n]], vectors[n])
    hkl = noise(Stage.LATTICE, hkl, np.max(np.abs(hkl), axis=-1, keepdims=True))
    factors, f_latt = lattice_factors(hkl, scene, rules)
    if not noise.silent and scene.shape == "SQUARE":
        factors = noise(Stage.LATTICE, factors, _sensitivity(hkl, factors, scene))
        f_latt = np.prod(factors, axis=-1)
    return LatticeValues(hkl, factors, noise(Stage.LATTICE, f_latt))


def _sensitivity(hkl: Array, factors: Array, scene: Scene) -> Array:
    """Change of each factor per relative change of the angles pi x and pi N x, whose sines are divided."""
    angle = math.pi * hkl
    below = np.maximum(np.abs(np.sin(angle)), 1e-6)
    return np.asarray(np.abs(factors) * (1.0 + np.abs(angle) / below) + np.abs(angle) * scene.n_cells / below)


def grating(x: Array, n: int) -> Array:
    """sin(pi N x)/sin(pi x), N at exactly x = 0 (section 7.2)."""
    angle = math.pi * x
    below = np.sin(angle)
    zero = angle == 0.0
    return np.asarray(np.where(zero, float(n), np.sin(angle * n) / np.where(zero | (below == 0.0), 1.0, below)))


def lattice_factors(hkl: Array, scene: Scene, rules: LatticeRules) -> tuple[Array, Array]:
    """Factors (..., 3) and F_latt (...) of fractional indices (..., 3)."""
    counts = scene.n_cells
    off = hkl - nearest_index(hkl, rules.rounding)
    ones = np.ones_like(hkl)
    total = float(np.prod(counts))
    if scene.shape == "SQUARE":
        argument = off if rules.fractional_index else hkl
        for axis, n in enumerate(counts):
            if n > 1:
                ones[..., axis] = grating(argument[..., axis], n)
        return ones, np.asarray(ones[..., 0] * ones[..., 1] * ones[..., 2])
    if scene.shape == "ROUND":
        radius = math.pi * np.sqrt(np.sum((off * np.asarray(counts)) ** 2, axis=-1) * scene.fudge)
        safe = np.where(radius == 0.0, 1.0, radius)
        ball = np.where(radius == 0.0, 1.0, 3.0 * (np.sin(safe) / safe - np.cos(safe)) / safe / safe)
        return ones, np.asarray(total * 0.723601254558268 * ball)
    if rules.dimensional_shape_width:
        width = np.sum((off @ scene.reciprocal) ** 2, axis=-1) * total * total
    else:
        width = np.sum((off * np.asarray(counts)) ** 2, axis=-1)
    if scene.shape == "GAUSS":
        return ones, np.asarray(total * np.exp(-(width / 0.63 * scene.fudge)))
    return ones, np.where(width * scene.fudge < 0.3969, total, 0.0)
