"""Lattice and structure factor. Source: hypotheses.md, Lattice and structure factor."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

from nbtui.diagnosis.hypotheses.changes import both, rule, scene
from nbtui.diagnosis.hypotheses.log_lines import quoted
from nbtui.diagnosis.hypotheses.record import Form, Hypothesis, Problem
from nbtui.diagnosis.replay.rounding import Rounding

SHAPES = ("SQUARE", "ROUND", "GAUSS", "TOPHAT")
_CRYSTAL = quoted(" xtal: ")
_LOOKUP = quoted(fields=("hkl_rounded", "F_cell"))

# --- lattice factor --------------------------------------------------------------------------------------------------


def _fractional(problem: Problem) -> Iterator[Form]:
    yield Form("", rule("lattice", fractional_index=True))


FRACTIONAL_GRATING = Hypothesis(
    "sincg_fractional",
    "The lattice factor takes the fractional part of the index: same magnitude, other sign.",
    "F_latt factors differ in sign only, where N - 1 is odd and the index is odd.",
    "Nothing in the image depends on it; use the whole index for parity of the trace.",
    _fractional,
    quoted(fields=("F_latt_a", "F_latt_b", "F_latt_c")),
)


def _counts(problem: Problem) -> Iterator[Form]:
    own = problem.scene.n_cells
    for order in permutations(range(3)):
        counts = tuple(own[i] for i in order)
        if counts != own:
            yield Form("x".join(map(str, counts)), scene(n_cells=counts))


PERMUTED_CELLS = Hypothesis(
    "n_cells_permuted",
    "Na, Nb and Nc are exchanged.",
    "The C log's 'xtal: NaxNbxNc cells'.",
    "Pass the counts in the order a, b, c.",
    _counts,
    _CRYSTAL,
)


def _shapes(problem: Problem) -> Iterator[Form]:
    for shape in SHAPES:
        if shape != problem.scene.shape:
            yield Form(shape, scene(shape=shape))
    if problem.scene.shape in ("GAUSS", "TOPHAT"):
        yield Form("width in cells, not in 1/A", rule("lattice", dimensional_shape_width=False))


SHAPE = Hypothesis(
    "xtal_shape",
    "The lattice shape differs.",
    "The C log names the shape ('parallelpiped xtal', 'spherical' ...).",
    "Pass the shape flag on.",
    _shapes,
    _CRYSTAL,
    quirks=("dimensional_shape_width", "sphere_literal"),
)


def _fudges(problem: Problem) -> Iterator[Form]:
    here = problem.scene
    if here.shape == "SQUARE":
        return
    for value in dict.fromkeys((1.0, 1.0 / here.fudge if here.fudge else 1.0, here.fudge**2, here.fudge**0.5)):
        if value != here.fudge:
            yield Form(f"fudge {value:g}", scene(fudge=value), 0.0 if value == 1.0 else 1.0)


FUDGE = Hypothesis(
    "fudge",
    "The lattice shape uses another fudge factor.",
    "-fudge on the command line; it does not affect SQUARE crystals.",
    "Pass -fudge on.",
    _fudges,
    _CRYSTAL,
)

# --- structure factor ------------------------------------------------------------------------------------------------


def _roundings(problem: Problem) -> Iterator[Form]:
    for rounding in Rounding:
        if rounding is not Rounding.HALF_DOWN:
            table = rule("structure_factor", rounding=rounding)
            yield Form(rounding.value, table)
            if problem.scene.shape != "SQUARE":
                shape = rule("lattice", rounding=rounding)
                yield Form(f"{rounding}, in the lattice factor as well", both(table, shape))
                yield Form(f"{rounding}, in the lattice factor alone", shape, 1.0)


ROUNDING = Hypothesis(
    "hkl_rounding",
    "The nearest index comes from another rounding rule.",
    "C rounds with ceil(h - 1/2): halves go down.",
    "Use the same expression.",
    _roundings,
    quoted(fields=("hkl_frac", "hkl_rounded")),
)


def _neighbors(problem: Problem) -> Iterator[Form]:
    if problem.scene.table.grid is None:
        return
    for shift in product((-1, 0, 1), repeat=3):
        if any(shift):
            steps = sum(map(abs, shift))
            yield Form("h{:+d} k{:+d} l{:+d}".format(*shift), rule("structure_factor", shift=shift), 1.5 * (steps - 1))


NEIGHBOR = Hypothesis(
    "hkl_neighbour",
    "The structure factor is that of a neighbouring index.",
    "hkl_rounded agrees, F_cell is the table's value one index further.",
    "Check the lower bounds of the table when it is indexed.",
    _neighbors,
    _LOOKUP,
)


def _index_orders(problem: Problem) -> Iterator[Form]:
    if problem.scene.table.grid is None:
        return
    for order in permutations(range(3)):
        if order != (0, 1, 2):
            yield Form(" ".join("hkl"[i] for i in order), rule("structure_factor", order=order))


PERMUTED_INDICES = Hypothesis(
    "hkl_transposed",
    "The structure factor is that of permuted indices.",
    "hkl_rounded agrees, F_cell is the table's value at another order of the same indices.",
    "Index the table as h, k, l.",
    _index_orders,
    _LOOKUP,
)


def _mate(problem: Problem) -> Iterator[Form]:
    if problem.scene.table.grid is not None:
        yield Form("-h -k -l", rule("structure_factor", friedel=True))


FRIEDEL = Hypothesis(
    "friedel",
    "The structure factor is that of -h -k -l.",
    "hkl_rounded agrees, F_cell is the table's value of the Friedel mate.",
    "Check the sign of the incident or scattering vector where the table is read.",
    _mate,
    _LOOKUP,
)


def _interpolations(problem: Problem) -> Iterator[Form]:
    if problem.scene.table.grid is None:
        return
    on = problem.scene.interpolate
    point_by_point = rule("structure_factor", interpolation_switch_off=False)
    yield Form("nearest" if on else "tricubic", scene(interpolate=not on, interpolation_end=None))
    if on:
        yield Form("decided for every point", point_by_point, 0.5)
    else:
        every = both(point_by_point, scene(interpolate=True, interpolation_end=None))
        yield Form("tricubic, decided for every point", every, 0.5)


INTERPOLATION = Hypothesis(
    "interpolation",
    "Structure factors are interpolated on one side and nearest on the other.",
    "'auto-selected interpolation' in the C log: it is on where any N is 2 or less.",
    "Follow C's rule or give -interpolate / -nointerpolate.",
    _interpolations,
    quoted("nterpolation", fields=("F_cell",)),
    quirks=("interpolation_switch_off", "interpolate_before_sizes"),
)


def _every_term(problem: Problem) -> Iterator[Form]:
    here = problem.scene
    weighted = here.oversample_thick or here.oversample_polar or here.oversample_omega
    if here.water == 0.0 and (weighted or (here.interpolate and here.table.grid is not None)):
        executed = rule("accumulation", zero_term_skip=False)
        yield Form("", both(executed, rule("structure_factor", zero_term_skip=False)))


EVERY_TERM = Hypothesis(
    "zero_term_skip",
    "A term with a lattice factor of zero is executed: its oversample factor counts, and its index tests the range of "
    "interpolation.",
    "F_latt is exactly 0 in a block without an F_cell line.",
    "Skip terms with F_latt = 0 unless there is water (quirk zero_term_skip).",
    _every_term,
    quoted(fields=("F_latt",)),
    quirks=("zero_term_skip",),
)

HYPOTHESES = (
    FRACTIONAL_GRATING,
    PERMUTED_CELLS,
    SHAPE,
    FUDGE,
    ROUNDING,
    NEIGHBOR,
    PERMUTED_INDICES,
    FRIEDEL,
    INTERPOLATION,
    EVERY_TERM,
)
