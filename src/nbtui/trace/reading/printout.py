"""The block that the stock program prints for a pixel with ``-printout`` or ``-printout_pixel FAST SLOW``.

Source: nanobragg_pixel_loop section 11. The head names the pixel with the fast index first; 13 lines follow.
"""

from __future__ import annotations

import re
from dataclasses import replace

from nbtui.trace.fields.catalogue import FIELDS
from nbtui.trace.model import Trace, Value
from nbtui.trace.numbers import integer, value

NEEDLE = " : stol"
CAPTION = "real-space cell vectors (Angstrom):"  # in every block
LINES = 13  # after the head

_UNENDED = "WARNING: further warnings will not be printed!"  # without a line break
_HEAD = re.compile(rf"(?:{_UNENDED})?\s*([0-9]{{1,9}})\s+([0-9]{{1,9}}) : stol = (\S+)(?: or (\S+))?\s*")
_NUMBER = r"([-+.#0-9a-zA-Z()]+)"
_THREE = rf"{_NUMBER}\s+{_NUMBER}\s+{_NUMBER}"
_ROWS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(rf"at {_THREE}\s*"), ("printout.pixel_pos_meters",)),
    (re.compile(rf"\s*hkl= {_THREE}\s+hkl0= {_THREE}\s*"), ("printout.hkl_frac", "printout.hkl_rounded")),
    (
        re.compile(rf"\s*F_cell={_NUMBER}\s+F_latt={_NUMBER}\s+I = {_NUMBER}\s*"),
        ("printout.F_cell", "printout.F_latt", "printout.I"),
    ),
    (re.compile(rf"I/steps\s+{_NUMBER}\s*"), ("printout.I_per_step",)),
    (re.compile(rf"polar\s+{_NUMBER}\s*"), ("printout.polar",)),
    (re.compile(rf"omega\s+{_NUMBER}\s*"), ("printout.omega",)),
    (re.compile(rf"capfrac\s+{_NUMBER}\s*"), ("printout.capture_fraction",)),
    (re.compile(rf"pixel\s+{_NUMBER}\s*"), ("printout.pixel",)),
    (re.compile(rf"X:\s*{_THREE}\s*"), ("printout.cell_x",)),
    (re.compile(rf"Y:\s*{_THREE}\s*"), ("printout.cell_y",)),
    (re.compile(rf"Z:\s*{_THREE}\s*"), ("printout.cell_z",)),
)

# the trace field of an instrumented build that shows the same quantity
_TRACE_NAMES = {entry.name: entry.trace_name for entry in FIELDS if entry.trace_name}

Named = tuple[str, tuple[Value, ...]]


def under_trace_names(trace: Trace) -> Trace:
    """The trace of a stock build under the names of an instrumented one, where both show the same quantity.

    In a log with trace lines the printed block keeps its own names.
    """
    if not trace.records or any(not record.name.startswith("printout.") for record in trace.records):
        return trace
    records = tuple(replace(record, name=_TRACE_NAMES.get(record.name, record.name)) for record in trace.records)
    return replace(trace, records=records)


def head(text: str) -> tuple[tuple[int, int], list[Named]] | None:
    """The pixel (slow, fast) and the values of the first line of a block, or None for any other line."""
    match = _HEAD.fullmatch(text) if NEEDLE in text else None
    if match is None:
        return None
    named: list[Named] = [("printout.stol", (value(match[3]),))]
    if match[4] is not None:
        named.append(("printout.stol_plane", (value(match[4]),)))
    return (int(match[2]), int(match[1])), named


def row(text: str) -> list[Named]:
    """The values of one line after the head; empty for a caption or an unrelated line."""
    for pattern, names in _ROWS:
        match = pattern.fullmatch(text)
        if match is not None:
            tokens = match.groups()
            share = len(tokens) // len(names)
            return [
                (
                    name,
                    tuple(map(integer if name.endswith("_rounded") else value, tokens[i * share : i * share + share])),
                )
                for i, name in enumerate(names)
            ]
    return []
