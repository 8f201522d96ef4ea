"""Events to a `Trace`: repeated blocks counted, runs told apart, the last complete run chosen."""

from __future__ import annotations

import math
import struct

from nbtui.trace.columns import PhiLines, TermLines
from nbtui.trace.fields.catalogue import field
from nbtui.trace.model import Notice, Trace
from nbtui.trace.reading import grammar, printout
from nbtui.trace.reading.quick import Quick
from nbtui.trace.reading.run import END, MAX_NOTICES, LoggedRun
from nbtui.trace.text import clean


class Builder:
    """Builds a trace from the lines of a log, fed one by one in order."""

    def __init__(self) -> None:
        self._run = LoggedRun()
        self._best: LoggedRun | None = None
        self._runs = 0
        self.lines = 0  # fed so far, of every run
        self._quick = Quick()
        self._printed = 0  # lines of a -printout block still to come
        self._last: tuple[int, int, int, int] | None = None  # line and sizes before the last line with evidence

    @property
    def size(self) -> int:
        """Bytes of memory that the lines of the present run take, roughly."""
        return self._run.size

    def feed(self, text: str, line: int) -> None:
        """One line without its line end; ``line`` counts from 1."""
        self.lines += 1
        if not self._printed and self._quick.take(self._run, text, line):
            return
        text = clean(text)
        if self._printout(text, line):
            return
        for event in grammar.parse(text):
            self._take(event, line)

    def feed_many(self, block: bytes, start: int, line: int) -> tuple[int, int]:
        """Feed the lines from byte ``start`` that can be read at once; returns their number and the end of the last."""
        if self._printed:
            return 0, start
        count, end = self._quick.take_many(self._run, block, start, line)
        self.lines += count
        return count, end

    def shortened(self, line: int) -> None:
        """Only a part of this line was fed."""
        self._run.notice("warning", f"line {line} is longer than 1 MB; only a part of it is read", line)

    def _take(self, event: grammar.Event, line: int) -> None:
        match event:
            case grammar.Banner() | grammar.NoticeLine() | grammar.Pixel() | grammar.Early():
                self._take_plain(event, line)
            case _:
                self._take_tagged(event, line)
                self._run.sides[event.side] += 1
                if event.side:
                    self._run.digest(event.side, event.key)

    def _take_tagged(self, event: grammar.Tagged, line: int) -> None:
        match event:
            case grammar.Named():
                self._begin(self._run.tail and self._starts(event))
                self._mark(line)
                self._run.add(event.side, event.name, event.raw_name, event.values, line, event.text)
                self._run.tail = self._run.tail or (event.main and event.name in END)
            case grammar.KeyValues():
                self._mark(line)
                self._run.add_pairs(event.side, event.kind, event.values, line, event.text)
                self._quick.learn(self._run, event)
            case grammar.Odd():
                self._mark(line)
                self._run.add_unknown(event.side, line, event.text)
                if event.reason:
                    self._run.notice("warning", f"line {line}: {event.reason}", line)
            case grammar.Marker():
                pass

    def _take_plain(self, event: grammar.Plain, line: int) -> None:
        match event:
            case grammar.Banner():
                self._begin(self._run.filled or self._run.begun)
                self._run.begun = True
            case grammar.NoticeLine():
                self._begin(self._run.tail and "auto-generating" in event.text)
                self._run.notice(event.kind, event.text, line)
            case grammar.Early():
                self._begin(self._run.tail and self._run.repeats(event.name))
                self._mark(line)
                self._run.add_early(event.name, event.raw_name, event.values, line, event.text, event.key)
            case grammar.Pixel():
                self._begin(self._run.tail and self._run.pixel is not None)
                if event.weight >= self._run.pixel_weight:
                    self._run.pixel, self._run.pixel_weight = (event.slow, event.fast), event.weight

    def _starts(self, event: grammar.Named) -> bool:
        """Whether a line after the end of a pixel's trace belongs to another run.

        True for a set-up value and for a value that this run already has; false for sources and other additions.
        """
        entry = field(event.name)
        if not event.main or entry is None:
            return False
        return entry.tap.in_setup or self._run.seen[event.side, event.name] > 0

    def _begin(self, new: bool) -> None:
        if not new:
            return
        self._close()
        self._run = LoggedRun()
        self._last = None
        self._quick = Quick()

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
            if self._run.pixel_weight > 1 and pixel != self._run.pixel:
                return True  # -printout without a pixel prints them all; the trace is of another one
            self._run.drop_printout()
            self._quick = Quick()  # the kinds have other numbers now
            self._run.blocks += 1
            self._printed = printout.LINES
            self._run.pixel = pixel
        for name, values in named:
            self._mark(line)
            self._run.add("", name, name, values, line, text.strip())
            self._run.digest("", f"{name} {values}")
        return bool(named)

    def finish(self, origin: str, *, cut: int = 0) -> Trace | None:
        """The trace of the last complete run; None for a log without evidence.

        ``cut``: number of the last line when it has no line end, else 0.
        """
        quick, last = self._quick.last(self._run), self._last
        before = quick if quick is not None and (last is None or quick[0] > last[0]) else last
        if before is not None and before[0] == cut:
            self._cut(*before)
        newest = self._run
        self._close()
        run = self._best
        if run is None:
            return None
        self._remarks(run, newest)
        return printout.under_trace_names(run.trace(origin, self._runs))

    def _cut(self, line: int, records: int, phi: int, terms: int) -> None:
        """Drop a last line without a line end, which may have lost digits, unless other lines confirm it."""
        run = self._run
        if _vouched(run, records, phi, terms):
            run.notice("info", f"line {line}: the last line of the log has no line end; it is used as is", line)
            return
        for at in range(records, len(run.records)):
            run.seen[run.records.side_of(at), run.records.items[at].name] -= 1
        run.records.cut(records)
        run.phi.cut(phi)
        run.terms.cut(terms)
        run.cut_early(line)
        text = f"line {line}: the log ends in the middle of this line, which is ignored; make the log again"
        run.notice("warning", text, line)

    def _remarks(self, run: LoggedRun, last: LoggedRun) -> None:
        if self._runs > 1:
            which = "the last complete one" if run.complete else "the last one"
            why = "" if run is last or not last.filled else "; the run after it is incomplete"
            run.notice("warning", f"{self._runs} runs in this log; {which} is used{why}", 0)
        if len([name for name in ("C", "PY") if run.sides[name]]) > 1:
            run.notice("warning", f"this log holds lines of both sides; only the TRACE_{run.side()} lines are used", 0)
        if run.seen[run.side(), "pix0_vector_meters"] and not run.complete:
            text = "the trace ends before I_pixel_final (truncated log, or stopped program); make the log again"
            run.notice("warning", text, 0)
        if run.blocks > 1:
            run.notice("warning", f"{run.blocks} -printout blocks in this run; the last one is used", 0)
        for kind, count in run.kinds.items():
            if count > MAX_NOTICES:
                text = f"{count - MAX_NOTICES} more lines of kind {kind} are not shown"
                run.notices.append(Notice("info", text, 0))


