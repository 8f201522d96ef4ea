"""The lines of one run of a program, while its log is being read."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Generic, TypeVar

from nbtui.trace.columns import PhiLines, Records, TermLines
from nbtui.trace.fields.catalogue import field
from nbtui.trace.model import (
    LineSide,
    Notice,
    NoticeKind,
    PairsKind,
    PhiRecord,
    Record,
    TermRecord,
    Trace,
    TraceSide,
    Value,
)

EARLY = "early"  # in place of a side
END = ("I_pixel_final", "floatimage_accumulated")  # the last values of a pixel's trace
MAX_NOTICES = 400  # kept of one kind
LONGEST_NOTICE = 4096  # characters
_UNKNOWN = 200  # bytes of memory of a line of unknown form, beside its text
_BATCH = 1024  # lines hashed at a time

Lines = TypeVar("Lines", Records, PhiLines, TermLines)
_SIDES: tuple[LineSide, ...] = ("", "C", "PY")  # index: code stored for each line


class Kept(Generic[Lines]):
    """Lines of one sort in emission order, each with its side ("" for lines without a tag)."""

    def __init__(self, items: Lines) -> None:
        self.items: Lines = items
        self.sides = bytearray()

    def __len__(self) -> int:
        return len(self.sides)

    def side_of(self, at: int) -> str:
        return _SIDES[self.sides[at]]

    def belongs(self, side: LineSide, lines: int = 1) -> None:
        """Assign the lines just added to ``items`` to this side."""
        self.sides += bytes((_SIDES.index(side),)) * lines

    def cut(self, length: int) -> None:
        self.items.cut(length)
        del self.sides[length:]

    def of(self, side: TraceSide) -> Lines:
        """The lines of one side and the lines without a tag."""
        wanted = {at for at, name in enumerate(_SIDES) if name in ("", side)}
        if set(self.sides) <= wanted:
            return self.items
        return self.chosen(at for at, code in enumerate(self.sides) if code in wanted)

    def chosen(self, positions: Iterable[int]) -> Lines:
        """The lines at these positions."""
        kept: Lines = type(self.items)()
        for at in positions:
            kept.put(self.items[at])
        return kept


class LoggedRun:
    """The lines of one run, of both sides until the side of the run is known."""

    def __init__(self) -> None:
        self.records = Kept(Records())
        self.phi = Kept(PhiLines())
        self.terms = Kept(TermLines())
        self.early = Records()  # of the early dialect, for a run without other trace lines
        self.unknown: list[tuple[str, int, str]] = []  # side, line, text
        self._unknown_size = 0
        self.notices: list[Notice] = []
        self.kinds: Counter[str] = Counter()
        self.sides: Counter[str] = Counter()
        self.seen: Counter[tuple[str, str]] = Counter()
        self.tics: Counter[tuple[str, float]] = Counter()
        self.hashes: dict[str, hashlib._Hash] = {}
        self.keys: dict[str, list[str]] = {"C": [], "PY": [], "": []}  # not yet hashed
        self.pixel: tuple[int, int] | None = None
        self.pixel_weight = 0
        self.begun = False
        self.tail = False  # the pixel's trace is complete
        self.blocks = 0  # -printout blocks

    @property
    def filled(self) -> bool:
        return bool(self.records.sides or self.phi.sides or self.terms.sides or self.unknown or self.speaks_early)

    @property
    def complete(self) -> bool:
        """Whether the run has the last value of a pixel's trace, or a -printout block and no trace."""
        if any(self.seen[side, name] for side in ("C", "PY") for name in END):
            return True
        if self.sides["C"] or self.sides["PY"]:
            return False
        return self.blocks > 0 or any(self.seen[EARLY, name] for name in END)

    @property
    def size(self) -> int:
        """Bytes of memory that the lines take, roughly."""
        return self._unknown_size + sum(
            columns.size for columns in (self.records.items, self.phi.items, self.terms.items, self.early)
        )

    @property
    def speaks_early(self) -> bool:
        """Whether the lines of the early dialect are the trace of this run."""
        known = any(field(name) is not None for name, _ in self.early.kinds)
        return known and not self.sides["C"] and not self.sides["PY"]

    def repeats(self, name: str) -> bool:
        """Whether this run already has this value of the early dialect."""
        return self.seen[EARLY, name] > 0

    def side(self) -> TraceSide:
        """The side with more lines; untagged lines of the stock program count as C."""
        if self.sides["PY"] > self.sides["C"]:
            return "PY"
        return "C" if self.sides["C"] or self.blocks or self.begun else "?"

    def digest(self, side: LineSide, key: str) -> None:
        """Add one line to the checksum of its side."""
        keys = self.keys[side]
        keys.append(key)
        if len(keys) >= _BATCH:
            self.flush(side)

    def digest_lines(self, side: LineSide, text: bytes) -> None:
        """Add lines, each with its line end, to the checksum of their side."""
        self.flush(side)
        self.hashes.setdefault(side, hashlib.sha256()).update(text)

    def flush(self, side: LineSide) -> None:
        keys = self.keys[side]
        if keys:
            text = "\n".join(keys) + "\n"
            self.hashes.setdefault(side, hashlib.sha256()).update(text.encode("utf-8", "backslashreplace"))
            keys.clear()

    def checksum(self, side: TraceSide) -> str:
        """SHA-256 of the side's lines without their prefix; of the untagged lines when the side has none."""
        names: tuple[LineSide, ...] = ("",) if side == "?" else (side, "")
        for name in names:
            self.flush(name)
            if name in self.hashes:
                return self.hashes[name].hexdigest()
        return ""

    def add(self, side: LineSide, name: str, raw: str, values: tuple[Value, ...], line: int, text: str) -> None:
        occurrence = self.seen[side, name]
        self.seen[side, name] += 1
        self.records.items.put(Record(name, raw, values, occurrence, line, text))
        self.records.belongs(side)

    def add_unknown(self, side: str, line: int, text: str) -> None:
        """A trace line of unknown form."""
        self.unknown.append((side, line, text))
        self._unknown_size += len(text) + _UNKNOWN

    def add_early(self, name: str, raw: str, values: tuple[Value, ...], line: int, text: str, key: str) -> None:
        """A value of the early dialect."""
        self.early.put(Record(name, raw, values, self.seen[EARLY, name], line, text))
        self.seen[EARLY, name] += 1
        self.tail = self.tail or (name in END and not self.sides["C"] and not self.sides["PY"])
        if not self.sides["C"] and not self.sides["PY"]:
            self.digest("", key)

    def cut_early(self, line: int) -> None:
        """Drop the value of the early dialect in this line, the last one of the log."""
        if len(self.early) and self.early.line[-1] == line:
            self.seen[EARLY, self.early[-1].name] -= 1
            self.early.cut(len(self.early) - 1)

    def add_pairs(self, side: LineSide, kind: PairsKind, values: dict[str, float], line: int, text: str) -> None:
        """A phi line (``kind`` "phi") or a term line."""
        if kind == "term":
            self.terms.items.put(TermRecord(values, line))
            self.terms.belongs(side)
            return
        tic = values.get("phi_tic", -1.0)
        self.phi.items.put(PhiRecord(values, self.tics[side, tic], line, text))
        self.phi.belongs(side)
        self.tics[side, tic] += 1

    def drop_printout(self) -> None:
        """Drop the records of the previous -printout block."""
        items = self.records.items
        printed = {
            at
            for number, (name, _) in enumerate(items.kinds)
            if name.startswith("printout.")
            for at in items.positions[number]
        }
        if not printed:
            return
        kept = [at for at in range(len(items)) if at not in printed]
        self.records.items, self.records.sides = (
            self.records.chosen(kept),
            bytearray(self.records.sides[at] for at in kept),
        )
        for key in [key for key in self.seen if key[1].startswith("printout.")]:
            del self.seen[key]

    def notice(self, kind: NoticeKind, text: str, line: int) -> None:
        self.kinds[kind] += 1
        if self.kinds[kind] <= MAX_NOTICES:
            self.notices.append(Notice(kind, text[:LONGEST_NOTICE], line))

    def trace(self, origin: str, runs: int) -> Trace:
        """The trace of this run, of the side with most lines."""
        side = self.side()
        return Trace(
            side=side,
            origin=origin,
            records=_in_order(self.records.of(side), self.early) if self.speaks_early else self.records.of(side),
            phi=self.phi.of(side),
            terms=self.terms.of(side),
            notices=tuple(self.notices),
            unknown=tuple((line, text) for other, line, text in self.unknown if other in (side, "")),
            pixel=self.pixel,
            runs=runs,
            sha256=self.checksum(side),
        )


def _in_order(one: Records, other: Records) -> Records:
    """The lines of both in the order of the log."""
    merged = Records()
    for record in sorted((*one, *other), key=lambda record: record.line):
        merged.put(record)
    return merged
