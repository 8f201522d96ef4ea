"""The diagnosis screen: the causes, and keys that try, copy and export one."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Protocol

from textual import events
from textual.binding import BindingType

from nbtui.console.diagnosis import state as states
from nbtui.console.diagnosis.actions import DIAGNOSIS_ACTIONS
from nbtui.console.diagnosis.state import DiagnosisState
from nbtui.console.drawing.line import Line
from nbtui.console.main.cause_summary import current
from nbtui.console.main.diagnosis_result import DiagnosisResult
from nbtui.console.main.host import Host
from nbtui.console.main.state import State
from nbtui.console.terminal.screen import ActionScreen, bindings
from nbtui.console.terminal.widgets import PaneView
from nbtui.trace.text import clean


class Bridge(Protocol):
    """What the screen asks of its controller. ``begin`` says why it cannot be done, ``apply`` whether it was."""

    host: Host

    def begin(self) -> str: ...

    def stop(self) -> None: ...

    def apply(self, why: DiagnosisState) -> tuple[bool, str]: ...

    def back_to(self, before: State) -> None: ...


class DiagnosisScreen(ActionScreen[None]):
    """Ranked causes of the difference that the main screen shows."""

    CSS = "DiagnosisScreen { layout: vertical; }"
    BINDINGS: ClassVar[list[BindingType]] = bindings(DIAGNOSIS_ACTIONS)

    def __init__(self, bridge: Bridge, why: DiagnosisState) -> None:
        super().__init__()
        self._bridge = bridge
        self.why = why
        self.view = PaneView(self._draw, "why")
        self._before: State | None = None  # of what was applied last
        self.acts = {
            "apply": self._apply,
            "undo": self._undo,
            "copy": self._copy,
            "export": self._export,
            "again": self._begin,
            "up": lambda: self._show(states.moved(self.why, -1)),
            "down": lambda: self._show(states.moved(self.why, 1)),
            "page_up": lambda: self._scroll(-self._extent()[1]),
            "page_down": lambda: self._scroll(self._extent()[1]),
            "home": lambda: self._scroll(-(10**6)),
            "end": lambda: self._scroll(10**6),
            "help": lambda: self._show(replace(self.why, helping=True)),
            "close": lambda: self._leave(),
            "stop": self._stop_or_leave,
        }

    # --- life ----------------------------------------------------------------------------------------------------

    def compose(self) -> list[PaneView]:
        return [self.view]

    def on_mount(self) -> None:
        if self.why.inquiry is None and not self.why.progress:
            self._begin()

    def _begin(self) -> None:
        """Look for the cause of what is shown now."""
        problem = self._bridge.begin()
        if problem:
            self.tell(problem)
            return
        self._before = None
        self._show(DiagnosisState(progress="starting"))

    def progress(self, words: str) -> None:
        """What the thread does now."""
        self._show(replace(self.why, progress=words))

    def found(self, inquiry: DiagnosisResult) -> None:
        """The diagnosis has come."""
        self._show(states.found(self.why, inquiry))

    def not_found(self, sentence: str) -> None:
        """There is no diagnosis, and why."""
        self._show(replace(self.why, progress="", problem=sentence))

    # --- keys ----------------------------------------------------------------------------------------------------

    def tell(self, sentence: str) -> None:
        self._show(replace(self.why, message=sentence))

    def forget_message(self) -> None:
        self._show(replace(self.why, message=""))
        state = self._bridge.host.state
        if state.message:
            self._bridge.host.show(replace(state, message=""))

    def typed(self, event: events.Key) -> bool:
        """Any key closes the help."""
        if not self.why.helping:
            return False
        self._show(replace(self.why, helping=False))
        return True

    def _apply(self) -> None:
        before = self._bridge.host.state
        done, told = self._bridge.apply(self.why)
        if done:
            self._before = before
            self.why = replace(self.why, applied=self.why.cursor)
        self.tell(told)

    def _undo(self) -> None:
        if self._before is None:
            self.tell("nothing has been applied here")
            return
        before, self._before = self._before, None
        self.why = replace(self.why, applied=None, message="taken back")
        self._bridge.back_to(before)

    def _copy(self) -> None:
        text = states.as_text(self.why)
        if not text:
            self.tell("there is no cause to copy")
            return
        self.copy_to_terminal(clean_lines(text))

    def _export(self) -> None:
        if self.why.inquiry is None or current(self._bridge.host.state) is not self.why.inquiry:
            undo, again = (DIAGNOSIS_ACTIONS.key(id) for id in ("undo", "again"))
            told = f"what is shown now is not what was diagnosed: {undo} takes the cause back, {again} diagnoses again"
            self.tell(told)
            return
        self._bridge.host.export()

    def _stop_or_leave(self) -> None:
        if self.why.progress:
            self._bridge.stop()
            self.not_found(f"stopped; {DIAGNOSIS_ACTIONS.key('again')} starts again")
        else:
            self._leave()

    def _leave(self) -> None:
        self.dismiss(None)

    def pressed(self, pane: PaneView, x: int, y: int) -> None:
        """A click puts the cursor on the cause."""
        from nbtui.console.diagnosis.pane import cause_at

        index = cause_at(self.why, y)
        if index is not None and not self.why.helping:
            self._show(states.moved(self.why, index - self.why.cursor))

    def wheel(self, lines: int) -> None:
        self._scroll(lines)

    # --- showing -------------------------------------------------------------------------------------------------

    def resized(self) -> None:
        self._scroll(0)

    def _scroll(self, by: int) -> None:
        lines, room = self._extent()
        self._show(states.scrolled(self.why, by, lines, room))

    def _extent(self) -> tuple[int, int]:
        from nbtui.console.diagnosis import pane

        return pane.extent(self._bridge.host.state, self.why, *self.view.size)

    def _draw(self, width: int, height: int) -> list[Line]:
        from nbtui.console.diagnosis import pane  # imports the diagnosis: not before the first paint

        return pane.draw(self._bridge.host.state, self.why, width, height)

    def _show(self, why: DiagnosisState) -> None:
        self.why = why
        self.update()

    def update(self) -> None:
        """Draw what has changed."""
        self.view.update()


def clean_lines(text: str) -> str:
    """Free of anything that a terminal would obey, line by line."""
    return "\n".join(clean(part) for part in text.splitlines())
