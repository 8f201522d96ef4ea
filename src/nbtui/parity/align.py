"""Align two traces: every scalar of a trace has a place in pipeline order, the key of the alignment.

Repeated blocks (sub-pixels, thickness layers) are distinguished by their contents, not by counting names: C omits
F_cell from a block whose lattice factor is zero, and counting would then compare the F_cell of one block with that of
the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from nbtui.parity.numbers import NUMBER
from nbtui.trace.fields import catalogue
from nbtui.trace.fields.field import Shape, Stage, Tap
from nbtui.trace.model import PhiRecord, Record, Trace, Value
from nbtui.trace.printed import BLOCK, half_units

SETUP, LOOP, END, OTHER = range(4)  # sections of a trace, in pipeline order
END_STAGES = frozenset({Stage.ACCUMULATION, Stage.SCALING, Stage.GRADIENTS})
_PAIR = re.compile(r"(?<!\S)([^\s=]+)=(\S+)")
NOT_THERE = "NOT_EXTRACTED"  # a missing value of older tools

SUM, STEP_SUM = "I_before_scaling", "printout.I_per_step"
_BY_STEP = "from I/steps, which C prints with more digits than I"

Place = tuple[int, int, int, str, int, int]  # section, block, pipeline rank, field, repetition or phi step, component


class Scalar(NamedTuple):
    """One scalar of a trace. ``token`` is the number as printed, empty when it cannot be found in the line."""

    component: str
    value: Value
    token: str
    line: int = 0  # of the log
    note: str = ""  # why the value is not the printed one
    of_print: bool = False  # the line was not taken from what made the pixel
    half_unit: float | None = None  # of its last printed digit, where the format of the line is known


@lru_cache(maxsize=4096)
def section(name: str) -> int:
    """Which part of the trace a field belongs to: SETUP, LOOP, END (once per pixel) or OTHER (unknown name)."""
    known = catalogue.field(name)
    if known is None:
        return OTHER
    if known.tap.in_setup:
        return SETUP
    return END if known.stage in END_STAGES or known.tap is Tap.PRINTOUT else LOOP


@lru_cache(maxsize=4096)
def in_block(name: str) -> bool:
    """Whether a field repeats with every sub-pixel and layer. Dotted names repeat on their own."""
    return "." not in name and section(name) == LOOP


def blocks(trace: Trace) -> list[int]:
    """The block index of each record (0 outside the repeated block)."""
    result, current = [], 0
    seen: set[str] = set()
    inside: dict[str, bool] = {}
    for name in trace.names():
        if name not in inside:
            inside[name] = in_block(name)
        if not inside[name]:
            result.append(0)
            continue
        if name in seen:
            current += 1
            seen.clear()
        seen.add(name)
        result.append(current)
    return result


def count_blocks(trace: Trace, numbers: Sequence[int] | None = None) -> int:
    """The number of blocks in the trace; ``numbers``: those of `blocks`, where known."""
    if not any(map(in_block, dict.fromkeys(trace.names()))):
        return 0
    return max(blocks(trace) if numbers is None else numbers, default=0) + 1


def first_of(trace: Trace, name: str) -> Record | None:
    """The field in block 0; None when block 0 does not have it."""
    found = trace.all(name)
    if not len(found) or not in_block(name):
        return found[0] if len(found) else None
    seen: set[str] = set()
    for other in trace.names():
        if other in seen and in_block(other):
            return found[0] if name in seen else None
        seen.add(other)
    return found[0]


def cells(trace: Trace, numbered: Callable[[int], int] | None = None) -> dict[Place, Scalar]:
    """Every scalar of the trace by its place; ``numbered``: another number for each of its blocks."""
    result: dict[Place, Scalar] = {}
    for record, own in zip(trace.records, blocks(trace), strict=True):
        name = record.name
        part, rank, repeats, names = _heading(name, len(record.values))
        block = numbered(own) if numbered is not None and repeats else own
        occurrence = 0 if repeats else record.occurrence
        for index, printed in enumerate(scalars_of(record, names)):
            if printed.value != NOT_THERE:
                result[part, block, rank, name, occurrence, index] = printed
    for line in trace.phi:
        block = numbered(line.occurrence) if numbered is not None else line.occurrence
        step, tokens_of = line.phi_tic, phi_tokens(line)
        for key, value in line.values.items():
            if key != "phi_tic":
                name = f"phi.{key}"
                cell = Scalar("", value, _plain(tokens_of.get(key, ""), value), line.line)
                result[LOOP, block, catalogue.order(name), name, step, 0] = cell
    return result


@lru_cache(maxsize=4096)
def _heading(name: str, count: int) -> tuple[int, int, bool, tuple[str, ...]]:
    """Section, pipeline rank, whether it repeats, and components of a field with ``count`` values."""
    known = catalogue.field(name)
    shape = known.shape if known else Shape.VECTOR if count == 3 else Shape.SCALAR
    return section(name), catalogue.order(name), in_block(name), catalogue.components(shape, count)


def scalars_of(record: Record, names: Sequence[str]) -> list[Scalar]:
    """The values of a record; ``names``: of its components."""
    printed, halves = tokens(record), half_units(record)
    note = _BY_STEP if record.name == SUM and record.raw_name == STEP_SUM else ""
    return [
        Scalar(names[index], value, printed[index], record.line, note, half_unit=halves[index] if halves else None)
        for index, value in enumerate(record.values)
    ]


def plain_tokens(cells: Mapping[Place, Scalar]) -> Iterator[str]:
    """The numbers as printed in trace lines: the precision of those of a -printout block is known."""
    return (cell.token for place, cell in cells.items() if not place[3].startswith(BLOCK) and cell.half_unit is None)


def phi_cell(line: PhiRecord, key: str) -> Scalar:
    """One value of a phi line."""
    return Scalar("", line.values[key], _plain(phi_tokens(line).get(key, ""), line.values[key]), line.line)


def phi_tokens(line: PhiRecord) -> dict[str, str]:
    """The values of a phi line as printed, by their keys; the last one of a repeated key."""
    return dict(_PAIR.findall(line.text))


def tokens(record: Record) -> tuple[str, ...]:
    """The values as printed in the line; empty strings where the line does not show them plainly."""
    return _tokens(record.text, record.values)


@lru_cache(maxsize=4096)  # several passes over the same lines
def _tokens(text: str, values: tuple[Value, ...]) -> tuple[str, ...]:
    found = NUMBER.findall(text)
    count = len(values)
    tail = found[len(found) - count :] if len(found) >= count else []
    plain = len(tail) == count and all(
        not isinstance(value, str) and float(token) == float(value) for token, value in zip(tail, values, strict=True)
    )
    return tuple(tail) if plain else ("",) * count


def _plain(token: str, value: float) -> str:
    """``token`` if it is the plain print of ``value``."""
    return token if NUMBER.fullmatch(token) and float(token) == value else ""
