"""Controller of the raw log screen: opens it and passes it every new state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbtui.console.main.step_controller import StepController

if TYPE_CHECKING:
    pass


class LogsController(StepController):
    """Opens the raw log screen and keeps it in step with the state."""

    def open(self) -> None:
        from nbtui.console.logs.screen import LogsScreen  # deferred past the first paint

        self.screen = LogsScreen(self.host.state, self.step)
        self.host.push_screen(self.screen, self._left)

    def _left(self, result: None) -> None:
        self.screen = None
