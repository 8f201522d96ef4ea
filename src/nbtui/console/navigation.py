"""Screens that the user visits from the main one and comes back from: raw logs, images, help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import App

from nbtui.console.help.screen import HelpScreen
from nbtui.console.main.state import State
from nbtui.console.main.stepping import stepping_off

if TYPE_CHECKING:
    from nbtui.console.image.screen import Visit
    from nbtui.console.logs.screen import LogsScreen


class Navigation:
    """``state`` gives the state shown, ``show`` makes another the one that is shown.

    ``trace`` simulates a pixel (slow, fast) of the images; its second argument is what they say of it.
    """

    def __init__(
        self,
        app: App[int],
        state: Callable[[], State],
        show: Callable[[State], None],
        trace: Callable[[tuple[int, int], str], None],
    ) -> None:
        self._app, self._state, self._show, self._trace = app, state, show, trace
        self._logs_screen: LogsScreen | None = None
        self._last: Visit | None = None  # what the image screen had worked out
        self.acts: dict[str, Callable[[], None]] = {"logs": self._logs, "image": self._image, "help": self._help}

    def follow(self) -> None:
        """After every new state: the raw logs are shown as they are now."""
        if self._logs_screen is not None:
            self._logs_screen.follow(self._state())

    def _logs(self) -> None:
        from nbtui.console.logs.screen import LogsScreen  # not before the first paint

        self._logs_screen = LogsScreen(self._state())
        self._app.push_screen(self._logs_screen, self._logs_left)

    def _logs_left(self, result: None) -> None:
        self._logs_screen = None

    def _image(self) -> None:
        now = self._state()
        if now.case is None:
            self._show(replace(now, message=stepping_off(now)))
            return
        from nbtui.console.image.screen import ImageScreen  # not before the first paint

        screen = ImageScreen(now.case, now.settings, log_pixel=now.c_pixel, last=self._last)
        self._app.push_screen(screen, self._image_left)

    def _image_left(self, visit: Visit | None) -> None:
        if visit is None:
            return
        self._last = visit
        if visit.trace is not None:
            self._trace(visit.trace, visit.told)

    def _help(self) -> None:
        self._app.push_screen(HelpScreen(self._state()))
