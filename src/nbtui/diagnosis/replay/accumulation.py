"""Stage accumulation: the terms, their sum, and the number of steps that it is divided by.

Source: nanobragg_pixel_loop.md sections 9.1 and 9.2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nbtui.diagnosis.replay.corrections import Capture, CorrectionValues
from nbtui.diagnosis.replay.lattice import LatticeValues
from nbtui.diagnosis.replay.precision import Noise
from nbtui.diagnosis.replay.scattering import Flags, ScatteringValues
from nbtui.diagnosis.replay.structure_factor import StructureFactorValues
from nbtui.live.constants import AVOGADRO, R_E_SQR, WATER_F, WATER_MASS
from nbtui.live.scene import Array, Scene
from nbtui.trace.fields.catalogue import Stage

_WATER = WATER_F**2 * 1e6 * AVOGADRO / WATER_MASS  # [1/m^3]


class Weights(StrEnum):
    """How the sources are weighted."""

    IGNORED = "ignored"  # C's (source_weights_ignored)
    RAW = "raw"
    NORMALIZED = "normalized"  # by their sum
    MEAN = "mean"  # by their mean


class Background(StrEnum):
    """How the water background is added."""

    TWICE = "twice"  # C's (background_twice): already scaled, then scaled again with the sum
    ONCE = "once"  # whole
    SHARED = "shared"  # divided by steps
    AFTERWARDS = "afterwards"  # not in the sum: the scaling adds it to the pixel


class Counted(StrEnum):
    """Loops that steps counts."""

    SOURCES = "sources"
    MOSAIC = "mosaic"
    PHI = "phi"
    OVERSAMPLE = "oversample"


@dataclass(frozen=True)
class AccumulationRules:
    """How the terms are summed."""

    weights: Weights = Weights.IGNORED
    running_sum_weights: bool = True  # oversample factors multiply the running sum, not each term
    background_weighted: bool = False  # with weights on each term: their means multiply the background
    zero_term_skip: bool = True  # F_latt = 0 ends a pass without water
    layer: int | None = None  # the one layer in the sum
    background: Background = Background.TWICE
    steps_without: tuple[Counted, ...] = ()


@dataclass(frozen=True)
class AccumulationValues:
    """The sum and what it consists of."""

    terms: Array  # F_cell^2 F_latt^2, weighted, (layer, subpixel, source, phi, domain); zero where C skips
    background: float
    total: float  # I_before_scaling
    steps: int
    shares: Array  # of the background and of every term in the sum, (1 + terms,)


def loop_sizes(scene: Scene) -> Mapping[Counted, int]:
    """Iterations of each loop that steps counts."""
    return {
        Counted.SOURCES: len(scene.sources),
        Counted.MOSAIC: len(scene.mosaic),
        Counted.PHI: scene.n_phi,
        Counted.OVERSAMPLE: scene.oversample**2,
    }


def accumulation(
    scene: Scene,
    rules: AccumulationRules,
    rays: ScatteringValues,
    lattice: LatticeValues,
    factors: StructureFactorValues,
    corrections: CorrectionValues,
    noise: Noise,
) -> AccumulationValues:
    """The sum over all terms."""
    shape = (*rays.alive.shape, scene.n_phi, len(scene.mosaic))
    alive = rays.alive[..., None, None]
    terms = np.where(alive, (factors.f_cell**2 * lattice.f_latt**2).reshape(shape), 0.0)  # a culled one may be NaN
    executed = np.broadcast_to(alive, shape)
    if scene.water == 0.0 and rules.zero_term_skip:
        executed = executed & (lattice.f_latt.reshape(shape) != 0.0)
    terms = _weighted(terms, scene, rules.weights)
    if rules.layer is not None:
        terms = terms * (np.arange(scene.n_layers) == rules.layer)[:, None, None, None, None]
    if corrections.rules.capture is Capture.EACH:
        terms = terms * corrections.capture[:, :, None, None, None]
    sizes = loop_sizes(scene)
    steps = math.prod(sizes.values())
    for name in rules.steps_without:
        steps //= sizes[name]
    background = _background(scene, rules, corrections)
    start = 0.0 if rules.background is Background.AFTERWARDS else background
    shares = _shares(scene, rules, terms, executed, start, corrections)
    total = float(shares[0] + shares[1:].sum())
    if rules.background is Background.ONCE:
        total = total - background + background * steps
    total = float(noise(Stage.ACCUMULATION, np.asarray(total)))
    return AccumulationValues(terms, background, total, steps, shares)


def _background(scene: Scene, rules: AccumulationRules, corrections: CorrectionValues) -> float:
    """The water background that the sum starts with."""
    background = _WATER * scene.water**3
    if rules.background in (Background.TWICE, Background.AFTERWARDS):
        background = _WATER * R_E_SQR * scene.fluence * scene.water**3
    if rules.background_weighted:
        background *= corrections.capture_mean if scene.oversample_thick else 1.0
        background *= corrections.polar_mean if scene.oversample_polar else 1.0
        background *= corrections.omega_mean if scene.oversample_omega else 1.0
    return background


def _weighted(terms: Array, scene: Scene, weights: Weights) -> Array:
    given = scene.source_weights
    match weights:
        case Weights.IGNORED:
            return terms
        case Weights.RAW:
            scale = 1.0
        case Weights.NORMALIZED:
            scale = 1.0 / given.sum()
        case Weights.MEAN:
            scale = len(given) / given.sum()
    return np.asarray(terms * (given * scale)[:, None, None])


def _shares(
    scene: Scene,
    rules: AccumulationRules,
    terms: Array,
    executed: Flags,
    background: float,
    corrections: CorrectionValues,
) -> Array:
    """Background and terms, with the oversample factors on the running sum or on each term (section 9.2)."""
    flat = terms.reshape(-1)
    if not (scene.oversample_thick or scene.oversample_polar or scene.oversample_omega):
        return np.concatenate([[background], flat])
    weight = np.ones(terms.shape)
    if scene.oversample_thick:
        weight = weight * corrections.capture[:, :, None, None, None]
    if scene.oversample_polar:
        weight = weight * corrections.polar[..., None, None]
    if scene.oversample_omega:
        weight = weight * corrections.omega[:, :, None, None, None]
    if not rules.running_sum_weights:
        return np.concatenate([[background], flat * weight.reshape(-1)])
    kept = np.where(executed.reshape(-1), weight.reshape(-1), 1.0)
    tail = np.cumprod(kept[::-1])[::-1]
    return np.concatenate([[background * tail[0]], np.where(executed.reshape(-1), flat * tail, 0.0)])
