"""Controller of the packages screen, for the packages of the reports folder."""

from __future__ import annotations

from pathlib import Path

from nbtui.console.main.screen_controller import ScreenController


class PackagesController(ScreenController):
    """Opens the packages screen and replays the chosen package."""

    def open(self) -> None:
        from nbtui.console.packages.screen import PackagesScreen  # deferred past the first paint

        host = self.host
        screen = PackagesScreen(host.reports, selected=host.package, message=host.message if host.package else "")
        host.package = None  # the return from a replay happens only once
        host.push_screen(screen, self._left)

    def _left(self, package: Path | None) -> None:
        if package is not None:
            self.host.replay(package)
