"""Opens the raw logs, and hands them every new state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbtui.console.main.screen_controller import ScreenController

if TYPE_CHECKING:
    from nbtui.console.logs.screen import LogsScreen
    from nbtui.console.main.host import Host


class LogsController(ScreenController):
    """The logs shown are those of the state shown, also when that changes beneath them."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._screen: LogsScreen | None = None

    def open(self) -> None:
        from nbtui.console.logs.screen import LogsScreen  # not before the first paint

        self._screen = LogsScreen(self.host.state)
        self.host.push_screen(self._screen, self._left)

    def follow(self) -> None:
        if self._screen is not None:
            self._screen.follow(self.host.state)

    def _left(self, result: None) -> None:
        self._screen = None
