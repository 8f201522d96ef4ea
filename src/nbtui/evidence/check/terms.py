"""terms.csv row by row: indices, products and lattice factors, then the sum and the lines of the log.

Source: spec/evidence_package.md, terms.csv; nanobragg_pixel_loop sections 6 to 9.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nbtui.evidence.check.finding import FileFinding, Weight, wrong
from nbtui.evidence.check.term_rows import AXES, Array, BadTerms, TermRows, read_terms
from nbtui.evidence.check.terms_of_the_run import RunOfTerms
from nbtui.evidence.layout import GIVEN_LOG, TERMS
from nbtui.evidence.read.folder import number, regular_size, text
from nbtui.live.run_options import RunOptions
from nbtui.trace.model import Trace

ROUNDING = {"float64": 1e-9, "float32": 1e-4}  # of a sum of terms, relative; of one product likewise
_UNITS = {"float64": 2.0**-52, "float32": 2.0**-23}
_ROOM = 64  # roundings in a lattice factor
_SPHERE = 0.723601254558268  # sqrt(pi/6)
_FEW_CELLS = 2  # along an axis: C then interpolates where the command does not decide
_MOST_INDICES = 100_000  # kept in memory
_COUNTS = ("thick_steps", "oversample", "oversample", "sources", "phi_steps", "mosaic_domains")  # of AXES


@dataclass(frozen=True)
class Crystal:
    """What the lattice factor depends on beside h, k, l."""

    shape: str
    n_cells: tuple[int, int, int]
    fudge: float


def check_terms(
    folder: Path, metrics: Mapping[str, object], options: RunOptions | None, py: Trace | None
) -> list[FileFinding]:
    """Every row of terms.csv; ``options``: of the command, None if unusable; ``py``: a simulated Python trace."""
    if regular_size(folder / TERMS) is None:
        return [FileFinding(TERMS, "cannot be read")]
    checked = _Terms(metrics, options, py)
    try:
        for rows in read_terms(folder / TERMS):
            checked.take(rows)
    except (OSError, BadTerms) as error:
        return [*wrong(TERMS, checked.found), FileFinding(TERMS, str(error))]
    return [*wrong(TERMS, [*checked.found, *checked.whole()]), *checked.unjudged()]


class _Terms:
    """The checks of a file that is read in pieces."""

    def __init__(self, metrics: Mapping[str, object], options: RunOptions | None, py: Trace | None) -> None:
        self.found: list[str] = []
        self._metrics, self._options, self._py = metrics, options, py
        self._dtype = text(metrics.get("dtype")) if metrics.get("dtype") in ROUNDING else "float64"
        self._crystal = _crystal(metrics, options)
        self._run = RunOfTerms(metrics, options, py)
        self._total, self._count = 0.0, 0
        self._last: tuple[float, ...] = ()
        self._sizes = [number(metrics.get(key)) for key in _COUNTS]
        self._factors: dict[tuple[float, ...], float] = {}

    def take(self, rows: TermRows) -> None:
        """Check the next rows."""
        self._indices(rows)
        hkl0, factor = rows.table[:, 9:12], rows.column("F_cell")
        self._say(rows, (np.ceil(rows.hkl - 0.5) != hkl0).any(axis=1), "h0, k0, l0 are not the nearest to h, k, l")
        lattice, product = rows.column("F_latt"), rows.column("F_cell2_F_latt2")
        away = np.abs(factor**2 * lattice**2 - product) > ROUNDING[self._dtype] * np.abs(product) + 1e-300
        self._say(rows, away, "F_cell2_F_latt2 is not F_cell^2 F_latt^2")
        if self._crystal is not None:
            expected, room = lattice_factor(rows.hkl, self._crystal, _UNITS[self._dtype])
            self._say(rows, np.abs(expected - lattice) > room, "F_latt is not that of h, k, l and the crystal")
        self._structure_factors(rows, hkl0, factor)
        self._run.take(rows)
        self._total += math.fsum(product)
        self._count += len(product)

    def whole(self) -> list[str]:
        """Findings on the file as a whole."""
        found = [*self._run.whole(), *_cells_typed(self._metrics, self._options)]
        product = math.prod(int(size or 0) for size in self._sizes)
        if None not in self._sizes and self._count > product:
            found.append(f"has {self._count} terms, the run has {product}")
        if (
            self._options is not None
            and not self._options.may_skip
            and None not in self._sizes
            and self._count < product
        ):
            found.append(f"has {self._count} terms, the run has {product}")
        if self._py is None or self._weighted():
            return found
        stated = number(self._metrics.get("I_before_scaling_Py"))
        if stated is not None and not math.isclose(self._total, stated, rel_tol=ROUNDING[self._dtype], abs_tol=1e-300):
            found.append(f"the terms add up to {self._total!r}, I_before_scaling_Py is {stated!r}")
        return found

    def unjudged(self) -> list[FileFinding]:
        """What this run does not allow to judge."""
        found = []
        if text(self._metrics.get("python_trace")) == GIVEN_LOG:
            what = "the Python trace is a given log; the terms belong to nbtui's own simulation"
            found.append(FileFinding(TERMS, what, Weight.REMARK))
        elif self._weighted():
            what = "the sum of terms is weighted in this run: not compared"
            found.append(FileFinding(TERMS, what, Weight.UNJUDGED, replayable=True))
        if self._crystal is None:
            what = "F_latt of this crystal is not recomputed"
            found.append(FileFinding(TERMS, what, Weight.UNJUDGED, replayable=True))
        return found

    def _weighted(self) -> bool:
        return self._options is None or self._options.weighted

    def _indices(self, rows: TermRows) -> None:
        """Each row after the one before it, inside the loops of the run."""
        axes = rows.axes
        if None not in self._sizes:
            outside = ((axes < 0) | (axes >= np.array(self._sizes, dtype=float)) | (axes % 1 != 0)).any(axis=1)
            self._say(rows, outside, f"{', '.join(AXES)} are outside the loops of the run")
        before = np.vstack([self._last, axes[:-1]]) if self._last else axes[:-1]
        step = (axes if self._last else axes[1:]) - before
        first = np.take_along_axis(step, np.argmax(step != 0, axis=1)[:, None], axis=1)[:, 0]
        late = np.zeros(len(axes), dtype=bool)
        late[len(axes) - len(first) :] = first <= 0
        self._say(rows, late, "does not come after the line before it")
        self._last = tuple(axes[-1])

    def _structure_factors(self, rows: TermRows, hkl0: Array, factor: Array) -> None:
        """One F_cell per index, unless it is interpolated."""
        if self._options is None or self._options.interpolates or len(self._factors) > _MOST_INDICES:
            return
        if self._options.interpolates is None and min(self._crystal.n_cells if self._crystal else (0,)) <= _FEW_CELLS:
            return
        for at, index in enumerate(map(tuple, hkl0.tolist())):
            if self._factors.setdefault(index, float(factor[at])) != factor[at]:
                self.found.append(f"line {rows.first + at}: another F_cell for {index} than before")

    def _say(self, rows: TermRows, where: np.ndarray, what: str) -> None:
        self.found += [f"line {rows.first + int(at)}: {what}" for at in np.flatnonzero(where)[:20]]


def lattice_factor(hkl: Array, crystal: Crystal, unit: float) -> tuple[Array, Array]:
    """F_latt (n,) at h, k, l (n, 3), and the room for rounding (``unit``: of the floating-point numbers).

    Source: nanobragg_pixel_loop section 7; SQUARE and ROUND crystals.
    """
    counts = np.array(crystal.n_cells, dtype=float)
    if crystal.shape == "ROUND":
        off = (hkl - np.ceil(hkl - 0.5)) * counts
        radius = np.pi * np.sqrt(np.sum(off**2, axis=1) * crystal.fudge)
        safe = np.where(radius < 1e-3, 1.0, radius)
        ball = np.where(radius < 1e-3, 1.0 - radius**2 / 10, 3.0 * (np.sin(safe) / safe - np.cos(safe)) / safe**2)
        size = np.prod(counts) * _SPHERE
        slack = _ROOM * unit * size * (1.0 + (np.abs(hkl).max(axis=1) + 1.0) * counts.max() + 1.0 / safe**2)
        return size * ball, np.asarray(slack)
    angle = np.pi * hkl
    below = np.sin(angle)
    safe = np.where(below == 0.0, 1.0, below)
    each = np.where((below == 0.0) | (counts <= 1.0), counts, np.sin(angle * counts) / safe)
    least = np.maximum(np.abs(below), unit)
    error = np.abs(each) * (1.0 + np.abs(angle) / least) + np.abs(angle) * counts / least + counts
    error = np.where(counts > 1.0, np.minimum(_ROOM * unit * error, 2.0 * counts), 0.0)
    bound = np.prod(np.abs(each) + error, axis=1) - np.prod(np.abs(each), axis=1)
    return np.prod(each, axis=1), np.asarray(bound + unit)


def _cells_typed(metrics: Mapping[str, object], options: RunOptions | None) -> list[str]:
    """The number of cells that the command gives, where it names no size of the crystal."""
    stated = metrics.get("n_cells")
    if options is None or options.cells is None or stated in (None, list(options.cells)):
        return []
    return [f"is of {stated} cells, the command has {list(options.cells)}"]


def _crystal(metrics: Mapping[str, object], options: RunOptions | None) -> Crystal | None:
    if options is None or options.shape not in ("SQUARE", "ROUND"):
        return None
    cells = metrics.get("n_cells", options.cells)
    if not isinstance(cells, list | tuple) or len(cells) != 3 or not all(isinstance(n, int) for n in cells):
        return None
    return Crystal(options.shape, (cells[0], cells[1], cells[2]), options.fudge)
