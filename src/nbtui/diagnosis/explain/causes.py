"""Ranked causes: the states of a search in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbtui.diagnosis.hypotheses.catalogue import CATALOGUE
from nbtui.diagnosis.hypotheses.record import CauseKind, Variant
from nbtui.diagnosis.hypotheses.scaling import FLOAT32
from nbtui.diagnosis.search.rows import Rows
from nbtui.diagnosis.search.search import DONE, SearchState
from nbtui.diagnosis.search.single import Single
from nbtui.trace.model import Trace
from nbtui.trace.text import clean

SHOWN = 5  # causes reported at most
WORTH = 0.1  # share of the misfit: how much less than the best a listed cause may explain
LEAST_LIKELY, MOST_LIKELY = 0.01, 0.99  # probabilities beyond are not given in digits
SUBJECTS = {
    CauseKind.SIMULATION: "simulation",
    CauseKind.PRINT: "print: the trace line, not the pixel",
    CauseKind.PRECISION: "precision of the numbers",
}
SINGLE_LEFT = 0.3  # bits per field that single precision may leave


@dataclass(frozen=True)
class WorstLeft:
    """The largest difference that an explanation leaves."""

    field: str
    off: float  # relative


@dataclass(frozen=True)
class Cause:
    """One ranked explanation."""

    ids: tuple[str, ...]
    probability: float  # that the ids are right, 0 to 1
    explained: float  # share of the misfit (in digits, over all compared fields), 0 to 1
    residual: float  # largest remaining relative difference
    worst_left: WorstLeft | None  # the same with its field; None if nothing differs
    summary: str
    forms: tuple[str, ...]  # which form of each id
    confirm: tuple[str, ...]
    fix: tuple[str, ...]
    seen: tuple[str, ...]  # lines of the C log that show it
    options: tuple[tuple[str, Any], ...]  # a changed set-up, as fields of the simulator's Options
    left: str  # the unexplained rest, in words; empty without one

    @property
    def kind(self) -> CauseKind:
        """The kind of the strongest member: one cause of the simulation makes it one of the simulation."""
        kinds = {CATALOGUE[name].kind for name in self.ids if name in CATALOGUE}
        return next((kind for kind in CauseKind if kind in kinds), CauseKind.SIMULATION)

    @property
    def name(self) -> str:
        """The ids in one line."""
        return " + ".join(self.ids)

    @property
    def likelihood(self) -> str:
        """The probability in percent, never 0 or 100."""
        if self.probability > MOST_LIKELY:
            return ">99 %"
        return f"{100.0 * self.probability:.0f} %" if self.probability >= LEAST_LIKELY else "<1 %"

    @property
    def share(self) -> str:
        """The explained share of the difference, in percent: 100 only if nothing is left."""
        percent = math.floor(1000.0 * self.explained + 1e-6) / 10.0
        return f"{min(percent, 99.9) if self.left else percent:.1f} %"

    @property
    def remainder(self) -> str:
        """The largest difference left and its field."""
        if self.worst_left is None:
            return "nothing left"
        return f"left {self.worst_left.off:.1e} in {self.worst_left.field}"

    @property
    def subject(self) -> str:
        """The subject of the cause: the simulation, the print or the precision."""
        return SUBJECTS[self.kind]

    @property
    def settings(self) -> dict[str, str]:
        """Fields of the live side's Settings that decide the cause, with C's values."""
        decisive = (CATALOGUE[name].setting for name in self.ids if name in CATALOGUE)
        return {setting.name: setting.as_c for setting in decisive if setting is not None}


@dataclass(frozen=True)
class Outcome:
    """The result of a search."""

    states: Sequence[SearchState]  # best first
    rows: Rows
    gap: float  # bits of misfit before any hypothesis
    single: Single | None
    quiet: Variant | None  # a harmless line that was explained first
    side: str  # the faulty side: PY or C


def ranked(outcome: Outcome, c: Trace) -> Iterator[Cause]:
    """The best state of every combination of ids, best first; ``c``: the trace whose log is quoted."""
    listed: set[tuple[str, ...]] = set()
    best = 0.0
    likely = _probabilities(outcome.states)
    for state in outcome.states:
        ids = _ids(state, outcome)
        if not ids or ids in listed or len(listed) >= SHOWN:
            continue
        explained = max(0.0, min(1.0, 1.0 - state.bits / outcome.gap)) if outcome.gap else 0.0
        if explained < best - WORTH:
            continue
        best = max(best, explained)
        listed.add(ids)
        yield _cause(ids, likely[state.ids], state, outcome, explained, c)
        other = _other_reading(ids, outcome.single)
        if len(listed) == 1 and other:
            listed.add(other)
            yield _cause(other, likely[state.ids], state, outcome, explained, c)


def _ids(state: SearchState, outcome: Outcome) -> tuple[str, ...]:
    """Ids of a state; a harmless one only if alone, single precision only if it begins at a stage."""
    ids = list(state.ids)
    if outcome.single is not None and (not ids or not outcome.single.whole_run):
        ids.append(FLOAT32.id)
    if not ids and outcome.quiet is not None:
        ids.append(outcome.quiet.id)
    return tuple(sorted(ids))


def _other_reading(ids: tuple[str, ...], single: Single | None) -> tuple[str, ...]:
    """The same causes with single precision added or removed: the intended precision decides."""
    precision = FLOAT32.id
    if single is None or ids == (precision,):
        return ()
    return tuple(name for name in ids if name != precision) if precision in ids else tuple(sorted((*ids, precision)))


def _probabilities(states: Sequence[SearchState]) -> dict[tuple[str, ...], float]:
    """Of every combination of ids: each bit that its best state costs more halves its weight."""
    least = min(state.total for state in states)
    weights: dict[tuple[str, ...], float] = {}
    for state in states:
        weights[state.ids] = max(weights.get(state.ids, 0.0), 2.0 ** (least - state.total))
    whole = sum(weights.values())
    return {ids: weight / whole for ids, weight in weights.items()}


def _cause(
    ids: tuple[str, ...], probability: float, state: SearchState, outcome: Outcome, explained: float, c: Trace
) -> Cause:
    known = [CATALOGUE[name] for name in ids]
    variants = [variant for _, variant in state.variants]
    if outcome.quiet is not None:
        variants.append(outcome.quiet)
    forms = tuple(clean(variant.label) for variant in variants)
    distance = outcome.rows.distance(state.predicted, outcome.rows.suspect)
    distance = np.where(np.isfinite(distance), distance, 0.0)
    worst = int(np.argmax(distance))
    residual = float(distance[worst])
    left = _left(state, outcome, residual)
    who = "C side" if outcome.side == "C" else "Python side"
    details = "; ".join((*forms, who))
    sentences = " ".join(item.sentence for item in known)
    return Cause(
        ids,
        probability,
        explained,
        residual,
        WorstLeft(outcome.rows.fields[worst], residual) if residual else None,
        f"{sentences} [{details}]" + (f" {left}" if left else ""),
        forms,
        tuple(item.confirm for item in known),
        tuple(item.fix for item in known),
        tuple(line for item in known for line in item.evidence(c)),
        tuple(option for variant in variants for option in variant.form.options),
        left,
    )


def _left(state: SearchState, outcome: Outcome, residual: float) -> str:
    """The unexplained rest, in words."""
    single, rows = outcome.single, outcome.rows
    if single is not None and state.bits <= len(rows.sizes) * SINGLE_LEFT:
        how = "judging by the printed digits" if single.proven else "judging by its size"
        return f"The rest, up to {residual:.1e}, is single precision (float32) from {single.field} on, {how}."
    if state.bits <= DONE:
        return ""
    worst = int(np.argmax(state.row_bits > 0.0))
    distance = rows.distance(state.predicted, rows.suspect)[worst]
    return f"Not explained: {rows.fields[worst]} and its consequences, off by {distance:.1e}."
