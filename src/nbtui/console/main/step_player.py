"""Playback of the steps, one after the other, until the end or the next key."""

from __future__ import annotations

from textual.timer import Timer

from nbtui.console.main import stepping
from nbtui.console.main.host import Host

PLAYED_EVERY = 0.5  # seconds per step while playing


class StepPlayer:
    """Plays the steps of the current state."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._player: Timer | None = None

    def play(self) -> None:
        """Play, or pause."""
        self._host.show(stepping.play(self._host.state))
        if self._host.state.playing and self._player is None:
            self._player = self._host.set_interval(PLAYED_EVERY, self._played)

    def _played(self) -> None:
        if not self._host.state.playing and self._player is not None:
            self._player.stop()
            self._player = None
            return
        self._host.show(stepping.played(self._host.state))
