"""The diagnosis screen: the causes, and keys that try, copy and export one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Protocol

from textual import events
from textual.binding import Binding, BindingType

from nbtui.console.diagnosis import state as moves
from nbtui.console.diagnosis.actions import DIAGNOSIS_ACTIONS
from nbtui.console.diagnosis.state import DiagnosisState
from nbtui.console.drawing.line import Line
from nbtui.console.jobs import Failure, start
from nbtui.console.main.cause_summary import current
from nbtui.console.main.diagnosis_result import DiagnosisResult
from nbtui.console.main.state import State
from nbtui.console.terminal import clipboard as copying
from nbtui.console.terminal.screen import Page
from nbtui.console.terminal.widgets import PaneView
from nbtui.errors import INTERRUPTED
from nbtui.trace.text import clean

WHEEL = 3  # lines of a turn of the mouse wheel


class Bridge(Protocol):
    """What the screen asks of the console. ``begin`` says why it cannot be done, ``apply`` whether it was."""

    state: Callable[[], State]
    show: Callable[[State], None]
    export: Callable[[], None]

    def begin(self) -> str: ...

    def stop(self) -> None: ...

    def apply(self, why: DiagnosisState) -> tuple[bool, str]: ...

    def back_to(self, before: State) -> None: ...


class DiagnosisScreen(Page[None]):
    """Ranked causes of the difference that the main screen shows. Modal: other screens' keys mean nothing here."""

    CSS = "DiagnosisScreen { layout: vertical; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(entry.keys), f"why('{entry.id}')", entry.help, show=False, id=f"why.{entry.id}")
        for entry in DIAGNOSIS_ACTIONS
    ]

    def __init__(self, bridge: Bridge, why: DiagnosisState) -> None:
        super().__init__()
        self._bridge = bridge
        self.why = why
        self.view = PaneView(self._draw, "why")
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
        if self.why.inquiry is None and not self.why.progress:
            self._begin()

    def _begin(self) -> None:
        """Look for the cause of what is shown now."""
        problem = self._bridge.begin()
        if problem:
            self._show(replace(self.why, message=problem))
            return
        self._before = None
        self._show(DiagnosisState(progress="starting"))

    def progress(self, words: str) -> None:
        """What the thread does now."""
        self._show(replace(self.why, progress=words))

    def found(self, inquiry: DiagnosisResult) -> None:
        """The diagnosis has come."""
        self._show(moves.found(self.why, inquiry))

    def failed(self, sentence: str) -> None:
        """There is no diagnosis, and why."""
        self._show(replace(self.why, progress="", problem=sentence))

    # --- keys ----------------------------------------------------------------------------------------------------

    def action_why(self, name: str) -> None:
        """Do the action of this id (see `why_actions`)."""
        self.why = replace(self.why, message="")
        state = self._bridge.state()
        if state.message:
            self._bridge.show(replace(state, message=""))
        self._acts[name]()
        self.update()

    def typed(self, event: events.Key) -> bool:
        """Any key closes the help."""
        if not self.why.helping or event.key == "ctrl+c":
            return False
        self._show(replace(self.why, helping=False))
        return True

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
            undo, again = (DIAGNOSIS_ACTIONS.key(id) for id in ("undo", "again"))
            told = f"what is shown now is not what was diagnosed: {undo} takes the cause back, {again} diagnoses again"
            self._show(replace(self.why, message=told))
            return
        self._bridge.export()

    def _stop_or_leave(self) -> None:
        if self.why.progress:
            self._bridge.stop()
            self.failed(f"stopped; {DIAGNOSIS_ACTIONS.key('again')} starts again")
        else:
            self._leave()

    def _leave(self) -> None:
        self.dismiss(None)

    def on_pane_view_pressed(self, message: PaneView.Pressed) -> None:
        """A click puts the cursor on the cause."""
        from nbtui.console.diagnosis import pane

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
        from nbtui.console.diagnosis import pane

        return pane.extent(self._bridge.state(), self.why, *self.view.size)

    def _draw(self, width: int, height: int) -> list[Line]:
        from nbtui.console.diagnosis import pane  # imports the diagnosis: not before the first paint

        return pane.draw(self._bridge.state(), self.why, width, height)

    def _show(self, why: DiagnosisState) -> None:
        self.why = why
        self.update()

    def update(self) -> None:
        """Draw what has changed."""
        self.view.update()


def clean_lines(text: str) -> str:
    """Free of anything that a terminal would obey, line by line."""
    return "\n".join(clean(part) for part in text.splitlines())
