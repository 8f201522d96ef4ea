"""The lines of a trace in columns, so that a million lines take little more memory than their text.

A `Record`, `PhiRecord` or `TermRecord` is made on access. Values other than plain numbers (words, integers beyond
2^53) are stored beside the columns.
"""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Hashable, Iterable, Iterator, Sequence
from copy import copy
from functools import cached_property
from itertools import accumulate
from typing import Generic, Self, TypeVar, overload

from nbtui.trace.model import PhiRecord, Record, TermRecord, Value

FLOATS, WHOLE, ODD = range(3)  # what the values of a line are
FEW = 10_000  # lines of a log whose records are kept once made: a comparison passes over them several times
_PER_LINE, _PER_NUMBER, _PER_ODD = 60, 9, 300  # bytes of memory, with the room for growth
_EXACT = 1 << 53  # whole numbers below this are exact as floats

Kind = TypeVar("Kind", bound=Hashable)
Item = TypeVar("Item")


def sort_of(values: Iterable[Value]) -> int:
    """FLOATS, WHOLE or ODD: the storage these values need."""
    types = {type(value) for value in values}
    if types <= {float}:
        return FLOATS
    if types == {int} and all(abs(value) < _EXACT for value in values if isinstance(value, int)):
        return WHOLE
    return ODD


class Items(Sequence[Item], Generic[Item]):
    """A sequence that makes its items on access."""

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Item, ...]: ...
    def __getitem__(self, index: int | slice) -> Item | tuple[Item, ...]:
        if isinstance(index, slice):
            return tuple(self._item(at) for at in range(*index.indices(len(self))))
        length = len(self)
        at = index + length if index < 0 else index
        if not 0 <= at < length:
            raise IndexError(index)
        return self._item(at)

    @abstractmethod
    def _item(self, at: int) -> Item:
        """The item at a valid index."""


class Columns(Items[Item], Generic[Kind, Item]):
    """Lines of one sort in emission order. ``kinds``: their distinct heads (names, or tuples of keys)."""

    def __init__(self) -> None:
        self.kinds: list[Kind] = []
        self.kind = array("I")  # per line: index into kinds
        self.start = array("Q", (0,))  # per line, and once more: its first value
        self.values = array("d")
        self.sort = bytearray()  # per line: FLOATS, WHOLE, ODD
        self.odd: dict[int, tuple[Value, ...]] = {}
        self.occurrence = array("Q")
        self.line = array("Q")
        self.text = bytearray()
        self.end = array("Q", (0,))  # per line, and once more: where its text begins
        self.positions: list[array[int]] = []  # per kind: its lines
        self._known: dict[Kind, int] = {}

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def size(self) -> int:
        """Bytes of memory that the lines take, roughly."""
        return len(self.text) + _PER_LINE * len(self) + _PER_NUMBER * len(self.values) + _PER_ODD * len(self.odd)

    def __iter__(self) -> Iterator[Item]:
        return map(self._item, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(_same, self, other))

    __hash__ = None  # type: ignore[assignment]

    def without_lines(self) -> Self:
        """The same without line numbers: lines of another file than the log."""
        found = copy(self)
        found.line = array("Q", bytes(len(self.line) * self.line.itemsize))
        return found

    def kind_of(self, kind: Kind) -> int:
        """The number of a kind, new or known."""
        number = self._known.get(kind)
        if number is None:
            number = self._known[kind] = len(self.kinds)
            self.kinds.append(kind)
            self.positions.append(array("Q"))
        return number

    def add(self, kind: int, values: Sequence[float], sort: int, occurrence: int, line: int, text: bytes) -> None:
        """One more line. ``values``: its numbers, nan for the words of an ODD line; ``text`` as UTF-8."""
        self.positions[kind].append(len(self.kind))
        self.kind.append(kind)
        self.values.extend(values)
        self.start.append(len(self.values))
        self.sort.append(sort)
        self.occurrence.append(occurrence)
        self.line.append(line)
        self.text += text
        self.end.append(len(self.text))

    def add_all(
        self, kind: int, values: Sequence[float], occurrences: Sequence[int], line: int, texts: Sequence[bytes]
    ) -> None:
        """Many lines of one kind that follow each other in the log, all FLOATS; ``line``: number of the first."""
        here, count = len(self.kind), len(occurrences)
        size = len(values) // count
        self.positions[kind].extend(range(here, here + count))
        self.kind.extend(array("I", (kind,)) * count)
        self.start.extend(range(len(self.values) + size, len(self.values) + size * count + 1, size))
        self.values.extend(values)
        self.sort += bytes((FLOATS,)) * count
        self.occurrence.extend(occurrences)
        self.line.extend(range(line, line + count))
        self.end.extend(accumulate(map(len, texts[1:]), initial=len(self.text) + len(texts[0])))
        self.text += b"".join(texts)

    def cut(self, length: int) -> None:
        """Only the first ``length`` lines."""
        while len(self) > length:
            at = len(self) - 1
            self.positions[self.kind.pop()].pop()
            self.start.pop(), self.sort.pop(), self.occurrence.pop(), self.line.pop(), self.end.pop()
            self.odd.pop(at, None)
            del self.values[self.start[-1] :], self.text[self.end[-1] :]

    def numbers(self, at: int) -> array[float]:
        """The values of a line as stored in the columns."""
        return self.values[self.start[at] : self.start[at + 1]]

    def text_of(self, at: int) -> str:
        return self.text[self.end[at] : self.end[at + 1]].decode("utf-8", "surrogatepass")


