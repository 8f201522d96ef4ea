"""Contributions of the pixel arranged for stepping: [block, phi step, mosaic domain], the live side beside C.

A block is one (absorption layer, sub-pixel slow, sub-pixel fast, source), in the program's order of accumulation
(nanobragg_pixel_loop.md, section 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from nbtui.live.model import TERM_AXES, Simulation, TermTable
from nbtui.trace.columns import PhiLines
from nbtui.trace.model import PhiRecord

FACTORS = {"F_latt_a": "h", "F_latt_b": "k", "F_latt_c": "l"}  # factors of F_latt, and the index of each
DETAILS = (*FACTORS, "F_cell_origin")  # simulated pixels only
DIFFERS = 1e-6  # relative: the gate of the evidence package between two terms

PHI_NAMES = {"k": "k_frac", "F_latt_b": "F_latt_b", "F_latt": "F_latt"}  # column -> key of the phi lines
# components of the trace fields that have a value at every step
FIELD_COLUMNS = {
    **{("hkl_frac", index): index for index in "hkl"},
    **{("hkl_rounded", index): f"{index}0" for index in "hkl"},
    **{(name, ""): name for name in (*FACTORS, "F_latt", "F_cell")},
}
Place = tuple[int, int, int]  # block, phi step, mosaic domain


@dataclass(frozen=True, eq=False)
class Side:
    """Terms of one program: column name -> array (n_blocks, n_phi, n_domains).

    Places without a term hold NaN, except for ``F_cell2_F_latt2`` [e^2], which is 0 there. The columns of DETAILS
    are present if the simulator provides them; C's factors follow from its h, k, l (see ``_with_factors``).
    """

    columns: dict[str, np.ndarray]

    @property
    def terms(self) -> np.ndarray:
        return self.columns["F_cell2_F_latt2"]

    @cached_property
    def running(self) -> np.ndarray:
        """Sum of all terms up to and including each place, in the order of accumulation [e^2]."""
        return np.cumsum(self.terms).reshape(self.terms.shape)

    @cached_property
    def per_block(self) -> np.ndarray:
        """Sum of the terms of each block [e^2], (n_blocks,)."""
        return np.asarray(self.terms.sum(axis=(1, 2)))

    @cached_property
    def largest(self) -> np.ndarray:
        """Largest term of each block [e^2], (n_blocks,)."""
        return np.asarray(self.terms.max(axis=(1, 2)))

    @cached_property
    def total(self) -> float:
        return float(self.terms.sum())

    @cached_property
    def per_phi(self) -> np.ndarray:
        """Sum of the terms of each phi step [e^2], (n_phi,)."""
        return np.asarray(self.terms.sum(axis=(0, 2)))

    def prepare(self) -> None:
        """Compute every sum in advance, so that no key waits for the sum of a million terms."""
        _ = self.running, self.per_block, self.largest, self.total, self.per_phi

    def at(self, place: Place) -> dict[str, float]:
        """The columns at one (block, phi step, domain)."""
        return {name: float(column[place]) for name, column in self.columns.items()}


@dataclass(frozen=True, eq=False)
class Contributions:
    """All terms of one pixel on a dense grid. ``c`` is None if C's terms are unknown; ``c_problem`` says why."""

    shape: tuple[int, int, int, int, int, int]  # sizes of TERM_AXES
    phi_deg: tuple[float, ...]
    n_cells: tuple[int, int, int]
    py: Side
    c: Side | None
    c_problem: str = ""
    c_phi: Mapping[str, np.ndarray] = field(default_factory=dict)
    """C's phi lines where its terms are not known: values of PHI_NAMES -> (layers x sub-pixels, phi steps)."""
    log_phi: Mapping[str, np.ndarray] = field(default_factory=dict)
    """The phi lines of your log, in the same way."""

    def prepare(self) -> None:
        """Compute sums and differing places in advance, for both sides."""
        for side in (self.py, self.c):
            if side is not None:
                side.prepare()
        _ = self.differing

    @property
    def whole(self) -> float:
        """The whole of the shares of both sides [e^2]: C's sum if known and not 0, else the live one."""
        return self.c.total if self.c is not None and self.c.total else self.py.total

    @property
    def whole_words(self) -> str:
        """The sum of ``whole``, after a share in percent."""
        return "of C's I" if self.c is not None and self.c.total else "of I"

    @cached_property
    def differing(self) -> np.ndarray:
        """Places whose term differs from C's, or from C's phi line where the terms are unknown.

        Flat indices in the order of accumulation, ascending, (n,).
        """
        if self.c is not None:
            return np.flatnonzero(_differ(self.py.terms, self.c.terms))
        off = np.zeros(self.py.terms.shape, dtype=bool)
        for name, key in PHI_NAMES.items():
            column, values = self.py.columns.get(name), self.c_phi.get(key)
            if column is not None and values is not None:
                off[:: self.shape[3], :, 0] |= _differ(column[:: self.shape[3], :, 0], values)
        return np.flatnonzero(off)

    @property
    def knows_c(self) -> bool:
        """Whether a value of C is known at any step."""
        return self.c is not None or bool(self.c_phi)

    def differs_at(self, place: Place) -> bool:
        """Whether a place is one of ``differing``."""
        flat = int(np.ravel_multi_index(place, self.py.terms.shape))
        at = int(np.searchsorted(self.differing, flat))
        return at < len(self.differing) and int(self.differing[at]) == flat

    def next_differing(self, place: Place, forward: bool) -> tuple[Place, int] | None:
        """The next (previous) of ``differing`` after a place, wrapping around, and its number; None without any."""
        count = len(self.differing)
        if not count:
            return None
        flat = int(np.ravel_multi_index(place, self.py.terms.shape))
        after = int(np.searchsorted(self.differing, flat, "right" if forward else "left"))
        number = (after if forward else after - 1) % count
        block, phi, domain = np.unravel_index(int(self.differing[number]), self.py.terms.shape)
        return (int(block), int(phi), int(domain)), number

    def value_of(self, side: Literal["c", "py"], name: str, place: Place) -> float | None:
        """A column of one side at a place, NaN where the side has no term; None if unknown there."""
        terms = self.c if side == "c" else self.py
        if terms is not None and name in terms.columns:
            return float(terms.columns[name][place])
        block, phi, domain = place
        lines = self.phi_lines(PHI_NAMES[name], block, domain) if side == "c" and name in PHI_NAMES else None
        return None if lines is None or np.isnan(lines[phi]) else float(lines[phi])

    def phi_lines(self, name: str, block: int, domain: int, *, log: bool = False) -> np.ndarray | None:
        """The phi lines of C, or of your log, for a block: (n_phi,), NaN without a line.

        Programs print them for source 0 and domain 0 only.
        """
        lines = self.log_phi if log else self.c_phi
        visited, source = divmod(block, self.shape[3])
        values = lines[name][visited] if name in lines and not (source or domain) else None
        return None if values is None or np.isnan(values).all() else values

    @property
    def n_blocks(self) -> int:
        return int(np.prod(self.shape[:4]))

    @property
    def n_phi(self) -> int:
        return self.shape[4]

    @property
    def n_domains(self) -> int:
        return self.shape[5]

    @property
    def sizes(self) -> dict[str, int]:
        """Number of places along each axis; ``sub`` counts all sub-pixels, the fast axis first."""
        layers, slow, fast, sources, phi, domains = self.shape
        return {"phi": phi, "domain": domains, "source": sources, "sub": slow * fast, "layer": layers}

    def indices(self, place: Place) -> dict[str, int]:
        """Indices of a place along the axes of ``sizes``."""
        layer, slow, fast, source = (int(i) for i in np.unravel_index(place[0], self.shape[:4]))
        return {
            "phi": place[1], "domain": place[2], "source": source, "sub": slow * self.shape[2] + fast, "layer": layer
        }  # fmt: skip

    def place(self, indices: Mapping[str, int]) -> Place:
        """Place with these indices along the axes of ``sizes``, each clamped to the existing range."""
        near = {axis: max(0, min(size - 1, indices[axis])) for axis, size in self.sizes.items()}
        slow, fast = divmod(near["sub"], self.shape[2])
        block = np.ravel_multi_index((near["layer"], slow, fast, near["source"]), self.shape[:4])
        return int(block), near["phi"], near["domain"]

    def block_name(self, block: int) -> str:
        """``source 0/2  sub-pixel 1,0 of 3x3  layer 0/3``: only axes with more than one place."""
        thick, slow, fast, source = np.unravel_index(block, self.shape[:4])
        layers, subs, _, sources = self.shape[:4]
        parts = []
        if sources > 1:
            parts.append(f"source {source}/{sources - 1}")
        if subs > 1:
            parts.append(f"sub-pixel {slow},{fast} of {subs}x{subs}")
        if layers > 1:
            parts.append(f"layer {thick}/{layers - 1}")
        return "  ".join(parts)


