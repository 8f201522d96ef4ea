"""Which differences are new and which are inherited: the answers of `nbtui.parity.causes`, worked out once."""

from __future__ import annotations

from collections.abc import Mapping

from nbtui.parity import causes
from nbtui.parity.compare import raised
from nbtui.parity.model import Comparison, Row
from nbtui.trace import catalogue
from nbtui.trace.model import Trace


def origins(comparison: Comparison) -> Mapping[str, str]:
    """Label of every raised row -> label of the earliest differing row upstream of it; empty means new here."""
    found: dict[str, str] = {}
    known: dict[tuple[str, int], Row | None] = {}
    for row in comparison.rows:
        if not raised(row):
            continue
        place = (row.field, row.occurrence)
        if place not in known:
            known[place] = causes.inherited_from(comparison, row)
        cause = known[place]
        found[row.label] = cause.label if cause else ""
    return found


def dependencies(name: str) -> tuple[str, ...]:
    """Fields that ``name`` is made from, in pipeline order; empty for what comes from the command line alone."""
    known = catalogue.field(name)
    if known and known.depends_on:
        return known.depends_on
    return tuple(sorted(causes.upstream(name), key=catalogue.order))


def repeats_last_step(c: Trace) -> bool:
    """Whether C's first phi line carries the very values of its last one (the mark of the phi carry-over)."""
    lines = [entry for entry in c.phi if entry.occurrence == 0]
    if len(lines) < 2:
        return False
    first, last = (
        {key: value for key, value in entry.values.items() if "phi" not in key}
        for entry in (min(lines, key=lambda p: p.phi_tic), max(lines, key=lambda p: p.phi_tic))
    )
    return bool(first) and first == last
