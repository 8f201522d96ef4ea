"""Judge single scalars in the context of their two traces, and build rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from nbtui.parity import align, preflight
from nbtui.parity.cell_counts import Counts
from nbtui.parity.label_only import label_only
from nbtui.parity.model import FALSE_DIVERGENCE, OUTSIDE, Row, Status
from nbtui.parity.numbers import ErrorScale, Printing, RowVerdict, SingleRoom, judge
from nbtui.parity.profiles import Limit, Profile
from nbtui.parity.scales import scale_of, scale_of_component, single_room
from nbtui.parity.sides import Sides
from nbtui.parity.streams import made_from_position
from nbtui.parity.turned import ROTATED, only_turned
from nbtui.parity.units import Conversion, conversions
from nbtui.trace.fields import catalogue
from nbtui.trace.fields.field import Shape, Stage, Tolerance
from nbtui.trace.model import Value
from nbtui.trace.reading.printout import holds_block

SINGLE = 2.0**-23  # spacing of float32 values relative to their size
FIELDS_OF_VECTORS = (Shape.VECTOR, Shape.HKL, Shape.MATRIX)
_EQUAL = RowVerdict(Status.PASS, 0.0, 0.0, 0)
_EQUAL_WORDS = RowVerdict(Status.PASS)


@dataclass(frozen=True)
class Fact:
    """Everything common to the values of one component of one field."""

    name: str
    component: str
    stage: Stage
    unit: str
    description: str
    kind: Tolerance
    limit: Limit
    judged: bool  # by the profile
    in_vector: bool
    log_only: str  # why a difference does not affect the image
    scale: ErrorScale | None  # that a difference is compared with; of a component of a vector, its length instead
    single: SingleRoom
    after_position: bool  # differs where the block is at another place


class Judge:
    """Compares single scalars of these two traces under this profile."""

    def __init__(self, sides: Sides, chosen: Profile, printing_c: Printing, printing_py: Printing) -> None:
        c, py = sides.c, sides.py
        self.named = sides.named
        self.profile = chosen
        self.single = sides.own_c.single or sides.own_py.single
        self.elsewhere = sides.elsewhere
        self._counts = sides.counts
        self._conversions = {name: found for found in conversions(c, py, sides.named) for name in found.fields}
        self.printing_c, self.printing_py = printing_c, printing_py
        self.few_digits = printing_c != Printing() or printing_py != Printing() or holds_block(c) or holds_block(py)
        self._beam_pivot = preflight.pivots_around_beam(c)
        self._only_turned = only_turned(c, py, printing_c, printing_py)
        self._label_only = label_only(c, py)
        self._facts: dict[tuple[str, str], Fact] = {}

    @property
    def conversions(self) -> tuple[Conversion, ...]:
        """How values of the second trace were converted to the first one's units."""
        return tuple(dict.fromkeys(self._conversions.values()))

    def fact(self, name: str, component: str) -> Fact:
        """The facts of this component of this field."""
        return self._facts.get((name, component)) or self._find_fact(name, component)

    def row(
        self,
        order: int,
        place: align.Place,
        ours: align.Scalar | None,
        theirs: align.Scalar | None,
        *,
        occurrence: int,
        length: Callable[[], float],
    ) -> Row:
        """The row of one place of the two traces; ``length``: of C's vector there, called where values differ."""
        _, block, _, name, repetition, _ = place
        cell = ours or theirs
        assert cell is not None
        fact = self.fact(name, cell.component)
        if ours is None or theirs is None:
            verdict = RowVerdict(Status.MISSING, note=f"only in {self.named[theirs is not None].noun}")
        else:
            verdict = self.verdict(ours, theirs, fact, length)
        of_print = cell_of_print(ours, theirs) or (fact.after_position and block in self.elsewhere)
        return Row(
            field=name,
            occurrence=occurrence,
            component=cell.component,
            label=label(name, cell.component, block, repetition),
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
            note=self._note(fact, verdict, *(side.note for side in (ours, theirs) if side), elsewhere=of_print),
            of_print=of_print,
            within_single=verdict.within_single,
            c_line=ours.line if ours else 0,
            py_line=theirs.line if theirs else 0,
        )

    def verdict(self, ours: align.Scalar, theirs: align.Scalar, fact: Fact, length: Callable[[], float]) -> RowVerdict:
        """The verdict on two values."""
        kind, limit = fact.kind, fact.limit
        value = self._converted(fact.name, theirs)
        if ours.value == value:
            return _EQUAL_WORDS if isinstance(value, str) else _EQUAL
        half = 0.0
        if kind is not Tolerance.INTEGER:
            half = half_unit(ours, self.printing_c)
            half += half_unit(theirs, self.printing_py) * self.scale(fact.name)
        if kind is Tolerance.TEXT and isinstance(ours.value, str):
            limit = Limit(self.profile.tolerance)  # numbers inside the text
        size = length() if fact.in_vector else 0.0
        return judge(
            ours.value,
            value,
            limit,
            exact=kind is Tolerance.INTEGER,
            length=size,
            half_unit=half,
            scale=fact.scale or scale_of_component(size),
            single=fact.single if self.single else None,
        )

    def scale(self, name: str) -> float:
        """The factor applied to the second value."""
        found = self._conversions.get(name)
        return found.factor if found else 1.0

    def _find_fact(self, name: str, component: str) -> Fact:
        fact = fact_of(name, component, self.profile, self._counts, self._log_only(name))
        self._facts[name, component] = fact
        return fact

    def _log_only(self, name: str) -> str:
        """Why a difference of this field says nothing about the image; only a rotation excuses reciprocal vectors."""
        if name in self._label_only:
            return self._label_only[name]
        if name in ROTATED and not self._only_turned:
            return ""
        return catalogue.log_only_reason(name, beam_pivot=self._beam_pivot)

    def _converted(self, name: str, cell: align.Scalar) -> Value:
        factor = self.scale(name)
        return cell.value if factor == 1.0 or isinstance(cell.value, str) else cell.value * factor

    def _note(self, fact: Fact, verdict: RowVerdict, *of_lines: str, elsewhere: bool) -> str:
        plain = (
            verdict.status is Status.PASS and not verdict.note and fact.judged and fact.name not in self._conversions
        )
        if plain and not any(of_lines):
            return ""
        parts = [verdict.note, *of_lines]
        if verdict.within_single:
            parts.append("as far as single precision explains")
        if verdict.status.differs and elsewhere and not any(of_lines):
            ours, theirs = (side.noun for side in self.named)
            parts.append(f"{theirs} prints it at the centre of the pixel, where {ours} has no sub-pixel")
        if verdict.status is not Status.MISSING and fact.name in self._conversions:
            parts.append(self._conversions[fact.name].note)
        if verdict.status.differs and fact.log_only:
            parts.insert(0, f"{FALSE_DIVERGENCE}: {fact.log_only.removeprefix('Known false divergence: ')}")
        if not fact.judged:
            parts.insert(0, f"{OUTSIDE} {self.profile.name}")
        return "; ".join(part for part in parts if part)


