"""Base class of the controllers that open screens from the main one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbtui.console.main.host import Host


class ScreenController:
    """Opens one screen, and keeps its data between two visits."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def open(self) -> None:
        """Show the screen, or report why it is not available now."""
        raise NotImplementedError

    def follow(self) -> None:
        """React to a new state of the console."""

    def close(self) -> None:
        """Release resources at the end of the console."""
