"""Controller of the image screen: opens it and keeps its results between visits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbtui.console.main.step_controller import StepController
from nbtui.console.main.stepping import stepping_off

if TYPE_CHECKING:
    from nbtui.console.image.screen import Visit
    from nbtui.console.main.host import Host


class ImageController(StepController):
    """Opens the image screen and traces the chosen pixel on the main screen."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._last: Visit | None = None

    def open(self) -> None:
        now = self.host.state
        if now.case is None:
            self.host.tell(stepping_off(now))
            return
        from nbtui.console.image.screen import ImageScreen  # deferred past the first paint

        self.screen = ImageScreen(now.case, now.settings, now, self.step, log_pixel=now.c_pixel, last=self._last)
        self.host.push_screen(self.screen, self._left)

    def _left(self, visit: Visit | None) -> None:
        self.screen = None
        if visit is None:
            return
        self._last = visit
        if visit.trace is not None:
            self.host.trace_pixel(visit.trace, visit.told)
