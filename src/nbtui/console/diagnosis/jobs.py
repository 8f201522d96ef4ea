"""A diagnosis on its way, and what its thread tells: one event for each kind of news."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from nbtui.console.main.diagnosis_result import DiagnosisResult
from nbtui.console.main.state import State
from nbtui.trace.model import Trace


class Stopped(Exception):
    """The diagnosis is not wanted any more."""


class Run:
    """One diagnosis on its way. ``quiet``: nobody waits for it, so it makes way for keys."""

    def __init__(self, c: Trace, py: Trace, *, quiet: bool) -> None:
        self.c, self.py, self.quiet = c, py, quiet
        self.stop = threading.Event()
        self.words = "starting"

    def of(self, state: State) -> bool:
        """Whether it is of the traces that are shown."""
        return self.c is state.c_trace and self.py is state.py_trace


@dataclass(frozen=True, eq=False)
class RunProgress:
    """What the thread of a run does now."""

    run: Run
    words: str


@dataclass(frozen=True, eq=False)
class Diagnosed:
    """The thread of a run has ended; without a result, because it was stopped."""

    run: Run
    result: DiagnosisResult | None


@dataclass(frozen=True, eq=False)
class NotDiagnosed:
    """The thread of a run has failed, and why."""

    run: Run
    sentence: str
