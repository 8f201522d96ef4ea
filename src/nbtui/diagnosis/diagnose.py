"""From two traces and a case to ranked causes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nbtui.diagnosis import plant_crystal, plant_detector, plant_inputs, plant_scaling
from nbtui.diagnosis.attribution import Share, attribute
from nbtui.diagnosis.catalogue import CATALOGUE
from nbtui.diagnosis.consistency import Finding, check
from nbtui.diagnosis.fit import fitted
from nbtui.diagnosis.inherited import divergences
from nbtui.diagnosis.plant import Problem, Variant
from nbtui.diagnosis.preflight import hints, preflight
from nbtui.diagnosis.ratios import Match, matches
from nbtui.diagnosis.replay import Replay, replay
from nbtui.diagnosis.rows import Rows, common_rows, predictions
from nbtui.diagnosis.rules import Setup
from nbtui.diagnosis.search import DONE, Search, State
from nbtui.diagnosis.single import Single, find_single, single_noise, suspected_single
from nbtui.live.model import Case
from nbtui.live.variants import cell_of, frame_of, load_scene
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.text import clean

SHOWN = 5  # causes reported
WORTH = 0.1  # share of the misfit by which a further cause may explain less than the best
BASE_IS_C = 0.5  # of the bits: a base that misses the C trace by more than this share of the gap is not C's
SINGLE_DONE = 0.05  # bits per field below which a search among single-precision noise ends
SINGLE_LEFT = 0.3  # bits per field that single precision may leave
SILENT = frozenset(name for name, item in CATALOGUE.items() if item.harmless and name != "sincg_fractional")


@dataclass(frozen=True)
class Cause:
    """One ranked explanation."""

    ids: tuple[str, ...]
    explained: float  # share of the misfit (in digits, over all compared fields), 0 to 1
    residual: float  # largest relative difference that is left
    summary: str
    forms: tuple[str, ...]  # which form of each id
    confirm: tuple[str, ...]
    fix: tuple[str, ...]
    left: str  # what is left, in words; empty when nothing


@dataclass(frozen=True)
class Diagnosis:
    """Ranked causes, best first; none when nothing differs."""

    hypotheses: tuple[Cause, ...]
    preflight: tuple[str, ...]
    differs: bool
    faulty_side: str  # "PY", "C" (the C log does not follow from its command line) or ""
    notes: tuple[str, ...]
    consistency: tuple[Finding, ...] = ()  # lines that contradict their own trace
    ratios: tuple[Match, ...] = ()
    inherited: tuple[str, ...] = ()  # fields whose difference follows from those before
    new_divergence: str = ""  # first field whose difference does not
    attribution: tuple[Share, ...] = ()  # of the best cause


def base_setup(case: Case, pixel: tuple[int, int]) -> Setup:
    """What the C program makes of the case.

    Raises:
        nbsim.errors.InputError: the command line or an input file is unusable.
    """
    scene = load_scene(case, pixel)
    return Setup(scene, frame_of(scene.options), cell_of(scene.options, case.workdir, scene.wavelength))


def variants_of(problem: Problem) -> list[Variant]:
    """Every variant of every hypothesis that the case allows."""
    modules = (plant_inputs, plant_detector, plant_crystal, plant_scaling)
    return [variant for module in modules for planter in module.PLANTERS for variant in planter(problem)]


def diagnose(case: Case, c: Trace, py: Trace, *, pixel: tuple[int, int] | None = None) -> Diagnosis:
    """Why ``py`` differs from ``c``, both traces of ``case``.

    ``pixel`` (slow, fast) replaces the case's own; without either, that of the C log.

    Raises:
        nbsim.errors.InputError: the command line or an input file is unusable.
        TraceError: the case names no pixel, or the traces have no value in common that the simulator knows.
    """
    wanted = pixel or case.pixel or c.pixel
    if wanted is None:
        raise TraceError(f"{clean(case.name)}: no pixel in the command or the C log; give --pixel SLOW FAST")
    base = base_setup(case, wanted)
    plain = replay(base)
    rows = common_rows(c, py, (*plain.fields, *plain.phi))
    if len(rows) == 0:
        raise TraceError(
            f"{clean(c.origin)} and {clean(py.origin)} have no value in common; both need TRACE_C / TRACE_PY lines"
        )
    findings = preflight(case, c, py, base)
    contradictions = (
        *check(c, "C"),
        *check(py, "Python", base.scene.n_cells if base.scene.shape == "SQUARE" else None),
    )
    gap = rows.total(rows.bits(rows.reference, rows.suspect))
    if gap <= DONE:
        return Diagnosis((), findings, False, "", (), contradictions)
    off_c, off_py = (_off(trace, plain) for trace in (c, py))
    swapped = off_c > BASE_IS_C * gap and off_py < off_c
    problem = Problem(case, base, py, c) if swapped else Problem(case, base, c, py)
    if swapped:
        rows = replace(rows, reference=rows.suspect, suspect=rows.reference)
    side = "C" if swapped else "PY"
    notes = _base_note(swapped, off_c, off_py)
    single = find_single(rows)
    if single is not None:
        rows = rows.loosened(single_noise(base, rows, single.stage))
    strict = gap
    search = Search(
        base, rows, variants_of(problem), hints(c, py), DONE if single is None else SINGLE_DONE * len(rows.sizes)
    )
    states = search.run(lambda state: fitted(problem, rows, state.row_bits))
    if single is None and states[0].bits > DONE:
        guess = suspected_single(rows, states[0].predicted)
        if guess is not None:
            loose = rows.loosened(single_noise(base, rows, guess.stage))
            again = replace(search, rows=loose, replays=0, seen={}, extras={})
            found = again.run()
            if found[0].bits <= DONE:
                single, rows, search, states = guess, loose, again, found
    causes = tuple(_causes(states, rows, strict, single, side))
    origin = divergences(base, rows)
    return Diagnosis(
        causes,
        findings,
        True,
        side if causes else "",
        notes,
        contradictions,
        matches(c, py, base, single=single is not None),
        origin.inherited,
        origin.first_new,
        attribute(plain, replay(search.applied(states[0].variants))),
    )


def _off(trace: Trace, plain: Replay) -> float:
    """Bits by which the simulated case misses a trace."""
    rows = common_rows(trace, trace, (*plain.fields, *plain.phi))
    made = predictions(rows, plain)
    return rows.total(rows.bits(np.where(np.isnan(made), rows.reference, made), rows.reference))


def _base_note(swapped: bool, off_c: float, off_py: float) -> tuple[str, ...]:
    if swapped:
        return (
            "The C log does not follow from this command line and these files, the Python trace does: "
            "the cause named here is on the C side.",
        )
    if off_c > DONE and off_py > DONE:
        return ("The simulation of this command line agrees with neither trace: are the input files those of the run?",)
    return ()


def _causes(states: Sequence[State], rows: Rows, strict: float, single: Single | None, side: str) -> Iterator[Cause]:
    """The best state of every set of ids, as causes."""
    seen: set[tuple[str, ...]] = set()
    best = 0.0
    for state in states:
        ids = _ids(state, single)
        if not ids or ids in seen or len(seen) == SHOWN:
            continue
        # against float64 digits: what single precision leaves is explained as well when it is named
        explained = 1.0 - state.bits / strict if strict else 0.0
        if explained < best - WORTH:
            continue
        best = max(best, explained)
        seen.add(ids)
        yield _cause(ids, state, rows, max(0.0, min(1.0, explained)), single, side)


def _ids(state: State, single: Single | None) -> tuple[str, ...]:
    """Ids of a state: harmless ones only when there is nothing else; single precision where it is a stage's."""
    ids = [variant.id for _, variant in state.variants]
    if single is not None and (not ids or not single.whole_run):
        ids.append("float32")
    serious = [name for name in dict.fromkeys(ids) if name not in SILENT]
    return tuple(sorted(serious or dict.fromkeys(ids)))


