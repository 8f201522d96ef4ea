"""From two traces and a case to ranked causes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from nbtui.diagnosis.answer import Diagnosis, Verdict
from nbtui.diagnosis.explain.attribution import attribute, given
from nbtui.diagnosis.explain.causes import Cause, Outcome, in_order, ranked, remarks
from nbtui.diagnosis.explain.certain import certain
from nbtui.diagnosis.explain.imitation import Imitation, waterfall
from nbtui.diagnosis.explain.unknown import Unexplained, unexplained
from nbtui.diagnosis.hypotheses.catalogue import variants_of
from nbtui.diagnosis.hypotheses.record import CauseKind, Problem, Variant
from nbtui.diagnosis.hypotheses.taps import PIXEL_CENTER
from nbtui.diagnosis.replay.quirks import with_quirks
from nbtui.diagnosis.replay.replay import MOST_TERMS, Replay, replay
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.diagnosis.search.fit import fitted
from nbtui.diagnosis.search.inherited import divergences
from nbtui.diagnosis.search.preflight import hints, preflight, source_lines
from nbtui.diagnosis.search.ratios import matches
from nbtui.diagnosis.search.remainder import TOLERANCE, Remainder, remainder
from nbtui.diagnosis.search.rows import PIXEL_FACTORS, Rows, common_rows, predictions
from nbtui.diagnosis.search.search import DONE, Search, silent
from nbtui.diagnosis.search.single import find_single, single_noise, suspected_single
from nbtui.diagnosis.without_simulation import diagnose_from_logs
from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.live.c_terms import terms_of_c
from nbtui.live.model import Case
from nbtui.live.scene import cell_of, frame_of, load_scene
from nbtui.parity.blocks import BlockPairing, paired_blocks
from nbtui.parity.compare import compare
from nbtui.parity.model import FALSE_DIVERGENCE
from nbtui.parity.own_values import contradictions
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.side import YOUR_LOG, Pair, pair_of
from nbtui.trace.text import clean

NO_PIXEL = "neither the command line nor a log names the pixel; --pixel SLOW FAST does"
FEWEST = 3  # fields of the pixel loop in both logs: any setting can be fitted to fewer
TOO_FEW = "the two logs share too few fields of the pixel loop ({}) to tell one cause from another"
BASE_IS_C = 0.5  # share of the gap [bits] beyond which a base that misses the C trace is not C's


def base_setup(case: Case, pixel: tuple[int, int]) -> PixelSetup:
    """C's set-up of the case.

    Raises:
        nbsim.errors.InputError: the command line or an input file is unusable.
    """
    scene = load_scene(case, pixel)
    literal = scene.quirks.cell_sine_of_gamma_star
    frame = frame_of(scene.options, scene.quirks)
    setup = PixelSetup(scene, frame, cell_of(scene.options, case.workdir, scene.wavelength, literal=literal))
    return with_quirks(setup, scene.quirks)


def diagnose(
    case: Case,
    c: Trace,
    py: Trace,
    *,
    pixel: tuple[int, int] | None = None,
    only: Collection[str] | None = None,
    known: Collection[str] = (),
    expected: Collection[str] = (),
    tell: Callable[[str], None] = silent,
) -> Diagnosis:
    """Why ``py`` differs from ``c``, both traces of ``case``.

    ``pixel`` (slow, fast) replaces the case's own; without either, the C log's pixel counts. ``only`` limits the search
    to variants with these names, which is quick where the cause is known from another case; ``expected``, then
    ``known`` name variants to try first. ``tell`` receives the progress as text, often; an exception that it raises
    ends the diagnosis.

    A case that cannot be simulated is diagnosed from the two logs alone, and the answer says why.
    """
    wanted = pixel or case.pixel or c.pixel or py.pixel
    if wanted is None:
        return diagnose_from_logs(c, py, NO_PIXEL, case)
    tell("setting up the pixel as C does")
    try:
        base = _set_up(case, c, wanted)
    except (UnusableInput, SimulationFailed) as error:
        return diagnose_from_logs(c, py, str(error).rstrip("."), case)
    plain = replay(base)
    rows = _compared(c, py, plain)
    if len(rows.sizes) < FEWEST:
        return diagnose_from_logs(c, py, TOO_FEW.format(len(rows.sizes)), case)
    tell("checking that each trace is consistent")
    findings = preflight(case, c, py, base)
    counts = base.scene.n_cells if base.scene.shape == "SQUARE" else None
    named = pair_of(c, py)
    inconsistent = (*contradictions(c, named[0]), *contradictions(py, named[1], counts))
    if rows.total(rows.bits(rows.reference, rows.suspect)) <= DONE:
        agreeing = certain(rows, print_fields=(), block="", implied=_implied(py), named=named)
        return Diagnosis(Verdict.AGREES, (), findings, "", (), certain=agreeing, consistency=inconsistent)
    asked = _question(Problem(case, base, c, py), rows, plain)
    tried = [0, 0]
    variants = [one for one in variants_of(asked.problem) if only is None or one.name in only]
    search = Search(base, asked.rows, variants, hints(c, py), tell=tell, tried=tried)
    outcome = _explained(asked, search, known, expected)
    imitation = Imitation(asked.problem.base, in_order(outcome, outcome.states[0]), adds=asked.side == "C")
    best = imitation.setup(imitation.ids)
    tell("matching ratios and attributing the gap")
    causes = tuple(ranked(outcome, c))
    left, verdict = outcome.remainder, _verdict(outcome, causes)
    origin = divergences(base, outcome.rows)
    sides = (replay(best), plain) if asked.side == "C" else (plain, replay(best))
    terms, source = _terms_of_c(case, c, sides[0], base)
    return Diagnosis(
        verdict=verdict,
        hypotheses=causes,
        preflight=findings,
        faulty_side=asked.side if causes else "",
        notes=(*asked.notes, *source.notes),
        certain=certain(
            rows,
            print_fields=left.of_print,
            block=_block(paired_blocks(c, py), named),
            implied=_implied(py),
            named=named,
        ),
        unknown=_unknown(outcome, left),
        remarks=remarks(outcome),
        consistency=inconsistent,
        ratios=matches(c, py, base, single=outcome.single is not None),
        inherited=origin.inherited,
        new_divergence=_first_new(c, py, origin.new),
        attribution=attribute(terms, sides[1]),
        attributed_to=source.name,
        imitation=imitation if causes else None,
        waterfall=waterfall(imitation, c, py) if causes and imitation.ids else None,
        tried=(tried[0], tried[1]),
    )


def _implied(suspect: Trace) -> tuple[str, ...]:
    """Factors of the pixel that count by the value which the suspect's own trace implies."""
    found = {item.field for item in contradictions(suspect, YOUR_LOG) if item.rederived}
    return tuple(name for name in PIXEL_FACTORS if name in found)


