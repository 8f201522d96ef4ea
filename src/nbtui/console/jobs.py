"""Slow work off the screen's thread. A job returns a frozen result; what goes wrong becomes a sentence.

Threads of our own rather than Textual's workers: asyncio waits for its executor when the app ends, and nobody who
presses q should wait for a long simulation.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.main.actions import key_of
from nbtui.console.main.contributions import Contributions, arrange
from nbtui.console.main.dependencies import repeats_last_step
from nbtui.errors import INTERRUPTED, NbtuiError
from nbtui.live.c_terms import terms_of_c
from nbtui.live.model import Case, Settings, Simulation, TermTable
from nbtui.parity.compare import CompareCancelled, compare
from nbtui.parity.model import Comparison
from nbtui.parity.profiles import Profile
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import ReadCancelled, read_trace
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.evidence.history import Entry


@dataclass(frozen=True)
class Judgement:
    """How traces are compared."""

    profile: str
    tolerance: float | None
    profiles: dict[str, Profile]

    def compare(self, c: Trace, py: Trace, work: Work | None = None) -> Comparison:
        if work is None:
            return compare(c, py, self.profile, self.tolerance, self.profiles)
        found = compare(
            c, py, self.profile, self.tolerance, self.profiles, progress=work.compared, cancelled=work.stopped
        )
        repeats_last_step(c)  # a million phi lines: not while they are painted
        return found


TELL_EVERY = 0.2  # s between two sentences of a job
NAME = "nbtui-job"  # of the threads that nobody waits for
NO_TRACE = Trace(side="?", origin="", records=())


@dataclass(frozen=True)
class Failure:
    """A job failed: a sentence with the way out, and the exit code that goes with it."""

    sentence: str
    code: int


@dataclass(frozen=True)
class Progress:
    """How far a job is, as a sentence without an end."""

    sentence: str


class Work:
    """What a job says while it runs, and whether somebody still waits for it. ``tell`` gets a `Progress`."""

    def __init__(self, tell: Callable[[object], None]) -> None:
        self._tell = tell
        self._stop = threading.Event()
        self._next = 0.0

    def stop(self) -> None:
        """Nobody waits any more."""
        self._stop.set()

    def stopped(self) -> bool:
        return self._stop.is_set()

    def say(self, sentence: str) -> None:
        """How far it is; the screen is told a few times a second."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + TELL_EVERY
            self._tell(Progress(sentence))

    def read(self, path: Path) -> Trace:
        """As `read_trace`."""
        name = clean(path.name)

        def progress(done: int, size: int) -> None:
            self.say(f"reading {name}: {done / 1e6:,.0f} of {size / 1e6:,.0f} MB")

        return read_trace(path, progress=progress, cancelled=self.stopped)

    def compared(self, done: int, of: int) -> None:
        self.say(f"comparing: {done:,} of {of:,} values")


@dataclass(frozen=True)
class LogsRead:
    """Two given logs are there and compared."""

    c: Trace
    py: Trace
    comparison: Comparison


@dataclass(frozen=True)
class LogRead:
    """The C log is there. ``comparison`` is against an empty Python side, or the given one."""

    c: Trace
    comparison: Comparison


@dataclass(frozen=True)
class Simulated:
    """A simulation has ended."""

    generation: int
    simulation: Simulation
    comparison: Comparison | None
    contributions: Contributions


@dataclass(frozen=True)
class Exported:
    """A package was written."""

    path: Path


@dataclass(frozen=True)
class Remembered:
    """The packages of the reports folder, oldest first."""

    history: tuple[Entry, ...]


def remember(reports: Path) -> Remembered:
    """Read every package below ``reports``, with all their fields."""
    from nbtui.evidence.history import history
    from nbtui.evidence.read.folder import find_packages
    from nbtui.evidence.read.package import read_package

    return Remembered(history(read_package(path) for path in find_packages(reports)))


def read_c(path: Path | None, judgement: Judgement, work: Work) -> LogRead:
    """Read the C log of a case; a case without one has an empty C side."""
    c = work.read(path) if path is not None else NO_TRACE
    return LogRead(c, judgement.compare(c, NO_TRACE, work))


def read_logs(logs: tuple[Path, Path], judgement: Judgement, work: Work) -> LogsRead:
    """Read and compare two given logs."""
    c, py = map(work.read, logs)
    return LogsRead(c, py, judgement.compare(c, py, work))


def simulate_and_compare(
    case: Case,
    settings: Settings,
    generation: int,
    c: Trace,
    judgement: Judgement,
    work: Work,
    *,
    py_given: bool,
    made: Simulation | None = None,
) -> Simulated:
    """Simulate the pixel (unless ``made``), compare it with ``c`` and arrange the contributions beside C's terms."""
    from nbtui.live.session import simulate  # imports torch when called: never before the first paint

    simulation = made or simulate(case, settings)
    terms, problem = _c_terms(case, c)
    contributions = arrange(simulation, terms, problem, c.phi)
    for side in (contributions.py, contributions.c):
        if side is not None:
            side.prepare()
    comparison = None if py_given else judgement.compare(c, simulation.trace, work)
    return Simulated(generation, simulation, comparison, contributions)


def _c_terms(case: Case, c: Trace) -> tuple[TermTable | None, str]:
    """C's terms, or why there are none; an unusable file must not hide the pixel itself."""
    try:
        return terms_of_c(case, c)[0], ""
    except TraceError as error:
        return None, clean(str(error))


def explained(error: BaseException) -> Failure:
    """An exception as a sentence. What was not foreseen is named by its kind, with the way to report it."""
    if isinstance(error, NbtuiError):
        return Failure(clean(str(error)), error.exit_code)
    if isinstance(error, ReadCancelled | CompareCancelled):
        return Failure(f"{clean(str(error))}; {key_of('reload')} begins again", INTERRUPTED)
    if isinstance(error, TraceError):
        return Failure(clean(str(error)), 2)
    if isinstance(error, OSError):
        name = clean(str(error.filename)) if error.filename else "a file"
        return Failure(f"{name}: {clean(error.strerror or str(error))}; check the path and its permissions", 2)
    reason = clean(str(error)) or "no reason given"
    return Failure(f"internal error, please report it: {type(error).__name__}: {reason}", 3)


def start(job: Callable[[], object], done: Callable[[object], None], name: str) -> threading.Thread:
    """Run ``job`` in a thread of its own and hand its result, or a :class:`Failure`, to ``done``."""

    def run() -> None:
        try:
            result: object = job()
        except Exception as error:
            result = explained(error)
        done(result)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
