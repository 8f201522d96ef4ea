"""A comparison of large traces: statuses in arrays, a row as an object only when somebody looks at it.

It says what the plain comparison says, row by row; the rows themselves, and every value that no array can hold or
that a printed precision could excuse, are judged by the same `nbtui.parity.judge.Judge`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from nbtui.parity import align
from nbtui.parity.finding import numbered, parsed
from nbtui.parity.judge import Fact, Judge, length_of
from nbtui.parity.model import Row, Status
from nbtui.parity.numbers import DIVERGENT_BELOW, MINOR_BELOW, NOISE, ZERO_BELOW, Printing, printing
from nbtui.parity.overview import Tally
from nbtui.parity.profiles import Profile
from nbtui.parity.scalars import Integers, Short, component_names, names_of, phi_lines_of, records_of, scalars
from nbtui.parity.sorting import coded, distinct
from nbtui.parity.streams import apart, upstream
from nbtui.trace import catalogue
from nbtui.trace.columns import PhiLines, Records
from nbtui.trace.model import Trace

Array = NDArray[Any]

_ALL = slice(None)
_PIECE = 1 << 17  # rows judged at a time: some milliseconds
_HELD = 4096  # rows that are kept as objects
_NONE = np.iinfo(np.int32).max
STATUSES = tuple(Status)
PASS, MINOR, DIVERGENT, CRITICAL, MISSING = range(5)
_ROOM = 1 << 61
_AT_MOST = 9  # components of a vector

Stop = Callable[[], None]


class Table(Sequence[Row]):
    """The rows of a comparison, and its overview. ``stop`` raises when the work is to end."""

    def __init__(self, c: Trace, py: Trace, chosen: Profile, progress: Callable[[int, int], None], stop: Stop) -> None:
        sides = [(trace, records_of(trace.records), phi_lines_of(trace.phi)) for trace in (c, py)]
        names = {name for _, records, phi in sides for name in names_of(records, phi)}
        self._names = sorted(names, key=lambda name: (align.section(name), catalogue.order(name), name))
        numbers = {name: at for at, name in enumerate(self._names)}
        found = []
        for trace, records, phi in sides:
            stop()
            found.append(scalars(trace, records, phi, numbers))
        self.c, self.py = found
        stop()
        self.judge = Judge(c, py, chosen, *(_printing(records, phi, stop) for _, records, phi in sides))
        self._align(stop)
        self.status = np.full(len(self.left), MISSING, dtype=np.uint8)
        self._worst = (0.0, -1)
        self._matched: tuple[str, bool, Short] = ("", False, np.zeros(0, dtype=np.int32))
        self._made: OrderedDict[int, Row] = OrderedDict()
        for start in range(0, len(self.left), _PIECE):
            stop()
            self._judge(start, min(len(self.left), start + _PIECE), stop)
            progress(min(len(self.left), start + _PIECE), len(self.left))
        stop()
        self._explain()
        self._count()

    # --- laying side by side -------------------------------------------------------------------------------------

    def _align(self, stop: Stop) -> None:
        """``left`` and ``right``: per row the scalar of either side, -1 for none."""
        keys, orders = [], []
        sections = np.array([align.section(name) for name in self._names] or [0], dtype=np.int64)
        columns = [
            (sections[side.name], side.block[side.line], side.name, side.repetition[side.line], side.component)
            for side in (self.c, self.py)
        ]
        for folded in _folded(*columns):
            stop()
            order = np.argsort(folded, kind="stable")
            ordered = folded[order]
            last = np.append(ordered[1:] != ordered[:-1], True) if len(ordered) else np.zeros(0, dtype=bool)
            keys.append(ordered[last])  # of two scalars at one place the later one counts
            orders.append(order[last].astype(np.int32))
        del columns
        same = len(keys[0]) == len(keys[1]) and bool((keys[0] == keys[1]).all())
        union = keys[0] if same else distinct(np.concatenate(keys))
        self.left, self.right = (_placed(key, order, union) for key, order in zip(keys, orders, strict=True))
        stop()
        name = self._either(self.c.name, self.py.name)
        count = self._either(self.c.of_line[self.c.line], self.py.of_line[self.py.line])
        self._number_facts(name, self._either(self.c.component, self.py.component), count)
        stop()
        self._number_occurrences(name, *self._places())

    def _either(self, ours: Array, theirs: Array, rows: Short | slice = _ALL) -> Array:
        """Per row what C's scalars have, or Python's where C has none."""
        left, right = self.left[rows], self.right[rows]
        if not len(ours):
            return theirs[right]
        return np.where(left >= 0, ours[left], theirs[right]) if len(theirs) else ours[left]

    def _places(self, rows: Short | slice = _ALL) -> tuple[Array, Array]:
        """Block and repetition of rows."""
        block = self._either(self.c.block[self.c.line], self.py.block[self.py.line], rows)
        return block, self._either(self.c.repetition[self.c.line], self.py.repetition[self.py.line], rows)

    def _number_facts(self, name: Array, component: Array, count: Array) -> None:
        """``fact``: per row the number of its field and component."""
        (folded,) = _folded((name, component, count))
        _, first, codes = coded(folded)
        known: dict[tuple[str, str], int] = {}
        self.facts: list[Fact] = []
        numbers = []
        for at in first:
            field = self._names[int(name[at])]
            part = "" if field.startswith("phi.") else component_names(field, int(count[at]))[int(component[at])]
            if (field, part) not in known:
                known[field, part] = len(self.facts)
                self.facts.append(self.judge.fact(field, part))
            numbers.append(known[field, part])
        self.fact = np.array(numbers or [0], dtype=np.int16 if len(self.facts) < 1 << 15 else np.int32)[codes]
        order = np.argsort(self.fact, kind="stable").astype(np.int32)
        edges = np.searchsorted(self.fact[order], np.arange(len(self.facts) + 1))
        self._of_fact = [order[edges[at] : edges[at + 1]] for at in range(len(self.facts))]

    def _number_occurrences(self, name: Array, block: Array, repetition: Array) -> None:
        """``occurrence``: block or repetition of a row; of phi lines the place among all steps of all blocks."""
        phi = np.array([entry.startswith("phi.") for entry in self._names] or [False])[name]
        self.occurrence = np.where(block != 0, block, np.minimum(repetition, _NONE)).astype(np.int32)
        if phi.any():
            (steps,) = _folded((block[phi], repetition[phi]))
            self.occurrence[phi] = coded(steps)[2]

    # --- judging -------------------------------------------------------------------------------------------------

    @cached_property
    def _of_facts(self) -> dict[str, NDArray[np.generic]]:
        """What judging needs of the facts, one value per fact."""
        facts = self.facts
        return {
            "scale": np.array([self.judge.scale(fact.name) for fact in facts] or [1.0]),
            "limit": np.array([fact.limit.value for fact in facts] or [0.0]),
            "absolute": np.array([fact.limit.absolute for fact in facts] or [False]),
            "exact": np.array([fact.kind == "integer" for fact in facts] or [False]),
            "printed": np.array([fact.kind == "printed" for fact in facts] or [False]),
            "vector": np.array([fact.in_vector for fact in facts] or [False]),
            "judged": np.array([fact.judged for fact in facts] or [False]),
            "aside": np.array([bool(fact.log_only) for fact in facts] or [False]),
        }

    def _judge(self, start: int, end: int, stop: Stop) -> None:
        left, right, fact = self.left[start:end], self.right[start:end], self.fact[start:end]
        known = {name: values[fact] for name, values in self._of_facts.items()}
        both = (left >= 0) & (right >= 0)
        a, b = self.c.numbers(left), self.py.numbers(right)
        odd = np.zeros(len(left), dtype=bool)
        odd[both] = self.c.odd(left[both]) | self.py.odd(right[both])
        with np.errstate(all="ignore"):
            b = np.where(known["scale"] == 1.0, b, b * known["scale"])
            delta = b - a
            rel = np.where((a != 0) & np.isfinite(a), delta / np.abs(a), np.nan)
            status = _statuses(a, b, delta, rel, known)
            fails = both & ~odd & (status != PASS) & ~known["exact"]
            excused = fails & (known["printed"] | (not self.judge.printing_c == self.judge.printing_py == Printing()))
            excused |= fails & known["vector"] & ~known["absolute"] & self._noise(left, a, delta)
        status = np.where(both, status, MISSING).astype(np.uint8)
        self.status[start:end] = status
        within = both & ~odd & (status != MISSING) & known["judged"] & ~(known["aside"] & _differs(status))
        size = np.where(within & (np.abs(rel) <= known["limit"]), np.abs(rel), 0.0)
        self._note_worst(size, start)
        for number, at in enumerate(np.nonzero((both & odd) | excused)[0]):
            if number % 2048 == 0:
                stop()
            self._judge_one(start + int(at))

    def _judge_one(self, at: int) -> None:
        fact = self.facts[self.fact[at]]
        ours, theirs = self.c.cell(int(self.left[at])), self.py.cell(int(self.right[at]))
        verdict = self.judge.verdict(ours, theirs, fact, self._length(at))
        self.status[at] = STATUSES.index(verdict.status)
        counted = fact.judged and not (verdict.status.differs and fact.log_only)
        if counted and verdict.rel_delta is not None and abs(verdict.rel_delta) <= fact.limit.value:
            self._note_worst(np.array([abs(verdict.rel_delta)]), at)

    def _note_worst(self, sizes: NDArray[np.float64], start: int) -> None:
        at = int(np.nanargmax(sizes)) if len(sizes) else 0
        size, old = float(sizes[at]) if len(sizes) else 0.0, self._worst
        if size > old[0] or (0.0 < size == old[0] and start + at < old[1]):
            self._worst = (size, start + at)

    def _noise(self, left: Short, a: NDArray[np.float64], delta: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Where a difference may be rounding noise of a vector: at most so much of its longest component."""
        here = np.where((left >= 0) & np.isfinite(a), np.abs(a), 0.0)
        lines = self.c.line[left] if len(self.c.line) else np.zeros_like(left)
        longest = here.copy()
        for shift in range(1, _AT_MOST):  # the components of a vector are neighbours
            same = lines[shift:] == lines[:-shift]
            longest[shift:] = np.where(same, np.maximum(longest[shift:], here[:-shift]), longest[shift:])
            longest[:-shift] = np.where(same, np.maximum(longest[:-shift], here[shift:]), longest[:-shift])
        near = np.abs(delta) <= 1.01 * NOISE * np.sqrt(float(_AT_MOST)) * longest
        near[: _AT_MOST - 1] = True  # their neighbours may be in the piece before or after
        near[-_AT_MOST + 1 :] = True
        return np.asarray(near)

    def _length(self, at: int) -> float:
        left = int(self.left[at])
        if left < 0:
            return 0.0
        return length_of(value for value in self.c.vector(left) if isinstance(value, str | int | float))

    # --- what follows from it ------------------------------------------------------------------------------------

    def _explain(self) -> None:
        """``_telling``: rows whose difference says something of the image; ``causes``: the row that each follows."""
        known = self._of_facts
        self._telling = np.nonzero(_differs(self.status) & ~known["aside"][self.fact])[0].astype(np.int32)
        self._raised = self._telling[known["judged"][self.fact[self._telling]]]
        fields = np.array([self._names.index(fact.name) for fact in self.facts] or [0])[self.fact[self._telling]]
        self.causes = np.full(len(self._telling), _NONE, dtype=np.int32)
        groups = {self._names[number]: np.nonzero(fields == number)[0] for number in distinct(fields)}
        stages = {fact.name: fact.stage for fact in self.facts}
        for name, members in groups.items():
            mine = self._telling[members]
            best = np.full(len(mine), _NONE, dtype=np.int32)
            for other in upstream(name) & groups.keys():
                theirs = self._telling[groups[other]]
                if apart((other, stages[other]), (name, stages[name])):
                    candidates = _earliest(theirs, self.occurrence[theirs], self.occurrence[mine])
                else:
                    candidates = np.full(len(mine), theirs[0], dtype=np.int32)
                best = np.minimum(best, np.where(candidates < mine, candidates, _NONE))
            self.causes[members] = best

    def _count(self) -> None:
        new = self._telling[self.causes == _NONE]
        self._tallies = tuple(
            sorted(
                (self._tally(number, new) for number, rows in enumerate(self._of_fact) if len(rows)),
                key=lambda tally: tally.first,
            )
        )

    def _tally(self, number: int, new: Short) -> Tally:
        fact, rows = self.facts[number], self._of_fact[number]
        status = self.status[rows]
        differing = rows[_differs(status)]
        up = differing if fact.judged and not fact.log_only else differing[:0]
        only_c, only_py = rows[self.right[rows] < 0], rows[self.left[rows] < 0]
        return Tally(
            field=fact.name,
            component=fact.component,
            stage=fact.stage,
            judged=fact.judged,
            rows=len(rows),
            only_c=len(only_c),
            only_py=len(only_py),
            differing=len(differing),
            raised=len(up),
            new=int(np.isin(up, new, assume_unique=True).sum()) if len(up) else 0,
            first=int(rows[0]),
            first_differing=_first(differing),
            first_raised=_first(up),
            first_only_c=_first(only_c),
            first_only_py=_first(only_py),
            worst=self._largest(up, fact),
        )

    def _largest(self, rows: Short, fact: Fact) -> int:
        """Of these rows, which both sides have, the one with the largest relative difference."""
        if not len(rows):
            return -1
        with np.errstate(all="ignore"):
            a, b = self.c.numbers(self.left[rows]), self.py.numbers(self.right[rows]) * self.judge.scale(fact.name)
            sizes = np.where((a != 0) & np.isfinite(a), np.abs((b - a) / np.abs(a)), 0.0)
        sizes[np.isnan(sizes)] = 0.0
        return int(rows[int(np.argmax(sizes))])

    # --- rows ----------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.left)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        at = int(index) + (len(self) if index < 0 else 0)
        if not 0 <= at < len(self):
            raise IndexError(index)
        row = self._made.get(at)
        if row is None:
            row = self._made[at] = self._row(at)
            while len(self._made) > _HELD:
                self._made.popitem(last=False)
        return row

    def __iter__(self) -> Iterator[Row]:
        return (self[at] for at in range(len(self)))

    def _row(self, at: int) -> Row:
        left, right = int(self.left[at]), int(self.right[at])
        side, scalar = (self.c, left) if left >= 0 else (self.py, right)
        fact = self.facts[self.fact[at]]
        line = int(side.line[scalar])
        place = (
            align.section(fact.name),
            int(side.block[line]),
            catalogue.order(fact.name),
            fact.name,
            int(side.repetition[line]),
            int(side.component[scalar]),
        )
        ours = self.c.cell(left) if left >= 0 else None
        theirs = self.py.cell(right) if right >= 0 else None
        occurrence, length = int(self.occurrence[at]), self._length(at)
        return self.judge.row(at, place, ours, theirs, occurrence=occurrence, length=length)

    def log_lines(self) -> tuple[Integers, Integers]:
        """For every row the line of C's log and of Python's that prints it; 0 for none."""
        return self.c.log_lines(self.left), self.py.log_lines(self.right)

    # --- overview ------------------------------------------------------------------------------------------------

    @property
    def tallies(self) -> tuple[Tally, ...]:
        return self._tallies

    @cached_property
    def differing(self) -> Sequence[int]:
        rows: Sequence[int] = np.flatnonzero(_differs(self.status)).astype(np.int32).data
        return rows

    @property
    def raised(self) -> Sequence[int]:
        rows: Sequence[int] = self._raised.data
        return rows

    @property
    def worst(self) -> int | None:
        return self._worst[1] if self._worst[1] >= 0 else None

    @property
    def first_new(self) -> int | None:
        new = np.nonzero(self.causes == _NONE)[0]
        return int(self._telling[new[0]]) if len(new) else None

    def cause(self, order: int) -> int | None:
        at = bisect_left(self._telling, order)
        if at == len(self._telling) or self._telling[at] != order or self.causes[at] == _NONE:
            return None
        return int(self.causes[at])

    def of(self, field: str, component: str | None = None) -> Sequence[int]:
        found = [
            rows
            for fact, rows in zip(self.facts, self._of_fact, strict=True)
            if fact.name == field and component in (None, fact.component)
        ]
        return (found[0] if len(found) == 1 else _joined(found)).data

    def place(self, field: str, occurrence: int, component: str) -> int | None:
        for fact, rows in zip(self.facts, self._of_fact, strict=True):
            if (fact.name, fact.component) == (field, component):
                at = int(np.searchsorted(self.occurrence[rows], occurrence))
                if at < len(rows) and self.occurrence[rows[at]] == occurrence:
                    return int(rows[at])
        return None

    def find(self, label: str) -> int | None:
        for fact, rows in zip(self.facts, self._of_fact, strict=True):
            place = parsed(label, fact.name, fact.component)
            if place is None:
                continue
            block, repetition = self._places(rows)
            index = np.where(block != 0, block, repetition)
            there = (
                (block == place[0]) & (repetition == place[1]) if fact.name.startswith("phi.") else index == place[1]
            )
            at = np.nonzero(there)[0]
            if len(at):
                return int(rows[at[0]])
        return None

    def matches(self, text: str, *, among_raised: bool = False) -> Sequence[int]:
        if self._matched[:2] != (text, among_raised):
            self._matched = (text, among_raised, self._matches(text, among_raised))
        rows: Sequence[int] = self._matched[2].data
        return rows

    def _matches(self, text: str, among_raised: bool) -> Short:
        """As for few rows; an index is only found with the bracket before it: ``name[12``, ``[phi 3``."""
        wanted = text.casefold()
        named = np.array([wanted in f"{fact.name} {fact.description}".casefold() for fact in self.facts] or [False])
        found = named[self.fact]
        for fact, rows in zip(self.facts, self._of_fact, strict=True) if "[" in text else ():
            found[rows] |= numbered(text, fact.name, fact.component, *self._places(rows))
        if among_raised:
            return np.asarray(self._raised[found[self._raised]])
        return np.flatnonzero(found).astype(np.int32)


