"""A comparison of large traces: statuses in arrays, row objects on access.

The result equals the plain comparison row by row; the rows themselves, and every value that does not fit an array or
that a printed precision could excuse, are judged by the same `nbtui.parity.judge.Judge`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from nbtui.parity import align
from nbtui.parity.finding import numbered, parsed
from nbtui.parity.judge import Fact, Judge
from nbtui.parity.model import Row, Tally
from nbtui.parity.numbers import Printing, printing
from nbtui.parity.pairing import RowPairs, Stop
from nbtui.parity.profiles import Profile
from nbtui.parity.reach import Reach
from nbtui.parity.scalars import Integers, Short, in_columns, names_of, scalars
from nbtui.parity.sides import Sides
from nbtui.parity.sorting import Array, coded, distinct
from nbtui.parity.streams import apart, entry_name, upstream
from nbtui.parity.verdicts import Verdicts, differs, length_at
from nbtui.trace.columns import PhiLines, Records
from nbtui.trace.fields import catalogue
from nbtui.trace.printed import BLOCK

_HELD = 4096  # rows kept as objects
_NONE = np.iinfo(np.int32).max


class RowTable(Sequence[Row]):
    """The rows of a comparison and its overview. ``stop`` raises to stop the work."""

    def __init__(self, prepared: Sides, chosen: Profile, progress: Callable[[int, int], None], stop: Stop) -> None:
        c, py = prepared.c, prepared.py
        sides = [(trace, in_columns(trace.records, Records), in_columns(trace.phi, PhiLines)) for trace in (c, py)]
        names = {name for _, records, phi in sides for name in names_of(records, phi)}
        self._names = sorted(names, key=lambda name: (align.section(name), catalogue.order(name), name))
        numbers = {name: at for at, name in enumerate(self._names)}
        found = []
        for (trace, records, phi), pairing, own in zip(
            sides, (None, prepared.pairing), (prepared.own_c, prepared.own_py), strict=True
        ):
            stop()
            found.append(scalars(trace, records, phi, numbers, own, pairing))
        stop()
        self.judge = Judge(prepared, chosen, *(_printing(records, phi, stop) for _, records, phi in sides))
        self._pairs = RowPairs(found[0], found[1], self._names, self.judge, stop)
        self._verdicts = Verdicts(self._pairs, self.judge, progress, stop)
        self._matched: tuple[str, bool, Short] = ("", False, np.zeros(0, dtype=np.int32))
        self._made: OrderedDict[int, Row] = OrderedDict()
        stop()
        self._explain()
        self._count()

    # --- what follows from it ------------------------------------------------------------------------------------

    def _explain(self) -> None:
        """``_telling``: rows that differ neither in the print alone nor by single precision.

        ``_reaches`` and ``_causes`` have one entry for each: whether it reaches the pixel, and its upstream row.
        """
        pairs, facts = self._pairs, self._pairs.facts
        aside = np.array([bool(fact.log_only) for fact in facts] or [False])
        judged = np.array([fact.judged for fact in facts] or [False])
        counted = np.nonzero(differs(self._verdicts.status) & ~aside[pairs.fact])[0].astype(np.int32)
        self._raised = counted[judged[pairs.fact[counted]]]
        set_aside = self._verdicts.of_print | self._verdicts.within_single
        self._telling = counted[~set_aside[counted]]
        self._reaches = self._found_reaching()
        self._causes = self._found_causes(self._telling)
        reaching = self._telling[self._reaches]
        self._causes[self._reaches] = self._found_causes(reaching)
        self._reaching = reaching[judged[pairs.fact[reaching]]]

    def _found_reaching(self) -> NDArray[np.bool_]:
        """Which of the telling rows reach the pixel."""
        pairs = self._pairs
        both = (pairs.left >= 0) & (pairs.right >= 0) & ~self._verdicts.of_print
        compared, differing = dict[str, int](), dict[str, int]()
        telling = np.zeros(len(pairs), dtype=bool)
        telling[self._telling] = True
        for fact, rows in pairs.by_fact():
            name = entry_name(fact.name)
            for sets, chosen in ((compared, both), (differing, telling)):
                sets[name] = sets.get(name, 0) | _as_set(pairs.occurrence[rows[chosen[rows]]])
        found = Reach(lambda name: compared.get(entry_name(name), 0), lambda name: differing.get(entry_name(name), 0))
        result = np.zeros(len(self._telling), dtype=bool)
        number = pairs.fact[self._telling]
        for at in distinct(number):
            members = np.nonzero(number == at)[0]
            way = found.way(pairs.facts[at].name)
            result[members] = way.everywhere or _within(way.at, pairs.occurrence[self._telling[members]])
        return result

    def _found_causes(self, telling: Short) -> Short:
        """For each of these rows the earliest one upstream of it, among them."""
        pairs, facts, occurrence = self._pairs, self._pairs.facts, self._pairs.occurrence
        fields = np.array([self._names.index(fact.name) for fact in facts] or [0])[pairs.fact[telling]]
        causes = np.full(len(telling), _NONE, dtype=np.int32)
        groups = {self._names[number]: np.nonzero(fields == number)[0] for number in distinct(fields)}
        stages = {fact.name: fact.stage for fact in facts}
        for name, members in groups.items():
            mine = telling[members]
            best = np.full(len(mine), _NONE, dtype=np.int32)
            for other in (known for known in groups if entry_name(known) in upstream(name)):
                theirs = telling[groups[other]]
                if apart((other, stages[other]), (name, stages[name])):
                    candidates = _earliest(theirs, occurrence[theirs], occurrence[mine])
                else:
                    candidates = np.full(len(mine), theirs[0], dtype=np.int32)
                best = np.minimum(best, np.where(candidates < mine, candidates, _NONE))
            causes[members] = best
        return causes

    def _count(self) -> None:
        reaching = self._telling[self._reaches]
        new = reaching[self._causes[self._reaches] == _NONE]
        self._tallies = tuple(
            sorted(
                (self._tally(number, reaching, new) for number, rows in enumerate(self._pairs.of_fact) if len(rows)),
                key=lambda tally: tally.first,
            )
        )

    def _tally(self, number: int, reaching: Short, new: Short) -> Tally:
        fact, rows = self._pairs.facts[number], self._pairs.of_fact[number]
        differing = rows[differs(self._verdicts.status[rows])]
        up = differing if fact.judged and not fact.log_only else differing[:0]
        only_c, only_py = rows[self._pairs.right[rows] < 0], rows[self._pairs.left[rows] < 0]
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
            reaching=_common(up, reaching),
            new=_common(up, new),
            first=int(rows[0]),
            first_differing=_first(differing),
            first_raised=_first(up),
            first_only_c=_first(only_c),
            first_only_py=_first(only_py),
            worst=self._largest(up, fact),
        )

    def _largest(self, rows: Short, fact: Fact) -> int:
        """The row with the largest relative difference among these rows, which both sides have."""
        if not len(rows):
            return -1
        pairs = self._pairs
        with np.errstate(all="ignore"):
            a, b = pairs.c.numbers(pairs.left[rows]), pairs.py.numbers(pairs.right[rows]) * self.judge.scale(fact.name)
            sizes = np.where((a != 0) & np.isfinite(a), np.abs((b - a) / np.abs(a)), 0.0)
        sizes[np.isnan(sizes)] = 0.0
        return int(rows[int(np.argmax(sizes))])

    # --- rows ----------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._pairs)

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
        pairs = self._pairs
        left, right = int(pairs.left[at]), int(pairs.right[at])
        side, scalar = (pairs.c, left) if left >= 0 else (pairs.py, right)
        fact = pairs.facts[pairs.fact[at]]
        line = int(side.line[scalar])
        place = (
            align.section(fact.name),
            int(side.block[line]),
            catalogue.order(fact.name),
            fact.name,
            int(side.repetition[line]),
            int(side.component[scalar]),
        )
        ours = pairs.c.cell(left) if left >= 0 else None
        theirs = pairs.py.cell(right) if right >= 0 else None
        occurrence = int(pairs.occurrence[at])
        return self.judge.row(at, place, ours, theirs, occurrence=occurrence, length=lambda: length_at(pairs, at))

    def log_lines(self) -> tuple[Integers, Integers]:
        """The line of C's log and of Python's for every row; 0 for none."""
        pairs = self._pairs
        return pairs.c.log_lines(pairs.left), pairs.py.log_lines(pairs.right)

    def one_sided(self) -> NDArray[np.bool_]:
        """Whether a row has a value in one trace only."""
        found: NDArray[np.bool_] = (np.asarray(self._pairs.left) < 0) | (np.asarray(self._pairs.right) < 0)
        return found

    # --- overview ------------------------------------------------------------------------------------------------

    @property
    def tallies(self) -> tuple[Tally, ...]:
        return self._tallies

    @cached_property
    def differing(self) -> Sequence[int]:
        rows: Sequence[int] = np.flatnonzero(differs(self._verdicts.status)).astype(np.int32).data
        return rows

    @property
    def raised(self) -> Sequence[int]:
        rows: Sequence[int] = self._raised.data
        return rows

    @property
    def reaching(self) -> Sequence[int]:
        rows: Sequence[int] = self._reaching.data
        return rows

    def reaches(self, order: int) -> bool:
        at = bisect_left(self._telling, order)
        return at < len(self._telling) and bool(self._telling[at] == order and self._reaches[at])

    @property
    def worst(self) -> int | None:
        return self._verdicts.worst

    @property
    def first_new(self) -> int | None:
        new = self._causes == _NONE
        chosen = np.nonzero(new & self._reaches if self._reaches.any() else new)[0]
        return int(self._telling[chosen[0]]) if len(chosen) else None

    def cause(self, order: int) -> int | None:
        at = bisect_left(self._telling, order)
        if at == len(self._telling) or self._telling[at] != order or self._causes[at] == _NONE:
            return None
        return int(self._causes[at])

    def of(self, field: str, component: str | None = None) -> Sequence[int]:
        found = [
            rows for fact, rows in self._pairs.by_fact() if fact.name == field and component in (None, fact.component)
        ]
        return (found[0] if len(found) == 1 else _joined(found)).data

    def place(self, field: str, occurrence: int, component: str) -> int | None:
        for fact, rows in self._pairs.by_fact():
            if (fact.name, fact.component) == (field, component):
                known = self._pairs.occurrence[rows]
                at = int(np.searchsorted(known, occurrence))
                if at < len(rows) and known[at] == occurrence:
                    return int(rows[at])
        return None

    def find(self, label: str) -> int | None:
        for fact, rows in self._pairs.by_fact():
            place = parsed(label, fact.name, fact.component)
            if place is None:
                continue
            block, repetition = self._pairs.places(rows)
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
        """As for few rows; an index matches only with its opening bracket: ``name[12``, ``[phi 3``."""
        wanted = text.casefold()
        facts = self._pairs.facts
        named = np.array([wanted in f"{fact.name} {fact.description}".casefold() for fact in facts] or [False])
        found = named[self._pairs.fact]
        for fact, rows in self._pairs.by_fact() if "[" in text else ():
            found[rows] |= numbered(text, fact.name, fact.component, *self._pairs.places(rows))
        if among_raised:
            return np.asarray(self._raised[found[self._raised]])
        return np.flatnonzero(found).astype(np.int32)


def _joined(found: list[Short]) -> Short:
    return np.sort(np.concatenate(found)) if found else np.zeros(0, dtype=np.int32)


def _common(rows: Short, chosen: Short) -> int:
    """How many of the rows are among the chosen ones."""
    return int(np.isin(rows, chosen, assume_unique=True).sum()) if len(rows) and len(chosen) else 0


def _first(rows: Short) -> int:
    return int(rows[0]) if len(rows) else -1


def _as_set(occurrences: Array) -> int:
    """Occurrences as a set of `nbtui.parity.reach`."""
    if not len(occurrences):
        return 0
    marks = np.zeros(int(occurrences.max()) + 1, dtype=bool)
    marks[occurrences] = True
    return int.from_bytes(np.packbits(marks, bitorder="little").tobytes(), "little")


def _within(chosen: int, occurrences: Array) -> NDArray[np.bool_]:
    """Which of the occurrences are in a set."""
    size = int(occurrences.max(initial=0)) + 1
    room = max(chosen.bit_length(), size) + 7 >> 3
    marks = np.unpackbits(np.frombuffer(chosen.to_bytes(room, "little"), dtype=np.uint8), bitorder="little")
    return np.asarray(marks[occurrences] == 1)


def _earliest(theirs: Short, occurrence: Array, wanted: Array) -> Short:
    """The first of ``theirs`` with each wanted occurrence."""
    known, first, _ = coded(occurrence)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[at] == wanted, theirs[first[at]], _NONE).astype(np.int32)


def _printing(records: Records, phi: PhiLines, stop: Stop) -> Printing:
    def tokens() -> Iterator[str]:
        for at, record in enumerate(records):
            if at % 4096 == 0:
                stop()
            if not record.raw_name.startswith(BLOCK) and not record.name.startswith(BLOCK):
                yield from align.tokens(record)
        for at, entry in enumerate(phi):
            if at % 4096 == 0:
                stop()
            yield from (align.phi_cell(entry, key).token for key in entry.values if key != "phi_tic")

    return printing(tokens())
