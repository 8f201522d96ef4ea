"""A diagnosis from two logs alone, for cases that cannot be simulated.

Facts, ratios, units and self-consistency need no set-up. Causes are named only where the two logs prove them: a line
in another unit, a tap after a factor that the log prints, the program's default fluence, another pixel.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nbtui.diagnosis.answer import Diagnosis, Verdict
from nbtui.diagnosis.explain.causes import Cause, WorstLeft, details, print_last
from nbtui.diagnosis.explain.certain import PIXEL, SINGLE_PRINT, certain
from nbtui.diagnosis.explain.differences import FieldDifference, by_field, names, together
from nbtui.diagnosis.explain.unknown import unexplained
from nbtui.diagnosis.hypotheses.inputs import FLUENCE, OTHER_PIXEL
from nbtui.diagnosis.hypotheses.record import CauseKind, Hypothesis
from nbtui.diagnosis.hypotheses.taps import (
    AFTER_CAPTURE,
    AFTER_POLARIZATION,
    AFTER_SOLID_ANGLE,
    AFTER_STEPS,
    UNIT_LABEL,
)
from nbtui.diagnosis.search.preflight import of_logs, preflight
from nbtui.diagnosis.search.ratios import matches
from nbtui.diagnosis.search.rows import Rows, common_rows
from nbtui.live.constants import DEFAULT_FLUENCE
from nbtui.live.model import Case
from nbtui.parity.block_form import in_block_form
from nbtui.parity.compare import compare
from nbtui.parity.inheritance import first_new
from nbtui.parity.own_values import contradictions
from nbtui.parity.streams import upstream
from nbtui.parity.unit_names import conversion_name
from nbtui.trace.fields import catalogue
from nbtui.trace.model import Trace
from nbtui.trace.side import SideName, pair_of
from nbtui.trace.text import clean

SUM = "I_before_scaling"
ALONE = "The answer comes from the two logs alone: no cause that needs a simulation was tried."
FEW = 5  # common fields below which the place of a difference stays open
SAME = 1e-6  # relative: a typed number read back from a log
PROVEN = 0.95  # probability of a cause that the logs prove but no simulation confirms
TAPS = {  # a factor that the log prints beside the sum, as a ratio of the two sums -> the tap after it
    "polar": AFTER_POLARIZATION,
    "omega": AFTER_SOLID_ANGLE,
    "capture": AFTER_CAPTURE,
    "(steps)^-1": AFTER_STEPS,
}


@dataclass(frozen=True)
class _Proven:
    """A cause that the logs prove, and the fields whose differences it explains to the printed digits."""

    hypothesis: Hypothesis
    form: str
    fields: frozenset[str]

    @property
    def label(self) -> str:
        return f"{self.hypothesis.id}: {self.form}" if self.form else self.hypothesis.id


def diagnose_from_logs(c: Trace, py: Trace, reason: str, case: Case | None = None) -> Diagnosis:
    """What two logs prove without a simulation.

    Args:
        c: the reference's log.
        py: the suspect's log.
        reason: why nothing can be simulated, as a clause without a full stop.
        case: the case of the logs, for the findings about its files; None without a command line.
    """
    ours, theirs = map(_known, in_block_form(c, py))
    rows = common_rows(c, py, tuple(sorted(ours & theirs)))
    named = pair_of(c, py)
    inconsistent = (*contradictions(c, named[0]), *contradictions(py, named[1]))
    findings = of_logs(c, py) if case is None else preflight(case, c, py)
    head = (f"No simulation: {clean(reason)}. {ALONE}", *findings)
    differing = _differing(rows)
    if all(item.log_only for item in differing):
        verdict = Verdict.AGREES if len(rows) else Verdict.UNKNOWN
        facts = certain(rows, print_fields=(), block="", named=named) if len(rows) else ()
        return Diagnosis(verdict, (), head, "", _coverage(rows), certain=facts, consistency=inconsistent)
    comparison = compare(c, py)
    pixels = comparison.pixel_c, comparison.pixel_py
    contradicted = {item.field for item in inconsistent}
    proven = tuple(_other_pixel(rows, differing, *pixels)) or _proven(c, py, rows, differing, contradicted)
    explained = frozenset(name for item in proven for name in item.fields)
    of_print = [name for item in proven if item.hypothesis.kind is CauseKind.PRINT for name in sorted(item.fields)]
    left = [item.field for item in differing if item.field not in explained and not item.log_only]
    first = comparison.first_reaching or first_new(comparison)
    return Diagnosis(
        verdict=(Verdict.PARTLY if left else Verdict.EXPLAINED) if proven else Verdict.UNKNOWN,
        hypotheses=(_cause(proven, c, rows, left, named[1]),) if proven else (),
        preflight=head,
        faulty_side="PY" if proven else "",
        notes=_coverage(rows),
        certain=certain(rows, print_fields=of_print, block="", named=named),
        unknown=unexplained(rows, rows.reference, left, ()) if left else (),
        consistency=inconsistent,
        ratios=matches(c, py),
        new_divergence=first.field if first is not None else "",
    )


def _known(trace: Trace) -> set[str]:
    """Names of the fields of a trace that the catalogue describes."""
    phi = {f"phi.{name}" for record in trace.phi[:1] for name in record.values}
    return {name for name in {*trace.names(), *phi} if catalogue.field(name) is not None}


def _differing(rows: Rows) -> tuple[FieldDifference, ...]:
    return tuple(item for item in by_field(rows, rows.reference, rows.suspect) if not item.agrees)


def _coverage(rows: Rows) -> tuple[str, ...]:
    """How little two logs with few common fields can show."""
    fields = tuple(dict.fromkeys(rows.fields))
    if not fields:
        return ("The two logs have no value in common: nothing can be said about their difference.",)
    if len(fields) >= FEW:
        return ()
    what = "field" if len(fields) == 1 else "fields"
    return (
        f"The two logs have {len(fields)} {what} in common ({names(fields)}): enough to show a difference and its "
        "size, too little to show where it begins.",
    )


def _other_pixel(
    rows: Rows, differing: Sequence[FieldDifference], c: tuple[int, int] | None, py: tuple[int, int] | None
) -> Iterator[_Proven]:
    """Logs of two pixels: named by the logs, or seen from the position while everything before it agrees."""
    fields = frozenset(item.field for item in differing)
    if c is not None and py is not None and c != py and fields.isdisjoint(upstream("pixel_pos_meters")):
        ours, theirs = ("slow {} fast {}".format(*pixel) for pixel in (c, py))
        yield _Proven(OTHER_PIXEL, f"{theirs} instead of {ours}", fields)


def _proven(
    c: Trace, py: Trace, rows: Rows, differing: Sequence[FieldDifference], contradicted: Collection[str]
) -> tuple[_Proven, ...]:
    agreeing = frozenset(rows.fields) - {item.field for item in differing}
    return (
        *_units(rows, differing, agreeing, contradicted),
        *_taps(c, py, agreeing),
        *_default_fluence(rows, differing),
    )


def _units(
    rows: Rows, differing: Sequence[FieldDifference], agreeing: Collection[str], contradicted: Collection[str]
) -> Iterator[_Proven]:
    """Lines in another unit, where the value itself is proven to be right.

    The proof is an agreeing value that is made from it, or a contradiction in its own trace.
    """
    for item in differing:
        if item.field not in contradicted and not any(item.field in upstream(name) for name in agreeing):
            continue
        line = together(rows, item.worst)
        factor = conversion_name(rows.reference[line], rows.suspect[line], SINGLE_PRINT)
        if factor:
            yield _Proven(UNIT_LABEL, f"{item.field} x {factor}", frozenset({item.field}))


def _taps(c: Trace, py: Trace, agreeing: Collection[str]) -> Iterator[_Proven]:
    """A sum taken after a factor of the log, where the pixel itself agrees."""
    if PIXEL not in agreeing:
        return
    for match in matches(c, py):
        if match.field == SUM and match.product in TAPS:
            yield _Proven(TAPS[match.product], "", frozenset({SUM}))


def _default_fluence(rows: Rows, differing: Sequence[FieldDifference]) -> Iterator[_Proven]:
    """The program's default fluence in place of the stated one, with the pixel's values that follow it."""
    item = next((item for item in differing if item.field == "fluence_photons_per_m2"), None)
    if item is None or abs(rows.suspect[item.worst] / DEFAULT_FLUENCE - 1.0) > SAME:
        return
    ratio = rows.suspect[item.worst] / rows.reference[item.worst]
    follow = {other.field for other in differing if _times(rows, other, ratio) and item.field in upstream(other.field)}
    yield _Proven(FLUENCE, "", frozenset({item.field, *follow}))


def _times(rows: Rows, item: FieldDifference, ratio: float) -> bool:
    """Whether a field of the suspect is the reference's times ``ratio``."""
    line = together(rows, item.worst)
    ours, theirs = rows.reference[line] * ratio, rows.suspect[line]
    return bool((np.abs(theirs - ours) <= SINGLE_PRINT * np.abs(ours)).all())


def _cause(proven: Sequence[_Proven], c: Trace, rows: Rows, left: Sequence[str], suspect: SideName) -> Cause:
    ids = tuple(sorted({item.hypothesis.id for item in proven}))
    known = print_last(ids)
    bits = rows.bits(rows.reference, rows.suspect)
    distance = rows.distance(rows.reference, rows.suspect)
    rest = np.asarray([name in left for name in rows.fields])
    worst = int(np.argmax(np.where(rest & np.isfinite(distance), distance, 0.0)))
    residual = float(distance[worst]) if left else 0.0
    forms = tuple(clean(item.label) for item in proven)
    return Cause(
        ids=ids,
        probability=PROVEN,
        explained=1.0 - rows.total(np.where(rest, bits, 0.0)) / rows.total(bits),
        residual=residual,
        worst_left=WorstLeft(rows.fields[worst], residual) if left else None,
        summary=f"{' '.join(item.sentence for item in known)} {details(forms, suspect)}",
        forms=forms,
        confirm=tuple(item.confirm for item in known),
        fix=tuple(item.fix for item in known),
        seen=tuple(line for item in known for line in item.evidence(c)),
        options=(),
        left=f"Not explained: {left[0]} and its consequences." if left else "",
    )
