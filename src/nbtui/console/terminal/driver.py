"""The terminal as the console uses it: few bytes, no mouse motion, in order again at the end however that comes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import TypeVar, cast

from rich.console import RenderableType
from textual import events
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from nbtui.console.terminal.damage import Glass
from nbtui.console.terminal.screen import ActionScreen

MOUSE_OFF = "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"
MOUSE_ON = f"{MOUSE_OFF}\x1b[?1000h\x1b[?1006h"  # clicks and the wheel; motion would only fill a slow link
LOOK_EVERY = 2.0  # s between looks whether the terminal is still there
MOST_WAITING = 8  # frames that wait for a terminal that takes none; later ones are left out
TRY_AGAIN = 0.1  # s until the next look whether it takes them again
PATIENCE = 1.0  # s that a terminal which takes nothing may hold up the end
GONE = 128 + getattr(signal, "SIGHUP", 1)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))

Result = TypeVar("Result")


class _Writer(threading.Thread):
    """Writes to the terminal, and alone waits for it: a link that stands still must not hold up the program."""

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
        """Write what waits, unless the terminal takes nothing."""
        self._queue.put(None)
        self.join(PATIENCE)

    def run(self) -> None:
        try:
            while (text := self._queue.get()) is not None:
                rest = text.encode(self._encoding, "replace")
                while rest:
                    try:
                        rest = rest[os.write(self._descriptor, rest) :]
                    except BlockingIOError:  # somebody who shares the terminal wants it so
                        select.select([], [self._descriptor], [])
        except OSError:
            pass  # the terminal has gone: nobody reads any more


class _Driver(LinuxDriver):
    """Textual's driver on stdout, without the mouse's motion and its pixels."""

    _writer: _Writer | None = None

    @property
    def behind(self) -> bool:
        """Whether the terminal does not take what it was sent."""
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

    def run_input_thread(self) -> None:
        try:
            super().run_input_thread()
        except OSError:
            self._app.call_later(self._app.exit, GONE)

    def _enable_mouse_support(self) -> None:
        if self._mouse:
            self.write(MOUSE_ON)

    def _enable_mouse_pixels(self) -> None:
        pass

    def _disable_mouse_support(self) -> None:
        self.write(MOUSE_OFF)

    def _get_terminal_size(self) -> tuple[int, int]:
        """What the terminal says. COLUMNS and LINES do not follow it, and count only where it does not know."""
        for stream in (sys.__stdout__, sys.__stdin__):
            with contextlib.suppress(AttributeError, ValueError, OSError):
                columns, lines = os.get_terminal_size(stream.fileno())  # type: ignore[union-attr]
                if columns and lines:
                    return columns, lines
        return super()._get_terminal_size()


class TerminalApp(App[Result], inherit_bindings=False):
    """An app that sends little and ends cleanly; a signal or a lost terminal ends it with 128 + a number."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__(driver_class=_Driver, ansi_color=True)
        self.theme = "ansi-dark"
        self.glass = Glass()
        self._terminal = select.poll()
        self._late = False

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            # without a handler a dropped connection kills the process with the terminal in disorder
            with contextlib.suppress(NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, self._end, 128 + number)
        self.app_resume_signal.subscribe(self, lambda app: self.glass.forget(), immediate=True)
        if sys.__stdin__ is not None and not self.is_headless:
            self._terminal.register(sys.__stdin__.fileno(), select.POLLHUP)
            self.set_interval(LOOK_EVERY, self._look)

    async def on_event(self, event: events.Event) -> None:
        """A key is dealt with here and now, before the next one is looked at.

        Textual would send it down to the screen and up again: what it begins (a search, a page) would then come after
        keys that were typed after it, and over a slow link keys come in bursts.
        """
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif not await self._check_bindings(event.key, priority=True) and not self.typed(event):
            await self._check_bindings(event.key)

    def typed(self, event: events.Key) -> bool:
        """Whether a key was text, or closed something, rather than one that may be bound to an action."""
        return isinstance(self.screen, ActionScreen) and self.screen.takes_key(event)

    def everywhere(self) -> Mapping[str, Callable[[], None]]:
        """What the actions do that hold on every screen, by id."""
        return {"suspend": self.action_suspend_process, "redraw": self.redraw}

    def action_everywhere(self, id: str) -> None:
        """Do the action of this id, on whatever screen."""
        act = self.everywhere()[id]
        if isinstance(self.screen, ActionScreen):
            self.screen.forget_message()
            self.screen.attempt(act)
        else:
            act()

    def on_resize(self, event: events.Resize) -> None:
        """The terminal may show anything now, also when it has the size of before: tmux attached again."""
        self.redraw()

    def redraw(self) -> None:
        """Repaint everything, after another program has written to the terminal."""
        self.glass.forget()
        self.refresh()

    def turn_mouse(self, on: bool) -> None:
        """Have the terminal report clicks and the wheel, or leave the mouse to it."""
        driver = self._driver
        if driver is not None:
            driver._mouse = on  # so it stays when the console comes back from the shell or an editor
            driver.write(MOUSE_ON if on else MOUSE_OFF)

    def _look(self) -> None:
        """Leave when the terminal has gone: not every loss sends a signal."""
        if any(event & select.POLLHUP for _, event in self._terminal.poll(0)):
            self._end(GONE)

    def _end(self, code: int) -> None:
        self.exit(cast(Result, code))  # apps of all kinds of results end with an exit code

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Send only what differs (see `tight`), and nothing to a terminal that does not take it: the newest will do."""
        driver = self._driver
        if renderable is not None and isinstance(driver, _Driver) and driver.behind:
            if not self._late:
                self._late = True
                self.set_timer(TRY_AGAIN, self._catch_up)
            return
        if isinstance(renderable, CompositorUpdate):
            renderable = self.glass.frame(renderable, self.size)
        super()._display(screen, renderable)

    def _catch_up(self) -> None:
        self._late = False
        self.refresh()
