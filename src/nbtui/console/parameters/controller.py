"""Parameters that are changed while the console shows what comes of them.

At most one simulation runs for the changes: what was changed meanwhile is asked for when it has ended, so that holding
a key neither piles up work nor hides the results on the way. The generation number of the state keeps a stale result
from overwriting a newer one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import App

from nbtui.console.main import state as moves
from nbtui.console.main.state import Phase, State
from nbtui.live.model import Case, Settings
from nbtui.live.parameters.edits import Setup
from nbtui.live.parameters.tuning import Tuning, begun, synced

if TYPE_CHECKING:
    from nbtui.console.parameters.screen import ParametersScreen


def due(state: State) -> bool:
    """Whether a change is to be simulated now."""
    tuning = state.tuning
    if tuning is None or tuning.held or not tuning.waiting or not state.can_simulate:
        return False
    return state.phase in (Phase.READY, Phase.FAILED)


def asked(state: State) -> State:
    """The state in which the changes are being simulated; the Python side is the live one from here on."""
    tuning = current(state)
    if tuning is None or state.case is None:
        return state
    told = replace(tuning, asked=tuning.now, gap=start_gap(state, tuning))
    return moves.asked(replace(state, case=tuning.of(state.case), tuning=told, py_given=False), tuning.now.settings)


def current(state: State) -> Tuning | None:
    """The changes, with what somebody else (the phi mode's key, a resumed session) has asked for since."""
    if state.tuning is None or state.case is None:
        return state.tuning
    return synced(state.tuning, state.case.argv, state.settings)


def resumed_with(state: State, case: Case | None, settings: Settings) -> State:
    """The state of the start with what a resumed session had changed: it counts as changed, and has a way back."""
    if state.case is None or case is None:
        return replace(state, case=case, settings=settings)
    tuning = synced(begun(state.case, state.settings), case.argv, settings)
    return replace(state, case=tuning.of(case), settings=settings, tuning=tuning)


class ParametersController:
    """The bridge between the app and its parameters screen. ``show`` makes a state the one shown."""

    def __init__(
        self, app: App[int], state: Callable[[], State], show: Callable[[State], None], simulate: Callable[[], None]
    ) -> None:
        self._app, self._state, self._show, self._simulate = app, state, show, simulate
        first = state()
        self._start = begun(first.case, first.settings) if first.case else None
        self._screen: ParametersScreen | None = None
        self._cursor = "distance"  # where the user was in the form
        self.acts: dict[str, Callable[[], None]] = {"parameters": self.open}

    def open(self) -> None:
        """Show the form."""
        now = self._state()
        if self._start is None or now.case is None:
            way = "two logs have no parameters; add the run's flags: nbtui open C_LOG PY_LOG -- FLAGS"
            self._show(replace(now, message=way))
            return
        from nbtui.console.parameters.screen import ParametersScreen  # not before the first paint

        opened = replace(now, tuning=now.tuning or self._start)
        tuning = current(opened) or self._start
        self._show(replace(opened, tuning=replace(tuning, gap=start_gap(opened, tuning))))
        self._screen = ParametersScreen(self._state, self.tune, self._cursor)
        self._app.push_screen(self._screen, self._left)

    def tuning(self) -> Tuning | None:
        """The changes so far; none yet where no parameter was touched, None without a case."""
        now = self._state()
        return current(replace(now, tuning=now.tuning or self._start))

    def tune(self, tuning: Tuning) -> None:
        """Take over what the form says; it is simulated as soon as nothing else is."""
        self._show(replace(self._state(), tuning=tuning))

    def follow(self) -> None:
        """After every new state: ask for what is due, and let the form show it."""
        if due(self._state()):
            self._show(asked(self._state()))
            self._simulate()
            return
        if self._screen is not None:
            self._screen.follow()

    def _left(self, result: None) -> None:
        if self._screen is not None:
            self._cursor, self._screen = self._screen.form.cursor, None
        tuning = self._state().tuning
        if tuning is not None and tuning.held:
            self.tune(replace(tuning, held=False))


def start_gap(state: State, tuning: Tuning) -> float | None:
    """The relative gap of the pixel as nbtui was started, as far as it has been seen."""
    shown = state.simulation
    if shown is None or state.comparison is None or state.pending:
        return tuning.gap
    row = state.comparison.row("I_pixel_final")
    if row is None or Setup(shown.case.argv, shown.settings) != tuning.base:
        return tuning.gap
    return row.rel_delta
