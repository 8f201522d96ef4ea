"""Laying two traces side by side: every scalar of a trace gets a place in pipeline order.

The place is the key of the alignment. Repeated blocks (subpixels, thickness layers) are told apart by what they
hold, not by how often a name was seen: C leaves F_cell out of a block whose lattice factor is zero, and counting
names would then compare the F_cell of one block with that of the next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbtui.parity.numbers import NUMBER
from nbtui.trace import catalogue
from nbtui.trace.model import Record, Trace, Value

SETUP, LOOP, END, OTHER = range(4)  # sections of a trace, in pipeline order
END_STAGES = frozenset({"accumulation", "scaling"})
_PAIR = re.compile(r"(?<!\S)([^\s=]+)=(\S+)")
NOT_THERE = "NOT_EXTRACTED"  # written by older tools where they found no value

Place = tuple[int, int, int, str, int, int]  # section, block, pipeline rank, field, repetition or phi step, component


@dataclass(frozen=True)
class Cell:
    """One scalar of a trace. ``token`` is the number as printed, empty when the line cannot tell."""

    component: str
    value: Value
    token: str


def section(name: str) -> int:
    """Which part of the trace a field belongs to: SETUP, LOOP, END (once per pixel) or OTHER (unknown name)."""
    known = catalogue.field(name)
    if known is None:
        return OTHER
    if known.origin == "setup":
        return SETUP
    return END if known.stage in END_STAGES or name.startswith("printout.") else LOOP


def in_block(name: str) -> bool:
    """Whether a field is one of those that repeat with every subpixel and layer. Dotted names repeat on their own."""
    return "." not in name and section(name) == LOOP


def blocks(trace: Trace) -> list[int]:
    """For each record the index of the block it stands in (0 for records outside the repeated block)."""
    result, current = [], 0
    seen: set[str] = set()
    for record in trace.records:
        inside = in_block(record.name)
        if inside:
            if record.name in seen:
                current += 1
                seen.clear()
            seen.add(record.name)
        result.append(current if inside else 0)
    return result


def count_blocks(trace: Trace) -> int:
    """How many repetitions of the block the trace holds."""
    return max(blocks(trace), default=0) + 1 if any(in_block(record.name) for record in trace.records) else 0


def cells(trace: Trace) -> dict[Place, Cell]:
    """Every scalar of the trace by its place."""
    result: dict[Place, Cell] = {}
    for record, block in zip(trace.records, blocks(trace), strict=True):
        name = record.name
        known = catalogue.field(name)
        shape = known.shape if known else "vector" if len(record.values) == 3 else "scalar"
        names = catalogue.components(shape, len(record.values))
        repetition = 0 if in_block(name) else record.occurrence
        printed = tokens(record)
        for index, value in enumerate(record.values):
            if value != NOT_THERE:
                place = (section(name), block, catalogue.order(name), name, repetition, index)
                result[place] = Cell(names[index], value, printed[index])
    known_keys: dict[str, tuple[str, int]] = {}  # a log may hold a million of these lines
    for line in trace.phi:
        printed_pairs = dict(_PAIR.findall(line.text))
        tic = line.phi_tic
        for key, number in line.values.items():
            if key != "phi_tic":
                if key not in known_keys:
                    known_keys[key] = (f"phi.{key}", catalogue.order(f"phi.{key}"))
                name, order = known_keys[key]
                token = _plain(printed_pairs.get(key, ""), number)
                result[(LOOP, line.occurrence, order, name, tic, 0)] = Cell("", number, token)
    return result


def tokens(record: Record) -> list[str]:
    """The values as they are printed in the line; empty strings where the line does not show them plainly."""
    found = NUMBER.findall(record.text)
    count = len(record.values)
    tail = found[len(found) - count :] if len(found) >= count else []
    plain = len(tail) == count and all(
        not isinstance(value, str) and float(token) == float(value)
        for token, value in zip(tail, record.values, strict=True)
    )
    return tail if plain else [""] * count


def _plain(token: str, value: float) -> str:
    """``token`` if it is the plain print of ``value``."""
    return token if NUMBER.fullmatch(token) and float(token) == value else ""
