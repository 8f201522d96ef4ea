"""The overview of a comparison with few rows, by going through all of them.

`nbtui.parity.table` gives the same answers from columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from nbtui.parity.model import FALSE_DIVERGENCE, OUTSIDE, Row, Status, Tally
from nbtui.parity.reach import Reach
from nbtui.parity.streams import entry_name, reaches, upstream


def counts(row: Row) -> bool:
    """Whether a row counts: the profile judges it, and it is not a known false divergence."""
    return not row.note.startswith((FALSE_DIVERGENCE, OUTSIDE))


def raised(row: Row) -> bool:
    """Whether a row counts as a divergence."""
    return row.status.differs and counts(row)


class RowList:
    """The overview of a sequence of rows."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    @cached_property
    def tallies(self) -> tuple[Tally, ...]:
        groups: dict[tuple[str, str], list[Row]] = {}
        for row in self._rows:
            groups.setdefault((row.field, row.component), []).append(row)
        return tuple(self._tally(rows) for rows in groups.values())

    def _tally(self, rows: list[Row]) -> Tally:
        differing = [row for row in rows if row.status.differs]
        up = [row for row in differing if raised(row)]
        missing = [row for row in rows if row.status is Status.MISSING]
        only_c = [row for row in missing if row.py_value is None]
        only_py = [row for row in missing if row.py_value is not None]
        first = rows[0]
        return Tally(
            field=first.field,
            component=first.component,
            stage=first.stage,
            judged=not first.note.startswith(OUTSIDE),
            rows=len(rows),
            only_c=len(only_c),
            only_py=len(only_py),
            differing=len(differing),
            raised=len(up),
            reaching=sum(self.reaches(row.order) for row in up),
            new=sum(self.reaches(row.order) and self.cause(row.order) is None for row in up),
            first=first.order,
            first_differing=_first(differing),
            first_raised=_first(up),
            first_only_c=_first(only_c),
            first_only_py=_first(only_py),
            worst=max(up, key=lambda row: abs(row.rel_delta or 0.0)).order if up else -1,
        )

    @cached_property
    def differing(self) -> Sequence[int]:
        return [row.order for row in self._rows if row.status.differs]

    @cached_property
    def raised(self) -> Sequence[int]:
        return [row.order for row in self._rows if raised(row)]

    @cached_property
    def worst(self) -> int | None:
        within = [row for row in self._rows if counts(row) and row.rel_delta and abs(row.rel_delta) <= row.tolerance]
        return max(within, key=lambda row: abs(row.rel_delta or 0.0)).order if within else None

    @cached_property
    def reaching(self) -> Sequence[int]:
        return [row.order for row in self._reaching if counts(row)]

    def reaches(self, order: int) -> bool:
        return order in self._reaching_orders

    @cached_property
    def first_new(self) -> int | None:
        rows = self._reaching or self._telling
        return next((row.order for row in rows if self.cause(row.order) is None), None)

    @cached_property
    def _telling(self) -> list[Row]:
        """Rows whose difference is neither of the print nor explained by single precision."""
        return [row for row in self._rows if row.status.differs and tells(row)]

    @cached_property
    def _reaching(self) -> list[Row]:
        """The telling rows whose difference reaches the pixel."""
        compared = _occurrences(row for row in self._rows if row.status is not Status.MISSING and not row.of_print)
        found = Reach(compared, _occurrences(self._telling))
        return [row for row in self._telling if found.way(row.field).holds(row.occurrence)]

    @cached_property
    def _reaching_orders(self) -> frozenset[int]:
        return frozenset(row.order for row in self._reaching)

    @cached_property
    def _causes(self) -> dict[tuple[str, int], int | None]:
        return {}

    def cause(self, order: int) -> int | None:
        row = self._rows[order]
        if not tells(row):
            return None
        place = (row.field, row.occurrence)
        if place not in self._causes:
            self._causes[place] = self._find_cause(row)
        return self._causes[place]

    def _find_cause(self, row: Row) -> int | None:
        names = upstream(row.field)
        for other in self._reaching if self.reaches(row.order) else self._telling:
            if other.order >= row.order:
                return None
            if entry_name(other.field) in names and reaches(
                (other.field, other.stage, other.occurrence), (row.field, row.stage, row.occurrence)
            ):
                return other.order
        return None

    def of(self, field: str, component: str | None = None) -> Sequence[int]:
        return [row.order for row in self._rows if row.field == field and component in (None, row.component)]

    def place(self, field: str, occurrence: int, component: str) -> int | None:
        wanted = (field, occurrence, component)
        return next((r.order for r in self._rows if (r.field, r.occurrence, r.component) == wanted), None)

    def find(self, label: str) -> int | None:
        return next((row.order for row in self._rows if row.label == label), None)

    def matches(self, text: str, *, among_raised: bool = False) -> Sequence[int]:
        wanted = text.casefold()
        rows = [row for row in self._rows if raised(row)] if among_raised else self._rows
        return [row.order for row in rows if wanted in f"{row.label} {row.description}".casefold()]


def tells(row: Row) -> bool:
    """Whether a difference in this row is neither of the print nor explained by single precision."""
    return FALSE_DIVERGENCE not in row.note and not row.of_print and not row.within_single


def _occurrences(rows: Iterable[Row]) -> Callable[[str], int]:
    """The occurrences of every field among these rows, as sets of `nbtui.parity.reach`."""
    found: dict[str, int] = {}
    for row in rows:
        name = entry_name(row.field)
        found[name] = found.get(name, 0) | 1 << row.occurrence
    return lambda name: found.get(entry_name(name), 0)


def _first(rows: Sequence[Row]) -> int:
    return rows[0].order if rows else -1


def first_of_stage(tallies: Iterable[Tally], *, among_raised: bool) -> dict[str, int]:
    """Stage -> its first row, in the order of these rows."""
    found: dict[str, int] = {}
    at: Callable[[Tally], int] = (lambda tally: tally.first_raised) if among_raised else (lambda tally: tally.first)
    for tally in tallies:
        if at(tally) >= 0:
            found[tally.stage] = min(found.get(tally.stage, at(tally)), at(tally))
    return dict(sorted(found.items(), key=lambda item: item[1]))
