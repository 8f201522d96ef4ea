"""Ranked causes: the states of a search in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nbtui.diagnosis.hypotheses.catalogue import CATALOGUE
from nbtui.diagnosis.hypotheses.record import CauseKind, Hypothesis, Variant
from nbtui.diagnosis.hypotheses.scaling import FLOAT32
from nbtui.diagnosis.hypotheses.taps import REDERIVED
from nbtui.diagnosis.search.remainder import TOLERANCE, Remainder, beyond_tolerance, feeds, remainder
from nbtui.diagnosis.search.rows import Rows
from nbtui.diagnosis.search.search import SearchState
from nbtui.diagnosis.search.single import Single
from nbtui.trace.model import Trace
from nbtui.trace.side import Pair, SideName
from nbtui.trace.text import clean

SHOWN = 5  # causes reported at most
# A cause outside the list may look like one inside, more often where part of the pixel remains unexplained. Measured on
# a port that shares no code with the diagnosis: benchmarks/second_world.py prints how often an answer was right.
IN_THE_LIST, IN_THE_LIST_AS_WELL = 0.97, 0.6
SINGLE_SLACK = 6.0  # bits by which single precision may exceed its simulated noise
SINGLE_LINES = 10.0  # the same for lines that do not feed the pixel, where small values are differences of large ones
LISTED_GAIN = 4.0  # bits that a superset has to explain beyond its subset to be listed
LISTED_SHARE, LISTED_REST = (
    5e-4,
    0.5,
)  # and either this share more of the misfit, or this part of what the subset leaves
LEAST_LIKELY, MOST_LIKELY = 0.01, 0.99  # probabilities beyond are not given in digits
SUBJECTS = {
    CauseKind.SIMULATION: "simulation",
    CauseKind.PRINT: "print: the trace line, not the pixel",
    CauseKind.PRECISION: "precision of the numbers",
}


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
    changes: tuple[Variant, ...] = field(default=(), repr=False, compare=False)  # what it changes, in order

    @property
    def quirks(self) -> tuple[tuple[str, bool], ...]:
        """What another C program does differently, as switches of the simulator."""
        return tuple(quirk for variant in self.changes for quirk in variant.form.quirks)

    @property
    def kind(self) -> CauseKind:
        """The kind of the strongest member: one cause of the simulation makes it one of the simulation."""
        kinds = {CATALOGUE[name].kind for name in self.ids if name in CATALOGUE}
        return next((kind for kind in CauseKind if kind in kinds), CauseKind.SIMULATION)

    @property
    def named(self) -> tuple[str, ...]:
        """The ids that make the kind: beside a cause of the simulation, those of the print stand apart."""
        return tuple(name for name in self.ids if name not in self.printed)

    @property
    def printed(self) -> tuple[str, ...]:
        """The ids of the print beside a stronger cause."""
        if self.kind is CauseKind.PRINT:
            return ()
        return tuple(name for name in self.ids if name in CATALOGUE and CATALOGUE[name].kind is CauseKind.PRINT)

    @property
    def name(self) -> str:
        """The ids that make the kind, in one line."""
        return " + ".join(self.named)

    def name_within(self, longest: int) -> str:
        """The name in ``longest`` characters: as many ids as fit and the number of the others, or the number alone."""
        count = len(self.named)
        shorter = [f"{' + '.join(self.named[:n])} + {count - n} more" for n in reversed(range(1, count))]
        names = [self.name, *shorter, f"{count} causes"] if count > 1 else [self.name]
        fits = next((name for name in names if len(name) <= longest), "")
        return fits or f"{names[-1][: max(0, longest - 1)]}~"

    @property
    def beside(self) -> str:
        """The causes of the print beside those of the simulation; empty without one."""
        return f"of the print: {', '.join(self.printed)}" if self.printed else ""

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
        return f"worst field left {self.worst_left.field} ({self.worst_left.off:.1e})"

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
    known: tuple[Variant, ...]  # explained before the search: shown by the logs themselves
    rederived: bool  # the suspect contradicts itself: it derives a line again for the print
    quiet: Variant | None  # a harmless line that was explained first
    side: str  # the faulty side: PY or C
    named: Pair  # the sides: C's, and the other one

    @property
    def who(self) -> SideName:
        """The side that is explained."""
        return self.named[self.side != "C"]

    @property
    def remainder(self) -> Remainder:
        """What the best state leaves."""
        return self.left_by(self.states[0])

    def left_by(self, state: SearchState) -> Remainder:
        """What a state leaves beyond the noise of single precision; unknown only beyond the comparison's tolerance."""
        left = remainder(self.rows, state, 0.0 if self.single is None else SINGLE_SLACK)
        return replace(left, unknown=beyond_tolerance(self.rows, state, left.unknown))


