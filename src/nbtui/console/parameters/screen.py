"""The parameters screen: a form that simulates every change at once, below the verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType

from nbtui.console.drawing.line import Line
from nbtui.console.jobs import NAME, Failure, start
from nbtui.console.main.state import Phase, State
from nbtui.console.parameters import pane as panes
from nbtui.console.parameters import state as states
from nbtui.console.parameters.actions import PARAMETERS_ACTIONS
from nbtui.console.parameters.jobs import ValuesRead, read
from nbtui.console.parameters.state import FAR, ParametersState
from nbtui.console.terminal.loop import in_loop
from nbtui.console.terminal.screen import ActionScreen, bindings
from nbtui.console.terminal.widgets import PaneView, views
from nbtui.live.parameters.c_setup import c_setup
from nbtui.live.parameters.edits import Setup
from nbtui.live.parameters.tuning import Tuning, c_command, nbtui_command


class ParametersScreen(ActionScreen[None]):
    """``state`` returns the console's state, ``tune`` accepts the changes."""

    CSS = """
    ParametersScreen { layout: vertical; }
    ParametersScreen #e-header { height: 3; }
    ParametersScreen #e-groups { height: 1; }
    ParametersScreen #e-table { height: 1fr; }
    ParametersScreen #e-detail { height: 5; }
    ParametersScreen #e-footer { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings(PARAMETERS_ACTIONS)

    def __init__(self, state: Callable[[], State], tune: Callable[[Tuning], None], cursor: str = "distance") -> None:
        super().__init__()
        self._main_state, self._tune = state, tune
        now = state()
        assert now.tuning is not None and now.case is not None
        self.state = states.at_row(
            ParametersState(now.tuning, c=c_setup(now.c_trace, now.tuning.case.c_program) if now.c_trace else {}),
            cursor,
        )
        self._reading: Setup | None = None  # the set-up being built by a thread
        draws: dict[str, Callable[[int, int], list[Line]]] = {
            "header": lambda width, height: panes.header(self.state, self._main_state(), width, height),
            "groups": lambda width, height: panes.groups(self.state, width, height),
            "table": lambda width, height: panes.table(self.state, width, height),
            "detail": lambda width, height: panes.detail(self.state, width, height),
            "footer": lambda width, height: panes.footer(self.state, width, height),
        }
        self.views = views("e-", draws)
        self.acts = self._actions()

    # --- life --------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield from self.views.values()

    def on_mount(self) -> None:
        self._read()

    def resized(self) -> None:
        self.show(self.state)

    def follow(self) -> None:
        """Follow a new state of the console: a result, or the start of a simulation."""
        now = self._main_state()
        if now.tuning is not None:
            self.show(replace(self.state, tuning=now.tuning))
        if now.phase is not Phase.SIMULATING:  # the verdict has priority
            self._read()

    def _read(self) -> None:
        """Build the requested experiment in a thread, unless it is known or already being built."""
        tuning, case = self.state.tuning, self._main_state().case
        if case is None or self._reading is not None or self.state.read == tuning.now:
            return
        self._reading = tuning.now
        known, made = tuning.known, self._main_state().simulation
        done, failed = in_loop(self, self._values_read), in_loop(self, self._not_read)
        start(lambda: read(tuning, case, dict(known), made), done, failed, NAME)

    def _values_read(self, event: ValuesRead) -> None:
        self._reading = None
        new = event.start != self.state.tuning.known
        tuning = replace(self.state.tuning, known=event.start)
        values = event.values or self.state.in_force
        self.show(replace(self.state, tuning=tuning, in_force=values, read=event.setup, unread=event.problem))
        if new:
            self._tune(tuning)
        self._read()

    def _not_read(self, failure: Failure) -> None:
        self._reading = None
        self.show(replace(self.state, read=self.state.tuning.now, unread=failure.sentence))
        self._read()

    # --- keys --------------------------------------------------------------------------------------------------------

    def typed(self, event: events.Key) -> bool:
        """During entry of a value or search text keys are text; a digit or a sign starts the entry of a value."""
        state = self.state
        character = event.character if event.is_printable else None
        if state.keys:
            self._page_of_keys(event.key)
        elif state.entry is not None:
            self._change(states.entered(state, event.key, character))
        elif state.searching:
            self.show(states.searched(state, event.key, character))
        elif event.key not in self.active_bindings and character and (character.isdecimal() or character in "-."):
            self.show(states.begin(replace(state, message=""), character))
        else:
            return False
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Treat pasted text as typed text."""
        event.stop()
        state = self.state
        text = "".join(char for char in event.text if char.isprintable())
        if state.searching:
            self.show(states.searched(state, "paste", text))
        elif state.parameter.kind not in ("switch", "choice"):
            self.show(states.entered(replace(state, entry=state.entry or ""), "paste", text))

    def tell(self, sentence: str) -> None:
        self.show(replace(self.state, message=sentence))

    def forget_message(self) -> None:
        self.state = replace(self.state, message="")

    def _actions(self) -> dict[str, Callable[[], None]]:
        def move(step: Callable[[ParametersState], ParametersState]) -> Callable[[], None]:
            return lambda: self.show(step(self.state))

        def change(step: Callable[[ParametersState], ParametersState]) -> Callable[[], None]:
            return lambda: self._change(step(self.state))

        return {
            "less": change(partial(states.nudge, by=-1)),
            "more": change(partial(states.nudge, by=1)),
            "much_less": change(partial(states.nudge, by=-FAR)),
            "much_more": change(partial(states.nudge, by=FAR)),
            "type": change(states.begin),
            "undo": change(partial(states.stepped, back=True)),
            "redo": change(partial(states.stepped, back=False)),
            "restore": change(states.restored),
            "reset": change(states.reset),
            "copy": lambda: self._copy(c_program=False),
            "copy_c": lambda: self._copy(c_program=True),
            "filter": move(states.filtered),
            "search": move(lambda state: replace(state, searching=True, query="")),
            "match_next": move(partial(states.found, forward=True)),
            "match_previous": move(partial(states.found, forward=False)),
            "hold": change(lambda state: replace(state, tuning=replace(state.tuning, held=not state.tuning.held))),
            "up": move(partial(states.moved, by=-1)),
            "down": move(partial(states.moved, by=1)),
            "page_up": lambda: self.show(states.moved(self.state, -self._rows())),
            "page_down": lambda: self.show(states.moved(self.state, self._rows())),
            "home": move(partial(states.moved, by=-(10**6))),
            "end": move(partial(states.moved, by=10**6)),
            "group_next": move(partial(states.to_group, by=1)),
            "group_previous": move(partial(states.to_group, by=-1)),
            "help": move(lambda state: replace(state, keys=True, key=0)),
            "close": self._close,
        }

    def _page_of_keys(self, key: str) -> None:
        step = {"down": 1, "j": 1, "up": -1, "k": -1, "pagedown": 10, "pageup": -10}.get(key)
        if step is None:
            self.show(replace(self.state, keys=False))
            return
        last = max(0, len(panes.key_lines()) + 1 - self.views["table"].size.height)
        self.show(replace(self.state, key=max(0, min(last, self.state.key + step))))

    def _close(self) -> None:
        self.dismiss(None)

    def _copy(self, *, c_program: bool) -> None:
        tuning, case = self.state.tuning, self._main_state().case
        if case is None:
            return
        wanted = tuning.of(case)
        text = c_command(wanted) if c_program else nbtui_command(wanted, tuning.now.settings)
        self.copy_to_terminal(text)

    # --- mouse -------------------------------------------------------------------------------------------------------

    def pressed(self, pane: PaneView, x: int, y: int) -> None:
        """A click puts the cursor on the parameter."""
        if pane is not self.views["table"] or self.state.keys or self.state.entry is not None:
            return
        id = panes.row_at(self.state, y)
        if id is not None:
            self.show(replace(self.state, cursor=id, message=""))

    def wheel(self, lines: int) -> None:
        if self.state.entry is None and not self.state.keys:
            self.show(states.moved(self.state, lines))

    # --- showing -----------------------------------------------------------------------------------------------------

    def _rows(self) -> int:
        return panes.rows_in(self.views["table"].size.height)

    def _change(self, state: ParametersState) -> None:
        """Show the form, and pass changed values to the console."""
        if state.tuning is self.state.tuning:
            self.show(state)
            return
        self.state = state
        self._tune(state.tuning)  # results in a call of `follow`

    def show(self, state: ParametersState) -> None:
        """Show ``state``."""
        self.state = states.in_view(state, self._rows())
        for view in self.views.values():
            view.update()
