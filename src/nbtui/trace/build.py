"""Events to a `Trace`: repeated blocks counted, runs told apart, the last complete run chosen."""

from __future__ import annotations

import hashlib
from collections import Counter

from nbtui.trace import grammar, printout
from nbtui.trace.catalogue import field
from nbtui.trace.model import Notice, PhiRecord, Record, TermRecord, Trace, Value
from nbtui.trace.text import clean

_END = ("I_pixel_final", "floatimage_accumulated")
_MAX_NOTICES = 400  # of one kind; more of them say nothing new
_FLOAT32 = 2e-7  # relative distance of a stored single-precision value from the double it came from


class Run:
    """What one run of a program left in the log. Both sides are kept until it is known which one it is."""

    def __init__(self) -> None:
        self.records: list[tuple[str, Record]] = []
        self.phi: list[tuple[str, PhiRecord]] = []
        self.terms: list[tuple[str, TermRecord]] = []
        self.unknown: list[tuple[str, int, str]] = []
        self.notices: list[Notice] = []
        self.kinds: Counter[str] = Counter()
        self.sides: Counter[str] = Counter()
        self.seen: Counter[tuple[str, str]] = Counter()
        self.hashes: dict[str, hashlib._Hash] = {}
        self.pixel: tuple[int, int] | None = None
        self.pixel_weight = 0
        self.begun = False
        self.tail = False  # the last line of the pixel's trace was seen
        self.blocks = 0  # -printout blocks

    @property
    def filled(self) -> bool:
        return bool(self.records or self.phi or self.terms or self.unknown)

    @property
    def complete(self) -> bool:
        return any(self.seen[side, name] for side in ("C", "PY") for name in _END) or self.blocks > 0

    def side(self) -> str:
        """The side with more lines; the stock program's own lines, without any tag, are C's."""
        if self.sides["PY"] > self.sides["C"]:
            return "PY"
        return "C" if self.sides["C"] or self.blocks or self.begun else "?"

    def digest(self, side: str, key: str) -> None:
        self.hashes.setdefault(side, hashlib.sha256()).update(key.encode() + b"\n")

    def add(self, side: str, name: str, raw: str, values: tuple[Value, ...], line: int, text: str) -> None:
        occurrence = self.seen[side, name]
        self.seen[side, name] += 1
        self.records.append((side, Record(name, raw, values, occurrence, line, text)))

    def notice(self, kind: str, text: str, line: int) -> None:
        self.kinds[kind] += 1
        if self.kinds[kind] <= _MAX_NOTICES:
            self.notices.append(Notice(kind, text, line))


