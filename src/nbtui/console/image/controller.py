"""Controller of the image screen: opens it and keeps its results between visits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbtui.console.main.screen_controller import ScreenController
from nbtui.console.main.stepping import stepping_off, walked

if TYPE_CHECKING:
    from nbtui.console.image.screen import ImageScreen, Visit
    from nbtui.console.main.host import Host


class ImageController(ScreenController):
    """Opens the image screen and traces the chosen pixel on the main screen."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._last: Visit | None = None
        self._screen: ImageScreen | None = None

    def open(self) -> None:
        now = self.host.state
        if now.case is None:
            self.host.tell(stepping_off(now))
            return
        from nbtui.console.image.screen import ImageScreen  # deferred past the first paint

        self._screen = ImageScreen(now.case, now.settings, now, self._step, log_pixel=now.c_pixel, last=self._last)
        self.host.push_screen(self._screen, self._left)

    def follow(self) -> None:
        if self._screen is not None:
            self._screen.follow(self.host.state)

    def _step(self, axis: str, by: int) -> None:
        """Move the step cursor of the console; the marks on the image follow it."""
        before = self.host.state.place
        self.host.show(walked(self.host.state, axis, by))
        if self._screen is not None and self.host.state.place == before:
            self._screen.tell(self.host.state.message)

    def _left(self, visit: Visit | None) -> None:
        self._screen = None
        if visit is None:
            return
        self._last = visit
        if visit.trace is not None:
            self.host.trace_pixel(visit.trace, visit.told)
