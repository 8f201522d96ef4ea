"""Base class of the controllers that open screens from the main one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbtui.console.main.host import Host


class ScreenController(ABC):
    """Opens one screen, and keeps its data between two visits."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @abstractmethod
    def open(self) -> None:
        """Show the screen, or report why it is not available now."""

    def follow(self) -> None:  # noqa: B027, most screens have nothing to follow
        """React to a new state of the console."""

    def close(self) -> None:  # noqa: B027, most screens hold no resource
        """Release resources at the end of the console."""
