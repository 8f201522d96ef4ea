"""Reloading of the files behind the screen: watch them, read changed ones, report and mark the changed values."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from nbtui.console.jobs import NAME, Failure, Work, explained, start
from nbtui.console.main import freshness
from nbtui.console.main import state as states
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.host import Host
from nbtui.console.main.jobs import NO_TRACE, Judgement, read_suspect
from nbtui.console.main.pair import Compared
from nbtui.console.main.state import Phase, State
from nbtui.console.terminal.loop import in_loop
from nbtui.errors import UnusableInput
from nbtui.live import cases
from nbtui.live.cases import C_LOG, C_TERMS
from nbtui.live.files import EVERY, SHARE, FileChange, Lookout
from nbtui.live.model import Case, Simulation
from nbtui.live.parameters import tuning
from nbtui.parity.model import Comparison
from nbtui.paths import COMMAND_FILE
from nbtui.trace.model import Trace


def opened(state: State) -> Case | None:
    """The case at the start of nbtui; a case with changed parameters has no folder."""
    return state.tuning.case if state.tuning is not None else state.case


def c_log(state: State) -> Path | None:
    """C's log, or its expected path."""
    case = opened(state)
    if state.logs is not None and state.logs[0] is not None:
        return state.logs[0]
    if case is not None and (case.c_log is not None or case.folder is not None):
        return case.c_log or (case.folder / C_LOG if case.folder else None)
    return Path(state.c_trace.origin) if state.c_trace is not None else None


def py_log(state: State) -> Path | None:
    """The log named by the user."""
    return state.logs[1] if state.logs else Path(state.suspect.origin) if state.suspect is not None else None


def command_file(state: State) -> Path | None:
    """File with the command line of the case."""
    case = opened(state)
    return case.folder / COMMAND_FILE if case is not None and case.folder is not None else None


def c_terms(state: State) -> Path | None:
    """C's terms, or their expected path; only with a case to step through."""
    case, log = opened(state), c_log(state)
    if case is None:
        return None
    return case.c_terms or (log.with_name(C_TERMS) if log is not None else None)


def followed(state: State) -> frozenset[Path]:
    """All files behind the screen, existing or not."""
    found = {c_log(state), py_log(state), state.origin.phi, command_file(state), c_terms(state)}
    if state.simulation is not None:
        found |= set(state.simulation.input_files)
    return frozenset(path for path in found if path is not None)


def due(state: State) -> frozenset[Path]:
    """Files to read again now."""
    resting = state.phase in (Phase.READY, Phase.FAILED)
    return state.files.waiting if resting and not state.files.frozen else frozenset()


def arrived(state: State) -> State:
    """Report and mark the changes after the comparison of the reloaded files."""
    files, now = state.files, state.comparison
    if not files.read or now is None:
        return state
    shown = replace(state, files=replace(files, read=frozenset(), before=None))
    if files.before is None:
        return replace(shown, message=f"{freshness.names(files.read)} read")
    c_side, py_side = freshness.differences(files.before, now)
    effect = freshness.effect(files.before, now, len(c_side), len(py_side))
    words = f"{freshness.names(files.read)} read again: {effect}"
    return replace(shown, changed=py_side, changed_c=c_side, message=words)


def made_already(state: State) -> Simulation | None:
    """The current simulation, if it matches the request."""
    made, case = state.simulation, state.case
    if made is None or case is None:
        return None
    same = (made.case.argv, made.pixel, made.settings) == (case.argv, case.pixel, state.settings) and not made.causes
    return made if same else None


# --- reading again ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Reread:
    """Results of reloading; None for a file not read. ``comparison``: of the two logs, if both are named."""

    c: Trace | None = None
    py: Trace | None = None
    case: Case | None = None
    comparison: Comparison | None = None


def reread(state: State, paths: frozenset[Path], judgement: Judgement, work: Work) -> Reread:
    """Read the files among ``paths`` that hold a log or the command line; the simulator reads its own inputs.

    Raises TraceError or UnusableInput for a changed file that cannot be used.
    """
    log, py_path, case = c_log(state), py_log(state), opened(state)
    c = work.read(log) if log in paths and log is not None else None
    phi = state.origin.phi
    py = read_suspect(py_path, phi, work) if py_path is not None and paths & {py_path, phi} else None
    again = cases.read_again(case) if command_file(state) in paths and case is not None else None
    suspect = py or state.suspect
    comparison = None
    if suspect is not None:
        comparison = judgement.compare(c or state.reference or NO_TRACE, suspect, work)
    return Reread(c, py, again, comparison)


def taken(state: State, read: Reread) -> State:
    """State with the reloaded values; the simulation is still to follow."""
    files = replace(state.files, reading=frozenset(), read=state.files.reading)
    now = replace(state, c_trace=read.c or state.c_trace, suspect=read.py or state.suspect, files=files, progress="")
    if read.c is not None or read.py is not None or read.case is not None:
        now = replace(now, causes=None)  # of other traces
    if read.c is not None and now.case is not None and now.case.c_log is None:
        now = _with_case(now, lambda case: replace(case, c_log=c_log(state)))
    if read.case is not None:
        now = _with_command(now, read.case)
    if read.comparison is None:
        return now
    if now.shown is Compared.REFERENCE_LOG:
        return states.compared(now, read.comparison)
    return replace(now, others={**now.others, Compared.REFERENCE_LOG: read.comparison})


