"""Variants of crystal, phi and mosaic, lattice and structure factor. Source: hypotheses.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product
from typing import Any

from nbtui.diagnosis.hypotheses.variant import Change, Problem, Variant, both, rule, scene
from nbtui.diagnosis.replay.placement import with_cell
from nbtui.diagnosis.replay.rules import Setup
from nbtui.live.scene import cell_of, domains

DEFAULT_SEED = 12345678
SHAPES = ("SQUARE", "ROUND", "GAUSS", "TOPHAT")


def orienting(**rules: Any) -> Change:
    """The crystal made again by other rules."""
    return lambda setup: with_cell(setup, rules)


def _grid(start: float, stretch: float, *, shown: bool) -> Change:
    """phi grid moved by ``start`` steps and stretched; ``shown``: the phi lines still show the old one."""

    def change(setup: Setup) -> Setup:
        here = setup.scene
        moved = replace(here, phi_start=here.phi_start + start * here.phi_step, phi_step=here.phi_step * stretch)
        lines = (here.phi_start, here.phi_step) if shown else setup.rules.phi_shown
        return replace(setup, scene=moved, rules=replace(setup.rules, phi_shown=lines))

    return change


def _reversed(*, spindle: bool, range_only: bool = False) -> Change:
    def change(setup: Setup) -> Setup:
        here = setup.scene
        if spindle:
            return replace(setup, scene=replace(here, spindle=-here.spindle))
        start = here.phi_start if range_only else -here.phi_start
        return replace(setup, scene=replace(here, phi_start=start, phi_step=-here.phi_step))

    return change


def phi(problem: Problem) -> Iterator[Variant]:
    """Carry-over and the phi grid."""
    yield Variant("phi_carryover", "fresh vectors at phi = 0", rule(carryover=False))
    steps = problem.scene.n_phi
    for shown, price in ((False, 0.0), (True, 0.5)):
        note = ", nominal phi printed" if shown else ""
        yield Variant("phi_midpoint", "half a step later" + note, _grid(0.5, 1.0, shown=shown), price)
        if steps > 1:
            stretch = steps / (steps - 1)
            yield Variant("phi_endpoint_grid", "steps - 1" + note, _grid(0.0, stretch, shown=shown), price)
        yield Variant("phi_midpoint", "end of each step" + note, _grid(1.0, 1.0, shown=shown), price + 2.0)
    yield Variant("phi_sign", "about the other side of the spindle", _reversed(spindle=True))
    yield Variant("phi_sign", "negative angles", _reversed(spindle=False), 0.5)
    yield Variant("phi_sign", "negative range", _reversed(spindle=False, range_only=True), 1.0)


def orientation(problem: Problem) -> Iterator[Variant]:
    """Matrix, misset, volume."""
    if problem.scene.options.matrix_file is not None:
        yield Variant("matrix_transposed", "", orienting(rows=True))
    if problem.base.cell.misset is not None:
        for order, transposed in product(permutations("xyz"), (False, True)):
            name = "".join(order)
            if name != "xyz" or transposed:
                form = f"{name}{', transposed' if transposed else ''}"
                yield Variant("misset_order", form, orienting(order=name, transposed=transposed), 0.5 * transposed)
        yield Variant("misset_direct_vectors", "as well", orienting(misset="both"))
        yield Variant("misset_direct_vectors", "alone", orienting(misset="direct"))
    yield Variant("volume_regeneration", "reciprocal vectors not regenerated", orienting(regenerated=False))
    if problem.scene.options.matrix_file is None:
        here = problem.scene
        right = cell_of(here.options, problem.workdir, here.wavelength, literal=False).stars
        yield Variant("cell_sine_of_gamma_star", "sine of gamma", lambda setup: with_cell(setup, stars=right))
    if problem.base.cell.edges is not None:
        yield Variant("volume_regeneration", "volume from the formula", orienting(rescaled=False, regenerated=False))
        yield Variant("volume_regeneration", "volume from the formula, regenerated", orienting(rescaled=False))
        yield Variant("volume_regeneration", "volume from the vectors", lambda setup: with_cell(setup, edges=None), 0.5)


def mosaic(problem: Problem) -> Iterator[Variant]:
    """Seed, first domain, order."""
    here = problem.scene
    count = len(here.mosaic)
    if count < 2 or here.mosaic_spread <= 0.0:
        return
    seed = DEFAULT_SEED if here.options.mosaic_seed is None else here.options.mosaic_seed
    candidates = [DEFAULT_SEED, -seed, seed + 1, seed - 1, -DEFAULT_SEED, -seed - 1, 1 - seed, 1, 0, 42, 1234567]
    for candidate in dict.fromkeys(candidates):
        if candidate != seed:
            matrices = domains(here.mosaic_spread, count, candidate)
            yield Variant("mosaic_seed", f"seed {candidate}", scene(mosaic=matrices))
    drawn = domains(here.mosaic_spread, count, seed, first_identity=False)
    yield Variant("mosaic_first_not_identity", "", scene(mosaic=drawn))
    yield Variant("mosaic_before_phi", "", rule(mosaic_before_phi=True))


def lattice(problem: Problem) -> Iterator[Variant]:
    """Lattice factor."""
    here = problem.scene
    yield Variant("sincg_fractional", "", rule(sincg_fractional=True))
    for order in permutations(range(3)):
        counts = tuple(here.n_cells[i] for i in order)
        if counts != here.n_cells:
            yield Variant("n_cells_permuted", "x".join(map(str, counts)), scene(n_cells=counts))
    for shape in SHAPES:
        if shape != here.shape:
            yield Variant("xtal_shape", shape, scene(shape=shape))
    if here.shape != "SQUARE":
        for value in dict.fromkeys((1.0, 1.0 / here.fudge if here.fudge else 1.0, here.fudge**2, here.fudge**0.5)):
            if value != here.fudge:
                yield Variant("fudge", f"fudge {value:g}", scene(fudge=value), 0.0 if value == 1.0 else 1.0)


def structure_factor(problem: Problem) -> Iterator[Variant]:
    """Index rules and interpolation."""
    for name in ("half_up", "half_even", "half_away", "floor", "ceil", "trunc"):
        yield Variant("hkl_rounding", name.replace("_", " "), rule(rounding=name))
    if problem.scene.table.grid is None:
        return
    for shift in product((-1, 0, 1), repeat=3):
        if any(shift):
            steps = sum(map(abs, shift))
            form = "h{:+d} k{:+d} l{:+d}".format(*shift)
            yield Variant("hkl_neighbour", form, rule(shift=shift), 1.5 * (steps - 1))
    for order in permutations(range(3)):
        if order != (0, 1, 2):
            yield Variant("hkl_transposed", " ".join("hkl"[i] for i in order), rule(order=order))
    yield Variant("friedel", "-h -k -l", rule(friedel=True))
    on = problem.scene.interpolate
    yield Variant("interpolation", "nearest" if on else "tricubic", scene(interpolate=not on, interpolation_end=None))
    if on:
        yield Variant("interpolation", "decided for every point", rule(interpolation_stops=False), 0.5)
    else:
        every = (rule(interpolation_stops=False), scene(interpolate=True, interpolation_end=None))
        yield Variant("interpolation", "tricubic, decided for every point", both(*every), 0.5)


PLANTERS = (phi, orientation, mosaic, lattice, structure_factor)
