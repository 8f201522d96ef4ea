"""A log of a stock build: it has the values of a -printout block, and no trace lines."""

from __future__ import annotations

from nbtui.trace.fields.catalogue import FIELDS
from nbtui.trace.fields.field import Field, Tap
from nbtui.trace.model import Trace
from nbtui.trace.reading.printout import is_printout

HOW = "docs/traces.md"
_SQUARE = "parallelpiped"  # C's word for a SQUARE crystal


def block_fields(c: Trace, py: Trace) -> frozenset[str]:
    """The fields of the side that has nothing but a -printout block; none without such a side."""
    for trace in (c, py):
        if is_printout(trace):
            return frozenset(trace.names())
    return frozenset()


def stock_log(trace: Trace) -> str:
    """What a log of a stock build holds, and how to get the rest, as a sentence without an end; empty for any other."""
    if not is_printout(trace):
        return ""
    return f"stock log: {len(set(trace.names()))} values; how to get all {traced_fields(trace)}: {HOW}"


def traced_fields(block: Trace) -> int:
    """The number of fields that an instrumented build would trace in the run of this log."""
    said = [notice.text for notice in block.notices]
    other = Tap.SAMPLE_PIVOT if not any("around sample" in text for text in said) else Tap.BEAM_PIVOT
    crystals = [text for text in said if " xtal: " in text]
    square = not crystals or _SQUARE in crystals[-1]
    return sum(
        entry.simulated and entry.tap is not other and entry.name != "phi.phi_tic" and (square or not _of_square(entry))
        for entry in FIELDS
    )


def _of_square(entry: Field) -> bool:
    return "SQUARE" in entry.printed_when
