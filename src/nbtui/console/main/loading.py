"""Loading in threads: read and compare the logs, then simulate the pixel."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from rich.text import Text

from nbtui.console.jobs import NAME, Failure, Progress, Work, start
from nbtui.console.main import state as states
from nbtui.console.main import stepping
from nbtui.console.main.host import Host
from nbtui.console.main.jobs import (
    NO_TRACE,
    Judgement,
    LogRead,
    LogsRead,
    Origin,
    Simulated,
    read_c,
    read_logs,
    simulate_and_compare,
)
from nbtui.console.main.pair import Compared
from nbtui.console.main.refresh import arrived, made_already
from nbtui.console.main.simulated import simulated
from nbtui.console.main.state import Phase
from nbtui.console.terminal.loop import in_loop
from nbtui.errors import INTERRUPTED
from nbtui.parity.model import Comparison
from nbtui.trace.model import Trace

MARKED_FOR = 2.5  # seconds for which changed values stay marked


class Loader:
    """Starts the jobs of the main screen; each result updates the state in its own method."""

    def __init__(self, host: Host, judgement: Judgement) -> None:
        self._host, self._judgement = host, judgement
        self._work = self.new_work()

    # --- jobs ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Read C's log after the first paint; skip it if both logs were given or all results are present."""
        state = self._host.state
        if state.phase is Phase.READY:
            return
        if state.comparison is not None:
            self._after_reading()
            return
        path = state.case.c_log if state.case else None
        judgement, work, logs, c = self._judgement, self.new_work(), state.logs, state.c_trace
        failed = in_loop(self._host, partial(self._failed, state.generation))
        one = in_loop(self._host, partial(self._log_read, state.generation))
        if logs is not None:
            both = in_loop(self._host, partial(self._logs_read, state.generation))
            phi, case, settings = state.origin.phi, state.case, state.settings
            start(lambda: read_logs(logs, phi, judgement, work, case, settings), both, failed, NAME)
        elif c is not None:
            start(lambda: LogRead(c, judgement.compare(c, NO_TRACE, work)), one, failed, NAME)
        else:
            start(lambda: read_c(path, judgement, work), one, failed, NAME)

    def simulate(self, *, reuse: bool = False) -> None:
        """Simulate what the state asks for; ``reuse`` the current simulation if it matches the request."""
        now = self._host.state
        if now.case is None:
            return
        case, c = now.case, now.c_here
        if now.elsewhere:  # C's terms belong to another pixel
            case = replace(case, c_terms=None)
        of_reference = now.tuning.case if now.tuning is not None else case  # without changed parameters
        origin = Origin(c, replace(of_reference, pixel=case.pixel), now.stand_in)
        settings, generation, judgement = now.settings, now.generation, self._judgement
        suspect, shown, causes = None if now.elsewhere else now.suspect, now.shown, now.causes
        made, work = made_already(now) if reuse else None, self.new_work()

        def job() -> Simulated:
            return simulate_and_compare(
                case,
                settings,
                generation,
                origin,
                judgement,
                work,
                suspect=suspect,
                shown=shown,
                causes=causes,
                made=made,
            )

        failed = in_loop(self._host, partial(self._failed, generation))
        start(job, in_loop(self._host, self._simulated), failed, NAME)

    def show_pair(self, shown: Compared) -> None:
        """Compare another pair of sides, in a thread where its comparison is not made yet."""
        now = self._host.state
        made = now.others.get(shown)
        wanted = replace(now, shown=shown)
        if made is not None or wanted.left is None or wanted.right is None:
            self._host.show(states.paired(now, shown, made))
            return
        left, right, named, judgement, work = wanted.left, wanted.right, wanted.named, self._judgement, self.new_work()

        def done(comparison: Comparison) -> None:
            here = self._host.state
            if here.generation == now.generation:
                self._host.show(replace(states.paired(here, shown, comparison), progress=""))

        failed = in_loop(self._host, partial(self._failed, now.generation))
        start(lambda: judgement.compare(left, right, work, named), in_loop(self._host, done), failed, NAME)

    def new_work(self) -> Work:
        """Work for the next job: reports its progress; Esc stops it."""
        self._work = Work(in_loop(self._host, partial(self._progress, self._host.state.generation)))
        return self._work

    def stop(self) -> None:
        """Discard the result of the current job."""
        self._work.stop()

    # --- results -------------------------------------------------------------------------------------------------

    def _progress(self, generation: int, progress: Progress) -> None:
        if generation == self._host.state.generation:
            self._host.show(replace(self._host.state, progress=progress.sentence))

    def _log_read(self, generation: int, read: LogRead) -> None:
        if generation == self._host.state.generation:
            state = states.compared(self._host.state, read.comparison)
            self._read(replace(state, c_trace=_or_none(read.c)))

    def _logs_read(self, generation: int, read: LogsRead) -> None:
        if generation == self._host.state.generation:
            state = states.compared(self._host.state, read.comparison)
            c = None if read.stand_in is not None else _or_none(read.c)
            self._read(replace(state, c_trace=c, stand_in=read.stand_in, suspect=read.py))

    def _read(self, state: states.State) -> None:
        self._host.show(replace(state, progress=""))
        self._host.call_after_refresh(self._after_reading)

    def _after_reading(self) -> None:
        state = self._host.restored(self._host.state, last=not self._host.state.can_simulate)
        if state.can_simulate:
            self._host.show(states.asked(state, state.settings))
            self._host.call_after_refresh(self.simulate)
        else:
            self._host.show(replace(state, phase=Phase.READY))

    def _simulated(self, result: Simulated) -> None:
        before = self._host.state
        after = simulated(
            before, result.generation, result.simulation, result.made, result.contributions, result.stand_in
        )
        if after is not before:
            read = after.files.read
            after = self._host.restored(arrived(after), last=True)
            if after.changed and not read:  # the effect of a file change can be viewed later
                self._host.set_timer(MARKED_FOR, partial(self._unmark, after.generation))
        self._host.show(stepping.caught_up(after))

    def _unmark(self, generation: int) -> None:
        if generation == self._host.state.generation:
            self._host.show(replace(self._host.state, changed=frozenset()))

    def _failed(self, generation: int, failure: Failure) -> None:
        state = self._host.state
        if state.logs is not None and state.comparison is None and failure.code != INTERRUPTED:
            # nothing to show
            self._host.exit(failure.code, message=Text(f"nbtui: {failure.sentence}"))
        self._host.show(states.failed(state, generation, failure.sentence, failure.code))


def _or_none(trace: Trace) -> Trace | None:
    return None if trace is NO_TRACE else trace
