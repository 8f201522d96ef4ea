"""The base of what opens the screens from the main one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbtui.console.main.host import Host


class ScreenController:
    """Opens one screen, and keeps what it needs between two visits."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def open(self) -> None:
        """Show the screen, or say why that is not possible now."""
        raise NotImplementedError

    def follow(self) -> None:
        """The console shows a new state."""

    def close(self) -> None:
        """The console ends."""
