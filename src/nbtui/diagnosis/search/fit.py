"""Fit of one set-up value to the differences.

One parameter at a time: Gauss-Newton on the values upstream (geometry, scattering vector, cell, index),
with a derivative from a rebuilt set-up. A value that fits is a variant of a hypothesis like any other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nbtui.diagnosis.hypotheses.catalogue import CATALOGUE
from nbtui.diagnosis.hypotheses.changes import reconfigured
from nbtui.diagnosis.hypotheses.inputs import OTHER_CONFIG
from nbtui.diagnosis.hypotheses.record import Form, Problem, Variant, number_price
from nbtui.diagnosis.replay.lattice import grating
from nbtui.diagnosis.replay.replay import MOST_TERMS, replay
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.diagnosis.search.rows import STORED, Rows, predictions
from nbtui.errors import UnusableInput
from nbtui.live.parameters.parameter import Parameter
from nbtui.live.parameters.stored import fields_of, is_idle, value_in
from nbtui.live.parameters.table import parameters
from nbtui.live.scene import Array, Scene
from nbtui.parity.streams import upstream
from nbtui.trace.fields.catalogue import FIELDS, Tolerance
from nbtui.trace.model import Trace
from nbtui.trace.numbers import number

WHOLE = frozenset(entry.name for entry in FIELDS if entry.tolerance is Tolerance.INTEGER)
_ALL_OTHERS = re.compile(r"initialized hkls \(all others =([^)\s]+)\)")
_F_CELL = "F_cell"
PRINTED_INDEX, PRINTED_PRODUCT = "printout.hkl_frac", "printout.F_latt"
HALF_UNIT, SIX_DIGITS = 5e-7, 5e-6  # of an index with six decimals; relative, of a value with six digits
PRINTED_F = (_F_CELL, "printout.F_cell")
# first fields that the command line decides, then those with a part from the table of structure factors
SMOOTH = tuple(
    sorted(
        (entry.name for entry in FIELDS if entry.may_be_fitted),
        key=lambda name: _F_CELL in (name, *upstream(name)),
    )
)
STEPS = 8  # of Gauss-Newton
STEP_OF_SINGLE = 1e-3  # relative: a smaller step drowns in the rounding of a single-precision value
FITTED = 1e-9  # relative misfit at which the fitted rows count as explained, or their printed digits if coarser
STILL = 1e-12  # relative change allowed to a row that agrees already
MOST_CELLS = 400


def _value(scene: Scene, parameter: Parameter) -> float:
    """The effective value: of the scene where other parameters may replace that of the command line."""
    value = scene.fluence if parameter.id == "fluence" else value_in(scene.options, parameter)
    return float(value) if isinstance(value, (int, float)) else 0.0


def _variant(problem: Problem, name: str, options: dict[str, Any], form: str, price: float = 4.0) -> Variant:
    hypothesis = CATALOGUE.get(name, OTHER_CONFIG)  # a parameter may have a hypothesis of its own
    change = reconfigured(problem.workdir, options)
    return hypothesis.variant(Form(form, change, price, tuple(options.items()), rebuilds=True))


def fitted(problem: Problem, rows: Rows, bits: Array, tell: Callable[[str], None]) -> list[Variant]:
    """Variants that change one parameter each so that the first differing stage upstream is explained.

    ``tell`` receives the progress as text before every replay.
    """
    chosen = _rows_to_fit(rows, bits)
    out = list(_counts(problem, rows))
    if chosen.size == 0:
        return out
    first = int(np.argmax(bits > 0.0))
    here = predictions(rows, replay(problem.base))
    for parameter in parameters():
        if is_idle(problem.scene.options, parameter):
            continue
        value = _solve(_Fit(problem, rows, chosen, parameter, tell), first, here)
        if value is None:
            continue
        price = 4.0 + number_price(value)
        old = _value(problem.scene, parameter)
        form = f"{parameter.name} {value:.10g} {parameter.unit}".strip() + f" instead of {old:.10g}"
        options = fields_of(problem.scene.options, parameter, value)
        out.append(_variant(problem, parameter.id, options, form, price))
    return out


def _rows_to_fit(rows: Rows, bits: Array) -> npt.NDArray[np.int64]:
    """Rows of the first smooth field that differs."""
    for name in SMOOTH:
        here = np.asarray([n for n, field in enumerate(rows.fields) if field == name], dtype=np.int64)
        if here.size and (bits[here] > 0.0).any():
            return here
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class _Fit:
    """One parameter, to be fitted to the suspect's values of the chosen rows."""

    problem: Problem
    rows: Rows
    chosen: npt.NDArray[np.int64]
    parameter: Parameter
    tell: Callable[[str], None]
    in_floors: bool = False  # the gap counts in floors of the rows, and one is allowed

    def predicted(self, value: float) -> Array | None:
        """All rows with the parameter at ``value``; None if that cannot be simulated."""
        self.tell(f"fitting {self.parameter.name} to the first difference")
        options = fields_of(self.problem.scene.options, self.parameter, value)
        try:
            with np.errstate(all="ignore"):
                return predictions(self.rows, replay(reconfigured(self.problem.workdir, options)(self.problem.base)))
        except (UnusableInput, ArithmeticError, ValueError, IndexError):
            return None

    def gap(self, predicted: Array) -> Array:
        """Relative distance of the chosen rows from the suspect's, or the same in floors."""
        gap = (self.rows.suspect[self.chosen] - predicted[self.chosen]) / self.rows.scale[self.chosen]
        return np.asarray(gap / self.rows.floor[self.chosen]) if self.in_floors else gap

    def explains(self, gap: Array) -> bool:
        """Whether a remaining gap is within the arithmetic, or within the printed digits where these are coarser."""
        if self.in_floors:
            return bool((np.abs(gap) <= 1.0).all())
        room = np.where(self.rows.coarse, self.rows.floor, FITTED)[self.chosen]
        return bool((np.abs(gap) <= np.maximum(room, FITTED)).all())

    def gap_at(self, value: float) -> Array | None:
        """The same with the parameter at ``value``; None if that cannot be simulated."""
        predicted = self.predicted(value)
        return None if predicted is None else self.gap(predicted)


