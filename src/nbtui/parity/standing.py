"""The standing of a differing row: where its difference comes from, and whether it reaches the pixel, as sentences."""

from __future__ import annotations

from itertools import islice

from nbtui.parity import inheritance
from nbtui.parity.model import Comparison, Row
from nbtui.parity.reach import stops
from nbtui.parity.streams import consumers, entry_name, upstream
from nbtui.trace.fields.field import Stage
from nbtui.trace.text import clean

_NAMED = 3  # fields in a sentence


def origin(comparison: Comparison, row: Row) -> str:
    """Where the difference of a row comes from, as a sentence."""
    cause = inheritance.inherited_from(comparison, row)
    if cause is not None:
        return f"Inherited from {clean(cause.label)} ({relative(cause)})."
    before = [tally for tally in comparison.overview.tallies if entry_name(tally.field) in upstream(row.field)]
    if any(tally.differing for tally in before):
        return "New here: no difference upstream explains it."
    if not upstream(row.field):
        return "New here: no printed field is upstream of it."
    compared = {entry_name(tally.field) for tally in before if tally.both}
    if not compared:
        return "New here: nothing upstream was compared."
    alone = {entry_name(tally.field) for tally in before} - compared
    if alone:
        which = f"{len(compared)} of {len(compared) + len(alone)} fields upstream were compared"
        return f"New here: none of the compared values upstream differs ({which})."
    return "New here: nothing upstream differs."


def in_results(comparison: Comparison, row: Row) -> bool:
    """Whether the difference of a row reaches the pixel, or is one of its gradients."""
    return row.stage is Stage.GRADIENTS or comparison.overview.reaches(row.order)


def obstacle(comparison: Comparison, row: Row) -> str:
    """Why the difference of a row does not reach the pixel, without a final stop; empty for one that does."""
    if not row.status.differs or comparison.overview.reaches(row.order):
        return ""
    if row.of_print or "known false divergence" in row.note:
        return "of the print"
    if row.stage is Stage.GRADIENTS:
        return "it is a derivative of the pixel"
    if row.within_single:
        return "no more than single precision explains"
    agreeing = list(islice(stops(row.field, lambda name: _agrees(comparison, name)), _NAMED))
    if agreeing:
        verb = "agrees" if len(agreeing) == 1 else "agree"
        return f"of the print: {', '.join(map(clean, agreeing))}, made from it, {verb}"
    return "nothing in the pixel is made from it" if not consumers(row.field) else "of the print"


def _agrees(comparison: Comparison, name: str) -> bool:
    """Whether a field is compared, and all its rows agree or differ by no more than single precision explains."""
    tallies = [tally for tally in comparison.overview.tallies if entry_name(tally.field) == name and tally.both]
    first = (comparison.rows[tally.first_differing] for tally in tallies if tally.differing)
    return bool(tallies) and all(row.within_single for row in first)


def relative(row: Row) -> str:
    """The relative delta of a row for a sentence: per cent from 1e-4 on, else as a power of ten."""
    rel = row.rel_delta
    if rel is None:
        return f"{row.abs_delta:+.3e} absolute" if row.abs_delta is not None else "not comparable"
    return f"{100 * rel:+.5g} %" if abs(rel) >= 1e-4 else f"{rel:+.2e}"
