"""The diagnosis screen: a thread that looks for the cause, and keys that try, copy and export it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message

from nbtui.console import copying
from nbtui.console import inquiry as moves
from nbtui.console import state as states
from nbtui.console.inquiry import Inquiry, Why
from nbtui.console.jobs import Failure, start
from nbtui.console.likely import current, gap_of
from nbtui.console.page import Page
from nbtui.console.panes.line import Line
from nbtui.console.state import Phase, State
from nbtui.console.tuner import Tuner
from nbtui.console.why_actions import WHY_ACTIONS
from nbtui.console.widgets import PaneView
from nbtui.errors import INTERRUPTED, UnusableInput
from nbtui.live import tuning as tunings
from nbtui.live.model import Case
from nbtui.trace.text import clean

TELL_EVERY = 0.3  # s between words on the progress
WHEEL = 3  # lines of a turn of the mouse wheel


class Stopped(Exception):
    """The user has stopped the diagnosis."""


class Progress(Message):
    """What the thread does now."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__()


class Ended(Message):
    """The thread has ended with an Inquiry, with a Failure, or because it was stopped (None)."""

    def __init__(self, result: Inquiry | Failure | None, generation: int) -> None:
        self.result, self.generation = result, generation
        super().__init__()


def case_of(state: State) -> Case | None:
    """The case that C's log follows from: the one of the start, whatever was changed since, and its C log."""
    case = state.case
    if case is None:
        return None
    if state.tuning is not None:
        case = replace(state.tuning.case, pixel=case.pixel)
    origin = Path(state.c_trace.origin) if state.c_trace is not None else None
    return replace(case, c_log=origin) if case.c_log is None and origin is not None and origin.is_file() else case


def refusal(state: State) -> str:
    """Why there is nothing to diagnose now, and the way out; empty when there is."""
    if state.case is None:
        return "a diagnosis needs the command line; add the run's flags: nbtui open C_LOG PY_LOG -- FLAGS"
    if state.elsewhere:
        return "C's log is of another pixel: there is nothing to diagnose here"
    if state.c_trace is None:
        return "a diagnosis needs the C log; make one with nbtui c-trace"
    return "the Python side is not there yet" if state.pending else ""


class Inquirer:
    """The bridge between the app and its diagnosis screen. ``show`` makes a state the one shown."""

    def __init__(
        self,
        app: App[int],
        state: Callable[[], State],
        show: Callable[[State], None],
        simulate: Callable[[], None],
        export: Callable[[], None],
        tuner: Tuner,
        reports: Path,
    ) -> None:
        self._app, self._simulate, self._tuner, self.reports = app, simulate, tuner, reports
        self.state, self.show, self.export = state, show, export
        self._screen: WhyScreen | None = None
        self.acts: dict[str, Callable[[], None]] = {"why": self.open}

    def open(self) -> None:
        """Show the screen, with the diagnosis that is there or a new one."""
        why = refusal(self.state())
        if why:
            self.show(replace(self.state(), message=why))
            return
        self._screen = WhyScreen(self, Why(inquiry=current(self.state())))
        self._app.push_screen(self._screen, self._left)

    def follow(self) -> None:
        """After every new state."""
        if self._screen is not None:
            self._screen.update()

    def apply(self, why: Why) -> tuple[bool, str]:
        """Change the live side as the cause under the cursor asks for; whether that was done, and what to tell."""
        from nbtui.diagnosis.remedy import remedy

        now, tuning, cause = self.state(), self._tuner.tuning(), why.cause
        if cause is None or why.inquiry is None or tuning is None:
            return False, "there is no cause to apply"
        if now.phase not in (Phase.READY, Phase.FAILED):
            return False, "a simulation is running; wait for it"
        asked = remedy(cause, why.inquiry.diagnosis.faulty_side, tuning, given=now.py_given)
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
            self._tuner.tune(tuning)
        elif now.py_given:
            self.show(replace(states.asked(now, now.settings), py_given=False))
            self._simulate()
        else:
            return False, "the live side is so already"
        return True, asked.sentence

    def back_to(self, before: State) -> None:
        """What was shown before, as if nothing had been applied; simulations on their way become stale."""
        self.show(replace(before, generation=self.state().generation + 1, message="", history=self.state().history))

    def _left(self, result: None) -> None:
        self._screen = None


