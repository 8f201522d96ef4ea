"""One pixel, replayed with any rule broken: names of trace lines -> values.

The simulator must not be able to be wrong; a replay must be able to be wrong in every stage. So the loop
is written here once more, for one pixel, in numpy, with the rules as parameters, on the simulator's
set-up; a test holds the two together. Source: nanobragg_pixel_loop.md sections 3 to 9 and 12.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nbtui.diagnosis.replay.formulas import (
    capture_fraction,
    curved,
    kahn_polarization,
    lattice_factors,
    rotation,
    solid_angle,
)
from nbtui.diagnosis.replay.lookup import structure_factors
from nbtui.diagnosis.replay.rules import Setup
from nbtui.live.scene import Array

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
R_E_SQR = 7.94079248018965e-30
MOST_TERMS = 4_000_000  # of a pixel; a diagnosis holds three replays, and then takes nearly 2 GB
WATER = 2.57**2 * 1e6 * 6.02214179e23 / 18.0


@dataclass(frozen=True)
class Replay:
    """Values of one pixel.

    ``fields``: name -> (occurrences, components). ``phi``: name -> (blocks, steps). ``terms``: contributions
    F_cell^2 F_latt^2, (layer, subpixel, source, phi, domain), zero where C skips; ``parts`` their factors.
    """

    fields: dict[str, Array]
    phi: dict[str, Array]
    terms: Array
    parts: dict[str, Array]


class _Blur:
    """Single-precision rounding from a stage on, at random: half a unit in the last place of each component."""

    def __init__(self, start: int, seed: int) -> None:
        self.start = start
        self.rng = np.random.default_rng(seed)

    def __call__(self, stage: int, value: Array, scale: Array | float | None = None) -> Array:
        if self.start < 0 or stage < self.start:
            return value
        size = np.abs(value) if scale is None else np.broadcast_to(np.abs(scale), np.shape(value))
        return np.asarray(value + size * self.rng.uniform(-1.0, 1.0, np.shape(value)) * 2.0**-24)


def _orientations(setup: Setup, alive: Flags) -> tuple[Whole, Array]:
    """Vectors used at (pass, phi) as indices into a stack of rotated cells, and that stack (P+1, 3, 3)."""
    scene, rules = setup.scene, setup.rules
    angles = [scene.phi_start + scene.phi_step * j for j in range(scene.n_phi)]
    cell = scene.direct * rules.direct_factor
    stack = np.stack([cell @ rotation(scene.spindle, angle).T for angle in angles] + [cell])
    n_passes = alive.size
    index = np.tile(np.arange(scene.n_phi, dtype=np.int64), (n_passes, 1))
    fresh = scene.n_phi
    turning = [j for j, angle in enumerate(angles) if angle != 0.0]
    if not rules.carryover:
        for j in set(range(scene.n_phi)) - set(turning):
            index[:, j] = fresh
        return index, stack
    carried = turning[-1] if turning and not scene.first_pixel else fresh
    for n in range(n_passes):
        if not alive.flat[n]:
            continue
        for j, angle in enumerate(angles):
            if angle != 0.0:
                carried = j
            index[n, j] = carried
    return index, stack


def replay(setup: Setup) -> Replay:
    """Every trace line of the loop for the scene's pixel, under the setup's rules."""
    scene, rules = setup.scene, setup.rules
    blur = _Blur(rules.noise_from, rules.noise_seed)
    over, n_layers = scene.oversample, scene.n_layers
    n_sub, n_sources, n_phi, n_domains = over * over, len(scene.sources), scene.n_phi, len(scene.mosaic)
    sub = scene.pixel_size / over
    slow, fast = scene.pixel

    # detector: (layer, subpixel, 3)
    pix0 = blur(0, scene.pix0)
    along_slow = sub * (slow * over + np.arange(over)) + sub * (0.5 + rules.offset[0])
    along_fast = sub * (fast * over + np.arange(over)) + sub * (0.5 + rules.offset[1])
    depth = scene.layer * np.arange(n_layers)
    grid_slow, grid_fast = np.repeat(along_slow, over), np.tile(along_fast, over)
    position = (
        grid_fast[:, None] * scene.fast + grid_slow[:, None] * scene.slow + depth[:, None, None] * scene.normal + pix0
    )
    if scene.curved:
        position = curved(position, scene)
    position = blur(1, position)
    radius = np.linalg.norm(position, axis=-1)
    outgoing = position / radius[..., None]
    omega = blur(1, solid_angle(scene, rules, radius))
    obliquity = blur(1, scene.close_distance / radius)

    # scattering: (layer, subpixel, source, 3)
    incident = -scene.sources
    vectors = (outgoing[:, :, None, :] - incident) / scene.source_wavelengths[:, None]
    vectors = blur(2, vectors)
    length = np.linalg.norm(vectors, axis=-1)
    alive = (
        np.ones(length.shape, dtype=bool)
        if scene.dmin <= 0.0
        else ~((length > 0.0) & (scene.dmin > 1.0 / np.where(length > 0.0, length, 1.0)))
    )

    # crystal: h, k, l of every term
    index, stack = _orientations(setup, alive)
    spread = scene.mosaic if scene.mosaic_spread > 0.0 else np.broadcast_to(np.eye(3), (n_domains, 3, 3))
    if rules.mosaic_before_phi:
        turn = np.stack(
            [rotation(scene.spindle, scene.phi_start + scene.phi_step * j) for j in range(n_phi)] + [np.eye(3)]
        )
        base = scene.direct * rules.direct_factor
        cells = np.einsum("pij,mjk,ak->pmai", turn, spread, base)
    else:
        cells = np.einsum("mij,paj->pmai", spread, stack)
    cells = blur(3, cells)
    flat = vectors.reshape(-1, 3)
    uniform = index[-1]
    hkl = np.einsum("pmai,ni->npma", cells[uniform], flat)
    for n in np.flatnonzero((index != uniform).any(axis=1)):
        hkl[n] = np.einsum("pmai,i->pma", cells[index[n]], flat[n])
    hkl = blur(4, hkl, np.max(np.abs(hkl), axis=-1, keepdims=True))
    factors, f_latt = lattice_factors(hkl, scene, rules)
    factors, f_latt = blur(4, factors), blur(4, f_latt)
    nearest, f_cell = structure_factors(hkl, f_latt, scene, rules)
    f_cell = blur(5, f_cell)
    shape = (n_layers, n_sub, n_sources, n_phi, n_domains)
    terms = (f_cell**2 * f_latt**2).reshape(shape) * alive[..., None, None]
    executed = np.broadcast_to(alive[..., None, None], shape)
    if scene.water == 0.0:
        executed = executed & (f_latt.reshape(shape) != 0.0)

    # corrections
    polar_all = kahn_polarization(incident, outgoing, scene)  # (layer, subpixel, source)
    capture_all = capture_fraction(scene, rules, outgoing)  # (layer, subpixel)
    omega_used = _choose(rules.omega_of, omega.reshape(-1), np.ones(omega.size, dtype=bool))
    omega_used = float(omega.flat[-1]) if scene.oversample_omega else omega_used
    polar_used = _choose(rules.polar_of, polar_all.reshape(-1), alive.reshape(-1))
    if scene.oversample_polar and alive.any():
        polar_used = float(polar_all.reshape(-1)[alive.reshape(-1)][-1])
    elif scene.nopolar:
        polar_used = 1.0
    if rules.capture in ("total", "mean", "first"):
        layers = capture_all[:, 0]
        capture_used = float({"total": layers.sum(), "mean": layers.mean(), "first": layers[0]}[rules.capture])
    else:
        capture_used = float(capture_all[-1, -1 if scene.oversample_thick else 0])

    # accumulation
    weighted = terms
    if rules.weights != "none":
        weights = scene.source_weights
        scale = {"raw": 1.0, "normalised": 1.0 / weights.sum(), "mean": len(weights) / weights.sum()}[rules.weights]
        weighted = weighted * (weights * scale)[:, None, None]
    if rules.capture == "each":
        weighted = weighted * capture_all[:, :, None, None, None]
        capture_shown, capture_used = capture_used, 1.0
    else:
        capture_shown = capture_used
    background = WATER * R_E_SQR * scene.fluence * scene.water**3
    if rules.background != "twice":
        background = WATER * scene.water**3
    accumulated = _accumulate(setup, weighted, executed, background, (capture_all, polar_all, omega))
    steps_true = n_sources * n_domains * n_phi * n_sub
    sizes = {"sources": n_sources, "mosaic": n_domains, "phi": n_phi, "oversample": n_sub}
    steps = steps_true
    for name in rules.steps_without:
        steps //= sizes[name]
    if rules.background == "once":
        accumulated = accumulated - background + background * steps
    accumulated = float(blur(6, np.asarray(accumulated)))
    scale = R_E_SQR * scene.fluence / steps
    final = scale * accumulated
    final *= 1.0 if scene.oversample_thick else capture_used
    final *= 1.0 if scene.oversample_polar else polar_used
    final *= 1.0 if scene.oversample_omega else omega_used
    final = float(blur(7, np.asarray(final)))

    shown = _shown_sum(setup, weighted, accumulated, background)
    products = {
        "polar": polar_used,
        "omega": omega_used,
        "capture": capture_used,
        "steps": 1.0 / steps,
        "scale": R_E_SQR * scene.fluence,
    }
    for name in rules.i_factors:
        shown *= products[name]

    omega_lines = omega if scene.oversample_omega else np.full_like(omega, omega.flat[0])
    blocks = n_layers * n_sub
    first = hkl.reshape(blocks, n_sources, n_phi, n_domains, 3)[:, 0, 0, 0]
    latt = f_latt.reshape(blocks, n_sources, n_phi, n_domains)
    factor = factors.reshape(blocks, n_sources, n_phi, n_domains, 3)
    used = cells[:, 0][index.reshape(blocks, n_sources, n_phi)[:, 0, 0]] * 1e10  # (blocks, 3, 3)
    star = _shown_star(setup, int(index.reshape(blocks, n_sources, n_phi)[0, 0, 0]))
    per_block: dict[str, Array] = {
        "pix0_vector_meters": pix0,
        "fdet_vec": scene.fast,
        "sdet_vec": scene.slow,
        "pixel_pos_meters": position.reshape(blocks, 3),
        "R_distance_meters": radius.reshape(blocks, 1),
        "omega_pixel_sr": omega_lines.reshape(blocks, 1),
        "close_distance_meters": np.asarray([scene.close_distance]),
        "obliquity_factor": obliquity.reshape(blocks, 1),
        "diffracted_vec": outgoing.reshape(blocks, 3),
        "incident_vec": incident[0],
        "lambda_meters": scene.source_wavelengths[:1],
        "lambda_angstroms": scene.source_wavelengths[:1] * 1e10,
        "scattering_vec_A_inv": vectors[:, :, 0].reshape(blocks, 3),
        "rot_a_angstroms": used[:, 0],
        "rot_b_angstroms": used[:, 1],
        "rot_c_angstroms": used[:, 2],
        "rot_a_star_A_inv": star[0],
        "rot_b_star_A_inv": star[1],
        "rot_c_star_A_inv": star[2],
        "hkl_frac": first,
        "hkl_rounded": nearest.reshape(blocks, n_sources, n_phi, n_domains, 3)[:, 0, 0, 0],
        "F_cell": f_cell.reshape(blocks, n_sources, n_phi, n_domains)[:, 0, 0, 0][:, None],
    }
    phi: dict[str, Array] = {}
    if scene.shape == "SQUARE":
        for axis, name in enumerate(("F_latt_a", "F_latt_b", "F_latt_c")):
            per_block[name] = factor[:, 0, 0, 0, axis][:, None]
        per_block["F_latt"] = latt[:, 0, 0, 0][:, None]
        start, step = rules.phi_shown or (scene.phi_start, scene.phi_step)
        degrees = np.degrees(start + step * np.arange(n_phi))
        phi = {
            "phi.phi_deg": np.tile(degrees, (blocks, 1)),
            "phi.k_frac": hkl.reshape(blocks, n_sources, n_phi, n_domains, 3)[:, 0, :, 0, 1],
            "phi.F_latt_b": factor[:, 0, :, 0, 1],
            "phi.F_latt": latt[:, 0, :, 0],
        }
    once: dict[str, float] = {
        "I_before_scaling": shown,
        "r_e_meters": math.sqrt(R_E_SQR),
        "r_e_sqr": R_E_SQR,
        "fluence_photons_per_m2": scene.fluence,
        "steps": float(steps if rules.steps_shown else steps_true),
        "capture_fraction": capture_shown,
        "polar": polar_used,
        "omega_pixel": omega_used,
        "cos_2theta": float(incident[-1] @ outgoing[-1, -1]),
        "I_pixel_final": final,
        "floatimage_accumulated": float(np.float32(final)),
    }
    fields = {name: np.atleast_2d(value) for name, value in per_block.items()}
    if rules.last_block_only:
        fields = {name: value[-1:] for name, value in fields.items()}
        phi = {name: value[-1:] for name, value in phi.items()}
    fields = {name: np.broadcast_to(v, (blocks, v.shape[1])) if len(v) == 1 else v for name, v in fields.items()}
    fields.update({name: np.asarray([[value]]) for name, value in once.items()})
    for name, ratio in rules.shown:
        if name in fields:
            fields[name] = fields[name] * ratio
        elif name in phi:
            phi[name] = phi[name] * ratio
    parts = {
        "hkl": hkl.reshape(*shape, 3),
        "nearest": nearest.reshape(*shape, 3),
        "factors": factors.reshape(*shape, 3),
        "F_latt": f_latt.reshape(shape),
        "F_cell": f_cell.reshape(shape),
    }
    return Replay(fields, phi, weighted, parts)


def _choose(which: str, values: Array, valid: Flags) -> float:
    kept = values[valid]
    if kept.size == 0:
        return 0.0
    return float({"first": kept[0], "last": kept[-1], "mean": kept.mean()}[which])


def _accumulate(
    setup: Setup, terms: Array, executed: Flags, background: float, corrections: tuple[Array, Array, Array]
) -> float:
    """Running sum of section 9.2, with the oversample factors on the running sum or on each term."""
    scene = setup.scene
    capture, polar, omega = corrections
    weight = np.ones(terms.shape)
    if scene.oversample_thick:
        weight = weight * capture[:, :, None, None, None]
    if scene.oversample_polar:
        weight = weight * polar[..., None, None]
    if scene.oversample_omega:
        weight = weight * omega[:, :, None, None, None]
    if not (scene.oversample_thick or scene.oversample_polar or scene.oversample_omega):
        return background + float(terms.sum())
    if not setup.rules.running_sum:
        return background + float((terms * weight).sum())
    kept = executed.reshape(-1)
    tail = np.cumprod(weight.reshape(-1)[kept][::-1])[::-1]
    if tail.size == 0:
        return background
    return float((terms.reshape(-1)[kept] * tail).sum() + background * tail[0])


def _shown_sum(setup: Setup, terms: Array, accumulated: float, background: float) -> float:
    rules = setup.rules
    if rules.single_phi is not None:
        return background + float(terms[:, :, :, rules.single_phi].sum())
    if rules.single_mosaic is not None:
        return background + float(terms[..., rules.single_mosaic].sum())
    if rules.last_subpixel:
        last = terms[-1, -1] if rules.last_subpixel == "last_layer" else terms[:, -1]
        return background + float(last.sum())
    return accumulated


def _shown_star(setup: Setup, step: int) -> Array:
    scene, rules = setup.scene, setup.rules
    star = scene.reciprocal
    if not rules.rotated_star:
        return star
    angle = scene.phi_start
    if rules.rotated_star == "carried" and step < scene.n_phi:
        angle = scene.phi_start + scene.phi_step * step
    return np.asarray(star @ rotation(scene.spindle, angle).T)
