"""Controller of the diagnosis screen: diagnoses on request, or automatically while idle."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.diagnosis.actions import DIAGNOSIS_ACTIONS
from nbtui.console.diagnosis.jobs import Diagnosed, NotDiagnosed, Run, RunProgress, Stopped
from nbtui.console.diagnosis.state import DiagnosisState
from nbtui.console.jobs import NAME, start
from nbtui.console.main import state as states
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.cause_summary import MANY_STEPS, current, diagnosable, gap_of, steps_of
from nbtui.console.main.kept_diagnosis import KeptDiagnosis
from nbtui.console.main.live_causes import LiveCauses, of_answer
from nbtui.console.main.pair import Compared
from nbtui.console.main.screen_controller import ScreenController
from nbtui.console.main.state import Phase, State
from nbtui.console.terminal.loop import in_loop
from nbtui.errors import UnusableInput
from nbtui.live.model import Case, reference_settings
from nbtui.live.parameters import tuning as tunings
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from textual.timer import Timer

    from nbtui.console.diagnosis.screen import DiagnosisScreen
    from nbtui.console.main.host import Host
    from nbtui.diagnosis.answer import Diagnosis
    from nbtui.diagnosis.explain.causes import Cause
    from nbtui.trace.model import Trace

TELL_EVERY = 0.3  # s between progress messages
RESTED = 0.4  # s of idle time before an automatic diagnosis
AFTER_A_KEY = 0.15  # s after a key press during which a background diagnosis pauses
NO_COMMAND = "no command line was given; add the run's flags: nbtui open C_LOG PY_LOG -- FLAGS"
BEFORE = "nothing differs now; this explained the difference before"
OF_LOG = "C and live agree; this explains the difference of your log"
_NAP = 0.01  # s


def case_of(state: State) -> Case | None:
    """The case behind C's log: the initial one, regardless of later changes, with its C log."""
    case = state.case
    if case is None:
        return None
    if state.tuning is not None:
        case = replace(state.tuning.case, pixel=case.pixel)
    if state.elsewhere:  # C's log and terms are of another pixel
        return replace(case, c_log=None, c_terms=None)
    origin = Path(state.c_trace.origin) if state.c_trace is not None else None
    return replace(case, c_log=origin) if case.c_log is None and origin is not None and origin.is_file() else case


def refusal(state: State) -> str:
    """Why a diagnosis is impossible now, with the remedy; else empty."""
    if state.reference is None:
        return "a diagnosis needs a reference; the simulation that stands in for C has not ended"
    if state.shown is Compared.LOG_LIVE:
        return f"a diagnosis compares with C; {ACTIONS.key('pair')} shows C beside your log or live"
    return "the second side is not there yet" if state.pending else ""


def explained_before(state: State) -> KeptDiagnosis | None:
    """The last diagnosis, where the two sides now agree and it found a difference from the same reference."""
    found, now = state.diagnosed, state.comparison
    if found is None or now is None or not now.agrees or found.c is not state.reference:
        return None
    return found if found.diagnosis.differs and current(state) is None else None


def wanted(state: State) -> bool:
    """Whether the current difference calls for an automatic diagnosis."""
    if (
        state.case is None
        or state.elsewhere
        or refusal(state)
        or state.phase is not Phase.READY
        or current(state) is not None
    ):
        return False
    if state.comparison is None or state.comparison.first_divergence is None:
        return False
    if state.shown is Compared.REFERENCE_LIVE and state.causes is not None:
        return False  # known: the causes put there
    return steps_of(state) <= MANY_STEPS


def _of_case(case: Case, c: Trace, py: Trace, reports: Path, tell: Callable[[str], None]) -> Diagnosis:
    from nbtui.diagnosis.diagnose import diagnose  # imports the simulator
    from nbtui.evidence.check.stale import seen_before

    found = diagnose(case, c, py, tell=tell)
    stale = seen_before(case, c, py, reports)
    return replace(found, preflight=(*stale, *found.preflight)) if stale else found


