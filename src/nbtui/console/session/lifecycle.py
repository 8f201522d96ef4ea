"""Living with the console: mouse, theme, copying, suspending, the packages, and the session that is kept.

One object beside the app, so that the app itself stays about traces.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nbtui.console import keymap
from nbtui.console.drawing import palette
from nbtui.console.jobs import start
from nbtui.console.main.selection import selected
from nbtui.console.main.state import State
from nbtui.console.session.preferences import Preferences
from nbtui.console.session.snapshot import Snapshot, restored, snapshot
from nbtui.console.terminal import clipboard as copying
from nbtui.console.terminal.driver import TerminalApp
from nbtui.console.terminal.widgets import PaneView
from nbtui.setting_table import THEMES


class Lifecycle:
    """What the actions of this module do. ``state`` gives the state shown, ``tell`` writes into the foot line."""

    def __init__(
        self,
        app: TerminalApp[int],
        comfort: Preferences,
        reports: Path,
        state: Callable[[], State],
        tell: Callable[[str], None],
    ) -> None:
        self._app, self._reports, self._state, self._tell = app, reports, state, tell
        self._mouse = comfort.mouse
        self._message, self._package = comfort.message, comfort.package
        self._pending: Snapshot | None = comfort.resumed.snapshot if comfort.resumed else None
        self._keeper = comfort.keeper
        self.replaying: Path | None = None  # a package that was chosen: the console ends and this one is shown
        self.acts: dict[str, Callable[[], None]] = {
            "copy": self._copy,
            "mouse": self._turn_mouse,
            "theme": self._next_theme,
            "packages": lambda: self._packages(),
        }

    # --- life ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """When the app is mounted."""
        self._app.set_keymap(keymap.for_textual())
        self._app.turn_mouse(self._mouse)
        if self._keeper is not None:
            self._keeper.trouble = self._tell_from_thread
        if self._package is not None:
            self._packages(self._package, self._message)
        elif self._message:
            self._tell(self._message)

    def returned(self, state: State, *, last: bool) -> State:
        """After a step of loading: the user back where the resumed session was. ``last``: nothing more is to come."""
        back = state if self._pending is None else restored(state, self._pending)
        if last and self._message:  # a new result wipes the foot line, but nobody has read this there yet
            back = replace(back, message=back.message or self._message)
        if last:
            self._pending, self._message = None, ""
        return back

    def note(self, state: State) -> None:
        """Keep this state, should the connection be lost. Not while a resumed session is still on its way."""
        if self._keeper is not None and self._pending is None and state.rows:
            self._keeper.note(snapshot(state))

    # --- actions -------------------------------------------------------------------------------------------------

    def _packages(self, selected: Path | None = None, message: str = "") -> None:
        """The packages of the reports folder; the one that is chosen there is replayed."""
        from nbtui.console.packages.screen import PackagesScreen  # not before the first paint

        screen = PackagesScreen(self._reports, selected=selected, message=message)
        self._app.push_screen(screen, self._chosen)

    def _chosen(self, path: Path | None) -> None:
        if path is not None:
            self.replaying = path
            self._app.exit(0)

    def _copy(self) -> None:
        text = selected(self._state())
        if text is None:
            self._tell("nothing to copy yet")
            return
        offer = self._app.copy_to_clipboard
        start(lambda: copying.copy(text, offer), lambda told: self._tell_from_thread(str(told)), "nbtui-copy")

    def _turn_mouse(self) -> None:
        self._mouse = not self._mouse
        self._app.turn_mouse(self._mouse)
        self._tell("mouse on: clicks move the cursor" if self._mouse else "mouse off: the terminal selects text")

    def _next_theme(self) -> None:
        theme = THEMES[(THEMES.index(palette.theme()) + 1) % len(THEMES)]
        palette.choose(theme)
        for screen in self._app.screen_stack:
            for view in screen.query(PaneView):
                view.refresh()
        self._tell(f'theme {theme}; to keep it: theme = "{theme}" in nbtui.toml')

    # --- helpers -------------------------------------------------------------------------------------------------

    def _tell_from_thread(self, sentence: str) -> None:
        with contextlib.suppress(RuntimeError):  # the app has ended: nobody is interested any more
            self._app.call_later(self._tell, sentence)  # never waits: the loop may be ending
