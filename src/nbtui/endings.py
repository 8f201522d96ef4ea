"""How a process begins and ends: closed standard streams, and signals with the work put in order first."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class EndedBySignal(BaseException):
    """SIGTERM or SIGHUP, raised in the main thread as Ctrl-C is."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number

    @property
    def exit_code(self) -> int:
        """As a shell gives it."""
        return 128 + self.number


@contextlib.contextmanager
def orderly_ending() -> Iterator[None]:
    """Raise EndedBySignal inside at SIGTERM and SIGHUP; an ignored signal stays ignored. Main thread only."""

    def end(number: int, _: FrameType | None) -> None:
        raise EndedBySignal(number)

    heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def open_closed_streams() -> None:
    """Give each standard stream that the caller closed to the null device, before another file takes its number."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
            setattr(sys, name, os.fdopen(number, mode))