def arrange(
    simulation: Simulation,
    c_terms: TermTable | None,
    c_problem: str = "",
    c_lines: Sequence[PhiRecord] = (),
    log_lines: Sequence[PhiRecord] = (),
) -> Contributions:
    """Contributions of a simulated pixel beside C's terms, if these are known and have the same sampling.

    ``c_lines``: C's phi lines, used if its terms are unknown; ``log_lines``: those of your log.
    """
    sizes = tuple(int(simulation.axes[axis]) for axis in TERM_AXES)
    shape = (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5])
    c = None
    if c_terms is not None:
        if _fits(c_terms, shape):
            c = _with_factors(_dense(c_terms, shape), simulation)
        else:
            c_problem = "C's terms file has a different sampling than this run"
    return Contributions(
        shape,
        simulation.phi_deg,
        simulation.n_cells,
        _dense(simulation.terms, shape),
        c,
        "" if c else c_problem,
        {} if c else _phi_table(c_lines, shape),
        _phi_table(log_lines, shape),
    )


def differs(value: float, reference: float) -> bool:
    """Whether a term differs from C's by the gate of the evidence package."""
    return abs(value - reference) > DIFFERS * abs(reference)


def _differ(values: np.ndarray, references: np.ndarray) -> np.ndarray:
    """`differs` for arrays; False where one of the two is unknown (NaN)."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(values - references) > DIFFERS * np.abs(references))


def _with_factors(c: Side, simulation: Simulation) -> Side:
    """C's terms with the factors of F_latt, which terms.csv lacks, for SQUARE crystals: sin(pi N h) / sin(pi h).

    NaN where their product is not C's F_latt, so that no factor is shown that C cannot have used.
    Source: nanobragg_pixel_loop.md section 7.2.
    """
    if simulation.terms.F_latt_a is None:
        return c
    factors = {
        name: _grating(c.columns[index], n)
        for (name, index), n in zip(FACTORS.items(), simulation.n_cells, strict=True)
    }
    product = np.prod(list(factors.values()), axis=0)
    unlike = _differ(product, c.columns["F_latt"])
    return Side({**c.columns, **{name: np.where(unlike, np.nan, values) for name, values in factors.items()}})


def _grating(x: np.ndarray, n: int) -> np.ndarray:
    """Sum of n waves with the phases 2 pi x m, as C computes it; n at exactly x = 0, 1 for a single cell."""
    if n < 2:
        return np.where(np.isnan(x), np.nan, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x == 0.0, float(n), np.sin(np.pi * x * n) / np.sin(np.pi * x))


def _phi_table(lines: Sequence[PhiRecord], shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """C's phi lines on the grid of layers and sub-pixels x phi steps; empty without lines."""
    if not len(lines):
        return {}
    sizes = int(np.prod(shape[:3])), shape[4]
    table = {name: np.full(sizes, np.nan) for name in PHI_NAMES.values()}
    for keys, values, occurrence in _alike(lines):
        if "phi_tic" not in keys:
            continue
        tic = values[:, keys.index("phi_tic")].astype(np.int64)
        fits = (tic >= 0) & (tic < sizes[1]) & (occurrence < sizes[0])
        for name in set(keys) & table.keys():
            table[name][occurrence[fits], tic[fits]] = values[fits, keys.index(name)]
    return table


