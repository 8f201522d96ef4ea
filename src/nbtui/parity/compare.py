"""Comparing two traces of one pixel.

Source: spec/evidence_package.md (Statuses), spec/trace_dialects.md (rules that real logs force).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nbtui.parity import align, position, preflight
from nbtui.parity.model import Comparison, Row, Status
from nbtui.parity.numbers import Printing, Verdict, judge, printing, significant_digits
from nbtui.parity.preflight import FALSE_DIVERGENCE
from nbtui.parity.profiles import Limit, Profile
from nbtui.parity.profiles import profile as find_profile
from nbtui.parity.units import Conversion, conversion
from nbtui.trace import catalogue
from nbtui.trace.memory import no_collections
from nbtui.trace.model import Trace

OUTSIDE = "not judged by profile"  # a note that starts so: the row counts nowhere
SINGLE = 2.0**-23  # spacing of float32 values relative to their size
PRINTF_DIGITS = 6  # what %g prints
_MANY = 20_000  # phi lines of both logs from which on the collector would be felt
_EQUAL = Verdict(Status.PASS, 0.0, 0.0, 0)
_EQUAL_WORDS = Verdict(Status.PASS)
FIELDS_OF_VECTORS = ("vector", "hkl", "matrix")


def counts(row: Row) -> bool:
    """Whether a row counts at all: its profile judges it, and no known reason explains its difference away."""
    return not row.note.startswith((FALSE_DIVERGENCE, OUTSIDE))


def raised(row: Row) -> bool:
    """Whether a row counts as a divergence."""
    return row.status.differs and counts(row)


def compare(
    c: Trace,
    py: Trace,
    profile: str = "full",
    tolerance: float | None = None,
    profiles: Mapping[str, Profile] | None = None,
) -> Comparison:
    """Align the two traces by name, block and phi step, and judge every component.

    ``tolerance`` (relative) replaces every relative limit of the profile; ``profiles`` holds the user's own ones.
    Rows are in the order in which a pixel is computed: set-up, then block after block (subpixels and layers, each
    with its phi lines), then what is printed once per pixel. The first divergence is the first row of that order that
    ``raised`` accepts. Rows outside the profile are there, with status and a note, and count nowhere.
    Raises TraceError for an unknown profile or an unusable tolerance.
    """
    chosen = find_profile(profile, profiles).with_tolerance(tolerance)
    with no_collections(len(c.phi) + len(py.phi) > _MANY):
        left, right = align.cells(c), align.cells(py)
        judge_all = _Judge(c, py, chosen, left, right)
        rows = tuple(judge_all.row(order, place) for order, place in enumerate(sorted(left.keys() | right.keys())))
    judged = [row for row in rows if counts(row)]
    divergent = [row for row in judged if raised(row)]
    missing = sum(row.status is Status.MISSING for row in judged)
    return Comparison(
        rows=rows,
        profile=chosen.name,
        tolerance=chosen.tolerance,
        first_divergence=divergent[0] if divergent else None,
        num_compared=len(judged) - missing,
        num_divergent=len(divergent),
        num_missing=missing,
        findings=preflight.findings(c, py, rows, judge_all.conversion, compared=len(judged) - missing),
        pixel_c=c.pixel,
        pixel_py=py.pixel or position.pixel_by_position(c, py),
    )


@dataclass(frozen=True)
class _Fact:
    """What holds for every value of one component of one field."""

    stage: str
    unit: str
    description: str
    kind: str  # tolerance class
    limit: Limit
    judged: bool  # by the profile
    in_vector: bool


class _Judge:
    """What judging one cell needs to know about the two traces as wholes."""

    def __init__(
        self,
        c: Trace,
        py: Trace,
        chosen: Profile,
        left: dict[align.Place, align.Cell],
        right: dict[align.Place, align.Cell],
    ) -> None:
        self.profile = chosen
        self.left, self.right = left, right
        self.conversion: Conversion | None = conversion(c, py)
        self.printing_c = printing([cell.token for cell in left.values()])
        self.printing_py = printing([cell.token for cell in right.values()])
        self.beam_pivot = preflight.pivots_around_beam(c)
        self.length = _lengths(left)
        steps = sorted({(place[1], place[4]) for place in left.keys() | right.keys() if place[3].startswith("phi.")})
        self._facts: dict[tuple[str, str], _Fact] = {}
        self.phi_line = {step: index for index, step in enumerate(steps)}

    def row(self, order: int, place: align.Place) -> Row:
        """Compare what stands at one place of the two traces."""
        _, block, _, name, repetition, _ = place
        ours, theirs = self.left.get(place), self.right.get(place)
        cell = ours or theirs
        assert cell is not None
        fact = self._facts.get((name, cell.component)) or self._find_fact(name, cell.component)
        if ours is None or theirs is None:
            verdict = Verdict(Status.MISSING, note="only in the " + ("C" if theirs is None else "Python") + " trace")
        else:
            verdict = self._judge(place, ours, theirs, fact)
        is_phi = name.startswith("phi.")
        occurrence = self.phi_line[block, repetition] if is_phi else block or repetition
        return Row(
            field=name,
            occurrence=occurrence,
            component=cell.component,
            label=_label(name, cell.component, block, repetition),
            stage=fact.stage,
            unit=fact.unit,
            description=fact.description,
            order=order,
            c_value=ours.value if ours else None,
            py_value=self._converted(name, theirs) if theirs else None,
            abs_delta=verdict.abs_delta,
            rel_delta=verdict.rel_delta,
            ulp=verdict.ulp,
            tolerance=fact.limit.value,
            status=verdict.status,
            note=self._note(name, fact, verdict),
        )

    def _find_fact(self, name: str, component: str) -> _Fact:
        known = catalogue.field(name)
        fact = _Fact(
            stage=known.stage if known else "other",
            unit=known.unit_of(component) if known else "",
            description=known.description if known else "not in the catalogue",
            kind=known.tolerance_class if known else "factor",
            limit=self._limit(name, component),
            judged=self.profile.judges(name, component),
            in_vector=known is not None and known.shape in FIELDS_OF_VECTORS,
        )
        self._facts[name, component] = fact
        return fact

    def _limit(self, name: str, component: str) -> Limit:
        known = catalogue.field(name)
        limit = self.profile.limit(name, component)
        if known is not None and known.tolerance_class in ("integer", "text"):
            return Limit(0.0)
        if known is not None and known.tolerance_class == "float32" and not limit.absolute:
            return Limit(max(limit.value, SINGLE))
        return limit

    def _judge(self, place: align.Place, ours: align.Cell, theirs: align.Cell, fact: _Fact) -> Verdict:
        name, kind, limit = place[3], fact.kind, fact.limit
        value = self._converted(name, theirs)
        if ours.value == value:
            return _EQUAL_WORDS if isinstance(value, str) else _EQUAL
        half = 0.0
        if kind != "integer":
            half = self._half_unit(ours.token, kind, self.printing_c)
            half += self._half_unit(theirs.token, kind, self.printing_py) * self._scale(name)
        length = self.length.get(place[:5], 0.0) if fact.in_vector else 0.0
        if kind == "text" and isinstance(ours.value, str):
            limit = Limit(self.profile.tolerance)  # numbers inside the text
        return judge(ours.value, value, limit, exact=kind == "integer", length=length, half_unit=half)

    def _half_unit(self, token: str, kind: str, log: Printing) -> float:
        if not token:
            return 0.0
        if kind == "printed":
            return Printing(digits=max(PRINTF_DIGITS, significant_digits(token))).half_unit(token)
        return log.half_unit(token)

    def _scale(self, name: str) -> float:
        return self.conversion.factor if self.conversion and self.conversion.applies(name) else 1.0

    def _converted(self, name: str, cell: align.Cell) -> float | int | str:
        factor = self._scale(name)
        return cell.value if factor == 1.0 or isinstance(cell.value, str) else cell.value * factor

    def _note(self, name: str, fact: _Fact, verdict: Verdict) -> str:
        parts = [verdict.note]
        if verdict.status is not Status.MISSING and self.conversion and self.conversion.applies(name):
            parts.append(self.conversion.note)
        if verdict.status.differs:
            reason = catalogue.log_only_reason(name, beam_pivot=self.beam_pivot)
            if reason:
                parts.insert(0, f"{FALSE_DIVERGENCE}: {reason.removeprefix('Known false divergence: ')}")
        if not fact.judged:
            parts.insert(0, f"{OUTSIDE} {self.profile.name}")
        return "; ".join(part for part in parts if part)


def _lengths(left: dict[align.Place, align.Cell]) -> dict[tuple[int, int, int, str, int], float]:
    """Length of every vector of C's trace."""
    sums: dict[tuple[int, int, int, str, int], float] = {}
    for place, cell in left.items():
        if not isinstance(cell.value, str) and math.isfinite(cell.value):
            sums[place[:5]] = math.hypot(sums.get(place[:5], 0.0), float(cell.value))
    return sums


def _label(name: str, component: str, block: int, repetition: int) -> str:
    if name.startswith("phi."):
        inside = f"phi {repetition}" if block == 0 else f"phi {repetition}, block {block}"
        return f"{name}[{inside}]"
    index = block or repetition
    return name + (f"[{index}]" if index else "") + (f".{component}" if component else "")
