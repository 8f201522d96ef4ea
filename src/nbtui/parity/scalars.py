"""The scalars of a large trace in arrays: `nbtui.parity.align.cells` without an object per scalar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nbtui.parity import align
from nbtui.parity.blocks import BlockPairing
from nbtui.parity.put_right import Implied, OwnTrace, implied_scalar
from nbtui.trace.columns import ODD, PhiLines, Records
from nbtui.trace.fields import catalogue
from nbtui.trace.model import Trace

Lines = TypeVar("Lines", Records, PhiLines)
Integers = NDArray[np.int64]
Short = NDArray[np.int32]
_FARTHEST = float(1 << 60)  # a phi step beyond is as good as one there


@dataclass(frozen=True)
class Scalars:
    """The scalars of one trace. A line is a record or, from ``len(records)``, a phi line; arrays are per scalar unless
    noted."""

    records: Records
    phi: PhiLines
    values: NDArray[np.float64]  # numbers as stored in the columns; nan for words
    source: Short  # its index in ``values``
    line: Short
    name: Short  # index of its field in pipeline order
    component: Short
    of_line: Short  # per line: number of values
    block: Short  # per line
    repetition: Integers  # per line
    implied: Mapping[int, Implied] = field(default_factory=dict)  # record lines that were re-derived for the print

    def cell(self, at: int) -> align.Scalar:
        """The scalar as an object."""
        line, component = int(self.line[at]), int(self.component[at])
        if line < len(self.records):
            record = self.records[line]
            names = component_names(record.name, len(record.values))
            cell = align.scalars_of(record, names)[component]
            return implied_scalar(cell, self.implied[line], component) if line in self.implied else cell
        entry = self.phi[line - len(self.records)]
        start = int(self.phi.start[line - len(self.records)]) + len(self.records.values)
        key = list(entry.values)[int(self.source[at]) - start]
        return align.phi_cell(entry, key)

    def vector(self, at: int) -> tuple[object, ...]:
        """All values of the record of a scalar."""
        line = int(self.line[at])
        if line in self.implied and self.implied[line].values:
            return self.implied[line].values
        return self.records.values_of(line) if line < len(self.records) else ()

    def numbers(self, at: Short) -> NDArray[np.float64]:
        """The values of these scalars; nan in a trace without any."""
        return self.values[self.source[at]] if len(self.source) else np.full(len(at), np.nan)

    def odd(self, at: Short) -> NDArray[np.bool_]:
        """True for scalars of lines with anything but plain numbers."""
        sorts = np.frombuffer(self.records.sort or b"\0", dtype=np.uint8)
        lines = self.line[at]
        return np.asarray((lines < len(self.records)) & (sorts[np.minimum(lines, len(sorts) - 1)] == ODD))

    def log_lines(self, at: Short) -> Integers:
        """The lines of the log that print these scalars; 0 for index -1."""
        lines = np.concatenate([_array(self.records.line), _array(self.phi.line), [0]]).astype(np.int64)
        return lines[np.where(at < 0, -1, np.append(self.line, -1)[at])]


def component_names(name: str, count: int) -> tuple[str, ...]:
    """Names of the values of a record with ``count`` of them."""
    known = catalogue.field(name)
    return catalogue.components(known.shape if known else "vector" if count == 3 else "scalar", count)


def in_columns(items: Sequence[Any], sort: type[Lines]) -> Lines:
    """Records or phi lines as columns."""
    if isinstance(items, sort):
        return items
    made = sort()
    for item in items:
        made.put(item)
    return made


def names_of(records: Records, phi: PhiLines) -> set[str]:
    """Every field of a trace."""
    return {name for name, _ in records.kinds} | {f"phi.{key}" for keys in phi.kinds for key in keys}


def scalars(
    trace: Trace,
    records: Records,
    phi: PhiLines,
    numbers: dict[str, int],
    own: OwnTrace,
    pairing: BlockPairing | None = None,
) -> Scalars:
    """``numbers``: field -> its number. ``trace`` holds the records; ``own``: what its values say about its lines.

    ``pairing``: other numbers for its blocks.
    """
    first = _of_records(records, numbers)
    parts = [first, *(_of_phi(records, phi, kind, keys, numbers) for kind, keys in enumerate(phi.kinds))]
    source, line, name, component = (np.concatenate(column) for column in zip(*parts, strict=True))
    kinds = np.array([align.in_block(entry) for entry, _ in records.kinds] or [False])
    inside = kinds[_array(records.kind)] if len(records) else np.zeros(0, dtype=bool)
    block = [np.asarray(align.blocks(trace), dtype=np.int32), _array(phi.occurrence).astype(np.int32)]
    implied = _implied_lines(records, block[0], inside, own)
    values = np.concatenate([_array(records.values), _array(phi.values)])
    for at, found in implied.items():
        values[records.start[at] : records.start[at] + len(found.values)] = found.values
    if pairing is not None and not pairing.in_order:
        block = [np.where(inside, _renumbered(block[0], pairing), block[0]), _renumbered(block[1], pairing)]
    repetition = [np.where(inside, 0, _array(records.occurrence).astype(np.int64)), _tics(phi)]
    counts = [np.diff(_array(columns.start).astype(np.int64)).astype(np.int32) for columns in (records, phi)]
    counts[1][:] = 1
    return Scalars(
        records=records,
        phi=phi,
        values=values,
        source=source,
        line=line,
        name=name,
        component=component,
        of_line=np.concatenate(counts),
        block=np.concatenate(block),
        repetition=np.concatenate(repetition),
        implied=implied,
    )


def _implied_lines(records: Records, block: Short, inside: NDArray[np.bool_], own: OwnTrace) -> dict[int, Implied]:
    """The record lines with implied values."""
    found: dict[int, Implied] = {}
    for (name, number), implied in own.implied.items():
        for at in (
            line for kind, (known, _) in enumerate(records.kinds) if known == name for line in records.positions[kind]
        ):
            if block[at] == number and (inside[at] or records.occurrence[at] == 0):
                found[at] = implied
                break
    return found


def _renumbered(block: Short, pairing: BlockPairing) -> Short:
    """`BlockPairing.numbered` of every block."""
    other = np.array([pairing.numbered(at) for at in range(int(block.max(initial=-1)) + 1)] or [0], dtype=np.int32)
    return other[block]


def _array(column: object) -> NDArray[np.generic]:
    """A column as an array, without a copy."""
    view = memoryview(column)  # type: ignore[arg-type]
    return np.frombuffer(view, dtype=view.format) if len(view) else np.zeros(0, dtype=view.format)


def _of_records(records: Records, numbers: dict[str, int]) -> tuple[Short, ...]:
    start = _array(records.start).astype(np.int64)
    counts = np.diff(start)
    line = np.repeat(np.arange(len(records), dtype=np.int32), counts)
    source = np.arange(len(line), dtype=np.int32)
    component = (source - start[:-1][line]).astype(np.int32) if len(line) else source
    named = np.array([numbers[name] for name, _ in records.kinds] or [0], dtype=np.int32)
    name = named[_array(records.kind)][line] if len(line) else source
    keep = np.ones(len(line), dtype=bool)
    for at, values in records.odd.items():
        for index, value in enumerate(values):
            if value == align.NOT_THERE:
                keep[int(start[at]) + index] = False
    return tuple(column[keep] for column in (source, line, name, component)) if not keep.all() else (
        source, line, name, component
    )  # fmt: skip


def _of_phi(
    records: Records, phi: PhiLines, kind: int, keys: tuple[str, ...], numbers: dict[str, int]
) -> tuple[Short, ...]:
    lines = _array(phi.positions[kind]).astype(np.int64)
    wanted = np.array([at for at, key in enumerate(keys) if key != "phi_tic"], dtype=np.int64)
    named = np.array([numbers[f"phi.{keys[at]}"] for at in wanted], dtype=np.int32)
    start = _array(phi.start).astype(np.int64)[lines] + len(records.values)
    source = (start[:, None] + wanted).astype(np.int32).ravel()
    line = np.repeat((lines + len(records)).astype(np.int32), len(wanted))
    return source, line, np.tile(named, len(lines)), np.zeros(len(source), dtype=np.int32)


def _tics(phi: PhiLines) -> Integers:
    """The phi step of every phi line; -1 for a line without one."""
    tics = np.full(len(phi), -1.0)
    values, start = _array(phi.values), _array(phi.start).astype(np.int64)
    for kind, keys in enumerate(phi.kinds):
        if "phi_tic" in keys:
            lines = _array(phi.positions[kind]).astype(np.int64)
            tics[lines] = values[start[lines] + keys.index("phi_tic")]
    return np.asarray(np.trunc(np.clip(tics, -_FARTHEST, _FARTHEST)), dtype=np.int64)
