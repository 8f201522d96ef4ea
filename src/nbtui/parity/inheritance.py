"""Inherited or new differences: whether a field upstream differs already."""

from __future__ import annotations

from nbtui.parity.model import Comparison, Row


def inherited_from(comparison: Comparison, row: Row) -> Row | None:
    """The earliest differing row that this one depends on; None when nothing upstream differs (the row is new).

    Upstream rows count even when the profile does not judge them. A row of a later block depends on its own block and
    on the set-up; a value printed once per pixel depends on every block.
    """
    at = comparison.overview.cause(row.order)
    return None if at is None else comparison.rows[at]


def first_new(comparison: Comparison) -> Row | None:
    """The first differing row of the whole comparison, judged by the profile or not, that nothing upstream explains."""
    at = comparison.overview.first_new
    return None if at is None else comparison.rows[at]
