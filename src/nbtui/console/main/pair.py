"""The pair of sides on the screen: which two of reference, your log and live are compared."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from nbtui.trace.model import Trace
from nbtui.trace.side import KEPT, LIVE, YOUR_LOG, Pair, SideName, of_log


class Compared(StrEnum):
    """The pair that the screen compares."""

    REFERENCE_LOG = "reference and your log"
    REFERENCE_LIVE = "reference and live"
    LOG_LIVE = "your log and live"

    def named(self, reference: SideName, log: SideName = YOUR_LOG) -> Pair:
        """The sides of the pair, the one that stands for the reference first."""
        if self is Compared.LOG_LIVE:
            return log, LIVE
        return reference, LIVE if self is Compared.REFERENCE_LIVE else log


def log_side(log: Trace | None) -> SideName:
    """The side of the second log: the user's, the recorded one of the demo, or one simulated for a package."""
    if log is None:
        return YOUR_LOG
    return KEPT if log.simulated else of_log(log)


def following(shown: Compared, possible: Collection[Compared]) -> Compared:
    """The next pair of those that have both sides; the same one if it is the only one."""
    every = list(Compared)
    at = every.index(shown)
    return next((pair for pair in (*every[at + 1 :], *every[:at]) if pair in possible), shown)
