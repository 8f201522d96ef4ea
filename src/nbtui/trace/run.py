"""What one run of a program left in a log, while it is being read."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Generic, TypeVar

from nbtui.trace.model import Notice, PhiRecord, Record, TermRecord, Trace, Value

END = ("I_pixel_final", "floatimage_accumulated")  # the last values of a pixel's trace
MAX_NOTICES = 400  # of one kind; more of them say nothing new
_BATCH = 1024  # lines hashed at a time

Item = TypeVar("Item")


class Kept(Generic[Item]):
    """Things of one kind in emission order, each with the side that printed it ("" for lines without a tag).

    Two lists, not a list of pairs: a million pairs would be freed in one go, long enough to be seen on the screen.
    """

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.sides: list[str] = []

    def __len__(self) -> int:
        return len(self.items)

    def add(self, side: str, item: Item) -> None:
        self.items.append(item)
        self.sides.append(side)

    def cut(self, length: int) -> None:
        del self.items[length:], self.sides[length:]

    def of(self, side: str) -> tuple[Item, ...]:
        """Those of one side, and those without a tag."""
        if all(other in (side, "") for other in set(self.sides)):
            return tuple(self.items)
        return tuple(item for item, other in zip(self.items, self.sides, strict=True) if other in (side, ""))


class Run:
    """What one run of a program left in the log. Both sides are kept until it is known which one it is."""

    def __init__(self) -> None:
        self.records: Kept[Record] = Kept()
        self.phi: Kept[PhiRecord] = Kept()
        self.terms: Kept[TermRecord] = Kept()
        self.unknown: Kept[tuple[int, str]] = Kept()
        self.notices: list[Notice] = []
        self.kinds: Counter[str] = Counter()
        self.sides: Counter[str] = Counter()
        self.seen: Counter[tuple[str, str]] = Counter()
        self.hashes: dict[str, hashlib._Hash] = {}
        self.keys: dict[str, list[str]] = {"C": [], "PY": [], "": []}  # not yet hashed
        self.pixel: tuple[int, int] | None = None
        self.pixel_weight = 0
        self.begun = False
        self.tail = False  # the last line of the pixel's trace was seen
        self.blocks = 0  # -printout blocks

    @property
    def filled(self) -> bool:
        return bool(self.records.items or self.phi.items or self.terms.items or self.unknown.items)

    @property
    def complete(self) -> bool:
        """Whether the last value of a pixel's trace was seen, or a -printout block in a log without a trace."""
        if any(self.seen[side, name] for side in ("C", "PY") for name in END):
            return True
        return self.blocks > 0 and not self.sides["C"] and not self.sides["PY"]

    def side(self) -> str:
        """The side with more lines; the stock program's own lines, without any tag, are C's."""
        if self.sides["PY"] > self.sides["C"]:
            return "PY"
        return "C" if self.sides["C"] or self.blocks or self.begun else "?"

    def digest(self, side: str, key: str) -> None:
        """Adds one line to the checksum of its side."""
        keys = self.keys[side]
        keys.append(key)
        if len(keys) >= _BATCH:
            self.flush(side)

    def flush(self, side: str) -> None:
        keys = self.keys[side]
        if keys:
            text = "\n".join(keys) + "\n"
            self.hashes.setdefault(side, hashlib.sha256()).update(text.encode("utf-8", "backslashreplace"))
            keys.clear()

    def checksum(self, side: str) -> str:
        """Over the side's lines without their side prefix; over the lines without any tag when it has none."""
        for name in (side, ""):
            if name in self.keys:
                self.flush(name)
            if name in self.hashes:
                return self.hashes[name].hexdigest()
        return ""

    def add(self, side: str, name: str, raw: str, values: tuple[Value, ...], line: int, text: str) -> None:
        occurrence = self.seen[side, name]
        self.seen[side, name] += 1
        self.records.add(side, Record(name, raw, values, occurrence, line, text))

    def drop_printout(self) -> None:
        """Forgets the -printout block before: the records of the block itself stand at the end, one after the other."""
        kept = [i for i, record in enumerate(self.records.items) if not record.name.startswith("printout.")]
        if len(kept) == len(self.records):
            return
        self.records.items = [self.records.items[i] for i in kept]
        self.records.sides = [self.records.sides[i] for i in kept]
        for key in [key for key in self.seen if key[1].startswith("printout.")]:
            del self.seen[key]

    def notice(self, kind: str, text: str, line: int) -> None:
        self.kinds[kind] += 1
        if self.kinds[kind] <= MAX_NOTICES:
            self.notices.append(Notice(kind, text, line))

    def trace(self, origin: str, runs: int) -> Trace:
        """What this run says, of the side that most of its lines are of."""
        side = self.side()
        return Trace(
            side=side,
            origin=origin,
            records=self.records.of(side),
            phi=self.phi.of(side),
            terms=self.terms.of(side),
            notices=tuple(self.notices),
            unknown=self.unknown.of(side),
            pixel=self.pixel,
            runs=runs,
            sha256=self.checksum(side),
        )