def ranked(outcome: Outcome, c: Trace) -> Iterator[Cause]:
    """The best state of every combination of ids that explains something, best first; ``c``: the log to quote."""
    listed: list[tuple[Cause, float]] = []
    likely = _probabilities(outcome.states)
    for state in outcome.states:
        left = outcome.left_by(state)
        ids = _ids(state, left, outcome)
        probability = likely[state.ids] * (IN_THE_LIST if not left.unknown else IN_THE_LIST_AS_WELL)
        worth = len(listed) < SHOWN and (not listed or probability >= LEAST_LIKELY)
        if ids and worth and all(ids != other.ids for other, _ in listed):
            cause = _cause(ids, probability, state, left, outcome, c)
            if all(explains_more(cause, state.scored.cost, *other) for other in listed):
                listed.append((cause, state.scored.cost))
                yield cause
        if not state.variants:  # whatever follows explains less than no hypothesis
            return


def explains_more(cause: Cause, cost: float, other: Cause, cost_of_other: float) -> bool:
    """Whether a set is worth listing beside a better one: a superset has to explain more, also in what is printed."""
    if not set(other.ids) < set(cause.ids):
        return True
    shows_more = cause.explained > other.explained + LISTED_SHARE or cause.residual < LISTED_REST * other.residual
    return shows_more and cost <= cost_of_other - LISTED_GAIN


def _ids(state: SearchState, left: Remainder, outcome: Outcome) -> tuple[str, ...]:
    """Ids of a state. A harmless line and single precision count only alone, the latter only beyond tolerance."""
    ids = {*state.ids, *(variant.id for variant in outcome.known)}
    noise = 0.0 if outcome.single is None else SINGLE_LINES
    fed = [name for name in left.of_print if feeds(name, outcome.rows)]
    if outcome.rederived or beyond_tolerance(outcome.rows, state, fed, noise):
        ids.add(REDERIVED.id)
    if not ids and outcome.quiet is not None:
        ids.add(outcome.quiet.id)
    if not ids and outcome.single is not None and not left.unknown and _visible(outcome, state):
        ids.add(FLOAT32.id)
    return tuple(sorted(ids))


def _visible(outcome: Outcome, state: SearchState) -> bool:
    """Whether a difference exceeds the comparison's tolerance."""
    distance = outcome.rows.distance(state.predicted, outcome.rows.suspect)
    return bool((distance > TOLERANCE).any())


def _probabilities(states: Sequence[SearchState]) -> dict[tuple[str, ...], float]:
    """Of every combination of ids: each bit that its best state costs more halves its weight."""
    least = min(state.total for state in states)
    weights: dict[tuple[str, ...], float] = {}
    for state in states:
        weights[state.ids] = max(weights.get(state.ids, 0.0), 2.0 ** (least - state.total))
    whole = sum(weights.values())
    return {ids: weight / whole for ids, weight in weights.items()}


