"""Opens the help page."""

from __future__ import annotations

from nbtui.console.main.screen_controller import ScreenController


class HelpController(ScreenController):
    """The page is about the state in which it was opened."""

    def open(self) -> None:
        from nbtui.console.help.screen import HelpScreen  # not before the first paint

        self.host.push_screen(HelpScreen(self.host.state, self.host.key_tables))
