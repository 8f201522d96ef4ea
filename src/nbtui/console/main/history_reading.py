"""Reading of the packages in the reports folder, for the long detail."""

from __future__ import annotations

from dataclasses import replace

from nbtui.console.jobs import NAME, Failure, start
from nbtui.console.main.host import Host
from nbtui.console.main.jobs import Remembered, remember
from nbtui.console.terminal.loop import in_loop


class HistoryReader:
    """Reads the packages of the reports folder, once."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._reading = False

    def read(self) -> None:
        """Read the packages in a thread, unless they are known or already being read."""
        if self._host.state.history is None and not self._reading:
            self._reading = True
            reports = self._host.reports
            start(lambda: remember(reports), in_loop(self._host, self._read), in_loop(self._host, self._failed), NAME)

    def _read(self, result: Remembered) -> None:
        self._reading = False
        self._host.show(replace(self._host.state, history=result.history))

    def _failed(self, failure: Failure) -> None:
        self._read(Remembered(()))
