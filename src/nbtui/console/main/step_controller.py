"""Base class of the controllers whose screens move the step cursor of the main one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from nbtui.console.main.screen_controller import ScreenController
from nbtui.console.main.stepping import walked

if TYPE_CHECKING:
    from nbtui.console.main.host import Host
    from nbtui.console.main.state import State


class SteppedScreen(Protocol):
    """A screen that shows the step cursor in its own way."""

    def follow(self, state: State, /) -> None:
        """Show a new state of the main screen."""

    def tell(self, sentence: str) -> None:
        """Show a sentence."""


class StepController(ScreenController):
    """Keeps its screen, while that is open, in step with the state of the console."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.screen: SteppedScreen | None = None

    def follow(self) -> None:
        if self.screen is not None:
            self.screen.follow(self.host.state)

    def step(self, axis: str, by: int) -> None:
        """Move the step cursor; the screen follows it, or tells why it stays."""
        before = self.host.state.place
        self.host.show(walked(self.host.state, axis, by))
        if self.screen is not None and self.host.state.place == before:
            self.screen.tell(self.host.state.message)
