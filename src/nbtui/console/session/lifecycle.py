"""The session of a console: kept on every change, and resumed step by step while the console loads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nbtui.console.main.state import State
from nbtui.console.session.preferences import Preferences
from nbtui.console.session.snapshot import Snapshot, restored, snapshot


class Lifecycle:
    """Restores the session that is resumed, and keeps the one that runs."""

    def __init__(self, preferences: Preferences) -> None:
        self._keeper = preferences.keeper
        self._message = "" if preferences.package is not None else preferences.message
        self._pending: Snapshot | None = preferences.resumed.snapshot if preferences.resumed else None

    def begin(self, tell: Callable[[str], None], tell_from_thread: Callable[[str], None]) -> None:
        """When the app is mounted: the message of the start, and where trouble with the session's file is told."""
        if self._keeper is not None:
            self._keeper.trouble = tell_from_thread
        if self._message:
            tell(self._message)

    def restored(self, state: State, *, last: bool) -> State:
        """The state with the place of the resumed session, after a step of loading. ``last``: loading has ended."""
        back = state if self._pending is None else restored(state, self._pending)
        if last and self._message:  # a new result wipes the foot line, but nobody has read this there yet
            back = replace(back, message=back.message or self._message)
        if last:
            self._pending, self._message = None, ""
        return back

    def note(self, state: State) -> None:
        """Keep this state in case the connection is lost; not while a resumed session is still being restored."""
        if self._keeper is not None and self._pending is None and state.rows:
            self._keeper.note(snapshot(state))