def _of_logs(c: Trace, py: Trace) -> Diagnosis:
    from nbtui.diagnosis.without_simulation import diagnose_from_logs

    return diagnose_from_logs(c, py, NO_COMMAND)


class DiagnosisController(ScreenController):
    """Opens the diagnosis screen, and diagnoses on request, or in the background while idle."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._screen: DiagnosisScreen | None = None
        self._run: Run | None = None
        self._tried: Run | None = None  # the last finished run, successful or not
        self._resting: Timer | None = None

    def open(self) -> None:
        """Show the screen with the existing diagnosis or a new one."""
        problem = refusal(self.host.state)
        if problem:
            self.host.tell(problem)
            return
        from nbtui.console.diagnosis.screen import DiagnosisScreen  # deferred past the first paint

        run = self._run
        if run is not None and run.of(self.host.state):
            run.quiet = False  # the user is waiting for it now
            opened = DiagnosisState(progress=run.words)
        else:
            before = explained_before(self.host.state)
            told = "" if before is None else OF_LOG if before.py is self.host.state.suspect else BEFORE
            opened = DiagnosisState(diagnosed=before or current(self.host.state), message=told)
        self._screen = DiagnosisScreen(self, opened)
        self.host.push_screen(self._screen, self._left)

    def follow(self) -> None:
        """Follow a new state: stop an obsolete run, and schedule an automatic diagnosis once idle."""
        now = self.host.state
        if self._run is not None and not self._run.of(now):
            self.stop()
        if self._screen is not None:
            self._screen.update()
        elif self._due(now) and self._resting is None:
            self._resting = self.host.set_timer(RESTED, self._rested)

    def close(self) -> None:
        self.stop()

    def _due(self, state: State) -> bool:
        tried = self._tried is not None and self._tried.of(state)
        return self.host.diagnoses and self._run is None and not tried and wanted(state)

    def _rested(self) -> None:
        self._resting = None
        now = self.host.state
        if self._screen is not None or not self._due(now):
            return
        busy = time.monotonic() - self.host.key_at < RESTED or len(self.host.screen_stack) > 1
        if busy:
            self._resting = self.host.set_timer(RESTED, self._rested)
        else:
            self.begin(quiet=True)

    # --- a run -------------------------------------------------------------------------------------------------------

    def begin(self, quiet: bool = False) -> str:
        """Start a diagnosis of the current traces; returns why that is impossible, else an empty text."""
        state = self.host.state
        case, c, py, gap = case_of(state), state.reference, diagnosable(state), gap_of(state)
        problem = refusal(state) or ("a simulation is running; wait for it" if state.phase is Phase.SIMULATING else "")
        if problem or c is None or py is None:
            return problem
        self.stop()
        self._run = run = Run(c, py, quiet=quiet)
        reports, tell = self.host.reports, self._teller(run)
        done, failed = in_loop(self.host, self._diagnosed), in_loop(self.host, self._not_diagnosed)

        def job() -> Diagnosed:
            began = time.perf_counter()
            try:
                found = _of_logs(c, py) if case is None else _of_case(case, c, py, reports, tell)
            except Stopped:
                return Diagnosed(run, None)
            return Diagnosed(run, KeptDiagnosis(found, c, py, time.perf_counter() - began, gap))

        start(job, done, lambda failure: failed(NotDiagnosed(run, failure.sentence)), NAME)
        return ""

    def stop(self) -> None:
        """Cancel the current run."""
        if self._run is not None:
            self._run.stop.set()
            self._tried, self._run = self._run, None

    def _progress(self, event: RunProgress) -> None:
        if event.run is self._run:
            event.run.words = event.words
            if self._screen is not None:
                self._screen.progress(event.words)

    def _diagnosed(self, event: Diagnosed) -> None:
        if event.run is self._run and event.result is not None:
            self._tried, self._run = event.run, None
            if self._screen is not None:
                self._screen.found(event.result)
            self.host.show(replace(self.host.state, diagnosed=event.result))
            self._imitate(event.result)

    def _imitate(self, result: KeptDiagnosis) -> None:
        """Put the causes of the best answer on the live side, which then is your log."""
        now, found = self.host.state, result.diagnosis
        if result.py is not now.suspect or not now.can_simulate or not found.hypotheses or now.busy:
            return
        if now.tuning is not None and now.tuning.changed:
            return  # the user has set the live side himself
        causes = of_answer(found, found.hypotheses[0])
        if causes is not None:
            self._put(causes)

    def _put(self, causes: LiveCauses) -> None:
        """Simulate the live side with these causes, on top of C's own rules."""
        now = self.host.state
        mode = "c-parity" if now.case is None else reference_settings(now.case).phi_mode
        settings = replace(now.settings, phi_mode=mode, quirks=())
        self.host.show(states.asked(replace(now, causes=causes), settings))
        self.host.simulate(reuse=True)

    def _not_diagnosed(self, event: NotDiagnosed) -> None:
        if event.run is self._run:
            self._tried, self._run = event.run, None
            if self._screen is not None:
                self._screen.not_found(event.sentence)

    def _teller(self, run: Run) -> Callable[[str], None]:
        """A progress callback for the thread: rate-limited, and raising `Stopped` after cancellation."""
        last = -TELL_EVERY
        progress = in_loop(self.host, self._progress)

        def tell(words: str) -> None:
            nonlocal last
            while run.quiet and not run.stop.is_set() and time.monotonic() - self.host.key_at < AFTER_A_KEY:
                time.sleep(_NAP)
            if run.stop.is_set():
                raise Stopped
            now = time.monotonic()
            if now - last >= TELL_EVERY:
                last = now
                progress(RunProgress(run, words))

        return tell

    # --- what the screen asks for ------------------------------------------------------------------------------------

    def apply(self, state: DiagnosisState) -> tuple[bool, str]:
        """Apply the cause under the cursor to the live side; returns success and a message."""
        from nbtui.diagnosis.explain.remedy import remedy

        now, tuning, cause = self.host.state, self.host.tuning(), state.cause
        if cause is None or state.diagnosed is None or tuning is None:
            return False, "there is no cause to apply"
        if now.phase not in (Phase.READY, Phase.FAILED):
            return False, "a simulation is running; wait for it"
        if now.has_log and now.shown is not Compared.REFERENCE_LIVE:
            return self._step(state, cause)
        asked = remedy(cause, state.diagnosed.diagnosis.faulty_side, tuning)
        if not asked.possible:
            return False, asked.sentence
        try:
            for id in asked.restored:
                tuning = tunings.restored(tuning, id)
            for edit in asked.edits:
                tuning = tunings.put(tuning, edit)
        except UnusableInput as error:
            return False, clean(str(error))
        if tuning.waiting:
            self.host.tune(tuning)
        else:
            return False, "already in effect"
        return True, asked.sentence

    def _step(self, state: DiagnosisState, cause: Cause) -> tuple[bool, str]:
        """Put a cause on the live side; where it is there, take one of its parts away."""
        now = self.host.state
        assert state.diagnosed is not None
        causes = of_answer(state.diagnosed.diagnosis, cause)
        if causes is None:
            return False, "this cause cannot be simulated; the two logs alone show it"
        here = now.causes
        if here is not None and here.order == causes.order:
            causes = here.by(1)
            if causes == here:
                return (
                    False,
                    f"live = C as simulated: every cause is taken away; {DIAGNOSIS_ACTIONS.key('undo')} goes back",
                )
        self._put(causes)
        return True, f"live = {causes.sentence}"

    def back_to(self, before: State) -> None:
        """Restore the state before a cause was applied; running simulations become stale."""
        now = self.host.state
        self.host.show(replace(before, generation=now.generation + 1, message="", history=now.history, files=now.files))

    def _left(self, result: None) -> None:
        self._screen = None
        if self._run is not None and self.host.diagnoses:
            self._run.quiet = True  # it may continue behind the main screen
        else:
            self.stop()