def _joined(found: list[Short]) -> Short:
    return np.sort(np.concatenate(found)) if found else np.zeros(0, dtype=np.int32)


def _first(rows: Short) -> int:
    return int(rows[0]) if len(rows) else -1


def _differs(status: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray((status >= MINOR) & (status <= CRITICAL))


def _statuses(a: Array, b: Array, delta: Array, rel: Array, known: dict[str, Array]) -> NDArray[np.uint8]:
    """`nbtui.parity.numbers.judge` for arrays, without what a printed precision or a vector's length excuses."""
    size = np.abs(rel)
    tolerance = np.where(known["absolute"], -1.0, known["limit"])
    status = np.select(
        [np.isnan(size), size <= tolerance, size < MINOR_BELOW, size < DIVERGENT_BELOW],
        [CRITICAL, PASS, MINOR, DIVERGENT],
        CRITICAL,
    )
    near = (a == 0) & (np.abs(b) < ZERO_BELOW) | known["absolute"] & (np.abs(delta) <= known["limit"])
    status = np.where(near, PASS, status)
    status = np.where(known["exact"] | np.isnan(a) | np.isnan(b), CRITICAL, status)
    return np.where((a == b) | np.isnan(a) & np.isnan(b), PASS, status).astype(np.uint8)


def _placed(keys: Array, order: Short, union: Array) -> Short:
    """For every place of the union the scalar that stands there, -1 for none."""
    found = np.full(len(union), -1, dtype=np.int32)
    found[np.searchsorted(union, keys)] = order
    return found


def _earliest(theirs: Short, occurrence: Array, wanted: Array) -> Short:
    """Per wanted occurrence the first of ``theirs`` that has it."""
    known, first, _ = coded(occurrence)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[at] == wanted, theirs[first[at]], _NONE).astype(np.int32)