def _solve(fit: _Fit, first: int, here: Array) -> float | None:
    """The value that explains the chosen rows; None if none does, or if it moves rows before the ``first``.

    ``here``: the base's predictions.
    """
    step = 0.0 if fit.parameter.fit is None else fit.parameter.fit.step
    value = _value(fit.problem.scene, fit.parameter)
    if any(fit.rows.fields[n] == STORED for n in fit.chosen):
        step = max(step, STEP_OF_SINGLE * abs(value))
    ahead = fit.predicted(value + step)
    moves = None if ahead is None else (fit.rows.distance(ahead, here) > STILL) & ~fit.rows.coarse
    if ahead is None or moves is None or moves[:first].any():
        return None
    gap, moved = fit.gap(here), fit.gap(ahead)
    if not np.all(np.isfinite(gap)) or not _promising(gap, (gap - moved) / step):
        return None
    found = _closed(fit, value, step, gap, moved)
    if found is None:
        return None
    if not fit.rows.coarse[fit.chosen].any():
        return _shortest(found, fit)
    return _refined(fit, replace(fit, chosen=_differing(fit.rows, here), in_floors=True), found, step)


def _closed(fit: _Fit, value: float, step: float, gap: Array, moved: Array) -> float | None:
    """The value that closes the gap of the chosen rows, by Gauss-Newton; ``moved``: the gap one step ahead."""
    for _ in range(STEPS):
        slope = (gap - moved) / step
        size = float(slope @ slope)
        if size == 0.0 or not math.isfinite(size):
            return None
        value += float(slope @ gap) / size
        fresh = fit.gap_at(value)
        if fresh is None or not np.all(np.isfinite(fresh)):
            return None
        gap = fresh
        if fit.explains(gap):
            return value
        ahead = fit.gap_at(value + step)
        if ahead is None:
            return None
        moved = ahead
    return None


def _differing(rows: Rows, here: Array) -> npt.NDArray[np.int64]:
    """Every differing row but those of whole numbers."""
    apart = rows.bits(here, rows.suspect) > 0.0
    return np.flatnonzero(apart & ~np.asarray([name in WHOLE for name in rows.fields]))


def _refined(fit: _Fit, whole: _Fit, value: float, step: float) -> float:
    """A value from coarse digits, made more exact by all differing rows, where it explains them."""
    gap, moved = whole.gap_at(value), whole.gap_at(value + step)
    if gap is None or moved is None or not np.all(np.isfinite(gap)) or not np.all(np.isfinite(moved)):
        return _shortest(value, fit)
    better = value if whole.explains(gap) else _closed(whole, value, step, gap, moved)
    return _shortest(value, fit) if better is None else _shortest(better, whole)


def _promising(gap: Array, slope: Array) -> bool:
    """Whether a parameter with this effect on the rows can close most of the gap to first order."""
    size = float(slope @ slope)
    if size == 0.0 or not math.isfinite(size):
        return False
    return not float(slope @ gap) ** 2 / size < 0.25 * float(np.linalg.norm(gap)) ** 2


def _shortest(value: float, fit: _Fit) -> float:
    """The shortest decimal that fits equally well."""
    for digits in range(2, 13):
        short = float(f"{value:.{digits}g}")
        gap = fit.gap_at(short)
        if gap is not None and fit.explains(gap):
            return short
    return value


