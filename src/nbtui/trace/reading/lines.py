"""The lines of a log of any size, by number, for the raw log screen and its search.

A file is indexed in one pass; the index holds the number of preceding line feeds per 64 kB (128 kB of memory for 1 GB
of log). A compressed or UTF-16 log is converted to UTF-8 in an unnamed temporary file, which takes at most half of the
free space there. Lines are counted as in `nbtui.trace.reading.reader`: a line feed ends a line, a lone carriage return
does not.
"""

from __future__ import annotations

import codecs
import os
import re
import tempfile
import threading
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Protocol

from nbtui.regular_file import open_regular
from nbtui.trace.model import TraceError
from nbtui.trace.reading.packed import CutShort, unpacked
from nbtui.trace.text import clean

STEP = 1 << 16  # bytes between two remembered line counts
LONGEST = 1 << 14  # bytes of one line that are shown and searched
_READ = 1 << 20
_KEPT = 64  # pieces of the file that stay in memory
_BATCH = 2000  # lines searched between two callbacks
MOST_FOUND = 10_000_000  # lines that a search counts, in 80 MB

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]


class Lines(Protocol):
    """Numbered lines without terminal control sequences."""

    @property
    def count(self) -> int:
        """Lines known so far."""

    def window(self, first: int, number: int) -> list[str]:
        """Up to ``number`` lines from the 1-based line ``first`` on."""

    def batches(self) -> Iterator[tuple[int, list[str]]]:
        """All lines in order, a few at a time, each batch with the number of its first line."""