@lru_cache(maxsize=4096)  # the same for every pair of traces of a sweep
def fact_of(name: str, component: str, profile: Profile, counts: Counts | None, log_only: str) -> Fact:
    """The facts of a component of a field; ``counts``: unit cells; ``log_only``: as in `Fact`."""
    known = catalogue.field(name)
    return Fact(
        name=name,
        component=component,
        stage=known.stage if known else Stage.OTHER,
        unit=known.unit_of(component) if known else "",
        description=known.description if known else "not in the catalogue",
        kind=known.tolerance if known else Tolerance.FACTOR,
        limit=_limit(name, component, profile),
        judged=profile.judges(name, component),
        in_vector=known is not None and known.shape in FIELDS_OF_VECTORS,
        log_only=log_only,
        scale=scale_of(name, component, counts),
        single=single_room(name, component, counts),
        after_position=made_from_position(name),
    )


def _limit(name: str, component: str, profile: Profile) -> Limit:
    known = catalogue.field(name)
    limit = profile.limit(name, component)
    if known is not None and known.tolerance in (Tolerance.INTEGER, Tolerance.TEXT):
        return Limit(0.0)
    if known is not None and known.tolerance is Tolerance.FLOAT32 and not limit.absolute:
        return Limit(max(limit.value, SINGLE))
    return limit


def half_unit(cell: align.Scalar, log: Printing) -> float:
    """Half a unit of the last digit of a printed value; ``log``: the precision of its log."""
    if cell.half_unit is not None:
        return cell.half_unit
    return log.half_unit(cell.token) if cell.token else 0.0


def cell_of_print(ours: align.Scalar | None, theirs: align.Scalar | None) -> bool:
    """Whether one of two lines is known not to show what made the pixel."""
    return any(side is not None and side.of_print for side in (ours, theirs))


def length_of(values: Iterable[Value]) -> float:
    """Length of the vector of these values, without non-finite ones."""
    length = 0.0
    for value in values:
        if not isinstance(value, str) and math.isfinite(value):
            length = math.hypot(length, float(value))
    return length


def label(name: str, component: str, block: int, repetition: int) -> str:
    """The name of a row: ``rot_a_angstroms[1].y``, ``phi.k_frac[phi 3, block 1]``."""
    if name.startswith("phi."):
        inside = f"phi {repetition}" if block == 0 else f"phi {repetition}, block {block}"
        return f"{name}[{inside}]"
    index = block or repetition
    return name + (f"[{index}]" if index else "") + (f".{component}" if component else "")
