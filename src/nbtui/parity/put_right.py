"""The values that a trace implies where one of its lines was re-derived for the print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nbtui.parity import align
from nbtui.parity.cell_counts import Counts
from nbtui.parity.own_rules import Vector
from nbtui.parity.own_values import every_contradiction, precision_of
from nbtui.parity.stated import states_single
from nbtui.trace.model import Trace
from nbtui.trace.side import SideName

REDERIVED = "print_rederived"  # beginning of a note


@dataclass(frozen=True)
class Implied:
    """The values of one line; empty where the trace does not show them."""

    values: Vector
    note: str


@dataclass(frozen=True)
class OwnTrace:
    """What the own values of a trace say about its lines, by field and block (0 for lines printed once)."""

    implied: Mapping[tuple[str, int], Implied]
    sentences: tuple[str, ...]  # one per field that contradicts its own trace
    single: bool  # some of its numbers are in single precision, as printed or as stated


def own_trace(trace: Trace, side: SideName, counts: Counts | None) -> OwnTrace:
    """The contradictions within a trace; ``counts``: unit cells along a, b and c."""
    implied: dict[tuple[str, int], Implied] = {}
    sentences: dict[str, str] = {}
    precision = precision_of(trace)
    for found in every_contradiction(trace, side, counts, precision):
        sentences.setdefault(found.field, found.sentence)
        if found.rederived:
            shown = " ".join(f"{value:.15g}" for value in found.printed)
            note = f"{REDERIVED}: {side.noun} prints {shown}"
            implied[found.field, found.block] = Implied(found.expected, note)
    return OwnTrace(implied, tuple(sentences.values()), states_single(trace) or precision.single)


def put_right(
    cells: dict[align.Place, align.Scalar], own: OwnTrace, numbered: Callable[[int], int] | None = None
) -> dict[align.Place, align.Scalar]:
    """The scalars of a trace with implied values in place of re-derived ones; ``numbered``: as in `align.cells`."""
    if not own.implied:
        return cells
    wanted = {
        (name, numbered(block) if numbered is not None and align.in_block(name) else block): found
        for (name, block), found in own.implied.items()
    }
    result = dict(cells)
    for place, cell in cells.items():
        found = wanted.get((place[3], place[1]))
        if found is not None and place[4] == 0 and not place[3].startswith("phi."):
            result[place] = implied_scalar(cell, found, place[5])
    return result


def implied_scalar(cell: align.Scalar, found: Implied, component: int) -> align.Scalar:
    """One scalar of a re-derived line."""
    if not found.values:
        return cell._replace(note=found.note, of_print=True)
    return cell._replace(value=found.values[component], token="", note=found.note)