def _cause(ids: tuple[str, ...], state: State, rows: Rows, explained: float, single: Single | None, side: str) -> Cause:
    known = [CATALOGUE[name] for name in ids]
    forms = tuple(f"{v.id}: {v.form}" if v.form else v.id for _, v in state.variants)
    distance = rows.distance(state.predicted, rows.suspect)
    finite = distance[np.isfinite(distance)]
    residual = float(finite.max()) if finite.size else 0.0
    left = _left(state, rows, single, residual)
    parts = [f"{item.sentence}" for item in known]
    details = "; ".join(clean(form) for form in forms)
    who = "C side" if side == "C" else "Python side"
    summary = " ".join(parts) + (f" [{details}; {who}]" if details else f" [{who}]") + (f" {left}" if left else "")
    return Cause(
        ids,
        explained,
        residual,
        summary,
        forms,
        tuple(item.confirm for item in known),
        tuple(item.fix for item in known),
        left,
    )


def _left(state: State, rows: Rows, single: Single | None, residual: float) -> str:
    """What the state does not explain, in words."""
    if single is not None and state.bits <= len(rows.sizes) * SINGLE_LEFT:
        how = "by its printed digits" if single.proven else "by its size"
        return f"What is left, up to {residual:.1e}, is single precision (float32) from {single.field} on, {how}."
    if state.bits <= DONE:
        return ""
    worst = int(np.argmax(state.row_bits > 0.0))
    distance = rows.distance(state.predicted, rows.suspect)[worst]
    return f"Not explained: {rows.fields[worst]} and what follows from it, off by {distance:.1e}."