class Chosen(Items[Item]):
    """Some lines of a sequence, by their positions."""

    def __init__(self, whole: Sequence[Item], positions: Sequence[int]) -> None:
        self._whole, self._positions = whole, positions

    def __len__(self) -> int:
        return len(self._positions)

    def _item(self, at: int) -> Item:
        return self._whole[self._positions[at]]


class Records(Columns[tuple[str, str], Record]):
    """Named values; a kind is (canonical name, name as printed)."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[int, Record] = {}
        self._numbers: dict[str, list[int]] = {}  # kinds by canonical name
        self._indexed = 0  # kinds among them
        self._chosen: dict[str, Sequence[Record]] = {}  # lines by canonical name, for names of one kind

    def put(self, record: Record) -> None:
        """One more record."""
        sort = sort_of(record.values)
        if sort == ODD:
            self.odd[len(self)] = record.values
        numbers = [float("nan") if isinstance(value, str) else float(value) for value in record.values]
        kind = self.kind_of((record.name, record.raw_name))
        self.add(kind, numbers, sort, record.occurrence, record.line, _bytes(record.text))

    def values_of(self, at: int) -> tuple[Value, ...]:
        sort = self.sort[at]
        if sort == ODD:
            return self.odd[at]
        numbers = self.numbers(at)
        return tuple(map(int, numbers)) if sort == WHOLE else tuple(numbers)

    def _item(self, at: int) -> Record:
        made = self._made.get(at)
        if made is None:
            name, raw = self.kinds[self.kind[at]]
            made = Record(name, raw, self.values_of(at), self.occurrence[at], self.line[at], self.text_of(at))
            if len(self) <= FEW:
                self._made[at] = made
        return made

    def cut(self, length: int) -> None:
        super().cut(length)
        self._made.clear()

    def names(self) -> Iterator[str]:
        """The canonical name of every record."""
        known = [name for name, _ in self.kinds]
        return map(known.__getitem__, self.kind)

    def renamed(self, name: str, new: str) -> Records:
        """The same lines under another canonical name; the columns are shared, so neither may grow."""
        other = copy(self)
        other.kinds = [(new if known == name else known, raw) for known, raw in self.kinds]
        other._made, other._numbers, other._indexed, other._chosen = {}, {}, 0, {}
        return other

    def named(self, name: str) -> Sequence[Record]:
        """Every record of a canonical name."""
        if self._indexed != len(self.kinds):
            for number in range(self._indexed, len(self.kinds)):
                self._numbers.setdefault(self.kinds[number][0], []).append(number)
            self._indexed = len(self.kinds)
            self._chosen.clear()
        known = self._chosen.get(name)
        if known is not None:
            return known
        numbers = self._numbers.get(name, ())
        if len(numbers) == 1:
            found = self._chosen[name] = Chosen(self, self.positions[numbers[0]])
            return found
        return Chosen(self, sorted(at for number in numbers for at in self.positions[number]))


class PhiLines(Columns[tuple[str, ...], PhiRecord]):
    """TRACE_*_PHI lines; a kind is the keys of a line."""

    def put(self, record: PhiRecord) -> None:
        """One more line."""
        kind = self.kind_of(tuple(record.values))
        values = list(record.values.values())
        self.add(kind, values, FLOATS, record.occurrence, record.line, _bytes(record.text))

    @cached_property
    def ends(self) -> tuple[PhiRecord, PhiRecord]:
        """The lines of the first and of the last phi step of the first block; there must be one."""
        first = [at for at, occurrence in enumerate(self.occurrence) if not occurrence]
        numbered = [(tic, at) for at, tic in zip(first, self._tics(first), strict=True)]
        return self._item(min(numbered)[1]), self._item(max(numbered, key=lambda pair: pair[0])[1])

    def tics(self) -> Iterator[int]:
        """The phi step of every line, -1 for a line without one."""
        return self._tics(range(len(self)))

    def _tics(self, lines: Iterable[int]) -> Iterator[int]:
        places = [keys.index("phi_tic") if "phi_tic" in keys else -1 for keys in self.kinds]
        for at in lines:
            place = places[self.kind[at]]
            yield int(self.values[self.start[at] + place]) if place >= 0 else -1

    def _item(self, at: int) -> PhiRecord:
        values = dict(zip(self.kinds[self.kind[at]], self.numbers(at), strict=True))
        return PhiRecord(values, self.occurrence[at], self.line[at], self.text_of(at))


class TermLines(Columns[tuple[str, ...], TermRecord]):
    """TRACE_*_TERM lines; a kind is the keys of a line. Their text is not kept."""

    def put(self, record: TermRecord) -> None:
        """One more line."""
        self.add(self.kind_of(tuple(record.values)), list(record.values.values()), FLOATS, 0, record.line, b"")

    def _item(self, at: int) -> TermRecord:
        return TermRecord(dict(zip(self.kinds[self.kind[at]], self.numbers(at), strict=True)), self.line[at])


def _same(one: object, other: object) -> bool:
    return one == other


def phi_ends(lines: Sequence[PhiRecord]) -> tuple[PhiRecord, PhiRecord]:
    """The lines of the first and of the last phi step of the first block; of a trace that has phi lines."""
    if isinstance(lines, PhiLines):
        return lines.ends
    first = [entry for entry in lines if entry.occurrence == 0]
    return min(first, key=lambda entry: entry.phi_tic), max(first, key=lambda entry: entry.phi_tic)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def tics(lines: Sequence[PhiRecord]) -> Iterator[int]:
    """The phi step of every phi line."""
    return lines.tics() if isinstance(lines, PhiLines) else (entry.phi_tic for entry in lines)
