"""Two traces made comparable: one name per quantity, blocks paired, lines checked against their own trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nbtui.parity import align
from nbtui.parity.block_form import in_block_form
from nbtui.parity.blocks import BlockPairing, paired_blocks
from nbtui.parity.cell_counts import Counts, cell_counts
from nbtui.parity.names import named_alike
from nbtui.parity.put_right import OwnTrace, own_trace, put_right
from nbtui.trace.model import Trace
from nbtui.trace.side import Pair, pair_of


@dataclass(frozen=True)
class Sides:
    """The two traces of a comparison, with their blocks paired and their own contradictions."""

    c: Trace
    py: Trace
    named: Pair
    pairing: BlockPairing  # of the second trace's blocks with those of C
    counts: Counts | None  # unit cells along a, b and c
    own_c: OwnTrace
    own_py: OwnTrace

    @property
    def numbered(self) -> Callable[[int], int] | None:
        """C's number for a block of the second trace; None where the numbers are the same."""
        return None if self.pairing.in_order else self.pairing.numbered

    @property
    def elsewhere(self) -> frozenset[int]:
        """Blocks that the second trace prints at the centre of the pixel, where C has no sub-pixel."""
        return frozenset(map(self.pairing.numbered, self.pairing.at_centre))

    def cells(self) -> tuple[dict[align.Place, align.Scalar], dict[align.Place, align.Scalar]]:
        """Every printed scalar of both sides by its place."""
        return align.cells(self.c), align.cells(self.py, self.numbered)

    def put_right(
        self, ours: dict[align.Place, align.Scalar], theirs: dict[align.Place, align.Scalar]
    ) -> tuple[dict[align.Place, align.Scalar], dict[align.Place, align.Scalar]]:
        """The scalars with implied values in place of re-derived ones."""
        return put_right(ours, self.own_c), put_right(theirs, self.own_py, self.numbered)


def sides(c: Trace, py: Trace, named: Pair | None = None) -> Sides:
    """The two traces, made comparable; ``named``: their sides, by default those of their origin."""
    called = named or pair_of(c, py)
    c, py = in_block_form(*named_alike(c, py))
    counts = cell_counts(c, py)
    own_c, own_py = (own_trace(trace, side, counts) for trace, side in zip((c, py), called, strict=True))
    return Sides(c, py, called, paired_blocks(c, py), counts, own_c, own_py)