class Builder:
    """Takes the lines of a log one by one, in order, and gives the trace at the end."""

    def __init__(self) -> None:
        self._run = Run()
        self._best: Run | None = None
        self._runs = 0
        self._printed = 0  # lines of a -printout block still to come
        self._last: tuple[int, int, int, int] | None = None  # line and sizes before the last line with evidence

    def feed(self, text: str, line: int) -> None:
        """One line without its line end; ``line`` counts from 1."""
        text = clean(text)
        if self._printout(text, line):
            return
        for event in grammar.parse(text):
            self._take(event, line)

    def _take(self, event: grammar.Event, line: int) -> None:
        if isinstance(event, grammar.Banner):
            self._begin(self._run.filled or self._run.begun)
            self._run.begun = True
            return
        if isinstance(event, grammar.Said):
            self._begin(self._run.tail and "auto-generating" in event.text)
            self._run.notice(event.kind, event.text, line)
            return
        if isinstance(event, grammar.Pixel):
            self._begin(self._run.tail and self._run.pixel is not None)
            if event.weight >= self._run.pixel_weight:
                self._run.pixel, self._run.pixel_weight = (event.slow, event.fast), event.weight
            return
        if isinstance(event, grammar.Named):
            self._begin(self._run.tail and self._starts(event))
            self._mark(line)
            self._run.add(event.side, event.name, event.raw_name, event.values, line, event.text)
            self._run.tail = self._run.tail or (event.main and event.name in _END)
        elif isinstance(event, grammar.Pairs):
            self._mark(line)
            self._pairs(event, line)
        elif isinstance(event, grammar.Odd):
            self._mark(line)
            self._run.unknown.append((event.side, line, event.text))
            if event.reason:
                self._run.notice("warning", f"line {line}: {event.reason}", line)
        self._run.sides[event.side] += 1
        if event.side:
            self._run.digest(event.side, event.key)

    def _pairs(self, event: grammar.Pairs, line: int) -> None:
        run = self._run
        if event.kind == "term":
            run.terms.append((event.side, TermRecord(event.values, line)))
            return
        tic = f"phi {event.values.get('phi_tic', -1.0):g}"
        run.phi.append((event.side, PhiRecord(event.values, run.seen[event.side, tic], line, event.text)))
        run.seen[event.side, tic] += 1

    def _starts(self, event: grammar.Named) -> bool:
        """Whether a line after the end of a pixel's trace belongs to another run.

        A set-up value does, and a value that this run already had; sources and other additions do not.
        """
        entry = field(event.name)
        if not event.main or entry is None:
            return False
        return entry.origin == "setup" or self._run.seen[event.side, event.name] > 0

    def _begin(self, new: bool) -> None:
        if not new:
            return
        self._close()
        self._run = Run()
        self._last = None

    def _close(self) -> None:
        if self._run.filled:
            self._runs += 1
            if self._best is None or self._run.complete or not self._best.complete:
                self._best = self._run

    def _mark(self, line: int) -> None:
        run = self._run
        if self._last is None or self._last[0] != line:
            self._last = (line, len(run.records), len(run.phi), len(run.terms))

    def _printout(self, text: str, line: int) -> bool:
        first = printout.head(text)
        if first is None:
            if self._printed == 0:
                return False
            self._printed -= 1
            named = printout.row(text)
        else:
            pixel, named = first
            self._begin(self._run.tail)
            self._run.records = [item for item in self._run.records if not item[1].name.startswith("printout.")]
            for key in [key for key in self._run.seen if key[1].startswith("printout.")]:
                del self._run.seen[key]
            self._run.blocks += 1
            self._printed = printout.LINES
            if self._run.pixel_weight < 2:
                self._run.pixel, self._run.pixel_weight = pixel, 1
        for name, values in named:
            self._mark(line)
            self._run.add("", name, name.removeprefix("printout."), values, line, text.strip())
            self._run.digest("", f"{name} {values}")
        return bool(named)

    def finish(self, origin: str, *, cut: int = 0) -> Trace | None:
        """The trace of the last complete run, or None when no line was evidence.

        ``cut``: number of the last line when it has no line end, else 0.
        """
        if cut and self._last is not None and self._last[0] == cut:
            self._cut(cut)
        last = self._run
        self._close()
        run = self._best
        if run is None:
            return None
        side = run.side()
        self._remarks(run, last, side)
        return _trace(run, side, origin, self._runs)

    def _cut(self, line: int) -> None:
        """A last line without a line end may have lost digits: it stays only when something else vouches for it."""
        run = self._run
        if self._last is None:
            return
        _, records, phi, terms = self._last
        if _vouched(run, records, phi, terms):
            run.notice("info", f"line {line}: the last line of the log has no line end; it is kept as it is", line)
            return
        for side, record in run.records[records:]:
            run.seen[side, record.name] -= 1
        del run.records[records:], run.phi[phi:], run.terms[terms:]
        text = f"line {line}: the log ends in the middle of this line; it is left out, make the log again to have it"
        run.notice("warning", text, line)

    def _remarks(self, run: Run, last: Run, side: str) -> None:
        if self._runs > 1:
            which = "the last complete one" if run.complete else "the last one"
            why = "" if run is last or not last.filled else "; the one after it is not complete"
            run.notice("warning", f"{self._runs} runs in this log: {which} is used{why}", 0)
        if len([name for name in ("C", "PY") if run.sides[name]]) > 1:
            run.notice("warning", f"lines of both sides in this log: only those of TRACE_{side} are used", 0)
        if run.blocks > 1:
            run.notice("warning", f"{run.blocks} -printout blocks in this run: the last one is used", 0)
        for kind, count in run.kinds.items():
            if count > _MAX_NOTICES:
                text = f"{count - _MAX_NOTICES} more lines of kind {kind} are not shown"
                run.notices.append(Notice("info", text, 0))


def _vouched(run: Run, records: int, phi: int, terms: int) -> bool:
    """Whether a last line without line end can be trusted.

    The stored value can be checked against the double before it; a line of a file that holds phi lines or terms
    only is a natural end when it has all the keys of the line before.
    """
    named = run.records[records:]
    if named:
        side, record = named[-1]
        if record.name != _END[-1]:
            return False
        finals = [item for other, item in run.records[:records] if other == side and item.name == _END[0]]
        got, want = record.values[0], finals[-1].values[0] if finals else None
        return isinstance(got, float) and isinstance(want, float) and abs(got - want) <= _FLOAT32 * abs(want)
    if run.records:
        return False
    if run.phi[phi:]:
        return phi > 0 and run.phi[-1][1].values.keys() == run.phi[phi - 1][1].values.keys()
    return terms > 0 and run.terms[-1][1].values.keys() == run.terms[terms - 1][1].values.keys()


def _trace(run: Run, side: str, origin: str, runs: int) -> Trace:
    wanted = (side, "")
    digest = run.hashes.get(side, run.hashes.get(""))
    return Trace(
        side=side,
        origin=origin,
        records=tuple(item for other, item in run.records if other in wanted),
        phi=tuple(item for other, item in run.phi if other in wanted),
        terms=tuple(item for other, item in run.terms if other in wanted),
        notices=tuple(run.notices),
        unknown=tuple((line, text) for other, line, text in run.unknown if other in wanted),
        pixel=run.pixel,
        runs=runs,
        sha256=digest.hexdigest() if digest is not None else "",
    )
