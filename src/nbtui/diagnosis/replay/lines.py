"""The trace lines of a replay: what is printed of each stage, and where it is taken.

Source: nanobragg_pixel_loop.md section 12.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nbtui.diagnosis.replay.accumulation import AccumulationValues, loop_sizes
from nbtui.diagnosis.replay.corrections import CorrectionValues, Taken
from nbtui.diagnosis.replay.crystal import CrystalValues
from nbtui.diagnosis.replay.lattice import LatticeValues
from nbtui.diagnosis.replay.pixel import PixelValues
from nbtui.diagnosis.replay.rotation import rotation
from nbtui.diagnosis.replay.scaling import ScalingFactor, ScalingValues
from nbtui.diagnosis.replay.scattering import ScatteringValues
from nbtui.diagnosis.replay.structure_factor import StructureFactorValues
from nbtui.live.constants import R_E_SQR
from nbtui.live.scene import Array, Scene

ANGSTROM = 1e10  # per metre


class LastSubpixel(StrEnum):
    """The part of the sum that belongs to the last subpixel."""

    ALL_LAYERS = "all layers"
    LAST_LAYER = "last layer"


class StarRotation(StrEnum):
    """The phi by which the printed reciprocal vectors are rotated."""

    NOMINAL = "nominal"
    CARRIED = "carried"


class BlockPoint(StrEnum):
    """The point of the pixel at which the block is evaluated."""

    SUBPIXELS = "subpixels"  # C's: one block for every layer and subpixel
    CENTER = "center"  # one block, in the first layer
    CORNER = "corner"


@dataclass(frozen=True)
class LineRules:
    """What the lines show; none of it changes the pixel."""

    block_at: BlockPoint = BlockPoint.SUBPIXELS
    block_fresh: bool = False  # the block shows fresh vectors at phi = 0, whatever the pixel is made with
    i_factors: tuple[ScalingFactor, ...] = ()  # included in I_before_scaling
    single_phi: int | None = None  # the one step that I_before_scaling shows
    single_mosaic: int | None = None  # the one domain
    last_subpixel: LastSubpixel | None = None
    last_block_only: bool = False
    rotated_star: StarRotation | None = None
    steps_shown: bool = True  # the steps line shows a changed number
    phi_shown: tuple[float, float] | None = None  # start and step that the phi lines show [rad]
    shown: tuple[tuple[str, float], ...] = ()  # a printed line is this many times its value


@dataclass(frozen=True)
class Stages:
    """The values of all stages."""

    pixel: PixelValues
    scattering: ScatteringValues
    crystal: CrystalValues
    lattice: LatticeValues
    structure_factor: StructureFactorValues
    corrections: CorrectionValues
    accumulation: AccumulationValues
    scaling: ScalingValues


Lines = dict[str, Array]


def block_lines(scene: Scene, rules: LineRules, made: Stages, shown: Stages) -> Lines:
    """Lines of one block for every layer and subpixel, (blocks, components), and those printed once, (1, 1).

    ``made``: the stages that make the pixel; ``shown``: those that the block shows.
    """
    blocks = scene.n_layers * scene.oversample**2
    repeated = {
        **_pixel_lines(scene, shown.pixel, made.corrections),
        **_scattering_lines(scene, shown.scattering),
        **_crystal_lines(scene, rules, shown.crystal),
        **_lattice_lines(scene, shown.lattice),
        **_structure_factor_lines(scene, shown.structure_factor),
    }
    lines: Lines = {}
    for name, values in repeated.items():
        rows = values.reshape(-1, values.shape[-1])
        rows = rows[-1:] if rules.last_block_only else rows
        lines[name] = np.broadcast_to(rows, (blocks, rows.shape[1])) if len(rows) == 1 < blocks else rows
    lines.update({name: np.asarray([[value]]) for name, value in _pixel_sums(scene, rules, made).items()})
    lines.update(_printed_block(lines, made, scene))
    return _relabelled(lines, rules)


def phi_lines(scene: Scene, rules: LineRules, shown: Stages) -> Lines:
    """Lines of the phi steps, domain 0 of source 0, (blocks, steps)."""
    if scene.shape != "SQUARE":
        return {}
    blocks = shown.pixel.radius.size
    start, step = rules.phi_shown or (scene.phi_start, scene.phi_step)
    degrees = np.degrees(start + step * np.arange(scene.n_phi))
    lattice = shown.lattice
    lines = {
        "phi.phi_deg": np.tile(degrees, (blocks, 1)),
        "phi.k_frac": _first_domain(scene, lattice.hkl[..., 1]),
        "phi.F_latt_b": _first_domain(scene, lattice.factors[..., 1]),
        "phi.F_latt": _first_domain(scene, lattice.f_latt),
    }
    if rules.last_block_only:
        lines = {name: values[-1:] for name, values in lines.items()}
    return _relabelled(lines, rules)


def _relabelled(lines: Lines, rules: LineRules) -> Lines:
    """Lines in another unit."""
    for name, ratio in rules.shown:
        if name in lines:
            lines[name] = lines[name] * ratio
    return lines


def _first_domain(scene: Scene, values: Array) -> Array:
    """Of values (pass, phi, domain): domain 0 of source 0, (blocks, phi)."""
    return values[:: len(scene.sources), :, 0]


def _first_term(scene: Scene, values: Array) -> Array:
    """Of values (pass, phi, domain, ...): the first term of every block, (blocks, ...)."""
    return values[:: len(scene.sources), 0, 0]


def _pixel_lines(scene: Scene, at: PixelValues, corrections: CorrectionValues) -> Lines:
    own = scene.oversample_omega or corrections.rules.omega_of is Taken.WEIGHTED
    # of the first subpixel for the whole pixel; a block of another point shows the pixel's own
    cached = at.omega.flat[0] if at.omega.size == corrections.omega.size else corrections.pixel_omega
    omega = at.omega if own else np.full_like(at.omega, cached)
    return {
        "pix0_vector_meters": at.pix0,
        "fdet_vec": scene.fast,
        "sdet_vec": scene.slow,
        "pixel_pos_meters": at.position,
        "R_distance_meters": at.radius[..., None],
        "omega_pixel_sr": omega[..., None],
        "close_distance_meters": np.asarray([scene.close_distance]),
        "obliquity_factor": at.obliquity[..., None],
        "diffracted_vec": at.outgoing,
    }


def _scattering_lines(scene: Scene, rays: ScatteringValues) -> Lines:
    """Of source 0."""
    return {
        "incident_vec": rays.incident[0],
        "lambda_meters": scene.source_wavelengths[:1],
        "lambda_angstroms": scene.source_wavelengths[:1] * ANGSTROM,
        "scattering_vec_A_inv": rays.vectors[:, :, 0],
    }


def _crystal_lines(scene: Scene, rules: LineRules, crystal: CrystalValues) -> Lines:
    """Cell vectors of phi step 0 and domain 0; reciprocal ones as set up."""
    first = crystal.used[:: len(scene.sources), 0]
    cells = crystal.cells[:, 0][first] * ANGSTROM
    stars = _stars(scene, rules.rotated_star, int(first[0]))
    direct = {f"rot_{axis}_angstroms": cells[:, row] for row, axis in enumerate("abc")}
    return {**direct, **{f"rot_{axis}_star_A_inv": stars[row] for row, axis in enumerate("abc")}}


def _stars(scene: Scene, rotated: StarRotation | None, step: int) -> Array:
    """Printed reciprocal vectors [1/A]; ``step``: the cell that the first pass uses at phi step 0."""
    if rotated is None:
        return scene.reciprocal
    angle = scene.phi_start
    if rotated is StarRotation.CARRIED and step < scene.n_phi:
        angle = scene.phi_start + scene.phi_step * step
    return np.asarray(scene.reciprocal @ rotation(scene.spindle, angle).T)


def _lattice_lines(scene: Scene, lattice: LatticeValues) -> Lines:
    lines = {"hkl_frac": _first_term(scene, lattice.hkl)}
    if scene.shape == "SQUARE":
        factors = _first_term(scene, lattice.factors)
        lines |= {f"F_latt_{axis}": factors[:, n, None] for n, axis in enumerate("abc")}
        lines["F_latt"] = _first_term(scene, lattice.f_latt)[:, None]
    return lines


def _structure_factor_lines(scene: Scene, factors: StructureFactorValues) -> Lines:
    return {
        "hkl_rounded": _first_term(scene, factors.nearest),
        "F_cell": _first_term(scene, factors.f_cell)[:, None],
    }


def _pixel_sums(scene: Scene, rules: LineRules, made: Stages) -> dict[str, float]:
    """Lines that are printed once."""
    shown = _shown_sum(rules, made.accumulation)
    for name in rules.i_factors:
        shown *= made.scaling.factors[name]
    final = made.scaling.final
    return {
        "I_before_scaling": shown,
        "r_e_meters": math.sqrt(R_E_SQR),
        "r_e_sqr": R_E_SQR,
        "fluence_photons_per_m2": scene.fluence,
        "steps": float(made.accumulation.steps if rules.steps_shown else math.prod(loop_sizes(scene).values())),
        "capture_fraction": made.scaling.capture,
        "polar": made.scaling.factors[ScalingFactor.POLAR],
        "omega_pixel": made.scaling.factors[ScalingFactor.OMEGA],
        "cos_2theta": float(made.scattering.incident[-1] @ made.pixel.outgoing[-1, -1]),
        "I_pixel_final": final,
        "floatimage_accumulated": float(np.float32(final)),
    }


def _printed_block(lines: Lines, made: Stages, scene: Scene) -> Lines:
    """The values of C's -printout block that no trace line shows: those of the last ray and of the last pass."""
    alive = made.scattering.alive.reshape(-1)
    position = made.pixel.position.reshape(-1, 3)[-1:]
    x, y, z = position[0]
    in_plane = math.sin(0.5 * math.atan2(math.hypot(y, z), x)) / (scene.wavelength * ANGSTROM)
    found = {
        "printout.pixel_pos_meters": position,
        "printout.stol": np.asarray([[0.5 * float(np.linalg.norm(made.scattering.vectors[-1, -1, -1]))]]),
        "printout.stol_plane": np.asarray([[in_plane]]),
        "printout.I_per_step": lines["I_before_scaling"] / lines["steps"],
    }
    if alive.any():
        last = (int(np.flatnonzero(alive)[-1]), -1, -1)
        cell = made.crystal.cells[made.crystal.used[last[:2]], -1] * ANGSTROM
        found |= {f"printout.cell_{axis}": cell[:, n][None] for n, axis in enumerate("xyz")}
        found |= {
            "printout.hkl_frac": made.lattice.hkl[last][None],
            "printout.hkl_rounded": made.structure_factor.nearest[last][None],
            "printout.F_latt": made.lattice.f_latt[last].reshape(1, 1),
        }
        looked_up = alive[:, None, None] & ((made.lattice.f_latt != 0.0) | (scene.water != 0.0))
        if looked_up.any():
            found["printout.F_cell"] = made.structure_factor.f_cell[looked_up][-1].reshape(1, 1)
    return found


def _shown_sum(rules: LineRules, total: AccumulationValues) -> float:
    """I_before_scaling, or a part of it."""
    terms = total.terms
    if rules.single_phi is not None:
        return total.background + float(terms[:, :, :, rules.single_phi].sum())
    if rules.single_mosaic is not None:
        return total.background + float(terms[..., rules.single_mosaic].sum())
    if rules.last_subpixel is not None:
        last = terms[-1, -1] if rules.last_subpixel is LastSubpixel.LAST_LAYER else terms[:, -1]
        return total.background + float(last.sum())
    return total.total