def _counts(problem: Problem, rows: Rows) -> Iterator[Variant]:
    """Whole numbers: cells along a, b, c, phi steps, mosaic domains, oversampling, default_F."""
    here = problem.scene
    for axis, (field, option) in enumerate((("F_latt_a", "n_a"), ("F_latt_b", "n_b"), ("F_latt_c", "n_c"))):
        found = _cells(rows, field, axis)
        if found is not None and found != here.n_cells[axis]:
            change = {option: found, f"sample_{'abc'[axis]}_mm": 0.0}
            yield _variant(problem, option, change, f"N{'abc'[axis]} {found} instead of {here.n_cells[axis]}")
    for counts in _cells_of_product(rows, here.n_cells):
        change = {f"n_{axis}": count for axis, count in zip("abc", counts, strict=True)}
        change |= dict.fromkeys((f"sample_{axis}_mm" for axis in "abc"), 0.0)
        words = " x ".join(map(str, counts)), " x ".join(map(str, here.n_cells))
        yield _variant(problem, "n_cells", change, f"{words[0]} cells instead of {words[1]}")
    ratio, room = _steps_ratio(rows)
    lines = {place[4] for place in rows.places if place[3] == "phi.phi_deg"}
    for option, count, power, name in (
        ("mosaic_domains", len(here.mosaic), 1, "mosaic domains"),
        ("phi_steps", here.n_phi, 1, "phi steps"),
        ("oversample", here.oversample, 2, "oversample"),
    ):
        wanted = count * ratio ** (1.0 / power)
        candidates = {round(wanted)} if abs(wanted - round(wanted)) < room else set()
        if option == "phi_steps" and lines:
            candidates.add(len(lines))
        for value in candidates - {count}:
            if value >= 1 and here.n_terms * (value / count) ** power <= MOST_TERMS:
                yield _variant(problem, name, {option: value}, f"{name} {value} instead of {count}")
    if here.table.grid is None:
        printed = {float(v) for v, name in zip(rows.suspect, rows.fields, strict=True) if name in PRINTED_F}
        stated = _stated_default(problem.suspect)
        for value in printed - {here.table.default_f}:
            if stated is not None and value != stated:
                continue  # the log itself says otherwise: F_cell came from a table
            table = replace(here.table, default_f=value)

            def change_table(setup: PixelSetup, table: Any = table) -> PixelSetup:
                return replace(setup, scene=replace(setup.scene, table=table))

            name = f"default_F {value:g} instead of {here.table.default_f:g}"
            yield OTHER_CONFIG.variant(Form(name, change_table, 4.0 + number_price(value)))


def _steps_ratio(rows: Rows) -> tuple[float, float]:
    """Suspect's steps / reference's, and how exactly it is known; from the two sums where no side prints the steps."""
    first = {name: n for n, name in reversed(list(enumerate(rows.fields)))}
    for fields, room in ((("steps",), 1e-9), (("I_before_scaling", "printout.I_per_step"), 1e-6)):
        if all(name in first and rows.reference[first[name]] and rows.suspect[first[name]] for name in fields):
            over = [rows.suspect[first[name]] / rows.reference[first[name]] for name in fields]
            return float(over[0] / over[1] if len(over) > 1 else over[0]), room
    return 1.0, 0.0


def _stated_default(trace: Trace) -> float | None:
    """default_F as C states it in its summary; None without that line."""
    found = [number(match[1]) for notice in trace.notices if (match := _ALL_OTHERS.search(notice.text))]
    return found[-1] if found else None


def _cells_of_product(rows: Rows, counts: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Other numbers of cells, along one axis or along all, that make a -printout block's F_latt from its index."""
    printed = dict(zip(rows.fields, rows.suspect.tolist(), strict=True))
    index = [value for name, value in zip(rows.fields, rows.suspect.tolist(), strict=True) if name == PRINTED_INDEX]
    product = printed.get(PRINTED_PRODUCT)
    if product is None or not product or len(index) != 3:
        return
    gratings = np.asarray(
        [
            [grating(np.asarray([h, h + HALF_UNIT]), n) if n > 1 else np.ones(2) for n in range(1, MOST_CELLS)]
            for h in index
        ]
    )  # (axis, cells, at the index and half a unit beyond)
    for axes in ((0,), (1,), (2,), (0, 1, 2)):
        for n in range(1, MOST_CELLS):
            other = tuple(n if axis in axes else count for axis, count in enumerate(counts))
            if other == counts or max(other) >= MOST_CELLS:
                continue
            values = np.asarray([gratings[axis, count - 1] for axis, count in enumerate(other)])
            made = float(values[:, 0].prod())
            moved = [made / values[axis, 0] * values[axis, 1] if values[axis, 0] else 0.0 for axis in range(3)]
            room = SIX_DIGITS * abs(product) + sum(abs(value - made) for value in moved)
            if abs(made - product) <= 2.0 * room:
                yield other


def _cells(rows: Rows, field: str, axis: int) -> int | None:
    """The number of cells that relates the suspect's lattice factor to its index."""
    index = {
        place[1]: value
        for place, value in zip(rows.places, rows.suspect, strict=True)
        if place[3] == "hkl_frac" and place[5] == axis
    }
    pairs = [
        (index[place[1]], value)
        for place, value in zip(rows.places, rows.suspect, strict=True)
        if place[3] == field and place[1] in index
    ]
    for count in range(1, MOST_CELLS):
        made = [1.0 if count == 1 else float(grating(np.asarray(h), count)) for h, _ in pairs]
        if pairs and all(abs(a - b) <= 1e-8 * max(1.0, count) for a, (_, b) in zip(made, pairs, strict=True)):
            return count
    return None
