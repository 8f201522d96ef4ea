"""The pair of sides on the screen: which two of reference, your log and live are compared."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from nbtui.trace.side import LIVE, YOUR_LOG, Pair, SideName


class Shown(StrEnum):
    """The pair that the screen compares."""

    REFERENCE_LOG = "reference and your log"
    REFERENCE_LIVE = "reference and live"
    LOG_LIVE = "your log and live"

    def named(self, reference: SideName) -> Pair:
        """The sides of the pair, the one that stands for the reference first."""
        if self is Shown.LOG_LIVE:
            return YOUR_LOG, LIVE
        return reference, LIVE if self is Shown.REFERENCE_LIVE else YOUR_LOG


def following(shown: Shown, possible: Collection[Shown]) -> Shown:
    """The next pair of those that have both sides; the same one if it is the only one."""
    every = list(Shown)
    at = every.index(shown)
    return next((pair for pair in (*every[at + 1 :], *every[:at]) if pair in possible), shown)
