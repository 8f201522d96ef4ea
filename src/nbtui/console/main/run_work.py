"""The runs of a port, as far as the main screen shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.runs.entry import RunEntry
    from nbtui.runs.known import KnownCommands

NO_COMMAND = (
    'no command for the port: suspect = "python port.py {command} -trace_pixel {pixel}" in [cases.NAME] of nbtui.toml'
)


@dataclass(frozen=True)
class RunWork:
    """The commands of the case, and the present and the last run.

    Attributes:
        known: None without a command for the port.
        looping: a change of a source starts a run.
        running: a command runs now.
        last: the last finished run.
    """

    known: KnownCommands | None = None
    looping: bool = False
    running: bool = False
    last: RunEntry | None = None

    @property
    def failure(self) -> str:
        """The failure of the last run, as long as no later one has succeeded; empty without one."""
        last = self.last
        return f"run {last.number}: {clean(last.failure)}" if last is not None and last.failed else ""

    @property
    def activity(self) -> str:
        """The present activity in two words; empty without any."""
        if self.running:
            return "running"
        return "loop on" if self.looping else ""


NO_RUNS = RunWork()
