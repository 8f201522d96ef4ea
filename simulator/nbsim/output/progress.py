"""A progress bar on stderr, updated at most twice a second, only on a terminal."""

from __future__ import annotations

import time
from typing import TextIO

_SECONDS_BETWEEN = 0.5
_WIDTH = 24


def progress_line(done: int, total: int, seconds: float) -> str:
    """Bar, share, rate and time left of ``done`` pixels of ``total`` after ``seconds``."""
    share = done / total if total else 1.0
    rate = done / seconds if seconds > 0.0 else 0.0
    left = f"{duration((total - done) / rate)} left" if rate else ""
    filled = int(_WIDTH * share)
    bar = "#" * filled + "." * (_WIDTH - filled)
    speed = f"{rate / 1e6:.2f} Mpixel/s" if rate >= 1e5 else f"{rate:.0f} pixel/s"
    return f"[{bar}] {int(100 * share):3d} %  {speed}  {left}".rstrip()


def duration(seconds: float) -> str:
    """``seconds`` in the two units that matter: ``7 s``, ``3 min 05 s``, ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


class ProgressBar:
    """Callable with pixels done and the total; writes only to a terminal."""

    def __init__(self, stream: TextIO, wanted: bool) -> None:
        self._stream = stream
        self._wanted = wanted and stream.isatty()
        self._started = self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._wanted or (now - self._last < _SECONDS_BETWEEN and done < total):
            return
        self._last = now
        end = "\n" if done >= total else ""
        self._stream.write(f"\r{progress_line(done, total, now - self._started)}\x1b[K{end}")
        self._stream.flush()