def _alike(lines: Sequence[PhiRecord]) -> Iterator[tuple[tuple[str, ...], np.ndarray, np.ndarray]]:
    """Lines with the same keys: keys, values (n, keys), earlier occurrences of each phi step (n,)."""
    if isinstance(lines, PhiLines):
        starts, values = np.asarray(lines.start, dtype=np.int64), np.asarray(lines.values)
        occurrence = np.asarray(lines.occurrence, dtype=np.int64)
        for keys, positions in zip(lines.kinds, lines.positions, strict=True):
            at = np.asarray(positions, dtype=np.int64)
            yield keys, values[starts[at][:, None] + np.arange(len(keys))], occurrence[at]
        return
    for line in lines:
        yield tuple(line.values), np.asarray([list(line.values.values())]), np.asarray([line.occurrence])


def _place(table: TermTable) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(getattr(table, axis), dtype=np.int64) for axis in TERM_AXES)


def _fits(table: TermTable, shape: tuple[int, ...]) -> bool:
    """Whether every term lies inside the grid. (Skipped passes have no term.)"""
    places = _place(table)
    if not len(places[0]):  # every pass was skipped
        return True
    return all(place.min() >= 0 and place.max() < size for place, size in zip(places, shape, strict=True))


def _dense(table: TermTable, shape: tuple[int, int, int, int, int, int]) -> Side:
    flat = np.ravel_multi_index(_place(table), shape) if len(table.thick) else np.zeros(0, dtype=np.int64)
    grid = (int(np.prod(shape[:4])), shape[4], shape[5])
    columns: dict[str, np.ndarray] = {}
    for name in ("h", "k", "l", "h0", "k0", "l0", "F_latt", "F_cell", "F_cell2_F_latt2"):
        dense = np.full(int(np.prod(shape)), 0.0 if name == "F_cell2_F_latt2" else np.nan)
        dense[flat] = np.asarray(getattr(table, name), dtype=float)
        columns[name] = dense.reshape(grid)
    for name in DETAILS:
        values = getattr(table, name)
        if values is not None:
            dense = np.full(int(np.prod(shape)), np.nan)
            dense[flat] = np.asarray(values, dtype=float)
            columns[name] = dense.reshape(grid)
    return Side(columns)
