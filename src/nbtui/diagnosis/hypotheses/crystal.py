"""Crystal, phi and mosaic. Source: hypotheses.md, Crystal, phi, mosaic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import permutations, product
from typing import Any

from nbtui.diagnosis.hypotheses.changes import Change, cell, orienting, reconfigured, rule
from nbtui.diagnosis.hypotheses.log_lines import quoted, repeated_phi_step
from nbtui.diagnosis.hypotheses.record import DecisiveSetting, Form, Hypothesis, NoticeMeaning, Problem
from nbtui.diagnosis.replay.orientation import Misset
from nbtui.diagnosis.replay.setup import PixelSetup, with_cell, with_rules
from nbtui.live.constants import DEFAULT_MOSAIC_SEED
from nbtui.live.scene import cell_of, domains

_RANGE = "phi steps from"
_MISSET = "misset angles"
_DOMAINS = quoted("mosaic domains")

# --- phi -------------------------------------------------------------------------------------------------------------


def _fresh(problem: Problem) -> Iterator[Form]:
    if problem.base.rules.crystal.phi_carryover:
        thread = problem.explains_c and problem.may_begin_thread
        where = ", as in the first pixel of an OpenMP thread (--omp-threads N)" if thread else ""
        yield Form(f"fresh vectors at phi = 0{where}", rule("crystal", phi_carryover=False))
    else:  # the reference is not the stock C program
        change = rule("crystal", phi_carryover=True)
        yield Form("vectors of the last step at phi = 0", change, quirks=(("phi_carryover", True),))


CARRY_OVER = Hypothesis(
    "phi_carryover",
    "At phi = 0 one side keeps the vectors of the last phi step of the pass before, as the stock C program does; the "
    "other starts fresh.",
    "k_frac of phi_tic 0 equals that of the last step although phi_deg is 0: so in the stock C program.",
    "Run with --phi-mode c-parity for parity with the stock C program, spec for physics or the fixed one.",
    _fresh,
    repeated_phi_step,
    quirks=("phi_carryover",),
    setting=DecisiveSetting("phi_mode", as_c="c-parity", otherwise="spec"),
)


def _grid(start: float, stretch: float, *, shown: bool) -> Change:
    """phi grid moved by ``start`` steps and stretched; ``shown``: the phi lines still show the old one."""

    def change(setup: PixelSetup) -> PixelSetup:
        here = setup.scene
        moved = replace(here, phi_start=here.phi_start + start * here.phi_step, phi_step=here.phi_step * stretch)
        lines = (here.phi_start, here.phi_step) if shown else setup.rules.lines.phi_shown
        return with_rules(replace(setup, scene=moved), "lines", phi_shown=lines)

    return change


_PRINTED = ((False, "", 0.0), (True, ", nominal phi printed", 0.5))


def _midpoints(problem: Problem) -> Iterator[Form]:
    for shown, note, price in _PRINTED:
        yield Form("half a step later" + note, _grid(0.5, 1.0, shown=shown), price)
        yield Form("end of each step" + note, _grid(1.0, 1.0, shown=shown), price + 2.0)


MIDPOINT = Hypothesis(
    "phi_midpoint",
    "phi is taken at the middle of each step.",
    "C's phi_deg starts at -phi exactly.",
    "Start the grid at phi, not at phi + step/2.",
    _midpoints,
    quoted(_RANGE),
)


def _endpoint_grids(problem: Problem) -> Iterator[Form]:
    steps = problem.scene.n_phi
    for shown, note, price in _PRINTED if steps > 1 else ():
        yield Form("steps - 1" + note, _grid(0.0, steps / (steps - 1), shown=shown), price)


ENDPOINT_GRID = Hypothesis(
    "phi_endpoint_grid",
    "The phi range is divided by steps - 1, so that the grid reaches its end.",
    "C's phi_deg of the last step is phi + osc - step.",
    "Divide the range by the number of steps.",
    _endpoint_grids,
    quoted(_RANGE),
)


def _reversed(*, spindle: bool, range_only: bool = False) -> Change:
    def change(setup: PixelSetup) -> PixelSetup:
        here = setup.scene
        if spindle:
            return replace(setup, scene=replace(here, spindle=-here.spindle))
        start = here.phi_start if range_only else -here.phi_start
        return replace(setup, scene=replace(here, phi_start=start, phi_step=-here.phi_step))

    return change


def _senses(problem: Problem) -> Iterator[Form]:
    yield Form("about the other side of the spindle", _reversed(spindle=True))
    yield Form("negative angles", _reversed(spindle=False), 0.5)
    yield Form("negative range", _reversed(spindle=False, range_only=True), 1.0)


PHI_SIGN = Hypothesis(
    "phi_sign",
    "The crystal rotates in the opposite sense.",
    "rot_a_angstroms at the last phi step.",
    "Turn by +phi about the spindle axis, right-handed.",
    _senses,
    quoted(_RANGE, fields=("rot_b_angstroms",)),
)

# --- orientation -----------------------------------------------------------------------------------------------------


def _by_rows(problem: Problem) -> Iterator[Form]:
    if problem.scene.options.matrix_file is not None:
        yield Form("", orienting(rows=True))


TRANSPOSED_MATRIX = Hypothesis(
    "matrix_transposed",
    "The orientation matrix is read by rows instead of columns.",
    "The columns of the file are a*, b*, c*.",
    "Transpose the matrix when it is read.",
    _by_rows,
    quoted(fields=("rot_a_star_A_inv",)),
)


def _misset_orders(problem: Problem) -> Iterator[Form]:
    if problem.base.cell.misset is None:
        return
    for order, transposed in product(map("".join, permutations("xyz")), (False, True)):
        if order != "xyz" or transposed:
            name = f"{order}{', transposed' if transposed else ''}"
            yield Form(name, orienting(order=order, transposed=transposed), 0.5 * transposed)


MISSET_ORDER = Hypothesis(
    "misset_order",
    "The misset rotations are applied in another order, or transposed.",
    "a_star 'After misset rotation' in the C log.",
    "Turn about x, then y, then z of the laboratory.",
    _misset_orders,
    quoted(_MISSET, fields=("rot_a_star_A_inv",)),
)


def _misset_direct(problem: Problem) -> Iterator[Form]:
    if problem.base.cell.misset is not None:
        yield Form("as well", orienting(misset=Misset.BOTH))
        yield Form("alone", orienting(misset=Misset.DIRECT))


MISSET_DIRECT = Hypothesis(
    "misset_direct_vectors",
    "The misset rotates the direct vectors as well, or them alone.",
    "rot_a_angstroms against rot_a_star_A_inv: a . a* is 1 in C.",
    "Turn the reciprocal vectors and derive the direct ones from them.",
    _misset_direct,
    quoted(_MISSET, fields=("rot_a_angstroms",)),
)


def _volumes(problem: Problem) -> Iterator[Form]:
    yield Form("reciprocal vectors not regenerated", orienting(regenerated=False))
    if problem.base.cell.edges is not None:
        yield Form("volume from the formula", orienting(rescaled=False, regenerated=False))
        yield Form("volume from the formula, regenerated", orienting(rescaled=False))
        yield Form("volume from the vectors", cell(edges=None), 0.5)


REGENERATION = Hypothesis(
    "volume_regeneration",
    "Reciprocal vectors are not regenerated from the direct ones, or the volume comes from the formula.",
    "The C log's 'Before re-generation' and 'After re-generation' lines.",
    "Regenerate a*, b*, c* from a, b, c with the actual volume, as C does.",
    _volumes,
    quoted("V_cell", "Before re-generation", "After re-generation"),
    notice=NoticeMeaning(
        "oddball reciprocal cell angles",
        "C found reciprocal angles with a sine or cosine beyond 1: reciprocal vectors change when they are "
        "regenerated (volume_regeneration).",
    ),
    quirks=("matrix_rescaled_by_cell",),
)


def _sine_of_gamma(problem: Problem) -> Iterator[Form]:
    workdir = problem.workdir

    def change(setup: PixelSetup) -> PixelSetup:
        here = setup.scene
        return with_cell(setup, stars=cell_of(here.options, workdir, here.wavelength, literal=False).stars)

    if problem.scene.options.matrix_file is None:
        yield Form("sine of gamma", change)


SINE_OF_GAMMA_STAR = Hypothesis(
    "cell_sine_of_gamma_star",
    "C builds c* with the sine of gamma*, the other side with that of gamma, so that the cell angles differ.",
    "The C log's 'Unit Cell:' line shows angles other than those typed after -cell.",
    "Emulate C (quirk cell_sine_of_gamma_star), or give the cell as an orientation matrix on both sides.",
    _sine_of_gamma,
    quoted("Unit Cell:"),
    quirks=("cell_sine_of_gamma_star",),
)

# --- mosaic ----------------------------------------------------------------------------------------------------------


def _seed(problem: Problem) -> int | None:
    """The seed of the mosaic domains; None where there is one domain, or no spread."""
    here = problem.scene
    if len(here.mosaic) < 2 or here.mosaic_spread <= 0.0:
        return None
    return here.options.mosaic_seed


def _redrawn(options: Mapping[str, Any] | None = None, quirks: Mapping[str, bool] | None = None) -> Change:
    """The mosaic domains drawn again with other options and switches."""

    def change(setup: PixelSetup) -> PixelSetup:
        here = setup.scene
        wanted = replace(
            here, options=replace(here.options, **(options or {})), quirks=replace(here.quirks, **(quirks or {}))
        )
        seed, identity = wanted.options.mosaic_seed, wanted.quirks.mosaic_first_identity
        matrices = domains(here.mosaic_spread, len(here.mosaic), seed, first_identity=identity)
        return replace(setup, scene=replace(wanted, mosaic=matrices))

    return change


def _seeds(problem: Problem) -> Iterator[Form]:
    seed = _seed(problem)
    if seed is None:
        return
    default = DEFAULT_MOSAIC_SEED
    candidates = (default, -seed, seed + 1, seed - 1, -default, -seed - 1, 1 - seed, 1, 0, 42, 1234567)
    for candidate in dict.fromkeys(candidates):
        if candidate != seed:
            yield Form(f"seed {candidate}", _redrawn(options={"mosaic_seed": candidate}))


MOSAIC_SEED = Hypothesis(
    "mosaic_seed",
    "The mosaic domains come from another seed.",
    "Only sums over domains differ; domain 0 agrees.",
    "Take -mosaic_seed (default 12345678) and negate it, as C does.",
    _seeds,
    _DOMAINS,
)


def _exact_angles(problem: Problem) -> Iterator[Form]:
    if _seed(problem) is not None:
        change = reconfigured(problem.workdir, quirks={"mosaic_single_precision": False})
        yield Form("", change, rebuilds=True)


EXACT_MOSAIC = Hypothesis(
    "mosaic_single_precision",
    "The angles of the mosaic domains are of double precision; C's are of single precision.",
    "Sums over domains differ in the seventh digit.",
    "Round the angle to float32, as C does (quirk mosaic_single_precision).",
    _exact_angles,
    _DOMAINS,
    quirks=("mosaic_single_precision",),
)


def _first_as_drawn(problem: Problem) -> Iterator[Form]:
    if _seed(problem) is not None:
        yield Form("", _redrawn(quirks={"mosaic_first_identity": False}))


FIRST_DOMAIN = Hypothesis(
    "mosaic_first_not_identity",
    "Mosaic domain 0 is the drawn rotation instead of the identity.",
    "C prints the identity as its first mosaic matrix.",
    "Replace the first matrix by the identity after drawing it.",
    _first_as_drawn,
    _DOMAINS,
    quirks=("mosaic_first_identity",),
)


def _mosaic_first(problem: Problem) -> Iterator[Form]:
    if _seed(problem) is not None:
        yield Form("", rule("crystal", mosaic_before_phi=True))


MOSAIC_BEFORE_PHI = Hypothesis(
    "mosaic_before_phi",
    "The mosaic rotation is applied before the phi rotation.",
    "It has an effect only with both a phi range and a mosaic spread.",
    "Turn by phi first, then by the domain's matrix.",
    _mosaic_first,
)

HYPOTHESES = (
    CARRY_OVER,
    MIDPOINT,
    ENDPOINT_GRID,
    PHI_SIGN,
    TRANSPOSED_MATRIX,
    MISSET_ORDER,
    MISSET_DIRECT,
    REGENERATION,
    SINE_OF_GAMMA_STAR,
    MOSAIC_SEED,
    EXACT_MOSAIC,
    FIRST_DOMAIN,
    MOSAIC_BEFORE_PHI,
)