def _with_case(state: State, change: Callable[[Case], Case]) -> State:
    """Apply a change to the current case and to the case at the start."""
    kept = None if state.tuning is None else replace(state.tuning, case=change(state.tuning.case))
    return replace(state, case=change(state.case) if state.case else None, tuning=kept)


def _with_command(state: State, case: Case) -> State:
    """Apply a new command line of the folder and repeat the parameter changes on it.

    Raises:
        UnusableInput: a parameter change conflicts with the new command line.
    """
    if state.tuning is None:
        return replace(state, case=case)
    kept = tuning.rebased(state.tuning, case)
    return replace(state, tuning=replace(kept, asked=kept.now), case=kept.of(case))


class Refresher:
    """Watches the files behind the screen in a thread, and reloads changed ones."""

    def __init__(self, host: Host, judgement: Judgement, new_work: Callable[[], Work]) -> None:
        self._host, self._judgement, self._new_work = host, judgement, new_work
        self._lookout = Lookout()
        self._looking = threading.Lock()
        self._ended = threading.Event()

    def begin(self) -> None:
        """Start watching the files, in a thread."""
        threading.Thread(target=self._watch, name="nbtui-files", daemon=True).start()

    def close(self) -> None:
        """Stop watching the files."""
        self._ended.set()

    def _watch(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            began = time.monotonic()
            self.look()
            pause = max(EVERY, SHARE * (time.monotonic() - began))

    def look(self) -> None:
        """Check the files once, and report changes."""
        with self._looking:
            self._lookout.follow(followed(self._host.state))
            change = self._lookout.look()
        if change:
            in_loop(self._host, self._noticed)(change)

    def _noticed(self, change: FileChange) -> None:
        """Queue changed files for reloading after the current job, unless reloading is paused."""
        now = self._host.state
        files = freshness.changed(now.files, change.changed, change.gone)
        message = now.message
        if change.gone:
            message = f"gone: {freshness.names(change.gone)}; showing the previous result"
        self._host.show(replace(now, files=files, message=message))

    def follow(self) -> None:
        """Read the due files after every new state."""
        paths = due(self._host.state)
        if paths:
            self._read(paths)

    def _read(self, paths: frozenset[Path]) -> None:
        now = self._host.state
        before = None if now.pending else now.comparison
        asked = replace(states.asked(now, now.settings), phase=Phase.READING)
        self._host.show(replace(asked, files=freshness.begun(now.files, paths, before)))
        judgement, work = self._judgement, self._new_work()
        done = in_loop(self._host, partial(self._reread, asked.generation))
        failed = in_loop(self._host, partial(self._failed, asked.generation))
        start(lambda: reread(now, paths, judgement, work), done, failed, NAME)

    def _reread(self, generation: int, read: Reread) -> None:
        now = self._host.state
        if generation != now.generation:
            self._interrupted()
            return
        try:
            after = taken(now, read)
        except UnusableInput as error:
            self._failed(generation, explained(error))
        else:
            self._taken(after, now.files.reading, logs=read.comparison is not None)

    def _failed(self, generation: int, failure: Failure) -> None:
        """Report a changed file that cannot be used; keep the previous result."""
        now, sentence = self._host.state, failure.sentence
        if generation != now.generation:
            self._interrupted()
            return
        kept = replace(now, files=replace(now.files, reading=frozenset(), before=None, problem=sentence), progress="")
        if now.comparison is None or now.pending:
            self._host.show(states.failed(kept, now.generation, sentence, 2))
        else:
            self._host.show(replace(kept, phase=Phase.READY, message=f"{sentence}; showing the previous result"))

    def _interrupted(self) -> None:
        now = self._host.state
        self._host.show(replace(now, files=freshness.interrupted(now.files)))

    def _taken(self, state: State, reading: frozenset[Path], *, logs: bool) -> None:
        if logs:  # two logs: the comparison is complete
            state = arrived(state)
        if not state.can_simulate:
            self._host.show(replace(state, phase=Phase.READY))
            return
        inputs = reading - {c_log(state), py_log(state), state.origin.phi, c_terms(state)}
        self._host.show(replace(state, phase=Phase.SIMULATING))
        self._host.simulate(reuse=not inputs)

    # --- actions -----------------------------------------------------------------------------------------------------

    def freeze(self) -> None:
        """Pause automatic reloading, or resume it."""
        now = self._host.state
        frozen = not now.files.frozen
        words = (
            f"automatic reloading paused; {ACTIONS.key('freeze')} resumes it"
            if frozen
            else "automatic reloading resumed"
        )
        self._host.show(replace(now, files=replace(now.files, frozen=frozen), message=words))

    def reload(self) -> None:
        """Read all files again, changed or not, even if reloading is paused."""
        now = self._host.state
        paths = frozenset(path for path in followed(now) if path.is_file())
        if now.phase not in (Phase.READY, Phase.FAILED):
            self._host.show(replace(now, message="already reading or simulating"))
        elif not paths:
            self._host.show(replace(now, message="no file to reload"))
        else:
            self._read(paths)
