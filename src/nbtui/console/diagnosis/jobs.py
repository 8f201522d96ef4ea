"""A running diagnosis, and the events from its thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from nbtui.console.main.cause_summary import diagnosable
from nbtui.console.main.kept_diagnosis import KeptDiagnosis
from nbtui.console.main.state import State
from nbtui.trace.model import Trace


class Stopped(Exception):
    """The diagnosis has been cancelled."""


class Run:
    """A running diagnosis. ``quiet``: it runs in the background and yields to key presses."""

    def __init__(self, c: Trace, py: Trace, *, quiet: bool) -> None:
        self.c, self.py, self.quiet = c, py, quiet
        self.stop = threading.Event()
        self.words = "starting"

    def of(self, state: State) -> bool:
        """Whether it belongs to the current traces."""
        return self.c is state.reference and self.py is diagnosable(state)


@dataclass(frozen=True, eq=False)
class RunProgress:
    """Progress of a run."""

    run: Run
    words: str


@dataclass(frozen=True, eq=False)
class Diagnosed:
    """A run has ended; the result is None after cancellation."""

    run: Run
    result: KeptDiagnosis | None


@dataclass(frozen=True, eq=False)
class NotDiagnosed:
    """A run has failed, with the reason."""

    run: Run
    sentence: str