def _folded(*sides: Sequence[Array]) -> list[NDArray[np.int64]]:
    """The columns of each side as one number each that sorts as they do, comparable between the sides."""
    keys = [np.zeros(len(columns[0]), dtype=np.int64) for columns in sides]
    width = 1
    for number in range(len(sides[0])):
        column = [np.asarray(columns[number], dtype=np.int64) for columns in sides]
        lowest = min((int(values.min()) for values in column if len(values)), default=0)
        highest = max((int(values.max()) for values in column if len(values)), default=0)
        span = highest - lowest + 1
        if span > _ROOM:
            column, span, lowest = *_dense(column), 0
        if width * span > _ROOM:
            keys, width = _dense(keys)
        for key, values in zip(keys, column, strict=True):
            key *= span
            key += values - lowest
        width *= span
    return keys


def _dense(columns: list[NDArray[np.int64]]) -> tuple[list[NDArray[np.int64]], int]:
    """The same order in numbers without gaps, and how many there are."""
    known, _, codes = coded(np.concatenate(columns))
    edges = np.cumsum([len(values) for values in columns])[:-1]
    return np.split(codes.astype(np.int64), edges), len(known)


def _printing(records: Records, phi: PhiLines, stop: Stop) -> Printing:
    def tokens() -> Iterator[str]:
        for at, record in enumerate(records):
            if at % 4096 == 0:
                stop()
            yield from align.tokens(record)
        for at, entry in enumerate(phi):
            if at % 4096 == 0:
                stop()
            yield from (align.phi_cell(entry, key).token for key in entry.values if key != "phi_tic")

    return printing(tokens())
