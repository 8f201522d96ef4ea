"""Controller of the parameters screen: opens it and passes it every new state."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nbtui.console.main.screen_controller import ScreenController
from nbtui.console.main.tuned import start_gap

if TYPE_CHECKING:
    from nbtui.console.main.host import Host
    from nbtui.console.parameters.screen import ParametersScreen


class ParametersController(ScreenController):
    """Opens the parameters screen and keeps its cursor between visits."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._screen: ParametersScreen | None = None
        self._cursor = "distance"

    def open(self) -> None:
        now, tuning = self.host.state, self.host.tuning()
        if tuning is None or now.case is None:
            reason = f"no parameters to change: {self.host.state.obstacle}" if self.host.state.obstacle else ""
            self.host.tell(
                reason or "two logs have no parameters; add the run's flags: nbtui open C_LOG PY_LOG -- FLAGS"
            )
            return
        from nbtui.console.parameters.screen import ParametersScreen  # deferred past the first paint

        opened = replace(now, tuning=tuning)
        self.host.show(replace(opened, tuning=replace(tuning, gap=start_gap(opened, tuning))))
        self._screen = ParametersScreen(lambda: self.host.state, self.host.tune, self._cursor)
        self.host.push_screen(self._screen, self._left)

    def follow(self) -> None:
        if self._screen is not None:
            self._screen.follow()

    def _left(self, result: None) -> None:
        if self._screen is not None:
            self._cursor, self._screen = self._screen.state.cursor, None
        tuning = self.host.state.tuning
        if tuning is not None and tuning.held:
            self.host.tune(replace(tuning, held=False))
