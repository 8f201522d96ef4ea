"""What the threads of the raw log screen tell it: one event for each kind of news."""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass
from threading import Event

from nbtui.console.logs.alignment import Alignment
from nbtui.console.main.state import State
from nbtui.trace.reading.lines import FileLines

TELL_EVERY = 0.25  # s between two reports of a thread


@dataclass(frozen=True, eq=False)
class Opened:
    """A file is open; its lines come while it is being walked through. ``walk`` tells the walks of a side apart."""

    side: int
    walk: Event
    lines: FileLines


@dataclass(frozen=True, eq=False)
class Walked:
    """A file has been walked through up to here; ``read`` is None at the end."""

    side: int
    walk: Event
    read: tuple[int, int] | None
    note: str = ""
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Aligned:
    """The lines that belong together, and those of the field under the cursor of ``state``."""

    state: State
    alignment: Alignment
    lines: tuple[int | None, int | None]


@dataclass(frozen=True, eq=False)
class Found:
    """What a search has found on one side; ``upto`` is -1 at its end."""

    generation: int
    side: int
    hits: array[int]
    upto: int


class Clock:
    """Says when a thread may report again."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def due(self) -> bool:
        now = time.monotonic()
        if now - self._last < TELL_EVERY:
            return False
        self._last = now
        return True
