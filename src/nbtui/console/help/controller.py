"""Controller of the help page."""

from __future__ import annotations

from nbtui.console.main.screen_controller import ScreenController


class HelpController(ScreenController):
    """Opens the help page for the current state."""

    def open(self) -> None:
        from nbtui.console.help.screen import HelpScreen  # deferred past the first paint

        self.host.push_screen(HelpScreen(self.host.state, self.host.key_tables))
