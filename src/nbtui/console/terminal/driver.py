"""The app of a terminal: keys at once, little output, and a clean exit."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from rich.console import RenderableType
from textual import events
from textual.app import App
from textual.screen import Screen

from nbtui.console.terminal.choice import MOUSE_OFF, MOUSE_ON, is_tight
from nbtui.console.terminal.screen import ActionScreen

if TYPE_CHECKING:
    from nbtui.console.terminal.damage import DisplayedCells
    from nbtui.console.terminal.tight_driver import TightDriver

TRY_AGAIN = 0.1  # interval of the checks whether a blocked terminal accepts output again [s]
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))

Result = TypeVar("Result")


class TerminalApp(App[Result], inherit_bindings=False):
    """App with little output and a clean exit; a signal or a lost terminal ends it with 128 + a number."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    def __init__(self) -> None:
        self._displayed: DisplayedCells | None = None  # None: frames go to Textual's own driver as they are
        kind: type[TightDriver] | None = None
        if is_tight():
            from nbtui.console.terminal.damage import DisplayedCells
            from nbtui.console.terminal.tight_driver import TightDriver

            self._displayed, kind = DisplayedCells(), TightDriver
        super().__init__(driver_class=kind, ansi_color=True)
        self.theme = "ansi-dark"
        self.lost = False  # whether the terminal is lost
        self._late = False

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            # without a handler, a dropped connection kills the process and leaves the terminal in a bad state
            with contextlib.suppress(NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, self._end, 128 + number)
        self.app_resume_signal.subscribe(self, lambda app: self._forget(), immediate=True)

    async def on_event(self, event: events.Event) -> None:
        """Handle a key immediately, before the next one is read.

        Textual would send it down to the screen and up again: its effect (a search, a page) would then come after keys
        typed later, and over a slow link keys come in bursts. Keys after the one that quits have no effect.
        """
        if isinstance(event, events.InputEvent) and not event.is_forwarded:
            if self._tight_driver is not None:
                self._tight_driver.handled()
            if self.lost or self._exit:
                return
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif not await self._check_bindings(event.key, priority=True) and not self.typed(event):
            await self._check_bindings(event.key)

    def typed(self, event: events.Key) -> bool:
        """Whether a key was input for a text field or closed something, so that no binding applies."""
        return isinstance(self.screen, ActionScreen) and self.screen.takes_key(event)

    def everywhere(self) -> Mapping[str, Callable[[], None]]:
        """Actions available on every screen, by id."""
        return {"suspend": self.action_suspend_process, "redraw": self.redraw}

    def action_everywhere(self, id: str) -> None:
        """Perform the action of this id on any screen."""
        act = self.everywhere()[id]
        if isinstance(self.screen, ActionScreen):
            self.screen.forget_message()
            self.screen.attempt(act)
        else:
            act()

    def on_resize(self, event: events.Resize) -> None:
        """Redraw at every resize, even to the same size: tmux may have attached again."""
        self.redraw()

    def redraw(self) -> None:
        """Repaint everything after output of another program."""
        self._forget()
        self.refresh()

    @property
    def _tight_driver(self) -> TightDriver | None:
        return cast("TightDriver", self._driver) if self._displayed is not None and not self.is_headless else None

    def _forget(self) -> None:
        if self._displayed is not None:
            self._displayed.forget()

    def turn_mouse(self, on: bool) -> None:
        """Enable or disable reports of clicks and the wheel."""
        driver = self._driver
        if driver is not None:
            driver._mouse = on  # remains in effect after a return from the shell or an editor
            driver.write(MOUSE_ON if on else MOUSE_OFF)

    def _end(self, code: int) -> None:
        self.exit(cast(Result, code))  # all apps have an exit code as their result

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Send only differences (see `damage`), and drop frames while the terminal is behind: the newest suffices."""
        driver = self._tight_driver
        if renderable is not None and driver is not None and driver.behind:
            if not self._late:
                self._late = True
                self.set_timer(TRY_AGAIN, self._catch_up)
            return
        if self._displayed is not None:
            renderable = self._displayed.differing(renderable, self.size)
        super()._display(screen, renderable)

    def _catch_up(self) -> None:
        self._late = False
        self.refresh()
