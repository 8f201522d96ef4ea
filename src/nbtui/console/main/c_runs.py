"""A run of the user's own C program on the current pixel; its log takes the place of the simulated reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from nbtui.console.jobs import Failure, start
from nbtui.console.main import state as states
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.host import Host
from nbtui.console.main.jobs import Judgement
from nbtui.console.main.pair import Compared
from nbtui.console.main.state import State
from nbtui.console.terminal.loop import in_loop
from nbtui.errors import NbtuiError, NotWritten, UnusableInput
from nbtui.live.c_program import find_program, run_c_program
from nbtui.live.model import Case
from nbtui.parity.model import Comparison
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import read_trace
from nbtui.trace.text import clean

FOLDER = "c-logs"  # below the reports
THREAD = "nbtui-c-run"


@dataclass(frozen=True)
class CRun:
    """A finished run: its log, for one pixel."""

    path: Path
    trace: Trace
    pixel: tuple[int, int]
    comparison: Comparison | None = None  # with the user's log, where that is shown


def run(case: Case, reports: Path, say: Callable[[str], None]) -> CRun:
    """Run the C program that NB_C_BIN names on the pixel of ``case``, and keep its log below ``reports``.

    Raises:
        UnusableInput, SimulationFailed, TraceError: the program, the case or the log is unusable.
        NotWritten: the log cannot be kept.
    """
    if case.pixel is None:
        raise UnusableInput("no pixel to run the C program on")
    program = find_program(None)
    path = _free(reports / FOLDER, f"{Path(case.name).name}_{case.pixel[0]}_{case.pixel[1]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x+b") as log:
            try:
                run_c_program(program, case, log, say=say)
            except NbtuiError:
                path.unlink()
                raise
    except OSError as error:
        raise NotWritten(f"{clean(str(path))}: {error.strerror}") from error
    return CRun(path, replace(read_trace(path), pixel=case.pixel), case.pixel)


def _free(folder: Path, name: str) -> Path:
    """A path that no file has: nothing is overwritten."""
    number, path = 1, folder / f"{name}.log"
    while path.exists():
        number += 1
        path = folder / f"{name}_{number}.log"
    return path


class CRunner:
    """Runs the C program in a thread, one run at a time."""

    def __init__(self, host: Host, judgement: Judgement) -> None:
        self._host, self._judgement = host, judgement
        self._running = False

    def run(self) -> None:
        """Run it on the current pixel, unless a C log is there."""
        now = self._host.state
        if now.case is None or now.pixel is None:
            self._host.tell("a run of the C program needs the command line: nbtui open C_LOG LOG -- FLAGS")
            return
        if now.c_here is not None and not now.c_here.simulated:
            self._host.tell("the C log of this pixel is here already")
            return
        if self._running:
            self._host.tell("the C program is running")
            return
        self._running = True
        case = replace(now.tuning.case if now.tuning is not None else now.case, pixel=now.pixel)
        reports, say = self._host.reports, in_loop(self._host, self._host.tell)
        self._host.tell("the C program is running; the console goes on")
        done, failed = in_loop(self._host, self._done), in_loop(self._host, self._failed)
        judgement, log = self._judgement, now.suspect if now.shown is Compared.REFERENCE_LOG else None

        def job() -> CRun:
            found = run(case, reports, say)
            return found if log is None else replace(found, comparison=judgement.compare(found.trace, log))

        start(job, done, failed, THREAD)

    def _done(self, found: CRun) -> None:
        self._running = False
        state = _with_run(self._host.state, found)
        self._host.show(state)
        if state.pixel == found.pixel:
            self._host.show(states.asked(state, state.settings))
            self._host.simulate(reuse=True)

    def _failed(self, failure: Failure) -> None:
        self._running = False
        self._host.tell(f"no C log: {failure.sentence}")


def _with_run(state: State, found: CRun) -> State:
    """The log in the place of the simulated reference; comparisons with that are void."""
    message = f"C log of slow {found.pixel[0]} fast {found.pixel[1]}: {found.path}; {ACTIONS.key('logs')} shows it"
    there = replace(state, ran={**state.ran, found.pixel: found.trace}, others={}, message=message)
    if found.comparison is None or state.pixel != found.pixel:
        return there
    return states.compared(there, found.comparison)
