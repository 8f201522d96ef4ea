"""Compare two traces of one pixel.

Source: spec/evidence_package.md (Statuses), spec/trace_dialects.md (rules required by real logs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from nbtui.parity import align, position, preflight
from nbtui.parity.coverage import coverage
from nbtui.parity.judge import Judge, length_of
from nbtui.parity.model import Comparison, Overview, Row
from nbtui.parity.numbers import printing
from nbtui.parity.overview import RowList, counts, raised
from nbtui.parity.profiles import Profile
from nbtui.parity.profiles import profile as find_profile
from nbtui.parity.sides import Sides, sides
from nbtui.parity.stock import block_fields, stock_log
from nbtui.trace.model import Trace, TraceError, Value
from nbtui.trace.side import Pair

__all__ = ["CompareCancelled", "compare", "counts", "raised"]

MANY = 10_000  # lines of both logs from which rows are kept in columns; for fewer, loading numpy takes longer

Progress = Callable[[int, int], None]  # rows judged, of how many


class CompareCancelled(TraceError):
    """The caller's ``cancelled`` stopped the comparison."""


def compare(
    c: Trace,
    py: Trace,
    profile: str = "full",
    tolerance: float | None = None,
    profiles: Mapping[str, Profile] | None = None,
    *,
    named: Pair | None = None,
    allow_partial: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Comparison:
    """Align the two traces by name, block and phi step, and judge every component.

    ``tolerance`` (relative) replaces every relative limit of the profile; ``profiles``: the user's own profiles;
    ``named``: the two sides, by default those of the traces' origin.
    Rows are in the order of the computation: set-up, then block after block (sub-pixels and layers, each with its phi
    lines), then the values printed once per pixel. The first divergence is the first row that ``raised`` accepts.
    Rows outside the profile have a status and a note, and do not count. Traces with too few common fields
    (`nbtui.parity.coverage`) agree only with ``allow_partial``.

    Rows of large traces are made on access. ``progress`` and ``cancelled`` are called several times a second for
    these. Raises TraceError for an unknown profile or an unusable tolerance, and
    CompareCancelled.
    """
    chosen = find_profile(profile, profiles).with_tolerance(tolerance)
    prepared = sides(c, py, named)
    rows: Sequence[Row]
    overview: Overview
    if sum(len(trace.records) + len(trace.phi) for trace in (c, py)) > MANY:
        from nbtui.parity.table import RowTable  # numpy

        def stop() -> None:
            if cancelled is not None and cancelled():
                raise CompareCancelled("the comparison was cancelled")

        rows = overview = RowTable(prepared, chosen, progress or (lambda done, of: None), stop)
        judge = rows.judge
    else:
        rows, judge = _listed(prepared, chosen)
        overview = RowList(rows)
    judged = [tally for tally in overview.tallies if tally.judged]
    compared = sum(tally.counted for tally in judged)
    up = overview.raised
    weighed = coverage(overview.tallies, block_fields(prepared.c, prepared.py))
    return Comparison(
        named=prepared.named,
        rows=rows,
        overview=overview,
        limits=chosen,
        first_divergence=rows[up[0]] if len(up) else None,
        first_reaching=rows[overview.reaching[0]] if len(overview.reaching) else None,
        num_compared=compared,
        num_divergent=len(up),
        num_missing=sum(tally.only_c + tally.only_py for tally in judged),
        findings=preflight.findings(prepared, rows, overview, judge.conversions, compared=compared),
        pixel_c=c.pixel,
        pixel_py=py.pixel or position.pixel_by_position(c, py),
        fields_common=weighed.common,
        fields_judged=weighed.fields,
        covered=weighed.suffices,
        allow_partial=allow_partial,
        stock=stock_log(c),
    )


def _listed(prepared: Sides, chosen: Profile) -> tuple[tuple[Row, ...], Judge]:
    """Every row, and their judge."""
    printed = prepared.cells()
    tokens = (align.plain_tokens(side) for side in printed)
    judge = Judge(prepared, chosen, *map(printing, tokens))
    left, right = prepared.put_right(*printed)

    @cache
    def vectors() -> dict[tuple[int, int, int, str, int], list[Value]]:
        found: dict[tuple[int, int, int, str, int], list[Value]] = {}
        for place, cell in left.items():
            found.setdefault(place[:5], []).append(cell.value)
        return found

    places = sorted(left.keys() | right.keys())
    steps = sorted({(place[1], place[4]) for place in places if place[3].startswith("phi.")})
    phi_line = {step: index for index, step in enumerate(steps)}

    def row(order: int, place: align.Place) -> Row:
        step = (place[1], place[4])
        return judge.row(
            order,
            place,
            left.get(place),
            right.get(place),
            occurrence=phi_line[step] if place[3].startswith("phi.") else place[1] or place[4],
            length=lambda: length_of(vectors().get(place[:5], ())),
        )

    return tuple(row(order, place) for order, place in enumerate(places)), judge
