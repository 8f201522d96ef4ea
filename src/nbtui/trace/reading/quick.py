"""A fast path for the lines that make up nearly all of a large log.

Lines of a known field with as many plain numbers as it has values, and single blanks between them, are read directly;
so are phi and term lines of exactly the form of the one before. Every other line is left to the grammar.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from nbtui.trace.columns import FLOATS, WHOLE, PhiLines, Records, TermLines
from nbtui.trace.fields.catalogue import Tolerance, canonical, field
from nbtui.trace.model import LineSide
from nbtui.trace.reading.grammar import COUNTS, KeyValues, usable
from nbtui.trace.reading.run import END, Kept, LoggedRun

_NUMBER = "[-+.0-9e]+"
_PLAIN = re.compile(rf"TRACE_((?:C|PY): [A-Za-z_]\w*) ({_NUMBER}(?: {_NUMBER})*)", re.ASCII).fullmatch
_TOKENS = re.compile(rf"=({_NUMBER})".encode()).findall
_AT_ONCE = 1 << 15  # bytes; more would delay the screen
_MOST_KEYS = 100  # of a line whose form is learned
_DIGITS = 15  # of integers that are always exact as floats


@dataclass(frozen=True, slots=True)
class _Form:
    """A named line: how many values it has, and whether they are whole numbers."""

    side: LineSide
    name: str  # canonical
    raw: str
    count: int
    whole: bool


@dataclass(frozen=True, slots=True)
class _Pairs:
    """A phi or a term line with these keys in this order."""

    match: Callable[[str], re.Match[str] | None]
    side: LineSide
    keys: tuple[str, ...]
    tag: int  # where the checksum's part of the line begins
    tic: int  # place of phi_tic, -1 without
    kind: int
    phi: bool
    run: Callable[[bytes, int, int], re.Match[bytes] | None]  # many of these lines, one after the other


class Quick:
    """The forms of line learned from one run so far."""

    def __init__(self) -> None:
        self._line = 0  # the last line taken
        self._took: Kept[Records] | Kept[PhiLines] | Kept[TermLines] | None = None  # where it went
        self._pairs: _Pairs | None = None
        self._singly = 0  # lines to come that cannot be taken at once

    def last(self, run: LoggedRun) -> tuple[int, int, int, int] | None:
        """The last line taken, and how many records, phi lines and terms precede it; None before the first line."""
        if self._took is None:
            return None
        records, phi, terms = (len(kept) - (kept is self._took) for kept in (run.records, run.phi, run.terms))
        return self._line, records, phi, terms

    def learn(self, run: LoggedRun, event: KeyValues) -> None:
        """Learn the form of a phi or term line that the grammar has parsed."""
        keys = tuple(event.values)
        if len(keys) > _MOST_KEYS:
            return
        phi = event.kind == "phi"
        head = f"TRACE_{event.side}_{event.kind.upper()} "
        match = re.compile(head + " ".join(f"{key}=({_NUMBER})" for key in keys), re.ASCII).fullmatch
        items: PhiLines | TermLines = run.phi.items if phi else run.terms.items
        tic = keys.index("phi_tic") if "phi_tic" in keys else -1
        tag = len(f"TRACE_{event.side}_")
        line = head + " ".join(f"{key}={_NUMBER}" for key in keys)
        many = re.compile(f"(?:{line}\n)+".encode("ascii")).match if all(map(str.isascii, keys)) else _none
        if match(event.text) is not None:
            self._pairs = _Pairs(match, event.side, keys, tag, tic, items.kind_of(keys), phi, many)

    def take(self, run: LoggedRun, text: str, line: int) -> bool:
        """Add this line to ``run``; False, without any effect, for a line of unknown form."""
        if run.tail:  # another run may begin
            return False
        found = _PLAIN(text)
        if found is not None:
            form = _form(found[1])
            return form is not None and self._value(run, form, found[2], text, line)
        pairs = self._pairs
        if pairs is None:
            return False
        found = pairs.match(text)
        return found is not None and self._take_pairs(run, pairs, found.groups(), text, line)

    def take_many(self, run: LoggedRun, block: bytes, start: int, line: int) -> tuple[int, int]:
        """Add consecutive phi or term lines from ``start`` to ``run``, if their form is known.

        ``line``: number of the first. Returns their number (some hundreds at most) and the end of the last one.
        """
        pairs = self._pairs
        if self._singly > 0:
            self._singly -= 1
            return 0, start
        found = pairs.run(block, start, start + _AT_ONCE) if pairs is not None and not run.tail else None
        if pairs is None or found is None:
            return 0, start
        texts = found.group()[:-1].split(b"\n")
        size = len(pairs.keys)
        try:
            values = array("d", map(float, _TOKENS(found.group())))
        except ValueError:
            values = array("d", (math.nan,))
        if not all(map(math.isfinite, values)):  # one of them may be a counter: line by line
            self._singly = len(texts) - 1
            return 0, start
        kept = run.phi if pairs.phi else run.terms
        if pairs.phi:
            tics = values[pairs.tic :: size] if pairs.tic >= 0 else array("d", (-1.0,)) * len(texts)
            kept.items.add_all(
                pairs.kind, values, [self._occurrence(run, pairs.side, tic) for tic in tics], line, texts
            )
        else:
            kept.items.add_all(pairs.kind, values, bytes(len(texts)), line, [b""] * len(texts))
        kept.belongs(pairs.side, len(texts))
        self._line, self._took = line + len(texts) - 1, kept
        run.sides[pairs.side] += len(texts)
        run.digest_lines(pairs.side, found.group().replace(f"TRACE_{pairs.side}_".encode(), b""))
        return len(texts), found.end() - 1

    def _occurrence(self, run: LoggedRun, side: LineSide, tic: float) -> int:
        before = run.tics[side, tic]
        run.tics[side, tic] = before + 1
        return before

    def _value(self, run: LoggedRun, known: _Form, payload: str, text: str, line: int) -> bool:
        tokens = payload.split(" ")
        if len(tokens) != known.count or (known.whole and max(map(len, tokens)) > _DIGITS):
            return False
        try:
            values = list(map(int, tokens)) if known.whole else list(map(float, tokens))
        except ValueError:
            return False
        self._line, self._took = line, run.records
        occurrence = run.seen[known.side, known.name]
        run.seen[known.side, known.name] = occurrence + 1
        kind = run.records.items.kind_of((known.name, known.raw))
        run.records.items.add(kind, values, WHOLE if known.whole else FLOATS, occurrence, line, text.encode())
        run.records.belongs(known.side)
        run.sides[known.side] += 1
        run.digest(known.side, f"{known.raw} {payload}")
        return True

    def _take_pairs(self, run: LoggedRun, pairs: _Pairs, tokens: tuple[str, ...], text: str, line: int) -> bool:
        try:
            values = list(map(float, tokens))
        except ValueError:
            return False
        if math.inf in map(abs, values) and not all(map(usable, pairs.keys, values)):
            return False
        self._line, self._took = line, run.phi if pairs.phi else run.terms
        if pairs.phi:
            occurrence = self._occurrence(run, pairs.side, values[pairs.tic] if pairs.tic >= 0 else -1.0)
            run.phi.items.add(pairs.kind, values, FLOATS, occurrence, line, text.encode())
            run.phi.belongs(pairs.side)
        else:
            run.terms.items.add(pairs.kind, values, FLOATS, 0, line, b"")
            run.terms.belongs(pairs.side)
        run.sides[pairs.side] += 1
        run.digest(pairs.side, text[pairs.tag :])
        return True


@lru_cache(maxsize=4096)
def _form(head: str) -> _Form | None:
    """The form of a line that begins with this side and name; None where it may end the trace or is of another kind."""
    raw = head.partition(" ")[2]
    name = canonical(raw)
    entry = field(name)
    if entry is None or name in END or entry.shape not in COUNTS:
        return None
    return _Form(
        "C" if head.startswith("C") else "PY", name, raw, COUNTS[entry.shape], entry.tolerance is Tolerance.INTEGER
    )


def _none(block: bytes, start: int, end: int) -> None:
    return None