class GivenLines:
    """Lines held in memory: those of the live side."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    @property
    def count(self) -> int:
        return len(self._lines)

    def window(self, first: int, number: int) -> list[str]:
        start = max(first, 1) - 1
        return [clean(text) for text in self._lines[start : start + max(number, 0)]]

    def batches(self) -> Iterator[tuple[int, list[str]]]:
        for start in range(0, len(self._lines), _BATCH):
            yield start + 1, self.window(start + 1, _BATCH)


class FileLines:
    """The lines of a file. `index` reads through it; lines already passed are available at once."""

    def __init__(self, path: Path) -> None:
        """Opens the file. Raises TraceError when it cannot be read."""
        self.name = clean(str(path))
        self._lock = threading.Lock()
        self._before = array("Q")  # line feeds before byte STEP * i
        self._feeds = 0
        self._size = 0  # bytes indexed so far
        self._open_end = False  # the last byte is not a line feed
        self._pieces: OrderedDict[int, bytes] = OrderedDict()
        self.fault = ""  # the reason why only a part of the file is shown
        self._file: IO[bytes]
        try:
            self._source = open_regular(path)
            self._total = os.fstat(self._source.fileno()).st_size
            head = self._source.read(4)
            self._source.seek(0)
        except FileNotFoundError:
            raise TraceError(f"{self.name}: the file is gone; reopen the console with the path of the log") from None
        except OSError as error:
            raise TraceError(
                f"{self.name}: cannot be read: {error.strerror}; check the path and its permissions"
            ) from None
        self._packed = head.startswith(b"\x1f\x8b")
        self._wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        self._copied = self._packed or self._wide
        self._file = tempfile.TemporaryFile(prefix="nbtui-") if self._copied else self._source  # noqa: SIM115

    @property
    def count(self) -> int:
        return self._feeds + self._open_end

    def index(self, progress: Progress | None = None, cancelled: Cancelled | None = None) -> bool:
        """Read through the file. Returns whether the end was reached.

        ``progress`` is called with the bytes read and the bytes of the file about once per MB, and ``cancelled`` is
        polled as often; lines passed by then stay readable. Raises TraceError when reading fails on the way.
        """
        try:
            for block in self._blocks():
                self._count(block)
                if progress is not None:
                    progress(self._source.tell() if self._copied else self._size, self._total)
                if cancelled is not None and cancelled():
                    return False
        except CutShort as error:
            self.fault = f"only the beginning is shown: {error}"
        except OSError as error:
            raise TraceError(
                f"{self.name}: {error.strerror or error}; unpacking the log needs space in {tempfile.gettempdir()}"
                if self._copied
                else f"{self.name}: reading failed: {error.strerror or error}"
            ) from None
        return True

    def _blocks(self) -> Iterator[bytes]:
        """The text as UTF-8 or latin-1 bytes, each block at its place in the file that `window` reads from."""
        if not self._copied:
            while block := self._read_at(self._size, _READ):
                yield block
            return
        source = unpacked(self._source) if self._packed else iter(partial(self._source.read, _READ), b"")
        room = _room(self._file) // 2
        for block in _as_utf8(source):
            if self._size + len(block) > room:
                place = tempfile.gettempdir()
                raise CutShort(f"it would take over half of the free space in {place}; TMPDIR can name another folder")
            with self._lock:
                self._file.seek(self._size)
                self._file.write(block)
            yield block

    def _count(self, block: bytes) -> None:
        feeds, at = self._feeds, 0
        while at < len(block):
            into = (self._size + at) % STEP
            if into == 0:
                self._before.append(feeds)
            end = min(len(block), at + STEP - into)
            feeds += block.count(b"\n", at, end)
            at = end
        self._size += len(block)
        self._open_end = not block.endswith(b"\n")
        self._feeds = feeds

    def window(self, first: int, number: int) -> list[str]:
        first = max(first, 1)
        number = min(number, self.count - first + 1)
        if number <= 0:
            return []
        at = self._start(first)
        texts: list[str] = []
        while len(texts) < number and at < self._size:
            text, at = self._line(at)
            texts.append(_shown(text))
        return texts

    def _start(self, line: int) -> int:
        """The byte at which a line begins."""
        if line <= 1:
            return 0
        piece = bisect_left(self._before, line - 1) - 1  # the last one with fewer line feeds before it
        data, at = self._piece(piece), -1
        for _ in range(line - 1 - self._before[piece]):
            at = data.find(b"\n", at + 1)
            if at < 0:  # the file has changed since
                return self._size
        return piece * STEP + at + 1

    def _line(self, at: int) -> tuple[bytes, int]:
        """The line that begins at byte ``at`` (LONGEST bytes of it at most), and where the next one begins."""
        text = b""
        piece, offset = divmod(at, STEP)
        while piece < len(self._before):
            data = self._piece(piece)
            end = data.find(b"\n", offset)
            text += data[offset : len(data) if end < 0 else end][: LONGEST - len(text)]
            if end >= 0:
                return text, piece * STEP + end + 1
            piece, offset = piece + 1, 0
            if len(text) == LONGEST and piece < len(self._before):  # skip the rest: the counts know where it ends
                piece = bisect_left(self._before, self._before[piece] + 1) - 1
        return text, self._size

    def _piece(self, number: int) -> bytes:
        held = self._pieces.get(number)
        if held is not None:
            return held
        data = self._read_at(number * STEP, min(STEP, self._size - number * STEP))
        if len(data) == STEP:  # a shorter one may still grow
            self._pieces[number] = data
            while len(self._pieces) > _KEPT:
                self._pieces.popitem(last=False)
        return data

    def _read_at(self, at: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(at)
            return self._file.read(size)

    def batches(self) -> Iterator[tuple[int, list[str]]]:
        number, rest = 1, b""
        for start in range(0, self._size, _READ):
            data = rest + self._read_at(start, min(_READ, self._size - start))
            whole, feed, tail = data.rpartition(b"\n")
            if feed:
                texts = _shown_all(whole)
                for at in range(0, len(texts), _BATCH):
                    yield number + at, texts[at : at + _BATCH]
                number += len(texts)
            rest = tail[:LONGEST]
        if self._open_end:
            yield number, [_shown(rest)]

    def close(self) -> None:
        """Close the files; a temporary one is deleted."""
        with self._lock:
            self._file.close()
            self._source.close()


def search(
    lines: Lines,
    pattern: re.Pattern[str],
    *,
    progress: Callable[[array[int], int], None] | None = None,
    cancelled: Cancelled | None = None,
) -> array[int]:
    """The numbers of the lines in which ``pattern`` is found, ascending.

    ``progress`` gets the numbers so far and the last line looked at; a true ``cancelled`` ends the search early, and
    so do MOST_FOUND lines.
    """
    found = array("L")
    for first, texts in lines.batches():
        if cancelled is not None and cancelled():
            break
        found.extend(number for number, text in enumerate(texts, first) if pattern.search(text))
        if len(found) >= MOST_FOUND:
            del found[MOST_FOUND:]
            break
        if progress is not None:
            progress(found, first + len(texts) - 1)
    return found


def _room(file: IO[bytes]) -> int:
    """Free bytes where a file lies."""
    place = os.fstatvfs(file.fileno())
    return place.f_bavail * place.f_frsize


def _as_utf8(blocks: Iterable[bytes]) -> Iterator[bytes]:
    decoder: codecs.IncrementalDecoder | None = None
    for index, block in enumerate(blocks):
        if index == 0 and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            decoder = codecs.getincrementaldecoder("utf-16")("replace")
        text = block if decoder is None else decoder.decode(block).encode("utf-8", "replace")
        if text:
            yield text


def _shown(line: bytes) -> str:
    """A line as displayed: UTF-8, else latin-1; without NUL bytes and its carriage return."""
    line = line[:LONGEST].removesuffix(b"\r")
    if b"\0" in line:
        line = line.replace(b"\0", b"")
    try:
        return clean(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        # a character cut in half by the limit does not mean latin-1
        if len(line) == LONGEST and error.start >= LONGEST - 3:
            return clean(line[: error.start].decode("utf-8"))
        return clean(line.decode("latin-1"))


def _shown_all(block: bytes) -> list[str]:
    """The displayed lines of a block; a fast path for plain, short lines."""
    if block.isascii():
        text = block.decode("ascii")
        texts = text.split("\n")
        if text.replace("\n", "").isprintable() and max(map(len, texts)) <= LONGEST:
            return texts
    return [_shown(line) for line in block.split(b"\n")]