def _stored(got: float, want: float) -> bool:
    """Whether a value with all its 15 digits is the double or its single-precision rounding."""
    try:
        (rounded,) = struct.unpack("f", struct.pack("f", want))
    except OverflowError:
        return False
    return any(math.isclose(got, exact, rel_tol=1e-14) for exact in (want, rounded))


def _vouched(run: LoggedRun, records: int, phi: int, terms: int) -> bool:
    """Whether a last line without line end can be trusted.

    The stored value can be checked against the double before it; a line of a file that holds phi lines or terms
    only may end the file when it has all the keys of the line before.
    """
    items = run.records.items
    if len(items) > records:
        record, side = items[-1], run.records.side_of(len(items) - 1)
        before = [
            at for number, (name, _) in enumerate(items.kinds) if name == END[0] for at in items.positions[number]
        ]
        finals = [items[at].values[0] for at in before if at < records and run.records.side_of(at) == side]
        if record.name != END[-1] or not finals:
            return False
        got, want = record.values[0], finals[-1]
        return isinstance(got, float) and isinstance(want, float) and _stored(got, want)
    if len(items):
        return False
    pairs: PhiLines | TermLines = run.phi.items if len(run.phi) > phi else run.terms.items
    first = phi if len(run.phi) > phi else terms
    return first > 0 and pairs.kind[-1] == pairs.kind[first - 1]
