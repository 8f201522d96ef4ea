"""The parameters screen: a form whose every change is simulated at once, with the verdict in sight."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from nbtui.console import jobs
from nbtui.console.drawing.line import Line
from nbtui.console.main.state import Phase, State
from nbtui.console.parameters import pane as panes
from nbtui.console.parameters import state as moves
from nbtui.console.parameters.actions import PARAMETERS_ACTIONS
from nbtui.console.parameters.state import FAR, ParametersState
from nbtui.console.terminal import clipboard as copying
from nbtui.console.terminal.screen import Page
from nbtui.console.terminal.widgets import PaneView
from nbtui.errors import INTERRUPTED
from nbtui.live.model import Case
from nbtui.live.parameters.c_setup import c_setup
from nbtui.live.parameters.edits import Setup, in_force
from nbtui.live.parameters.parameter import Value
from nbtui.live.parameters.tuning import Tuning, c_command, nbtui_command

WHEEL = 3  # lines of a turn of the mouse wheel


@dataclass(frozen=True, eq=False)
class Read:
    """The values in force of a set-up, or why no experiment comes of it; ``start``: those of the case as started."""

    setup: Setup
    values: dict[str, Value]
    start: dict[str, Value]
    problem: str = ""


class News(Message):
    """A thread has something to tell."""

    def __init__(self, result: object) -> None:
        self.result = result
        super().__init__()


class ParametersScreen(Page[None]):
    """``state`` gives what the console shows, ``tune`` hands it the changes. The main screen's keys mean nothing."""

    CSS = """
    ParametersScreen { layout: vertical; }
    ParametersScreen #e-header { height: 3; }
    ParametersScreen #e-groups { height: 1; }
    ParametersScreen #e-table { height: 1fr; }
    ParametersScreen #e-detail { height: 5; }
    ParametersScreen #e-footer { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(entry.keys), f"parameters('{entry.id}')", entry.help, show=False, id=f"parameters.{entry.id}")
        for entry in PARAMETERS_ACTIONS
    ]

    def __init__(self, state: Callable[[], State], tune: Callable[[Tuning], None], cursor: str = "distance") -> None:
        super().__init__()
        self._state, self._tune = state, tune
        now = state()
        assert now.tuning is not None and now.case is not None
        self.form = moves.at_row(ParametersState(now.tuning, c=c_setup(now.c_trace) if now.c_trace else {}), cursor)
        self._reading: Setup | None = None  # the set-up that a thread is building
        draws: dict[str, Callable[[int, int], list[Line]]] = {
            "header": lambda width, height: panes.header(self.form, self._state(), width, height),
            "groups": lambda width, height: panes.groups(self.form, width, height),
            "table": lambda width, height: panes.table(self.form, width, height),
            "detail": lambda width, height: panes.detail(self.form, width, height),
            "footer": lambda width, height: panes.footer(self.form, width, height),
        }
        self.views = {name: PaneView(draw, f"e-{name}") for name, draw in draws.items()}
        self._acts = self._actions()

    # --- life --------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield from self.views.values()

    def on_mount(self) -> None:
        self._read()

    def on_pane_view_resized(self, message: PaneView.Resized) -> None:
        message.stop()
        self.show(self.form)

    def follow(self) -> None:
        """The console shows a new state: a result has come, or a simulation was begun."""
        now = self._state()
        if now.tuning is not None:
            self.show(replace(self.form, tuning=now.tuning))
        if now.phase is not Phase.SIMULATING:  # the verdict comes first
            self._read()

    def _read(self) -> None:
        """Build the experiment of what is wanted, in a thread, unless it is known or one is being built."""
        tuning, case = self.form.tuning, self._state().case
        if case is None or self._reading is not None or self.form.read == tuning.now:
            return
        self._reading = tuning.now
        start = tuning.known
        jobs.start(lambda: read(tuning, case, dict(start)), self._tell, jobs.NAME)

    def _tell(self, result: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is interested any more
            self.post_message(News(result))

    def on_news(self, message: News) -> None:
        """The only place where a thread's result reaches the form."""
        result = message.result
        if isinstance(result, str):
            self.show(replace(self.form, message=result))
            return
        self._reading = None
        if isinstance(result, Read):
            new = result.start != self.form.tuning.known
            tuning = replace(self.form.tuning, known=result.start)
            values = result.values or self.form.in_force
            self.show(replace(self.form, tuning=tuning, in_force=values, read=result.setup, unread=result.problem))
            if new:
                self._tune(tuning)
        elif isinstance(result, jobs.Failure):
            self.show(replace(self.form, read=self.form.tuning.now, unread=result.sentence))
        self._read()

    # --- keys --------------------------------------------------------------------------------------------------------

    def typed(self, event: events.Key) -> bool:
        """While a value or a search text is typed, keys are text; a digit or a sign begins to type a value."""
        form = self.form
        character = event.character if event.is_printable else None
        if event.key == "ctrl+c":
            return False
        if form.keys:
            self._page_of_keys(event.key)
        elif form.entry is not None:
            self._change(moves.entered(form, event.key, character))
        elif form.searching:
            self.show(moves.searched(form, event.key, character))
        elif event.key not in self.active_bindings and character and (character.isdecimal() or character in "-."):
            self.show(moves.begin(replace(form, message=""), character))
        else:
            return False
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text is typed text."""
        event.stop()
        form = self.form
        text = "".join(char for char in event.text if char.isprintable())
        if form.searching:
            self.show(moves.searched(form, "paste", text))
        elif form.parameter.kind not in ("switch", "choice"):
            self.show(moves.entered(replace(form, entry=form.entry or ""), "paste", text))

    def action_parameters(self, id: str) -> None:
        """Do the action of this id (see `parameters_actions`)."""
        self.form = replace(self.form, message="")
        self._acts[id]()

    def _actions(self) -> dict[str, Callable[[], None]]:
        def move(step: Callable[[ParametersState], ParametersState]) -> Callable[[], None]:
            return lambda: self.show(step(self.form))

        def change(step: Callable[[ParametersState], ParametersState]) -> Callable[[], None]:
            return lambda: self._change(step(self.form))

        return {
            "less": change(partial(moves.nudge, by=-1)),
            "more": change(partial(moves.nudge, by=1)),
            "much_less": change(partial(moves.nudge, by=-FAR)),
            "much_more": change(partial(moves.nudge, by=FAR)),
            "type": change(moves.begin),
            "undo": change(partial(moves.stepped, back=True)),
            "redo": change(partial(moves.stepped, back=False)),
            "restore": change(moves.restored),
            "reset": change(moves.reset),
            "copy": lambda: self._copy(c_program=False),
            "copy_c": lambda: self._copy(c_program=True),
            "filter": move(moves.filtered),
            "search": move(lambda form: replace(form, searching=True, query="")),
            "match_next": move(partial(moves.found, forward=True)),
            "match_previous": move(partial(moves.found, forward=False)),
            "hold": change(lambda form: replace(form, tuning=replace(form.tuning, held=not form.tuning.held))),
            "up": move(partial(moves.moved, by=-1)),
            "down": move(partial(moves.moved, by=1)),
            "page_up": lambda: self.show(moves.moved(self.form, -self._rows())),
            "page_down": lambda: self.show(moves.moved(self.form, self._rows())),
            "home": move(partial(moves.moved, by=-(10**6))),
            "end": move(partial(moves.moved, by=10**6)),
            "group_next": move(partial(moves.to_group, by=1)),
            "group_previous": move(partial(moves.to_group, by=-1)),
            "help": move(lambda form: replace(form, keys=True, key=0)),
            "close": self._close,
            "interrupt": lambda: self.app.exit(INTERRUPTED),
        }

    def _page_of_keys(self, key: str) -> None:
        step = {"down": 1, "j": 1, "up": -1, "k": -1, "pagedown": 10, "pageup": -10}.get(key)
        if step is None:
            self.show(replace(self.form, keys=False))
            return
        last = max(0, len(panes.key_lines()) + 1 - self.views["table"].size.height)
        self.show(replace(self.form, key=max(0, min(last, self.form.key + step))))

    def _close(self) -> None:
        self.dismiss(None)

    def _copy(self, *, c_program: bool) -> None:
        tuning, case = self.form.tuning, self._state().case
        if case is None:
            return
        wanted = tuning.of(case)
        text = c_command(wanted) if c_program else nbtui_command(wanted, tuning.now.settings)
        offer = self.app.copy_to_clipboard
        jobs.start(lambda: copying.copy(text, offer), self._tell, "nbtui-copy")

    # --- mouse -------------------------------------------------------------------------------------------------------

    def on_pane_view_pressed(self, message: PaneView.Pressed) -> None:
        """A click puts the cursor on the parameter."""
        message.stop()
        if message.pane is not self.views["table"] or self.form.keys or self.form.entry is not None:
            return
        id = panes.row_at(self.form, message.y)
        if id is not None:
            self.show(replace(self.form, cursor=id, message=""))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn(event, WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn(event, -WHEEL)

    def _turn(self, event: events.MouseEvent, by: int) -> None:
        event.stop()
        if self.form.entry is None and not self.form.keys:
            self.show(moves.moved(self.form, by))

    # --- showing -----------------------------------------------------------------------------------------------------

    def _rows(self) -> int:
        return panes.rows_in(self.views["table"].size.height)

    def _change(self, form: ParametersState) -> None:
        """Show the form; where it wants other values, hand them to the console."""
        if form.tuning is self.form.tuning:
            self.show(form)
            return
        self.form = form
        self._tune(form.tuning)  # which comes back to `follow`

    def show(self, form: ParametersState) -> None:
        """Make ``form`` the one that is shown."""
        self.form = moves.in_view(form, self._rows())
        for view in self.views.values():
            view.update()


def read(tuning: Tuning, case: Case, start: dict[str, Value]) -> Read:
    """The values in force of the start (where they are not known yet) and of what is wanted now."""
    values: dict[str, Value] = {}
    problem = ""
    try:
        start = start or in_force(tuning.case, tuning.settings)
        values = start if tuning.now == tuning.base else in_force(tuning.of(case), tuning.now.settings)
    except Exception as error:  # the start, or the change, cannot be simulated: the form goes on without
        problem = jobs.explained(error).sentence
    return Read(tuning.now, values, start, problem)
