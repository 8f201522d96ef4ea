"""Controller of the packages screen, for the packages of the reports folder."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.screen_controller import ScreenController
from nbtui.console.terminal.loop import in_loop
from nbtui.evidence.check.finding import CheckOutcome

if TYPE_CHECKING:
    from nbtui.console.main.host import Host
    from nbtui.console.packages.jobs import Verified, Verifier
    from nbtui.console.packages.screen import PackagesScreen
    from nbtui.console.packages.state import PackagesState
    from nbtui.evidence.restore.restore import Restored


class PackagesController(ScreenController):
    """Opens the packages screen as it was left, opens the chosen package, verifies those that the console writes."""

    def __init__(self, host: Host, shelf: PackagesState | None = None) -> None:
        super().__init__(host)
        self.shelf = shelf
        self._screen: PackagesScreen | None = None
        self._verifier: Verifier | None = None

    def open(self) -> None:
        from nbtui.console.packages.screen import PackagesScreen  # deferred past the first paint

        self._screen = PackagesScreen(self.host.reports, shelf=self.shelf)
        self.host.push_screen(self._screen, partial(self._left, self._screen))

    def _left(self, screen: PackagesScreen, package: Restored | None) -> None:
        from nbtui.console.packages.state import left

        self.shelf, self._screen = left(screen.state), None
        if package is not None:
            self.shelf = replace(self.shelf, selected=package.package.path)
            self.host.replay(package)

    def written(self, package: Path) -> None:
        """Verify a new package in the background; the foot line and the list show the outcome."""
        from nbtui.console.packages.jobs import Verifier  # deferred past the first paint

        if self._verifier is None:
            self._verifier = Verifier(in_loop(self.host, self._verified))
        self._verifier.verify(package.resolve())

    def _verified(self, check: Verified) -> None:
        from nbtui.console.packages.state import PackagesState, verified

        if self._screen is not None:
            self._screen.checked(check)
        else:
            self.shelf = verified(self.shelf or PackagesState(str(self.host.reports)), check)
        message = self.host.state.message
        unjudged = f"no contradiction, unjudged parts: see {ACTIONS.key('packages')}"  # the list has all words
        if check.result is CheckOutcome.FAILED:
            self.host.tell(f"written: {check.path.name}, but its verification {check.outcome}")
        elif message.startswith("written") and message.endswith(check.path.name):
            said = unjudged if check.result is CheckOutcome.INCOMPLETE else check.outcome
            self.host.tell(f"{message}, {said}")

    def close(self) -> None:
        if self._verifier is not None:
            self._verifier.stop()
