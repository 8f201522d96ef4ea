"""Stage structure factor: nearest index, table, interpolation. Source: nanobragg_pixel_loop.md sections 7.1 and 8."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nbtui.diagnosis.replay.lattice import LatticeValues
from nbtui.diagnosis.replay.precision import Noise
from nbtui.diagnosis.replay.rounding import Rounding, nearest_index
from nbtui.live.scene import Array, Scene
from nbtui.trace.fields.catalogue import Stage


class Defaulted(StrEnum):
    """The cells that get default_F."""

    ABSENT = "absent"  # C's: those outside the table and its holes
    OUTSIDE = "outside"
    HOLES = "holes"
    NONE = "none"
    ALL = "all"
    ZEROS = "zeros"  # those of ABSENT, and zeros of the table


@dataclass(frozen=True)
class StructureFactorRules:
    """How F_cell is found."""

    rounding: Rounding = Rounding.HALF_DOWN
    shift: tuple[int, int, int] = (0, 0, 0)  # of the index in the table
    order: tuple[int, int, int] = (0, 1, 2)  # of h, k, l in the table
    friedel: bool = False
    zero_term_skip: bool = True  # without water, a term with F_latt = 0 does not test the range
    interpolation_switch_off: bool = True  # the first point out of range ends interpolation for the rest of the run
    defaulted: Defaulted = Defaulted.ABSENT
    f_given: tuple[tuple[tuple[int, int, int], float], ...] = ()  # F_cell of an index, whatever the table says


@dataclass(frozen=True)
class StructureFactorValues:
    """One entry for every (pass, phi, domain)."""

    nearest: Array  # nearest index, (pass, phi, domain, 3)
    f_cell: Array  # (pass, phi, domain)


def structure_factor(
    scene: Scene, rules: StructureFactorRules, lattice: LatticeValues, noise: Noise
) -> StructureFactorValues:
    """F_cell of every term."""
    nearest, f_cell = structure_factors(lattice.hkl, lattice.f_latt, scene, rules)
    return StructureFactorValues(nearest, noise(Stage.STRUCTURE_FACTOR, f_cell))


def structure_factors(hkl: Array, f_latt: Array, scene: Scene, rules: StructureFactorRules) -> tuple[Array, Array]:
    """Nearest indices (..., 3) and F_cell (...) for fractional indices (..., 3).

    Interpolation follows the loop's order: the first point out of range ends it (quirk L14); a term whose
    lattice factor is zero does not test the range (section 7.4).
    """
    nearest = nearest_index(hkl, rules.rounding)
    wanted, real = (_mapped(index, rules) for index in (nearest, hkl))
    table = scene.table
    f_cell = _lookup(wanted, scene, rules)
    if not scene.interpolate or table.grid is None:
        return nearest, f_cell
    low = np.asarray(table.low)
    high = low + np.asarray(table.grid.shape) - 1
    inside = np.all((real >= low + 2) & (real <= high - 2), axis=-1).reshape(-1)
    tested = inside | ((f_latt.reshape(-1) == 0.0) & (scene.water == 0.0) & rules.zero_term_skip)
    failing = np.flatnonzero(~tested)
    count = int(failing[0]) if failing.size else tested.size
    if scene.interpolation_end is not None:
        count = min(count, scene.interpolation_end)
    if not rules.interpolation_switch_off:
        count = tested.size
    chosen = np.flatnonzero(inside[:count])
    if chosen.size == 0:
        return nearest, f_cell
    flat = f_cell.reshape(-1).copy()
    flat[chosen] = tricubic(real.reshape(-1, 3)[chosen], table.grid, low)
    return nearest, flat.reshape(f_cell.shape)


def _mapped(index: Array, rules: StructureFactorRules) -> Array:
    """The index whose entry is taken for ``index``."""
    wanted = index[..., list(rules.order)] + np.asarray(rules.shift)
    return np.asarray(-wanted if rules.friedel else wanted)


def _lookup(index: Array, scene: Scene, rules: StructureFactorRules) -> Array:
    values = _tabled(index, scene, rules.defaulted)
    for given, value in rules.f_given:
        values = np.where(np.all(index == np.asarray(given), axis=-1), value, values)
    return values


def _tabled(index: Array, scene: Scene, defaulted: Defaulted) -> Array:
    table = scene.table
    default = 0.0 if defaulted in (Defaulted.NONE, Defaulted.HOLES) else table.default_f
    if table.grid is None or defaulted is Defaulted.ALL:
        return np.full(index.shape[:-1], default)
    place = index.astype(np.int64) - np.asarray(table.low)
    size = np.asarray(table.grid.shape)
    inside = np.all((place >= 0) & (place < size), axis=-1)
    safe = np.clip(place, 0, size - 1)
    values = table.grid[safe[..., 0], safe[..., 1], safe[..., 2]]
    if defaulted in (Defaulted.NONE, Defaulted.OUTSIDE) and table.default_f != 0.0:
        values = np.where(values == table.default_f, 0.0, values)
    if defaulted is Defaulted.ZEROS:
        values = np.where(values == 0.0, table.default_f, values)
    return np.where(inside, values, default)


def tricubic(points: Array, grid: Array, low: Array) -> Array:
    """Cubic Lagrange through the 4 x 4 x 4 surrounding nodes; points (n, 3) well inside the grid."""
    base = np.floor(points)
    offset = points - base  # nodes at -1, 0, 1, 2
    nodes = np.arange(-1, 3)
    weights = np.empty((*points.shape, 4))
    for i, node in enumerate(nodes):
        others = [other for other in nodes if other != node]
        numerator = np.prod([offset - other for other in others], axis=0)
        weights[..., i] = numerator / np.prod([float(node - other) for other in others])
    start = (base - low).astype(np.int64)
    steps = [start[:, axis, None] + nodes for axis in range(3)]
    block = grid[steps[0][:, :, None, None], steps[1][:, None, :, None], steps[2][:, None, None, :]]
    return np.asarray(np.einsum("nijk,ni,nj,nk->n", block, weights[:, 0], weights[:, 1], weights[:, 2]))