class WhyScreen(Page[None]):
    """Ranked causes of the difference that the main screen shows. Modal: other screens' keys mean nothing here."""

    CSS = "WhyScreen { layout: vertical; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(entry.keys), f"why('{entry.id}')", entry.help, show=False, id=f"why.{entry.id}")
        for entry in WHY_ACTIONS
    ]

    def __init__(self, bridge: Inquirer, why: Why) -> None:
        super().__init__()
        self._bridge = bridge
        self.why = why
        self.view = PaneView(self._draw, "why")
        self._stop = threading.Event()
        self._generation = 0
        self._before: State | None = None  # of what was applied last
        self._acts: dict[str, Callable[[], None]] = {
            "apply": self._apply,
            "undo": self._undo,
            "copy": self._copy,
            "export": self._export,
            "again": self._begin,
            "up": lambda: self._show(moves.moved(self.why, -1)),
            "down": lambda: self._show(moves.moved(self.why, 1)),
            "page_up": lambda: self._scroll(-self._extent()[1]),
            "page_down": lambda: self._scroll(self._extent()[1]),
            "home": lambda: self._scroll(-(10**6)),
            "end": lambda: self._scroll(10**6),
            "suspend": lambda: self.app.action_suspend_process(),
            "help": lambda: self._show(replace(self.why, helping=True)),
            "close": lambda: self._leave(),
            "stop": self._stop_or_leave,
            "interrupt": lambda: self.app.exit(INTERRUPTED),
        }

    # --- life ----------------------------------------------------------------------------------------------------

    def compose(self) -> list[PaneView]:
        return [self.view]

    def on_mount(self) -> None:
        if self.why.inquiry is None:
            self._begin()

    def on_unmount(self) -> None:
        self._stop.set()

    def _begin(self) -> None:
        """Look for the cause of what is shown now."""
        state = self._bridge.state()
        case, c, py, gap = case_of(state), state.c_trace, state.py_trace, gap_of(state)
        problem = refusal(state) or ("a simulation is running; wait for it" if state.phase is Phase.SIMULATING else "")
        if problem or case is None or c is None or py is None:
            self._show(replace(self.why, message=problem))
            return
        self._stop.set()
        self._stop = stop = threading.Event()
        self._generation += 1
        reports = self._bridge.reports
        self._before = None
        self._show(Why(progress="starting"))

        def job() -> object:
            from nbtui.diagnosis.diagnose import diagnose  # imports the simulator
            from nbtui.evidence.stale import seen_before

            began = time.perf_counter()
            try:
                found = diagnose(case, c, py, tell=_teller(stop, self._tell))
            except Stopped:
                return None
            stale = seen_before(case, c, py, reports)
            if stale:
                found = replace(found, preflight=(*stale, *found.preflight))
            return Inquiry(found, c, py, time.perf_counter() - began, gap)

        start(job, partial(self._ended, self._generation), "nbtui-why")

    def _ended(self, generation: int, result: object) -> None:
        if result is None or isinstance(result, (Inquiry, Failure)):
            self._tell(Ended(result, generation))

    def _tell(self, message: Message) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is interested any more
            self.post_message(message)

    def on_progress(self, message: Progress) -> None:
        if self.why.progress:
            self._show(replace(self.why, progress=message.words))

    def on_ended(self, message: Ended) -> None:
        if message.generation != self._generation:
            return
        result = message.result
        if isinstance(result, Inquiry):
            self.why = moves.found(self.why, result)
            self._bridge.show(replace(self._bridge.state(), inquiry=result))
        elif isinstance(result, Failure):
            self._show(replace(self.why, progress="", problem=result.sentence))
        else:
            self._show(replace(self.why, progress="", problem="stopped; r starts again"))

    # --- keys ----------------------------------------------------------------------------------------------------

    def action_why(self, name: str) -> None:
        """Do the action of this id (see `why_actions`)."""
        self.why = replace(self.why, message="")
        state = self._bridge.state()
        if state.message:
            self._bridge.show(replace(state, message=""))
        self._acts[name]()
        self.update()

    def on_key(self, event: events.Key) -> None:
        """Any key closes the help."""
        if not self.why.helping:
            return
        event.prevent_default()
        event.stop()
        if event.key == "ctrl+c":
            self.app.exit(INTERRUPTED)
        else:
            self._show(replace(self.why, helping=False))

    def _apply(self) -> None:
        before = self._bridge.state()
        done, told = self._bridge.apply(self.why)
        if done:
            self._before = before
            self.why = replace(self.why, applied=self.why.cursor)
        self._show(replace(self.why, message=told))

    def _undo(self) -> None:
        if self._before is None:
            self._show(replace(self.why, message="nothing has been applied here"))
            return
        before, self._before = self._before, None
        self.why = replace(self.why, applied=None, message="taken back")
        self._bridge.back_to(before)

    def _copy(self) -> None:
        text = moves.as_text(self.why)
        if not text:
            self._show(replace(self.why, message="there is no cause to copy"))
            return
        offer = self.app.copy_to_clipboard
        start(lambda: copying.copy(clean_lines(text), offer), self._copied, "nbtui-copy")

    def _copied(self, result: object) -> None:
        told = result.sentence if isinstance(result, Failure) else str(result)
        with contextlib.suppress(RuntimeError):  # the app has ended: nobody is interested any more
            self.app.call_later(lambda: self._show(replace(self.why, message=told)))

    def _export(self) -> None:
        if self.why.inquiry is None or current(self._bridge.state()) is not self.why.inquiry:
            told = "what is shown now is not what was diagnosed: u takes the cause back, r diagnoses again"
            self._show(replace(self.why, message=told))
            return
        self._bridge.export()

    def _stop_or_leave(self) -> None:
        if self.why.progress:
            self._stop.set()
        else:
            self._leave()

    def _leave(self) -> None:
        self._stop.set()
        self.dismiss(None)

    def on_pane_view_pressed(self, message: PaneView.Pressed) -> None:
        """A click puts the cursor on the cause."""
        from nbtui.console.panes import why as pane

        index = pane.cause_at(self.why, message.y)
        if index is not None and not self.why.helping:
            self._show(moves.moved(self.why, index - self.why.cursor))

    def on_mouse_scroll_down(self) -> None:
        self._scroll(WHEEL)

    def on_mouse_scroll_up(self) -> None:
        self._scroll(-WHEEL)

    # --- showing -------------------------------------------------------------------------------------------------

    def on_pane_view_resized(self) -> None:
        self._scroll(0)

    def _scroll(self, by: int) -> None:
        lines, room = self._extent()
        self._show(moves.scrolled(self.why, by, lines, room))

    def _extent(self) -> tuple[int, int]:
        from nbtui.console.panes import why as pane

        return pane.extent(self._bridge.state(), self.why, *self.view.size)

    def _draw(self, width: int, height: int) -> list[Line]:
        from nbtui.console.panes import why as pane  # imports the diagnosis: not before the first paint

        return pane.draw(self._bridge.state(), self.why, width, height)

    def _show(self, why: Why) -> None:
        self.why = why
        self.update()

    def update(self) -> None:
        """Draw what has changed."""
        self.view.update()


def clean_lines(text: str) -> str:
    """Free of anything that a terminal would obey, line by line."""
    return "\n".join(clean(part) for part in text.splitlines())


def _teller(stop: threading.Event, post: Callable[[Message], None]) -> Callable[[str], None]:
    """Words from the thread, now and then; ends the diagnosis when it has been stopped."""
    last = -TELL_EVERY

    def tell(words: str) -> None:
        nonlocal last
        if stop.is_set():
            raise Stopped
        now = time.monotonic()
        if now - last >= TELL_EVERY:
            last = now
            post(Progress(words))

    return tell
