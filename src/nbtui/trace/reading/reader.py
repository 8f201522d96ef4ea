"""Read a log into a `Trace`: a file of any size and encoding, or lines."""

from __future__ import annotations

import codecs
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, cast

from nbtui.regular_file import open_regular
from nbtui.trace.columns import PhiLines
from nbtui.trace.model import Notice, PhiRecord, Trace, TraceError
from nbtui.trace.reading import scan
from nbtui.trace.reading.build import Builder
from nbtui.trace.reading.packed import CutShort, unpacked
from nbtui.trace.reading.per_phi import entries
from nbtui.trace.reading.prose import one_number
from nbtui.trace.text import clean

_MAKE_ONE = (
    "a trace has lines like 'TRACE_C: F_cell 100' or 'TRACE_PY: F_cell 100': run the instrumented program with "
    "-trace_pixel SLOW FAST and keep its whole output, or make one with 'nbtui trace'"
)
_BLANK = codecs.BOM_UTF8 + b" \t\r\n"
_LARGEST = 2 << 30  # bytes of memory for the trace lines of one run: ten million of them
# of a compressed log, however well it packs; beyond that one for each of its bytes: a line whose values or counters
# change takes 2 bytes or more, and a gzip bomb has 10 to 100 lines in a byte
_MOST_LINES = 2_000_000
_OTHER_PACKERS = {b"\xfd7zXZ\0": "xz", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd"}  # by their first bytes
_JSON_LIMIT = 64 << 20  # bytes; a per-phi file of a million steps is smaller


class ReadCancelled(TraceError):
    """The caller's ``cancelled`` stopped the reading."""


def read_trace(
    path: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Trace:
    """The trace in a log: plain or gzip, UTF-8, UTF-16 or latin-1, of either side, in any dialect; or a per-phi JSON.

    Repeated blocks are kept with their occurrence; of several runs in one log the last complete one is
    used. Every doubt (several runs, a truncated last line, wrong counts, both sides in one log) is a notice. Of a
    compressed log that unpacks to more than any log does, the beginning is read, and a notice says so.

    ``progress`` is called with the bytes read and the bytes of the file (0 when unknown), about once per MB;
    ``cancelled`` is polled as often. Memory does not grow with lines outside the trace.

    Raises `TraceError` (no such file, directory, unreadable, empty, binary, no trace line, too many of them) and
    `ReadCancelled`. Source: trace_dialects.
    """
    name = clean(str(path))
    try:
        with open_regular(path) as file:
            return _read(path, name, file, progress, cancelled)
    except FileNotFoundError:
        raise TraceError(f"{name}: no such file; give the path of a trace log") from None
    except IsADirectoryError:
        raise TraceError(f"{name} is a directory; give the log inside it, such as trace_c.log") from None
    except PermissionError:
        raise TraceError(f"{name}: permission denied; check its permissions") from None
    except OSError as error:
        raise TraceError(f"{name}: cannot be read: {error.strerror or error}; give the path of a trace log") from None


def parse_lines(lines: Iterable[str], origin: str = "live") -> Trace:
    """The trace in lines of text; without records when no line is a trace line."""
    builder = Builder()
    for number, line in enumerate(lines, 1):
        builder.feed(line.rstrip("\r\n"), number)
    trace = builder.finish(origin)
    return trace if trace is not None else Trace(side="?", origin=origin, records=())


def read_phi(path: Path) -> Sequence[PhiRecord]:
    """The phi steps of a per-phi log, JSON file or whole trace. Raises `TraceError`, also for a file without any."""
    phi = read_trace(path).phi
    if not phi:
        raise TraceError(
            f"{clean(str(path))}: no phi step found; expected 'TRACE_C_PHI phi_tic=' or 'TRACE_PY_PHI phi_tic=' "
            "lines, or a JSON object with 'per_phi_entries'"
        )
    return phi


def with_phi(trace: Trace, phi: Sequence[PhiRecord]) -> Trace:
    """The trace with these phi steps (of a per-phi file) instead of its own; they have no line in the log."""
    if isinstance(phi, PhiLines):
        return replace(trace, phi=phi.without_lines())
    return replace(trace, phi=tuple(replace(line, line=0) for line in phi))


def _read(
    path: Path,
    name: str,
    file: IO[bytes],
    progress: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> Trace:
    raw = cast(io.BufferedReader, file)
    size = os.fstat(file.fileno()).st_size
    magic = raw.peek(6)[:6]
    if not magic and not raw.read(1):
        raise TraceError(f"{name} is empty; {_MAKE_ONE}")
    packer = next((packer for start, packer in _OTHER_PACKERS.items() if magic.startswith(start)), None)
    if packer is not None:  # it may hold whole lines as they are
        raise TraceError(f"{name} is compressed with {packer}; only gzip is read: unpack it with '{packer} -d'")
    packed = magic.startswith(b"\x1f\x8b")
    faults: list[str] = []
    blocks = _Blocks(unpacked(raw) if packed else iter(partial(raw.read, scan.BLOCK), b""), faults)
    stopped = False

    def stop() -> bool:
        nonlocal stopped
        stopped = cancelled is not None and cancelled()
        return stopped

    def report() -> None:
        if builder.size > _LARGEST:
            raise TraceError(
                f"{name}: one run prints more than {_LARGEST >> 30} GiB of trace lines; a trace is that of one pixel: "
                "keep its lines, for example with head or grep"
            )
        if packed and builder.lines > max(_MOST_LINES, raw.tell()):
            raise TraceError(
                f"{name}: more than {_MOST_LINES:,} trace lines and warnings, and more lines than compressed bytes; "
                "no trace packs so well: make the log again, or read it unpacked ('gzip -d')"
            )
        if progress is not None:
            progress(raw.tell() if packed else blocks.done, size)

    builder, cut = Builder(), 0
    for number, text, closed, short in scan.lines(blocks, progress=report, cancelled=stop, many=builder.feed_many):
        builder.feed(_decode(text), number)
        if short:
            builder.shortened(number)
        cut = 0 if closed else number
    if stopped:
        raise ReadCancelled(f"{name}: reading was cancelled")
    trace = _as_json(name, blocks) or builder.finish(name, cut=cut)
    if trace is None or not (trace.records or trace.phi or trace.terms or trace.unknown):
        trace = None if packed else one_number(path)
    if trace is None:
        raise TraceError(_nothing(name, blocks, faults))
    extra = tuple(Notice("warning", text, 0) for text in faults)
    return replace(trace, notices=trace.notices + extra) if extra else trace


class _Blocks:
    """The file in blocks of text bytes: decompressed, UTF-16 converted to UTF-8.

    Keeps the first block, and all of a file that begins with a brace and is small enough to be JSON.
    """

    def __init__(self, source: Iterator[bytes], faults: list[str]) -> None:
        self._source = source
        self._faults = faults
        self.first = b""
        self.json: list[bytes] = []
        self.done = 0

    def __iter__(self) -> Iterator[bytes]:
        decoder: codecs.IncrementalDecoder | None = None
        while True:
            block = self._next()
            if not block:
                return
            if not self.done and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                decoder = codecs.getincrementaldecoder("utf-16")("replace")
            self.done += len(block)
            text = block if decoder is None else decoder.decode(block).encode("utf-8", "replace")
            self.first = self.first or text
            if self.done <= _JSON_LIMIT and self.first.lstrip(_BLANK).startswith(b"{"):
                self.json.append(text)
            else:
                self.json.clear()
            yield text

    def _next(self) -> bytes:
        try:
            return next(self._source, b"")
        except CutShort as error:
            self._faults.append(f"{error}; only the readable part is used")
            return b""


def _decode(line: bytes) -> str:
    """Decode as UTF-8, else latin-1, without NUL bytes (of a sparse or doubly encoded log)."""
    if b"\0" in line:
        line = line.replace(b"\0", b"")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _as_json(name: str, blocks: _Blocks) -> Trace | None:
    """The trace of a per-phi JSON file; None for anything else."""
    whole = b"".join(blocks.json)
    if not whole:
        return None
    try:
        data = json.loads(whole)
    except (ValueError, RecursionError) as error:
        if b'"per_phi_entries"' in whole or b'"traces"' in whole:
            raise TraceError(f"{name}: invalid JSON ({clean(str(error))}); write the file again") from None
        return None
    return entries(data, name)


def _nothing(name: str, blocks: _Blocks, faults: list[str]) -> str:
    head = blocks.first[:4096]
    if faults:
        return f"{name}: {faults[0]}, and it holds no trace line; make the log again"
    control = sum(head.count(bytes([code])) for code in (*range(9), *range(14, 27)))
    if control * 20 > len(head):
        return f"{name} is a binary file, not a log; {_MAKE_ONE}"
    return f"{name}: no trace line found; {_MAKE_ONE}"
