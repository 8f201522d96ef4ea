"""Controller of the packages screen, for the packages of the reports folder."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from nbtui.console.main.screen_controller import ScreenController

if TYPE_CHECKING:
    from nbtui.console.main.host import Host
    from nbtui.console.packages.screen import PackagesScreen
    from nbtui.console.packages.state import PackagesState
    from nbtui.evidence.restore.restore import Restored


class PackagesController(ScreenController):
    """Opens the packages screen as it was left, and opens the chosen package."""

    def __init__(self, host: Host, shelf: PackagesState | None = None) -> None:
        super().__init__(host)
        self.shelf = shelf

    def open(self) -> None:
        from nbtui.console.packages.screen import PackagesScreen  # deferred past the first paint

        screen = PackagesScreen(self.host.reports, shelf=self.shelf)
        self.host.push_screen(screen, partial(self._left, screen))

    def _left(self, screen: PackagesScreen, package: Restored | None) -> None:
        from nbtui.console.packages.state import left

        self.shelf = left(screen.state)
        if package is not None:
            self.shelf = replace(self.shelf, selected=package.package.path)
            self.host.replay(package)
