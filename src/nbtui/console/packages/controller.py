"""Opens the packages of the reports folder."""

from __future__ import annotations

from pathlib import Path

from nbtui.console.main.screen_controller import ScreenController


class PackagesController(ScreenController):
    """The package that is chosen there is replayed."""

    def open(self) -> None:
        from nbtui.console.packages.screen import PackagesScreen  # not before the first paint

        host = self.host
        screen = PackagesScreen(host.reports, selected=host.package, message=host.message if host.package else "")
        host.package = None  # only the first time does the user come back from a replay
        host.push_screen(screen, self._left)

    def _left(self, package: Path | None) -> None:
        if package is not None:
            self.host.replay(package)
