"""The numbers to explain: one row per compared scalar, and the misfit of a prediction.

A row's misfit is counted in bits, log2(distance / floor); the floor is the uncertainty from the printed digits and
from float64 arithmetic in another order. Bits are averaged over the rows of a field, so that a field that repeats with
every subpixel does not outweigh the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nbtui.diagnosis.replay.replay import Replay
from nbtui.live.scene import Array
from nbtui.parity import align
from nbtui.parity.judge import FIELDS_OF_VECTORS, half_unit
from nbtui.parity.numbers import printing
from nbtui.parity.sides import sides
from nbtui.trace.fields import catalogue
from nbtui.trace.fields.field import Stage
from nbtui.trace.model import Trace

SINGLE = 2.0**-23
FLOOR = {
    Stage.DETECTOR: 1e-11,
    Stage.PIXEL: 1e-11,
    Stage.SCATTERING: 1e-11,
    Stage.CRYSTAL: 1e-11,
    Stage.LATTICE: 1e-8,
    Stage.STRUCTURE_FACTOR: 1e-9,
    Stage.ACCUMULATION: 3e-7,
    Stage.SCALING: 1e-9,
}
PIXEL_FACTORS = ("polar", "omega_pixel", "capture_fraction", "steps", "fluence_photons_per_m2")
SUM, PIXEL = "I_before_scaling", "I_pixel_final"
STORED = "floatimage_accumulated"  # in single precision on any side
SUMS = (PIXEL, STORED)  # as precise as the sum of terms
WITH_BACKGROUND = (SUM, *SUMS)
TINY = 1e-6  # of the reference: a suspect's value below is compared as if it were this large
FACTORS = ("F_latt_a", "F_latt_b", "F_latt_c", "phi.F_latt_b")
FACTOR_SIZE = 0.1  # lattice factors run up to N: near a zero they are compared as if they were this large
TIGHT = 3e-5  # relative: a value reproduced less exactly proves nothing about the lines that it is made from
ROUNDING = 1e-15  # relative, of a sum in float64
WORST = 60.0  # bits of a row whose prediction is not a number
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Compared scalars in pipeline order, each array (n,)."""

    places: tuple[align.Place, ...]
    fields: tuple[str, ...]
    reference: Array
    suspect: Array
    scale: Array  # what a distance is relative to, in the row's unit
    floor: Array  # relative distance below which two values agree
    coarse: npt.NDArray[np.bool_]  # the digits of the value, not the arithmetic, set the floor
    group: npt.NDArray[np.int64]  # field number of each row
    sizes: Array  # rows of each field
    silent: frozenset[str] = frozenset()  # sums of so much background that they agree whatever their terms are
    terms: float = 1.0  # the part of the sums with background that their scale is

    @cached_property
    def plan(self) -> dict[str, tuple[Whole, Whole, Whole, Whole]]:
        """For each field: its rows, and their block, phi step and component."""
        found: dict[str, list[tuple[int, int, int, int]]] = {}
        for n, (_, block, _, name, step, component) in enumerate(self.places):
            found.setdefault(name, []).append((n, block, step, component))
        columns = {name: np.asarray(rows, dtype=np.int64).T for name, rows in found.items()}
        return {name: (table[0], table[1], table[2], table[3]) for name, table in columns.items()}

    @cached_property
    def _cells(self) -> dict[tuple[str, bool, tuple[int, ...]], tuple[Whole, Whole, Whole]]:
        return {}

    def cells(self, name: str, shape: tuple[int, ...], *, by_step: bool) -> tuple[Whole, Whole, Whole]:
        """Rows of a field, and their lines and columns in values of ``shape``: a line for each block or one for all.

        ``by_step``: a column for each phi step, else for each component. Rows without a cell are left out.
        """
        asked = name, by_step, shape
        if asked not in self._cells:  # of thousands of replays, the values of a field have one or two shapes
            where, block, step, component = self.plan[name]
            column = step if by_step else component
            line = block if shape[0] > 1 else np.zeros_like(block)
            there = (line < shape[0]) & (column >= 0) & (column < shape[1])
            self._cells[asked] = where[there], line[there], column[there]
        return self._cells[asked]

    def __len__(self) -> int:
        return len(self.fields)

    def distance(self, predicted: Array, actual: Array) -> Array:
        """|predicted - actual| relative to the row's scale; inf where a value is missing on one side only."""
        with np.errstate(invalid="ignore", over="ignore"):
            off = np.abs(predicted - actual) / self.scale
        both = ~np.isfinite(predicted) & ~np.isfinite(actual)
        off = np.where(both & (np.isnan(predicted) == np.isnan(actual)), 0.0, off)
        return np.where(np.isnan(off), np.inf, off)

    def of_values(self, distance: Array) -> Array:
        """Distances relative to the whole values, for sentences: those of sums are relative to their terms."""
        summed = np.asarray([name in WITH_BACKGROUND for name in self.fields], dtype=bool)
        return np.where(summed, distance * self.terms, distance)

    def bits(self, predicted: Array, actual: Array) -> Array:
        """Misfit of each row in bits, zero within the floor."""
        with np.errstate(divide="ignore", over="ignore"):
            ratio = self.distance(predicted, actual) / self.floor
            values = np.log2(np.maximum(ratio, 1.0))
        return np.minimum(values, WORST)

    def total(self, bits: Array) -> float:
        """Sum over fields of the mean over the field's rows."""
        return float((np.bincount(self.group, weights=bits, minlength=len(self.sizes)) / self.sizes).sum())

    def reproduced(self, name: str, row_bits: Array, predicted: Array) -> bool:
        """Whether a field is there and without misfit, and agrees too closely for chance."""
        here = np.asarray([field == name for field in self.fields], dtype=bool)
        if name in self.silent or not here.any() or (row_bits[here] > 0.0).any():
            return False
        return bool((self.distance(predicted, self.suspect)[here] <= TIGHT).all())

    def loosened(self, extra: Array) -> Rows:
        """The same rows with another floor where ``extra`` (relative) is larger."""
        return replace(self, floor=np.maximum(self.floor, extra))