def _block(pairing: BlockPairing, named: Pair) -> str:
    """A sentence on a suspect's block that is none of the reference's; empty without one."""
    return (
        f"the block of {named[1].noun} is evaluated at the centre of the pixel, where {named[0].noun} has no subpixel"
        if pairing.at_centre
        else ""
    )


def _unknown(outcome: Outcome, left: Remainder) -> tuple[Unexplained, ...]:
    """What no cause explains, with the nearest of the single causes."""
    singles = [(state.ids[0], state.predicted) for state in outcome.states if len(state.variants) == 1]
    return unexplained(outcome.rows, outcome.states[0].predicted, left.unknown, singles)


def _verdict(outcome: Outcome, causes: tuple[Cause, ...]) -> Verdict:
    rows = outcome.rows
    if _agree(rows):
        return Verdict.AGREES  # as the comparison says
    if not outcome.remainder.unknown:
        return Verdict.EXPLAINED if causes else Verdict.AGREES
    return Verdict.PARTLY if causes and causes[0].kind is CauseKind.SIMULATION else Verdict.UNKNOWN


def _agree(rows: Rows) -> bool:
    """Whether the two traces agree within the comparison's tolerance or the printed digits."""
    return bool((rows.distance(rows.reference, rows.suspect) <= np.maximum(TOLERANCE, rows.floor)).all())


def _set_up(case: Case, c: Trace, pixel: tuple[int, int]) -> PixelSetup:
    """The base set-up, if it can be replayed; errors also name the lines of the source file that C takes literally."""
    try:
        base = base_setup(case, pixel)
    except UnusableInput as error:
        raise UnusableInput("; ".join([str(error), *source_lines(case, c)])) from error
    if base.scene.n_terms > MOST_TERMS:
        raise UnusableInput(
            f"{clean(case.name)}: too large to diagnose: {base.scene.n_terms:,} terms per pixel, "
            f"at most {MOST_TERMS:,}; use logs of a run with a lower -phisteps, -mosaic_domains or -oversample"
        )
    return base


def _compared(c: Trace, py: Trace, plain: Replay) -> Rows:
    return common_rows(c, py, (*plain.fields, *plain.phi), plain.crystal_share)


@dataclass(frozen=True)
class _Question:
    """The trace to be explained: the suspect, or C's if only the suspect follows from the command line."""

    problem: Problem
    rows: Rows
    side: str  # PY or C
    named: Pair  # C's side, and the other one
    notes: tuple[str, ...]


def _question(problem: Problem, rows: Rows, plain: Replay) -> _Question:
    """Exchange the sides of ``problem`` if the simulation says so."""
    c, py = problem.reference, problem.suspect
    named = ours, theirs = pair_of(c, py)
    if _agree(rows):
        return _Question(problem, rows, "PY", named, ())
    gap = rows.total(rows.bits(rows.reference, rows.suspect))
    off_c, off_py = (_off(trace, plain) for trace in (c, py))
    if off_c > BASE_IS_C * gap and off_py < off_c:
        note = (
            f"{ours.subject} does not follow from this command line and these files, {theirs.noun} does: "
            f"the cause named here is in {ours.noun}."
        )
        exchanged = replace(problem, reference=py, suspect=c, explains_c=True, follows=off_py <= DONE)
        return _Question(exchanged, _compared(py, c, plain), "C", named, (note,))
    notes: tuple[str, ...] = ()
    if off_c > DONE and off_py > DONE:
        notes = (
            "The simulation of this command line agrees with neither trace: are its input files those of the run?",
        )
    return _Question(replace(problem, follows=off_c <= DONE), rows, "PY", named, notes)


