"""The session of a console: saved on every change, and resumed step by step during loading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nbtui.console.main.state import State
from nbtui.console.session.preferences import Preferences
from nbtui.console.session.snapshot import Snapshot, restored, snapshot


class Lifecycle:
    """Restores a resumed session and saves the running one."""

    def __init__(self, preferences: Preferences) -> None:
        self._keeper = preferences.keeper
        self._message = preferences.message
        self._pending: Snapshot | None = preferences.resumed.snapshot if preferences.resumed else None

    def begin(self, tell: Callable[[str], None], tell_from_thread: Callable[[str], None]) -> None:
        """Show the initial message once the app is mounted.

        ``tell_from_thread`` receives problems with the session file.
        """
        if self._keeper is not None:
            self._keeper.trouble = tell_from_thread
        if self._message:
            tell(self._message)

    def restored(self, state: State, *, last: bool) -> State:
        """Apply the position of the resumed session after a step of loading. ``last``: loading has ended."""
        back = state if self._pending is None else restored(state, self._pending)
        if last and self._message:  # a new result clears the foot line before the user could read this message
            back = replace(back, message=back.message or self._message)
        if last:
            self._pending, self._message = None, ""
        return back

    def note(self, state: State) -> None:
        """Save this state against a lost connection, except during the restoration of a session."""
        if self._keeper is not None and self._pending is None and state.rows:
            self._keeper.note(snapshot(state))
