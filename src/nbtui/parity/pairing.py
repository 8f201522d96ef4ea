"""Align two large traces: pairs of their scalars in pipeline order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from nbtui.parity import align
from nbtui.parity.judge import Fact, Judge
from nbtui.parity.scalars import Scalars, Short, component_names
from nbtui.parity.sorting import Array, coded, distinct, folded

Stop = Callable[[], None]  # raises to stop the work

_ALL = slice(None)
_FARTHEST = np.iinfo(np.int32).max


class RowPairs:
    """The scalars of both sides, and their fact, for every row. ``names``: every field, in pipeline order."""

    left: Short  # the scalar of C, -1 for none
    right: Short  # that of the second trace
    facts: list[Fact]  # one per component of every field
    fact: Array  # per row: its number among them
    of_fact: list[Short]  # per fact: its rows, ascending
    occurrence: Short  # per row: block or repetition; of phi lines the place among all steps of all blocks

    def __init__(self, c: Scalars, py: Scalars, names: Sequence[str], judge: Judge, stop: Stop) -> None:
        self.c, self.py, self._names = c, py, names
        self._align(stop)
        name = self._either(c.name, py.name)
        count = self._either(c.of_line[c.line], py.of_line[py.line])
        self._number_facts(judge, name, self._either(c.component, py.component), count)
        stop()
        self._number_occurrences(name, *self.places())

    def __len__(self) -> int:
        return len(self.left)

    def by_fact(self) -> Iterator[tuple[Fact, Short]]:
        """Every fact with its rows."""
        return zip(self.facts, self.of_fact, strict=True)

    def _align(self, stop: Stop) -> None:
        keys, orders = [], []
        sections = np.array([align.section(name) for name in self._names] or [0], dtype=np.int64)
        columns = [
            (sections[side.name], side.block[side.line], side.name, side.repetition[side.line], side.component)
            for side in (self.c, self.py)
        ]
        for key in folded(*columns):
            stop()
            order = np.argsort(key, kind="stable")
            ordered = key[order]
            last = np.append(ordered[1:] != ordered[:-1], True) if len(ordered) else np.zeros(0, dtype=bool)
            keys.append(ordered[last])  # the later of two scalars at one place counts
            orders.append(order[last].astype(np.int32))
        del columns
        same = len(keys[0]) == len(keys[1]) and bool((keys[0] == keys[1]).all())
        union = keys[0] if same else distinct(np.concatenate(keys))
        self.left, self.right = (_placed(key, order, union) for key, order in zip(keys, orders, strict=True))
        stop()

    def _either(self, ours: Array, theirs: Array, rows: Short | slice = _ALL) -> Array:
        """The value of C's scalar in every row, of Python's where C has none."""
        left, right = self.left[rows], self.right[rows]
        if not len(ours):
            return theirs[right]
        return np.where(left >= 0, ours[left], theirs[right]) if len(theirs) else ours[left]

    def places(self, rows: Short | slice = _ALL) -> tuple[Array, Array]:
        """Block and repetition of rows."""
        block = self._either(self.c.block[self.c.line], self.py.block[self.py.line], rows)
        return block, self._either(self.c.repetition[self.c.line], self.py.repetition[self.py.line], rows)

    def _number_facts(self, judge: Judge, name: Array, component: Array, count: Array) -> None:
        (kinds,) = folded((name, component, count))
        _, first, codes = coded(kinds)
        known: dict[tuple[str, str], int] = {}
        self.facts = []
        numbers = []
        for at in first:
            field = self._names[int(name[at])]
            part = "" if field.startswith("phi.") else component_names(field, int(count[at]))[int(component[at])]
            if (field, part) not in known:
                known[field, part] = len(self.facts)
                self.facts.append(judge.fact(field, part))
            numbers.append(known[field, part])
        self.fact = np.array(numbers or [0], dtype=np.int16 if len(self.facts) < 1 << 15 else np.int32)[codes]
        order = np.argsort(self.fact, kind="stable").astype(np.int32)
        edges = np.searchsorted(self.fact[order], np.arange(len(self.facts) + 1))
        self.of_fact = [order[edges[at] : edges[at + 1]] for at in range(len(self.facts))]

    def _number_occurrences(self, name: Array, block: Array, repetition: Array) -> None:
        phi = np.array([entry.startswith("phi.") for entry in self._names] or [False])[name]
        self.occurrence = np.where(block != 0, block, np.minimum(repetition, _FARTHEST)).astype(np.int32)
        if phi.any():
            (steps,) = folded((block[phi], repetition[phi]))
            self.occurrence[phi] = coded(steps)[2]


def _placed(keys: Array, order: Short, union: Array) -> Short:
    """The scalar at every place of the union, -1 for none."""
    found = np.full(len(union), -1, dtype=np.int32)
    found[np.searchsorted(union, keys)] = order
    return found
