"""Events from the threads of the raw log screen, and the search of one log."""

from __future__ import annotations

import re
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from nbtui.console.logs.alignment import Alignment
from nbtui.console.main.state import State
from nbtui.trace.reading.lines import FileLines, Lines, search

TELL_EVERY = 0.25  # s between two reports of a thread


@dataclass(frozen=True, eq=False)
class Opened:
    """A file has been opened; its lines follow during the scan. ``walk`` numbers the scans of a side."""

    side: int
    walk: Event
    lines: FileLines


@dataclass(frozen=True, eq=False)
class Walked:
    """Progress of the scan of a file; ``read`` is None at the end."""

    side: int
    walk: Event
    read: tuple[int, int] | None
    note: str = ""
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Aligned:
    """The alignment of the logs, and the lines of the field under the cursor of ``state``."""

    state: State
    alignment: Alignment
    lines: tuple[int | None, int | None]


@dataclass(frozen=True, eq=False)
class Found:
    """Hits of a search on one side; ``upto`` is -1 at its end."""

    generation: int
    side: int
    hits: array[int]
    upto: int


class Clock:
    """Rate limit for the reports of a thread."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def due(self) -> bool:
        now = time.monotonic()
        if now - self._last < TELL_EVERY:
            return False
        self._last = now
        return True


def search_in(
    found: Callable[[array[int], int], Found],
    lines: Lines,
    pattern: re.Pattern[str],
    stop: Event,
    tell: Callable[[Found], None],
) -> None:
    """Search one log, reporting hits periodically, and all of them with -1 at the end."""
    clock = Clock()

    def progress(hits: array[int], upto: int) -> None:
        if clock.due():
            tell(found(hits, upto))

    tell(found(search(lines, pattern, progress=progress, cancelled=stop.is_set), -1))
