"""Progress of a long job on stderr."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType

from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import read_trace
from nbtui.trace.text import clean

QUIET = 1.0  # s before the first line; a shorter job prints none
EVERY = 0.2  # s between two sentences on a terminal, where each takes the place of the one before
SELDOM = 5.0  # s elsewhere


class Narration:
    """Progress lines on stderr; on a terminal each replaces the one before, and the last is erased."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._next = time.monotonic() + QUIET
        self._said = False

    def __enter__(self) -> Narration:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._said and self._live:
            self._write("\r\x1b[K")

    def say(self, sentence: str) -> None:
        """Print progress as one line of text, unless the last one is recent."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (EVERY if self._live else SELDOM)
        self._said = True
        self._write(f"\r\x1b[Knbtui: {sentence}" if self._live else f"nbtui: {sentence}\n")

    @staticmethod
    def _write(text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:  # the reader has gone
            pass


def read(path: Path) -> Trace:
    """`read_trace` with progress."""
    name = clean(path.name)
    with Narration() as narration:
        return read_trace(
            path,
            progress=lambda done, size: narration.say(f"reading {name}: {done / 1e6:,.0f} of {size / 1e6:,.0f} MB"),
        )