def _first_new(c: Trace, py: Trace, new: tuple[str, ...]) -> str:
    """The first divergence that reaches the pixel, as the comparison names it; else the first of ``new``.

    A known false divergence is passed over: it says nothing about the pixel.
    """
    found = compare(c, py)
    if found.first_reaching is not None:
        return found.first_reaching.field
    differing = [tally for tally in found.overview.tallies if tally.first_differing >= 0]
    false = {t.field for t in differing if FALSE_DIVERGENCE in found.rows[t.first_differing].note}
    return next((name for name in new if name not in false), "")


@dataclass(frozen=True)
class _Source:
    """Origin of C's terms, and why given ones were rejected."""

    name: str
    notes: tuple[str, ...] = ()


def _terms_of_c(case: Case, c: Trace, simulated: Replay, base: PixelSetup) -> tuple[Replay, _Source]:
    """C's side of the attribution: its own terms if given and of this pixel, else simulated ones."""
    ours = "our simulation of the C side"
    try:
        table, name = terms_of_c(case, c)
    except TraceError as error:
        return simulated, _Source(ours, (f"C's terms are not used: {clean(str(error))}",))
    if table is None:
        return simulated, _Source(ours)
    own = given(simulated, table, _sum_of_terms(c, base))
    if own is None:
        return simulated, _Source(ours, (f"C's terms ({name}) are not used: they come from another run than its log.",))
    return own, _Source(name)


def _sum_of_terms(c: Trace, base: PixelSetup) -> float | None:
    """Sum of C's terms according to its log [e^2]; None if weights or a background intervene."""
    here = base.scene
    if here.water > 0.0 or here.oversample_thick or here.oversample_polar or here.oversample_omega:
        return None
    shown = c.all("I_before_scaling")
    values = shown[-1].values if shown else ()
    return float(values[0]) if values and not isinstance(values[0], str) else None


def _explained(asked: _Question, whole: Search, known_names: Collection[str], expected: Collection[str]) -> Outcome:
    """Search, allowing for single precision in the printed digits."""
    problem, rows, variants = asked.problem, whole.rows, list(whole.variants)
    gap = rows.total(rows.bits(rows.reference, rows.suspect))
    single = find_single(rows)
    if single is not None:
        rows = rows.loosened(single_noise(problem.base, rows, single.stage))
    search = replace(whole, rows=rows)
    known: list[Variant] = []
    if paired_blocks(problem.reference, problem.suspect).at_centre:
        known = [variant for variant in variants if variant.id == PIXEL_CENTER.id]
        variants = [variant for variant in variants if variant.id != PIXEL_CENTER.id]
    for variant in known:
        search = replace(search, base=variant.change(search.base))
    quiet = _quiet(search, [v for v in variants if v.hypothesis.own_lines])
    if quiet is not None:
        search = replace(search, base=quiet.change(search.base))
    search = replace(search, variants=[v for v in variants if not v.hypothesis.own_lines], seen=set())
    states = search.run(
        lambda setup, bits: fitted(replace(problem, base=setup), rows, bits, whole.tell), known_names, expected
    )
    if single is None and remainder(rows, states[0]).unknown:
        guess = suspected_single(rows, states[0].predicted)
        if guess is not None:
            loose = rows.loosened(single_noise(problem.base, rows, guess.stage))
            again = replace(search, rows=loose, replays=0, seen=set(), extras={})
            found = again.run()
            if not remainder(loose, found[0]).unknown:
                single, rows, search, states = guess, loose, again, found
    rederived = bool(_implied(problem.suspect))
    return Outcome(states, rows, gap, single, tuple(known), rederived, quiet, asked.side, asked.named)


def _quiet(search: Search, variants: list[Variant]) -> Variant | None:
    """The variant that explains differing lines on which nothing else depends."""
    start = search.evaluate(())
    for number, variant in enumerate(variants):
        own = np.asarray([name in variant.hypothesis.own_lines for name in search.rows.fields])
        if start is None or not (start.row_bits[own] > 0.0).any():
            continue
        state = search.evaluate([(number, variant)])
        if state is not None and search.rows.total(np.where(own, state.row_bits, 0.0)) <= DONE:
            return variant
    return None


def _off(trace: Trace, plain: Replay) -> float:
    """Misfit of the simulated case to a trace [bits]."""
    rows = common_rows(trace, trace, (*plain.fields, *plain.phi))
    made = predictions(rows, plain)
    return rows.total(rows.bits(np.where(np.isnan(made), rows.reference, made), rows.reference))
