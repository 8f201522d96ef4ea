"""The tight driver: few bytes, no mouse motion, and a clean terminal after any kind of exit.

It builds on private parts of Textual; `choice` decides whether it is used.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import termios
import threading
from queue import SimpleQueue
from typing import Any, Protocol, runtime_checkable

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from nbtui.console.terminal.choice import MOUSE_OFF, MOUSE_ON
from nbtui.console.terminal.input import TerminalInput, messages

# modes of the terminal during the console; the last but one sets the flags of kitty's keyboard that Textual has pushed
MODES = "\x1b[?1049h\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[=25;1u\x1b[?7l"
LOOK_EVERY = 0.1  # interval of the checks for the end of the driver [s]
TYPED_AHEAD = 64  # keys read before they are handled; the system keeps the others
MOST_WAITING = 8  # frames queued for a blocked terminal; later ones are dropped
PATIENCE = 1.0  # longest wait for a blocked terminal at exit [s]
GONE = 128 + getattr(signal, "SIGHUP", 1)


@runtime_checkable
class Redrawn(Protocol):
    """An app that learns of the loss of its terminal, and repaints it."""

    lost: bool

    def redraw(self) -> None:
        """Repaint everything."""


class _Writer(threading.Thread):
    """Writes to the terminal in a thread of its own: a stalled link must not block the program."""

    def __init__(self, descriptor: int, encoding: str) -> None:
        super().__init__(name="nbtui-output", daemon=True)
        self._descriptor, self._encoding = descriptor, encoding
        self._queue: SimpleQueue[str | None] = SimpleQueue()

    @property
    def waiting(self) -> int:
        return self._queue.qsize()

    def send(self, text: str) -> None:
        self._queue.put(text)

    def stop(self) -> None:
        """Write the queued output, unless the terminal is blocked."""
        self._queue.put(None)
        self.join(PATIENCE)

    def run(self) -> None:
        try:
            while (text := self._queue.get()) is not None:
                rest = text.encode(self._encoding, "replace")
                while rest:
                    try:
                        rest = rest[os.write(self._descriptor, rest) :]
                    except BlockingIOError:  # another process has set the shared terminal to non-blocking
                        select.select([], [self._descriptor], [])
        except OSError:
            pass  # the terminal is lost: nobody reads the output


class TightDriver(LinuxDriver):
    """Textual's driver on stdout, without mouse motion and pixel coordinates, and with its own reading of input."""

    _writer: _Writer | None = None
    _raw: list[Any] | None = None  # attributes of the terminal during the console

    def __init__(self, app: App[Any], *, debug: bool, mouse: bool, size: tuple[int, int] | None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._room = threading.Semaphore(TYPED_AHEAD)

    @property
    def behind(self) -> bool:
        """Whether the terminal is behind with its output."""
        return self._writer is not None and self._writer.is_alive() and self._writer.waiting > MOST_WAITING

    def write(self, data: str) -> None:
        if self._writer is None:
            assert sys.__stdout__ is not None
            self._writer = _Writer(sys.__stdout__.fileno(), sys.__stdout__.encoding)
            self._writer.start()
        self._writer.send(data)

    def close(self) -> None:
        super().close()
        if self._writer is not None:
            self._writer.stop()
            self._writer = None

    def _sigtstp_application(self, *signal_arguments: Any) -> None:
        """Stop once: further requests during the suspension are the same one."""
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        super()._sigtstp_application(*signal_arguments)  # returns when the process is continued
        signal.signal(signal.SIGTSTP, self._sigtstp_application)

    def _sigcont_application(self, *signal_arguments: Any) -> None:
        """After a stop by SIGSTOP the input thread still runs: only the modes of the terminal have to come back.

        After the end of the loop nothing has to.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._key_thread is None or not self._key_thread.is_alive():
            super()._sigcont_application(*signal_arguments)
            return
        if self._raw is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._raw)
        self.write(MODES)
        self._enable_mouse_support()
        app: object = self._app
        if isinstance(app, Redrawn):
            self._app.call_later(app.redraw)

    def run_input_thread(self) -> None:
        """Read until the driver stops, or the terminal is lost."""
        with contextlib.suppress(termios.error):
            self._raw = termios.tcgetattr(self.fileno)
        with contextlib.suppress(OSError):
            if not self._read_on():
                return
        app: object = self._app
        if isinstance(app, Redrawn):
            app.lost = True  # at once: the queued keys lose their effect
        self._loop.call_soon_threadsafe(self._app.exit, GONE)

    def _read_on(self) -> bool:
        """Pass input on as messages; True at the end of input. Raises OSError without a terminal."""
        parser, waiting = XTermParser(), TerminalInput(constants.ESCAPE_DELAY)
        while not self.exit_event.is_set():
            pause = waiting.pause
            timeout = LOOK_EVERY if pause is None else min(pause, LOOK_EVERY)
            units = waiting.tick()
            if select.select([self.fileno], [], [], timeout)[0]:
                with contextlib.suppress(BlockingIOError):  # see _Writer.run
                    data = os.read(self.fileno, 4096)
                    if not data:
                        return True
                    units = waiting.feed(data)
            for unit in units:
                for message in messages(unit, parser):
                    if isinstance(message, events.InputEvent) and not self._has_room():
                        return False
                    self.process_message(message)
        return False

    def _has_room(self) -> bool:
        """Wait until the app has handled earlier keys; False if the driver stops first.

        Raises OSError if the terminal is lost meanwhile.
        """
        while not self._room.acquire(timeout=LOOK_EVERY):
            if self.exit_event.is_set():
                return False
            if _is_lost(self.fileno):
                raise OSError("the terminal is lost")
        return True

    def handled(self) -> None:
        """Make room for another key."""
        self._room.release()

    def _query_in_band_window_resize(self) -> None:
        """Ask nothing: SIGWINCH announces a resize, and an answer could come late."""

    def _enable_mouse_support(self) -> None:
        if self._mouse:
            self.write(MOUSE_ON)

    def _disable_mouse_support(self) -> None:
        self.write(MOUSE_OFF)

    def _get_terminal_size(self) -> tuple[int, int]:
        """Size reported by the terminal. COLUMNS and LINES do not follow a resize and are only the fallback."""
        for stream in (sys.__stdout__, sys.__stdin__):
            with contextlib.suppress(AttributeError, ValueError, OSError):
                columns, lines = os.get_terminal_size(stream.fileno())  # type: ignore[union-attr]
                if columns and lines:
                    return columns, lines
        return super()._get_terminal_size()


def _is_lost(descriptor: int) -> bool:
    terminal = select.poll()
    terminal.register(descriptor, select.POLLHUP)
    return any(event & select.POLLHUP for _, event in terminal.poll(0))
