"""``nbtui watch``: the packages screen as a program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from nbtui.console.keymap import for_textual
from nbtui.console.main.actions import ACTIONS
from nbtui.console.packages.screen import PackagesScreen
from nbtui.console.packages.state import PackagesState
from nbtui.console.terminal.driver import TerminalApp
from nbtui.console.terminal.screen import bindings_everywhere

if TYPE_CHECKING:
    from nbtui.evidence.restore.restore import Restored


class Watch(TerminalApp["int | Restored"]):
    """The packages screen as an app. Its result is an exit code, or a package to open."""

    CSS = """
    Screen { background: ansi_default; color: ansi_default; overflow: hidden; }
    PaneView { background: ansi_default; color: ansi_default; width: 1fr; height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings_everywhere(ACTIONS, frozenset(("suspend", "redraw")))

    def __init__(self, root: Path, *, poll: bool = False, shelf: PackagesState | None = None) -> None:
        super().__init__()
        self.packages = PackagesScreen(root, poll=poll, shelf=shelf, first=True)

    def on_mount(self) -> None:
        self.set_keymap(for_textual())
        self.push_screen(self.packages, self._left)

    def _left(self, chosen: Restored | None) -> None:
        self.exit(0 if chosen is None else chosen)
