"""How much of two traces was compared: fields on both sides against fields on one side only.

Agreement of a few values among many proves little. The rule: at least a tenth of the judged fields, and three of them
or half. A stock build is weighed by the values of its own block, the only ones that it can print.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from nbtui.parity.model import Comparison, Tally
from nbtui.parity.streams import entry_name

SMALLEST_SHARE = 0.1  # of the judged fields
ENOUGH = 3  # fields on both sides
TOO_LITTLE = "too little in common"  # a verdict
ACCEPTED = "too little, accepted"  # by --allow-partial


@dataclass(frozen=True)
class Coverage:
    """Judged fields (not components or blocks) on both sides, and all judged fields."""

    common: int
    fields: int

    @property
    def suffices(self) -> bool:
        """Whether agreement of the common fields is a verdict."""
        if self.common < SMALLEST_SHARE * self.fields:
            return False
        return self.common >= ENOUGH or 2 * self.common >= self.fields


def coverage(tallies: Iterable[Tally], block: Collection[str] = ()) -> Coverage:
    """The coverage of a comparison; ``block``: the fields of a stock build's log, where one side is such a log."""
    judged = [tally for tally in tallies if tally.judged and (not block or tally.field in block)]
    both = {entry_name(tally.field) for tally in judged if tally.both}
    return Coverage(len(both), len({entry_name(tally.field) for tally in judged}))


def too_little(comparison: Comparison) -> str:
    """How few of the judged fields are on both sides."""
    return f"{TOO_LITTLE} ({comparison.fields_common} of {comparison.fields_judged} fields)"
