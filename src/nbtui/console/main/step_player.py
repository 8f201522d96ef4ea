"""Playing the steps, and reading the reports folder for the long detail: what runs beside the keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.app import App
from textual.timer import Timer

from nbtui.console import jobs
from nbtui.console.main import stepping
from nbtui.console.main.jobs import Remembered, remember
from nbtui.console.main.state import State

PLAYED_EVERY = 0.5  # seconds per step while playing


class StepPlayer:
    """``state`` gives the state shown, ``show`` makes another the one that is shown, ``tell`` takes a job's result."""

    def __init__(
        self, app: App[int], state: Callable[[], State], show: Callable[[State], None], tell: Callable[[object], None]
    ) -> None:
        self._app, self._state, self._show, self._tell = app, state, show, tell
        self._player: Timer | None = None
        self._reading = False
        self.acts: dict[str, Callable[[], None]] = {"play": self._play}

    def _play(self) -> None:
        self._show(stepping.play(self._state()))
        if self._state().playing and self._player is None:
            self._player = self._app.set_interval(PLAYED_EVERY, self._played)

    def _played(self) -> None:
        if not self._state().playing and self._player is not None:
            self._player.stop()
            self._player = None
            return
        self._show(stepping.played(self._state()))

    def remember(self, reports: Path) -> None:
        """Read the packages below ``reports`` in a thread, unless they are known or being read."""
        if self._state().history is None and not self._reading:
            self._reading = True
            jobs.start(lambda: remember(reports), self._remembered, jobs.NAME)

    def _remembered(self, result: object) -> None:
        self._reading = False
        self._tell(result if isinstance(result, Remembered) else Remembered(()))
