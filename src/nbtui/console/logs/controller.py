"""Controller of the raw log screen: opens it and passes it every new state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbtui.console.main import stepping
from nbtui.console.main.screen_controller import ScreenController

if TYPE_CHECKING:
    from nbtui.console.logs.screen import LogsScreen
    from nbtui.console.main.host import Host


class LogsController(ScreenController):
    """Opens the raw log screen and keeps it in step with the state."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._screen: LogsScreen | None = None

    def open(self) -> None:
        from nbtui.console.logs.screen import LogsScreen  # deferred past the first paint

        self._screen = LogsScreen(self.host.state, self._step)
        self.host.push_screen(self._screen, self._left)

    def follow(self) -> None:
        if self._screen is not None:
            self._screen.follow(self.host.state)

    def _step(self, axis: str, by: int) -> None:
        """Move the step cursor of the console; the screen follows it."""
        before = self.host.state.place
        self.host.show(stepping.walked(self.host.state, axis, by))
        if self._screen is not None and self.host.state.place == before:
            self._screen.tell(self.host.state.message)

    def _left(self, result: None) -> None:
        self._screen = None