def common_rows(reference: Trace, suspect: Trace, names: Sequence[str], crystal: float = 1.0) -> Rows:
    """Rows for every number that both traces print under one of ``names``.

    A sum over terms and background is compared relative to its terms, the part ``crystal`` of it, unless rounding hides
    them.

    A factor of the pixel that was re-derived for the print counts by the value that its own trace implies. Other lines
    stay as printed: where they were taken is a question for the search.
    """
    both = sides(reference, suspect)
    left, right = both.cells()
    printed = tuple(printing(align.plain_tokens(side)) for side in (left, right))
    implied = both.put_right(left, right)
    left, right = ({**side, **_factors(true)} for side, true in zip((left, right), implied, strict=True))
    hidden = crystal <= ROUNDING / TIGHT
    terms = 1.0 if hidden else crystal
    wanted = set(names)
    places = [
        place
        for place in sorted(left.keys() & right.keys())
        if place[3] in wanted and _is_number(left[place]) and _is_number(right[place])
    ]
    ours = np.asarray([float(left[place].value) for place in places], dtype=np.float64)
    theirs = np.asarray([float(right[place].value) for place in places], dtype=np.float64)
    lengths: dict[object, tuple[float, float]] = {}
    for place, value, other in zip(places, ours, theirs, strict=True):
        left_size, right_size = lengths.get(place[:5], (0.0, 0.0))
        lengths[place[:5]] = (math.hypot(left_size, _finite(value)), math.hypot(right_size, _finite(other)))
    scale = np.ones(len(places))
    floor = np.empty(len(places))
    coarse = np.zeros(len(places), dtype=bool)
    for n, place in enumerate(places):
        known = catalogue.field(place[3])
        stage = known.stage if known else Stage.SCALING
        vector = known is not None and known.shape in FIELDS_OF_VECTORS
        of_ours, of_theirs = lengths[place[:5]] if vector else (_finite(ours[n]), _finite(theirs[n]))
        size = max(of_theirs, TINY * of_ours, FACTOR_SIZE if place[3] in FACTORS else 0.0) or 1.0
        with_background = place[3] in WITH_BACKGROUND and terms < 1.0
        size *= terms if with_background else 1.0
        scale[n] = size
        half = half_unit(left[place], printed[0]) + half_unit(right[place], printed[1])
        tolerance = FLOOR[stage]
        if place[3] in SUMS:
            tolerance = FLOOR[Stage.ACCUMULATION]
        if with_background:
            tolerance = max(tolerance, ROUNDING / terms)
        floor[n] = max(tolerance, half / size)
        coarse[n] = half / size > tolerance or place[3] == STORED
    names_here = tuple(place[3] for place in places)
    known_fields = {name: number for number, name in enumerate(dict.fromkeys(names_here))}
    group = np.asarray([known_fields[name] for name in names_here], dtype=np.int64)
    sizes = np.bincount(group, minlength=len(known_fields)).astype(np.float64)
    silent = frozenset(WITH_BACKGROUND if hidden else ())
    return Rows(tuple(places), names_here, ours, theirs, scale, floor, coarse, group, sizes, silent, terms)


def _factors(cells: Mapping[align.Place, align.Scalar]) -> dict[align.Place, align.Scalar]:
    return {place: cell for place, cell in cells.items() if place[3] in PIXEL_FACTORS}


def _is_number(cell: align.Scalar) -> bool:
    return not isinstance(cell.value, str) and not cell.of_print


def _finite(value: float) -> float:
    return abs(value) if math.isfinite(value) else 0.0


def predictions(rows: Rows, made: Replay) -> Array:
    """The replay's value of every row, NaN without one."""
    out = np.full(len(rows), np.nan)
    for name in rows.plan:
        by_step = name in made.phi
        values = made.phi[name] if by_step else made.fields.get(name)
        if values is not None:
            where, line, column = rows.cells(name, values.shape, by_step=by_step)
            out[where] = values[line, column]
    return out