def _cause(
    ids: tuple[str, ...], probability: float, state: SearchState, left: Remainder, outcome: Outcome, c: Trace
) -> Cause:
    known = print_last(ids)
    variants = [*outcome.known, *(variant for _, variant in state.variants)]
    if outcome.quiet is not None:
        variants.append(outcome.quiet)
    forms = tuple(clean(variant.label) for variant in variants)
    distance = outcome.rows.of_values(outcome.rows.distance(state.predicted, outcome.rows.suspect))
    counted = np.asarray([name not in left.of_print for name in outcome.rows.fields], dtype=bool)
    distance = np.where(np.isfinite(distance) & counted, distance, 0.0)
    worst = int(np.argmax(distance))
    residual = float(distance[worst])
    rest = _left(state, left, outcome, residual)
    sentences = " ".join(item.sentence for item in known)
    return Cause(
        ids,
        probability,
        _explained(state, left, outcome),
        residual,
        WorstLeft(outcome.rows.fields[worst], residual) if residual else None,
        f"{sentences} {details(forms, outcome.who)}" + (f" {rest}" if rest else ""),
        forms,
        tuple(item.confirm for item in known),
        tuple(item.fix for item in known),
        tuple(line for item in known for line in item.evidence(c)),
        tuple(option for variant in variants for option in variant.form.options),
        rest,
        changes=in_order(outcome, state),
    )


def in_order(outcome: Outcome, state: SearchState) -> tuple[Variant, ...]:
    """The changes of a state in the order in which they apply."""
    quiet = () if outcome.quiet is None else (outcome.quiet,)
    return (*outcome.known, *quiet, *(variant for _, variant in state.variants))


def details(forms: Sequence[str], who: SideName) -> str:
    """The forms and the faulty side in brackets, the forms of one id behind a single mention of it."""
    groups: dict[str, list[str]] = {}
    for form in forms:
        name, _, described = form.partition(": ")
        groups.setdefault(name, []).append(described)
    mentions = (f"{name}: {', '.join(filter(None, each))}" if any(each) else name for name, each in groups.items())
    return f"[{'; '.join((*mentions, f'in {who.noun}'))}]"


def print_last(ids: Sequence[str]) -> list[Hypothesis]:
    """The hypotheses of the ids, those of the print after the others."""
    return sorted((CATALOGUE[name] for name in ids), key=lambda known: known.kind is CauseKind.PRINT)


def _explained(state: SearchState, left: Remainder, outcome: Outcome) -> float:
    """Share of the misfit that is explained: all but the fields that remain unknown."""
    unknown = np.asarray([name in left.unknown for name in outcome.rows.fields], dtype=bool)
    bits = outcome.rows.total(np.where(unknown, state.row_bits, 0.0))
    return max(0.0, 1.0 - bits / outcome.gap) if outcome.gap else 1.0


def remarks(outcome: Outcome) -> tuple[str, ...]:
    """Facts beside the causes: single precision, a harmless line."""
    single, quiet = outcome.single, outcome.quiet
    out = []
    if quiet is not None:
        out.append(quiet.hypothesis.sentence)
    if single is not None:
        how = "by the printed digits" if single.proven else "by the size of the difference"
        out.append(f"{outcome.who.subject} is in single precision (float32) from {single.field} on, judging {how}.")
    return tuple(out)


def _left(state: SearchState, left: Remainder, outcome: Outcome, residual: float) -> str:
    """The unexplained rest, in words."""
    single, rows = outcome.single, outcome.rows
    if left.unknown:
        off = rows.of_values(rows.distance(state.predicted, rows.suspect))
        first = left.unknown[0]
        size = max(off[n] for n, name in enumerate(rows.fields) if name == first)
        return f"Not explained: {first} and its consequences, off by {size:.1e}."
    if single is not None and residual > 0.0:
        how = "judging by the printed digits" if single.proven else "judging by its size"
        return f"The rest, up to {residual:.1e}, is single precision (float32) from {single.field} on, {how}."
    return ""
