"""The diagnosis screen: ranked causes, with keys to try, copy and export them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual import events
from textual.binding import BindingType

from nbtui.console.diagnosis import state as states
from nbtui.console.diagnosis.actions import DIAGNOSIS_ACTIONS
from nbtui.console.diagnosis.state import DiagnosisState
from nbtui.console.drawing.line import Line
from nbtui.console.main.cause_summary import current
from nbtui.console.main.kept_diagnosis import KeptDiagnosis
from nbtui.console.main.state import State
from nbtui.console.terminal.screen import ActionScreen, bindings
from nbtui.console.terminal.widgets import PaneView
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.console.main.host import Host


class Diagnosing(Protocol):
    """The controller's interface for its screen."""

    host: Host

    def begin(self) -> str:
        """Start a diagnosis; returns why that is impossible, else an empty text."""

    def stop(self) -> None:
        """Cancel the running diagnosis."""

    def apply(self, state: DiagnosisState) -> tuple[bool, str]:
        """Apply the selected cause; returns success and a message."""

    def back_to(self, before: State) -> None:
        """Restore the state before the last cause was applied."""


class DiagnosisScreen(ActionScreen[None]):
    """Ranked causes of the difference on the main screen."""

    CSS = "DiagnosisScreen { layout: vertical; }"
    BINDINGS: ClassVar[list[BindingType]] = bindings(DIAGNOSIS_ACTIONS)

    def __init__(self, controller: Diagnosing, state: DiagnosisState) -> None:
        super().__init__()
        self._controller = controller
        self.state = state
        self.view = PaneView(self._draw, "why")
        self._before: list[State] = []  # states before every applied cause, latest last
        self.acts = {
            "apply": self._apply,
            "undo": self._undo,
            "copy": self._copy,
            "export": self._export,
            "again": self._begin,
            "up": lambda: self._show(states.moved(self.state, -1)),
            "down": lambda: self._show(states.moved(self.state, 1)),
            "page_up": lambda: self._scroll(-self._extent()[1]),
            "page_down": lambda: self._scroll(self._extent()[1]),
            "home": lambda: self._scroll(-(10**6)),
            "end": lambda: self._scroll(10**6),
            "help": lambda: self._show(replace(self.state, helping=True)),
            "close": lambda: self._leave(),
            "stop": self._stop_or_leave,
        }

    # --- life ----------------------------------------------------------------------------------------------------

    def compose(self) -> list[PaneView]:
        return [self.view]

    def on_mount(self) -> None:
        if self.state.diagnosed is None and not self.state.progress:
            self._begin()

    def _begin(self) -> None:
        """Diagnose the current traces."""
        problem = self._controller.begin()
        if problem:
            self.tell(problem)
            return
        self._before.clear()
        self._show(DiagnosisState(progress="starting"))

    def progress(self, words: str) -> None:
        """Show the progress of the diagnosis."""
        self._show(replace(self.state, progress=words))

    def found(self, diagnosed: KeptDiagnosis) -> None:
        """Show the finished diagnosis."""
        self._show(states.found(self.state, diagnosed))

    def not_found(self, sentence: str) -> None:
        """Show why the diagnosis failed."""
        self._show(replace(self.state, progress="", problem=sentence))

    # --- keys ----------------------------------------------------------------------------------------------------

    def tell(self, sentence: str) -> None:
        self._show(replace(self.state, message=sentence))

    def forget_message(self) -> None:
        self._show(replace(self.state, message=""))
        state = self._controller.host.state
        if state.message:
            self._controller.host.show(replace(state, message=""))

    def typed(self, event: events.Key) -> bool:
        """Close the help on any key."""
        if not self.state.helping:
            return False
        self._show(replace(self.state, helping=False))
        return True

    def _apply(self) -> None:
        before = self._controller.host.state
        done, told = self._controller.apply(self.state)
        if done:
            self._before.append(before)
            self.state = replace(self.state, applied=self.state.cursor)
        self.tell(told)

    def _undo(self) -> None:
        if not self._before:
            self.tell("nothing has been applied here")
            return
        before = self._before.pop()
        applied = self.state.applied if self._before else None
        self.state = replace(self.state, applied=applied, message="taken back")
        self._controller.back_to(before)

    def _copy(self) -> None:
        text = states.as_text(self.state)
        if not text:
            self.tell("there is no cause to copy")
            return
        self.copy_to_terminal(clean_lines(text))

    def _export(self) -> None:
        if self.state.diagnosed is None or current(self._controller.host.state) is not self.state.diagnosed:
            undo, again = (DIAGNOSIS_ACTIONS.key(id) for id in ("undo", "again"))
            told = f"the traces have changed since the diagnosis: {undo} takes the cause back, {again} diagnoses again"
            self.tell(told)
            return
        self._controller.host.export()

    def _stop_or_leave(self) -> None:
        if self.state.progress:
            self._controller.stop()
            self.not_found(f"stopped; {DIAGNOSIS_ACTIONS.key('again')} starts again")
        else:
            self._leave()

    def _leave(self) -> None:
        self.dismiss(None)

    def pressed(self, pane: PaneView, x: int, y: int) -> None:
        """A click puts the cursor on the cause."""
        from nbtui.console.diagnosis.pane import cause_at

        index = cause_at(self.state, y)
        if index is not None and not self.state.helping:
            self._show(states.moved(self.state, index - self.state.cursor))

    def wheel(self, lines: int) -> None:
        self._scroll(lines)

    # --- showing -------------------------------------------------------------------------------------------------

    def resized(self) -> None:
        self._scroll(0)

    def _scroll(self, by: int) -> None:
        lines, room = self._extent()
        self._show(states.scrolled(self.state, by, lines, room))

    def _extent(self) -> tuple[int, int]:
        from nbtui.console.diagnosis import pane

        return pane.extent(self._controller.host.state, self.state, *self.view.size)

    def _draw(self, width: int, height: int) -> list[Line]:
        from nbtui.console.diagnosis import pane  # imports the diagnosis: deferred past the first paint

        return pane.draw(self._controller.host.state, self.state, width, height)

    def _show(self, state: DiagnosisState) -> None:
        self.state = state
        self.update()

    def update(self) -> None:
        """Redraw the changed parts."""
        self.view.update()


def clean_lines(text: str) -> str:
    """The text without terminal control characters, line by line."""
    return "\n".join(clean(part) for part in text.splitlines())
