"""The block that the stock program prints for a pixel with ``-printout`` or ``-printout_pixel FAST SLOW``.

Source: nanobragg_pixel_loop section 11. The head names the pixel with the fast index first; 13 lines follow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nbtui.trace.fields.catalogue import FIELDS
from nbtui.trace.fields.printout import PRINTOUT
from nbtui.trace.loop_counts import loop_counts
from nbtui.trace.model import Record, Trace, Value
from nbtui.trace.numbers import integer, value
from nbtui.trace.printed import BLOCK, half_units

NEEDLE = " : stol"
CAPTION = "real-space cell vectors (Angstrom):"  # in every block
LINES = 13  # after the head
OF_LAST_PASS = frozenset(f"printout.{name}" for name in ("hkl_frac", "F_latt", "F_cell", "cell_x", "cell_y", "cell_z"))
INDEX, NEAREST = "printout.hkl_frac", "printout.hkl_rounded"
SUM, STEP_SUM = "printout.I", "printout.I_per_step"

_SLACK = 1e-6  # relative: rounding of I/steps itself
_ENOUGH = 12  # digits of a product with I/steps
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


def is_printout(trace: Trace) -> bool:
    """Whether a trace consists of a -printout block: that of a stock build, or of nbsim."""
    if not holds_block(trace) or trace.phi or trace.terms or len(trace.records) > len(PRINTOUT):
        return False
    return all(record.raw_name.startswith(BLOCK) for record in trace.records)


def holds_block(trace: Trace) -> bool:
    """Whether a -printout block is among the lines of a trace."""
    return bool(trace.all(STEP_SUM))


def block_records(lines: Iterable[str], first_line: int) -> tuple[Record, ...]:
    """The values of one block, under the names of the block; ``first_line``: its number in the log."""
    found: list[Record] = []
    for number, text in enumerate(lines, first_line):
        first = head(text)
        named = row(text) if first is None else first[1]
        found += [Record(name, name, values, 0, number, text.strip()) for name, values in named]
    return tuple(_with_a_last_pass(found))


def _with_a_last_pass(records: Sequence[Record]) -> Sequence[Record]:
    """The records without those of a last pass that never was: nbsim prints nan there, and C leftovers."""
    absent = {record.name for record in records if record.name in OF_LAST_PASS and any(map(_is_nan, record.values))}
    if INDEX in absent:
        absent.add(NEAREST)
    return [record for record in records if record.name not in absent] if absent else records


def _is_nan(value: Value) -> bool:
    return isinstance(value, float) and math.isnan(value)


def under_trace_names(trace: Trace) -> Trace:
    """The trace of a stock build under the names of an instrumented one, where both show the same quantity.

    The sum has the digits of I/steps, which is printed with ten. In a log with trace lines the printed block keeps its
    own names.
    """
    if holds_block(trace):
        trace = replace(trace, records=_with_a_last_pass(trace.records))
    if not is_printout(trace):
        return trace
    records = [replace(record, name=_TRACE_NAMES.get(record.name, record.name)) for record in trace.records]
    return replace(trace, records=_with_better_sum(records, loop_counts(trace)))


def _with_better_sum(records: list[Record], counts: Mapping[str, int | None]) -> tuple[Record, ...]:
    """The records with the sum as I/steps times the steps, where the number of steps is certain."""
    total = next((record for record in records if record.raw_name == SUM), None)
    share = next((record for record in records if record.raw_name == STEP_SUM), None)
    if total is None or share is None or isinstance(total.values[0], str) or isinstance(share.values[0], str):
        return tuple(records)
    whole, part = float(total.values[0]), float(share.values[0])
    if not (math.isfinite(whole) and math.isfinite(part) and part != 0.0):
        return tuple(records)
    steps = _steps(whole, part, (half_units(total) or (0.0,))[0], counts)
    if steps is None:
        return tuple(records)
    better = replace(share, name=total.name, values=(float(f"{part * steps:.{_ENOUGH}g}"),))
    return tuple(better if record is total else record for record in records)


def _steps(whole: float, part: float, room: float, counts: Mapping[str, int | None]) -> int | None:
    """The number of steps: the only whole number that the two sums allow, or the product of C's loops among them."""
    room, ratio = room / abs(part) * (1.0 + _SLACK), whole / part
    lowest, highest = math.ceil(ratio - room), math.floor(ratio + room)
    if lowest == highest and lowest >= 1:
        return lowest
    loops = [counts[name] for name in ("sources", "mosaic_domains", "phi_steps", "oversample", "oversample")]
    product = math.prod(count for count in loops if count is not None)
    return product if None not in loops and lowest <= product <= highest else None


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
