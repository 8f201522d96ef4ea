"""Controller of the packages screen, for the packages of the reports folder."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.main.screen_controller import ScreenController

if TYPE_CHECKING:
    from nbtui.console.packages.screen import PackagesScreen


class PackagesController(ScreenController):
    """Opens the packages screen as it was left, and replays the chosen package."""

    def open(self) -> None:
        from nbtui.console.packages.screen import PackagesScreen  # deferred past the first paint

        screen = PackagesScreen(self.host.reports, shelf=self.host.shelf)
        self.host.push_screen(screen, partial(self._left, screen))

    def _left(self, screen: PackagesScreen, package: Path | None) -> None:
        from nbtui.console.packages.state import left

        self.host.shelf = left(screen.state)
        if package is not None:
            self.host.shelf = replace(self.host.shelf, selected=package)
            self.host.replay(package)
