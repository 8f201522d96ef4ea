"""Two traces compared: the verdict, the rows, and the metrics object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtui.errors import UnusableInput
from nbtui.parity import render
from nbtui.parity.excerpt import all_listed, representatives
from nbtui.parity.model import OUTSIDE, Comparison, Row, Status
from nbtui.parity.preflight import show
from nbtui.results import page
from nbtui.trace.model import Trace, Value
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.live.model import Case, Settings, Simulation

WIDTH = 120  # columns of a text
_SHOWN = 200  # rows of the HTML table


@dataclass(frozen=True)
class FieldResult:
    """One compared number: a component of one occurrence of a field."""

    label: str  # such as rot_a_angstroms[1].y
    unit: str
    reference: Value | None
    suspect: Value | None
    abs_delta: float | None  # suspect - reference
    rel_delta: float | None  # of the reference's size
    ulp: int | None
    tolerance: float  # relative
    status: str  # PASS, MINOR, DIVERGENT, CRITICAL or MISSING
    note: str


@dataclass(frozen=True)
class TracePair:
    """Two traces and everything known of them."""

    comparison: Comparison
    reference: Trace
    suspect: Trace
    case: Case | None = None
    settings: Settings | None = None  # of a simulated suspect
    simulation: Simulation | None = None  # the suspect itself
    stand_in: Settings | None = None  # of a simulated reference


def metrics_text(compared: TracePair) -> str:
    """The metrics.json object of a comparison that is not in a package."""
    from nbtui.evidence.write.record import record, side_entry
    from nbtui.parity.metrics import to_json

    mine, theirs = compared.comparison.named
    sides = [
        side_entry(mine, compared.reference, compared.stand_in),
        side_entry(theirs, compared.suspect, compared.settings),
    ]
    found = record(
        compared.comparison,
        compared.reference,
        compared.suspect,
        case=compared.case,
        settings=compared.settings,
        simulation=compared.simulation,
        more={"sides": sides},
    )
    return to_json(found)


@dataclass(frozen=True, repr=False, eq=False)
class ComparisonResult:
    """Your trace against the reference. True where they agree; ``print`` shows the table of ``nbtui compare``."""

    _compared: TracePair

    @property
    def agrees(self) -> bool:
        """Every judged field is within its tolerance, and enough fields are on both sides."""
        return self._comparison.agrees

    @property
    def verdict(self) -> str:
        """One line: agreement with the worst field, or the first divergence and the first that reaches the pixel."""
        return render.verdict(self._comparison)

    @property
    def sides(self) -> tuple[str, str]:
        """Names of the reference and of the other side, as in the table."""
        return self._comparison.named[0].name, self._comparison.named[1].name

    @property
    def first_divergence(self) -> FieldResult | None:
        """The divergence earliest in the pipeline."""
        return _public(self._comparison.first_divergence)

    @property
    def first_reaching(self) -> FieldResult | None:
        """The first divergence that reaches the pixel."""
        return _public(self._comparison.first_reaching)

    @property
    def gap(self) -> float | None:
        """Relative difference of ``I_pixel_final``; None where it is not on both sides."""
        row = self._comparison.row("I_pixel_final")
        return None if row is None else row.rel_delta

    @property
    def findings(self) -> tuple[str, ...]:
        """Sentences to read before any number, most important first."""
        return self._comparison.findings

    def rows(self, *, only_differing: bool = False) -> Iterator[FieldResult]:
        """The rows in pipeline order; there may be millions."""
        rows = self._comparison.rows
        chosen = self._comparison.overview.differing if only_differing else range(len(rows))
        return (_made(rows[at]) for at in chosen)

    def __getitem__(self, label: str) -> FieldResult:
        at = self._comparison.overview.find(label)
        if at is None:
            raise UnusableInput(f"no row {clean(label)} in this comparison")
        return _made(self._comparison.rows[at])

    def table(self, width: int = WIDTH, *, only_differing: bool = False) -> str:
        """The table of ``nbtui compare``, no line longer than ``width``."""
        return render.table(self._comparison, width=width, only_differing=only_differing)

    def markdown(self) -> str:
        """The tables of ``nbtui compare --markdown``."""
        return render.markdown(self._comparison)

    def to_json(self) -> str:
        """The metrics.json object of ``nbtui compare --json``; its schema: ``nbtui schema``."""
        return metrics_text(self._compared)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain Python values."""
        found: dict[str, Any] = json.loads(self.to_json())
        return found

    @property
    def _comparison(self) -> Comparison:
        return self._compared.comparison

    def __bool__(self) -> bool:
        return self.agrees

    def __repr__(self) -> str:
        return f"ComparisonResult({self.verdict})"

    def __str__(self) -> str:
        return self.table().rstrip("\n")

    def _repr_html_(self) -> str:
        comparison = self._comparison
        listed = range(len(comparison.rows)) if all_listed(comparison) else representatives(comparison)
        judged = [row for row in (comparison.rows[at] for at in listed) if not row.note.startswith(OUTSIDE)]
        differing = [row for row in judged if row.status is not Status.PASS]
        shown = (differing or judged)[:_SHOWN]
        parts = [page.heading(self.verdict), page.bullets(self.findings), _table(shown, self.sides)]
        if len(shown) < len(judged):
            parts.append(
                page.paragraph(f"{len(judged) - len(shown):,} more rows, {len(judged) - len(differing):,} agree")
            )
        return page.block(*parts)


def _table(rows: Iterable[Row], sides: tuple[str, str]) -> str:
    return page.table(("field", "unit", *sides, "rel. diff", "ulp", "status"), map(_cells, rows))


def _cells(row: Row) -> list[page.Cell]:
    common, mine, _, theirs = render.split_common(show(row.c_value), show(row.py_value))
    rel = "-" if row.rel_delta is None else f"{row.rel_delta:+.3e}"
    return [row.label, row.unit, (common, mine), (common, theirs), rel, str(row.ulp or "-"), row.status.value]


def _made(row: Row) -> FieldResult:
    return FieldResult(
        label=row.label,
        unit=row.unit,
        reference=row.c_value,
        suspect=row.py_value,
        abs_delta=row.abs_delta,
        rel_delta=row.rel_delta,
        ulp=row.ulp,
        tolerance=row.tolerance,
        status=row.status.value,
        note=row.note,
    )


def _public(row: Row | None) -> FieldResult | None:
    return None if row is None else _made(row)
