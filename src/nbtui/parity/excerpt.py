"""The rows that represent a comparison of very many: telling rows of every component, and the first differences."""

from __future__ import annotations

from itertools import islice

from nbtui.parity.model import Comparison, Tally

LISTED = 5000  # rows up to which all are printed and recorded


def all_listed(comparison: Comparison) -> bool:
    """Whether the comparison is small enough to list every row."""
    return len(comparison.rows) <= LISTED


def representatives(comparison: Comparison) -> list[int]:
    """One row per component of every field: its first divergence, else its first difference, else the first of all."""
    return sorted(
        next(at for at in (tally.first_raised, tally.first_differing, tally.first) if at >= 0)
        for tally in comparison.overview.tallies
    )


def excerpt(comparison: Comparison) -> list[int]:
    """The rows recorded of a comparison, ascending: all rows of a small one.

    Of more than LISTED: the first row of every component, its first and its worst divergence, and the first
    divergences of all.
    """
    if all_listed(comparison):
        return list(range(len(comparison.rows)))
    chosen = {at for tally in comparison.overview.tallies for at in _telling(tally) if at >= 0}
    room = max(0, LISTED - len(chosen))
    chosen.update(islice(comparison.overview.raised, room))
    return sorted(chosen)


def _telling(tally: Tally) -> tuple[int, ...]:
    return tally.first, tally.first_differing, tally.first_raised, tally.worst, tally.first_only_c, tally.first_only_py
