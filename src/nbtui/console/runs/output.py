"""The last lines of a running command, collected in its thread and shown a few times a second."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from nbtui.trace.text import clean

LINES = 400
LONGEST = 500  # characters of a line
EVERY = 0.2  # s between two reports
_PIECE = 1 << 16  # bytes looked at of one piece of output


class OutputTail:
    """Output of a command as clean lines; ``tell`` receives the last ones, from the thread of the command."""

    def __init__(self, tell: Callable[[tuple[str, ...]], None]) -> None:
        self._tell = tell
        self._lines: deque[str] = deque(maxlen=LINES)
        self._open: dict[str, bytes] = {}  # unfinished line, by stream
        self._next = 0.0

    def heard(self, stream: str, piece: bytes) -> None:
        """Take a piece of output."""
        text = self._open.get(stream, b"") + piece[-_PIECE:]
        *lines, rest = text.split(b"\n")
        self._open[stream] = rest[-_PIECE:]
        self._lines.extend(_shown(one) for one in lines[-LINES:])
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY
            self._tell(self.lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """The last lines, unfinished ones included."""
        return (*self._lines, *(_shown(rest) for rest in self._open.values() if rest))


def _shown(line: bytes) -> str:
    """A line without control characters; of a progress bar, the part after the last carriage return."""
    return clean(line.rstrip(b"\r").rpartition(b"\r")[2][-4 * LONGEST :].decode("utf-8", "replace"))[:LONGEST]
