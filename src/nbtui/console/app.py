"""The console: a thin shell that turns keys and finished jobs into new states and lets the panes draw them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from nbtui.console import jobs
from nbtui.console.diagnosis.controller import Diagnosed, DiagnosisController, Progress
from nbtui.console.main import jumping, pointing, searching, stepping
from nbtui.console.main import state as moves
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.cursor_actions import MOVES
from nbtui.console.main.exporting import export
from nbtui.console.main.jobs import (
    NO_TRACE,
    Exported,
    Judgement,
    LogRead,
    LogsRead,
    Remembered,
    Simulated,
    read_c,
    read_logs,
    simulate_and_compare,
)
from nbtui.console.main.panes import detail, fields
from nbtui.console.main.refresh import Ended, Refresher, arrived, made_already
from nbtui.console.main.screen import MainScreen
from nbtui.console.main.state import Phase, State
from nbtui.console.main.step_player import StepPlayer
from nbtui.console.navigation import Navigation
from nbtui.console.parameters.controller import ParametersController
from nbtui.console.session.lifecycle import Lifecycle
from nbtui.console.session.preferences import Preferences
from nbtui.console.terminal.driver import TerminalApp
from nbtui.console.terminal.widgets import PaneView
from nbtui.errors import INTERRUPTED
from nbtui.live.files import Change
from nbtui.live.model import Case, Settings
from nbtui.trace.model import Trace

MARKED_FOR = 2.5  # seconds that changed values stay marked


class Finished(Message):
    """A job has ended; ``result`` is one of the frozen results of :mod:`nbtui.console.jobs`."""

    def __init__(self, result: object, generation: int) -> None:
        self.result, self.generation = result, generation
        super().__init__()


class Console(TerminalApp[int]):
    """The app. Its result is the exit code."""

    CSS_PATH = "console.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            ",".join(entry.keys), f"act('{entry.id}')", entry.help, show=False, id=entry.id, priority=entry.everywhere
        )
        for entry in ACTIONS
    ]

    def __init__(self, state: State, judgement: Judgement, reports: Path, comfort: Preferences | None = None) -> None:
        super().__init__()
        self.state = state
        self.judgement = judgement
        self.reports = reports
        self.export_thread: threading.Thread | None = None
        self._main = MainScreen(lambda: self.state)
        self.visits = Navigation(self, lambda: self.state, self._show, self.trace_pixel)
        self.walker = StepPlayer(self, lambda: self.state, self._show, self._heard)
        self.living = Lifecycle(self, comfort or Preferences(), reports, lambda: self.state, self._tell)
        self.tuner = ParametersController(self, lambda: self.state, self._show, self._simulate)
        self.inquirer = DiagnosisController(
            self,
            lambda: self.state,
            self._show,
            self._simulate,
            self._export,
            self._heard,
            self.tuner,
            reports,
            unasked=comfort is not None and comfort.diagnose,
        )
        self._work = self._new_work()
        self.refresher = Refresher(
            lambda: self.state, self._show, self._simulate, self._heard, judgement, self._new_work
        )
        self._acts = self._actions()

    def get_default_screen(self) -> Screen[None]:
        return self._main

    # --- life ----------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.living.begin()
        self.refresher.begin()
        self.call_after_refresh(self._begin)

    def on_unmount(self) -> None:
        self.refresher.close()
        self.inquirer.stop()

    def _begin(self) -> None:
        """After the first paint: read C's log, or go on at once when both logs were given, or there is all."""
        if self.state.phase is Phase.READY:
            return
        if self.state.comparison is not None:
            self._after_reading()
            return
        path = self.state.case.c_log if self.state.case else None
        judgement, work, logs, c = self.judgement, self._new_work(), self.state.logs, self.state.c_trace
        if logs is not None:
            self._job(lambda: read_logs(logs, judgement, work))
        elif c is not None:
            self._job(lambda: LogRead(c, judgement.compare(c, NO_TRACE, work)))
        else:
            self._job(lambda: read_c(path, judgement, work))

    def _after_reading(self) -> None:
        state = self.living.returned(self.state, last=not self.state.can_simulate)
        if state.can_simulate:
            self._show(moves.asked(state, state.settings))
            self.call_after_refresh(self._simulate)
        else:
            self._show(replace(state, phase=Phase.READY))

    def _simulate(self, again: bool = False) -> None:
        """Simulate what the state asks for; ``again``: with the simulation that is there, if it is of that."""
        now = self.state
        if now.case is None:
            return
        case, c = now.case, now.c_trace or NO_TRACE
        if now.elsewhere:  # C's log and terms are those of another pixel
            case, c = replace(case, c_terms=None), NO_TRACE
        settings, generation, given, judgement = now.settings, now.generation, now.py_given, self.judgement
        made, work = made_already(now) if again else None, self._new_work()

        def job() -> object:
            return simulate_and_compare(case, settings, generation, c, judgement, work, py_given=given, made=made)

        self._job(job)

    def _new_work(self) -> jobs.Work:
        """For the job that begins now: it says how far it is, and Esc stops it."""
        generation = self.state.generation

        def tell(progress: object) -> None:
            with contextlib.suppress(RuntimeError):
                self.post_message(Finished(progress, generation))

        self._work = jobs.Work(tell)
        return self._work

    def _job(self, job: Callable[[], object]) -> None:
        generation = self.state.generation

        def done(result: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is interested any more
                self.post_message(Finished(result, generation))

        jobs.start(job, done, jobs.NAME)

    def on_finished(self, message: Finished) -> None:
        """A result has arrived from a thread: the only place where it reaches the state."""
        result = message.result
        if isinstance(result, jobs.Progress | LogRead | LogsRead):
            if message.generation == self.state.generation:
                self._read(result)
        elif isinstance(result, Simulated):
            after = moves.simulated(
                self.state, result.generation, result.simulation, result.comparison, result.contributions
            )
            if after is not self.state:
                read = after.files.read
                after = self.living.returned(arrived(after), last=True)
                if after.changed and not read:  # what a file changed may be looked at later
                    self.set_timer(MARKED_FOR, partial(self._unmark, after.generation))
            self._show(stepping.caught_up(after))
        elif isinstance(result, Change):
            self.refresher.noticed(result)
        elif isinstance(result, Ended):
            self.refresher.ended(result)
        elif isinstance(result, (Progress, Diagnosed)):
            self.inquirer.heard(result)
        elif isinstance(result, Exported):
            self._show(replace(self.state, exporting=False, history=None, message=f"written: {result.path}"))
        elif isinstance(result, Remembered):
            self._show(replace(self.state, history=result.history))
        elif isinstance(result, jobs.Failure) and self.state.exporting and message.generation < 0:
            self._show(replace(self.state, exporting=False, message=f"not exported: {result.sentence}"))
        elif isinstance(result, jobs.Failure):
            if self.state.logs is not None and self.state.comparison is None and result.code != INTERRUPTED:
                self.exit(result.code, message=Text(f"nbtui: {result.sentence}"))  # there is nothing to show
            self._show(moves.failed(self.state, message.generation, result.sentence, result.code))

    def _read(self, result: jobs.Progress | LogRead | LogsRead) -> None:
        """Something has been read, or how far that is."""
        if isinstance(result, jobs.Progress):
            self._show(replace(self.state, progress=result.sentence))
            return
        py = result.py if isinstance(result, LogsRead) else None
        c = None if result.c is NO_TRACE else result.c
        after = moves.compared(self.state, result.comparison)
        self._show(replace(after, c_trace=c, py_trace=py or after.py_trace, progress=""))
        self.call_after_refresh(self._after_reading)

    def _unmark(self, generation: int) -> None:
        if generation == self.state.generation:
            self._show(replace(self.state, changed=frozenset()))

    # --- keys ----------------------------------------------------------------------------------------------------

    def action_act(self, id: str) -> None:
        """Do the action of this id (see `actions`). What goes wrong in it becomes a sentence."""
        self.state = replace(self.state, message="")
        self.inquirer.touched()
        try:
            self._acts[id]()
        except Exception as error:
            self._show(replace(self.state, message=jobs.explained(error).sentence))

    def _actions(self) -> Mapping[str, Callable[[], None]]:
        acts: dict[str, Callable[[], None]] = {id: partial(self._move, step) for id, step in MOVES.items()}
        acts |= {
            "page_up": lambda: self._show(moves.paged(self.state, -self._page())),
            "page_down": lambda: self._show(moves.paged(self.state, self._page())),
            "phi_mode": self._change_phi_mode,
            "close": self._close,
            "export": self._export,
            "suspend": lambda: self.action_suspend_process(),
            "redraw": self.redraw,
            "quit": lambda: self.exit(moves.exit_code(self.state)),
            "interrupt": lambda: self.exit(INTERRUPTED),
        }
        parts = (self.walker, self.refresher, self.living, self.tuner, self.inquirer, self.visits)
        for part in parts:
            acts |= part.acts
        return acts

    def _close(self) -> None:
        if self.state.busy and not self.state.zoomed:
            self._work.stop()
            self._show(moves.stopped(self.state, f"stopped; {ACTIONS.key('reload')} begins again"))
        else:
            self._show(replace(self.state, pane="fields", zoomed=False, path=()))

    def _move(self, step: Callable[[State], State]) -> None:
        self._show(step(self.state))

    def typed(self, event: events.Key) -> bool:
        """While a search text or a prompt is typed, keys are text."""
        if self.screen is not self._main:
            return super().typed(event)
        if event.key == "ctrl+c" or not (self.state.searching or self.state.prompt is not None):
            return False
        self.inquirer.touched()
        character = event.character if event.is_printable else None
        if self.state.searching:
            self._show(searching.typed(self.state, event.key, character))
        else:
            self._prompted(*jumping.typed(self.state, event.key, character))
        return True

    def _prompted(self, state: State, chosen: jumping.Target | None) -> None:
        self._show(state)
        if chosen is not None and chosen.pixel is not None:
            self.trace_pixel(chosen.pixel)
        elif chosen is not None:
            self.action_act(chosen.action)

    def on_pane_view_pressed(self, message: PaneView.Pressed) -> None:
        if self._main.is_active:
            pane = message.pane
            self._show(pointing.pressed(self.state, str(pane.id), pane.size, (message.x, message.y)))

    def on_pane_view_scrolled(self, message: PaneView.Scrolled) -> None:
        if self._main.is_active:
            self._show(pointing.scrolled(self.state, str(message.pane.id), message.notches))

    def on_pane_view_resized(self) -> None:
        self._show(self.state)

    def _change_phi_mode(self) -> None:
        if not self.state.can_simulate:
            self._show(replace(self.state, message=stepping.stepping_off(self.state)))
            return
        mode = "spec" if self.state.settings.phi_mode == "c-parity" else "c-parity"
        # from here on the Python side is the live one, also where a log was given at the start
        asked = moves.asked(self.state, replace(self.state.settings, phi_mode=mode))
        self._show(replace(asked, py_given=False))
        self._simulate()

    def trace_pixel(self, pixel: tuple[int, int], seen: str = "") -> None:
        """Simulate another pixel (slow, fast) and show it; ``seen`` is what the images say of it."""
        if not self.state.can_simulate:
            self._show(replace(self.state, message=stepping.stepping_off(self.state)))
            return
        self._show(moves.at_pixel(self.state, pixel, seen))
        self._simulate()

    def _export(self) -> None:
        now = self.state
        if now.exporting or now.comparison is None or now.pending or now.elsewhere:
            reason = "C's log is of another pixel: there is nothing to export here" if now.elsewhere else ""
            self._show(replace(now, message=reason or "nothing to export yet"))
            return
        self._show(replace(now, exporting=True))
        self.export_thread = jobs.start(
            lambda: Exported(export(now, self.judgement, self.reports)), self._heard, "nbtui-export"
        )

    def _heard(self, result: object) -> None:
        """A result of a thread that has nothing to do with a generation."""
        with contextlib.suppress(RuntimeError):
            self.post_message(Finished(result, -1))

    # --- showing -------------------------------------------------------------------------------------------------

    def _page(self) -> int:
        width, height = self._main.views["fields"].size
        return fields.rows_per_page(self.state, width, height)

    def _show(self, state: State) -> None:
        """Make ``state`` the one that is shown."""
        before, self.state = self.state, state
        width, height = self._main.views["fields"].size
        if width and height and state.rows:
            self.state = fields.kept_in_view(state, width, height)
        if before.cursor != state.cursor:
            self.state = replace(self.state, detail_top=0, link=None)
        elif state.pane == "detail":
            self.state = detail.kept_in_view(self.state, *self._main.views["detail"].size)
        if state.phase is Phase.READY and self._main.views["detail"].size.height >= detail.LONG:
            self.walker.remember(self.reports)
        if (before.pane, before.zoomed) != (state.pane, state.zoomed):
            self._main.choose_layout()
        if self._main.is_mounted:
            self._main.update()
        self.living.note(self.state)
        self.tuner.follow()
        self.inquirer.follow()
        self.refresher.follow()
        self.visits.follow()

    def _tell(self, sentence: str) -> None:
        self._show(replace(self.state, message=sentence))


def initial(
    case: Case | None,
    settings: Settings,
    c_trace: Trace | None,
    py_trace: Trace | None,
    judgement: Judgement,
    logs: tuple[Path, Path] | None = None,
) -> State:
    """The state at the start; two given traces are compared at once, ``logs`` are still to be read."""
    name = case.name if case else ""
    if not name and c_trace is not None and py_trace is not None:
        name = f"{Path(c_trace.origin).name} | {Path(py_trace.origin).name}"
    if not name and logs is not None:
        name = " | ".join(path.name for path in logs)
    start = State(
        settings=settings,
        case=case,
        name=name,
        c_trace=c_trace,
        py_trace=py_trace,
        py_given=py_trace is not None or logs is not None,
        logs=logs,
    )
    if c_trace is None or py_trace is None:
        return start
    return moves.compared(start, judgement.compare(c_trace, py_trace))
