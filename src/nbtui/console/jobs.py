"""Slow work outside the UI thread. A job returns a frozen result; an error becomes a sentence.

Plain threads instead of Textual's workers: asyncio waits for its executor when the app ends, and quitting
must not wait for a long simulation.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nbtui.errors import INTERRUPTED, NbtuiError
from nbtui.live.absence import absent_package
from nbtui.parity.compare import CompareCancelled
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import ReadCancelled, read_trace
from nbtui.trace.text import clean

_MEGABYTE = 1_000_000
TELL_EVERY = 0.2  # s between two progress messages of a job
Result = TypeVar("Result")

NAME = "nbtui-job"  # of threads abandoned at exit


@dataclass(frozen=True)
class Failure:
    """A failed job: a message with the remedy, and the exit code."""

    sentence: str
    code: int


@dataclass(frozen=True)
class Progress:
    """Progress of a job, as one line of text."""

    sentence: str


class Work:
    """The job's own handle: reports progress and detects cancellation."""

    def __init__(self, tell: Callable[[Progress], None]) -> None:
        self._tell = tell
        self._stop = threading.Event()
        self._next = 0.0

    def stop(self) -> None:
        """Cancel the job."""
        self._stop.set()

    def stopped(self) -> bool:
        return self._stop.is_set()

    def say(self, sentence: str) -> None:
        """Report progress as one line of text; the screen refreshes it a few times a second."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + TELL_EVERY
            self._tell(Progress(sentence))

    def begin(self, sentence: str) -> None:
        """Report a new part of the job, however soon after the last progress."""
        self._next = 0.0
        self.say(sentence)

    def read(self, path: Path) -> Trace:
        """`read_trace` with progress and cancellation."""
        name = clean(path.name)

        def progress(done: int, size: int) -> None:
            if size >= _MEGABYTE:  # others are read before anybody reads the sentence
                self.say(f"reading {name}: {done / 1e6:,.0f} of {size / 1e6:,.0f} MB")

        return read_trace(path, progress=progress, cancelled=self.stopped)

    def compared(self, done: int, of: int) -> None:
        self.say(f"comparing: {done:,} of {of:,} values")


def explained(error: BaseException) -> Failure:
    """An exception as a message. Unexpected ones name their type and how to report them."""
    if isinstance(error, NbtuiError):
        return Failure(clean(str(error)), error.exit_code)
    if isinstance(error, ReadCancelled | CompareCancelled):
        return Failure(clean(str(error)), INTERRUPTED)
    if isinstance(error, TraceError):
        return Failure(clean(str(error)), 2)
    if isinstance(error, OSError):
        name = clean(str(error.filename)) if error.filename else "a file"
        return Failure(f"{name}: {clean(error.strerror or str(error))}; check the path and its permissions", 2)
    if isinstance(error, ModuleNotFoundError):
        absent = absent_package(error)
        if absent is not None:
            return Failure(absent, 2)
    reason = clean(str(error)) or "no reason given"
    return Failure(f"internal error, please report it: {type(error).__name__}: {reason}", 3)


def start(
    job: Callable[[], Result], done: Callable[[Result], None], failed: Callable[[Failure], None], name: str
) -> threading.Thread:
    """Run ``job`` in its own thread, which passes the result to ``done`` or a :class:`Failure` to ``failed``."""

    def run() -> None:
        try:
            result = job()
        except Exception as error:
            failed(explained(error))
        else:
            done(result)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
