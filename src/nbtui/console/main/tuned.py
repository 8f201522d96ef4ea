"""Parameter changes with live display of their effect: pure steps between states.

At most one simulation runs for the changes; changes made meanwhile are requested when it has ended, so that a held
key neither queues up work nor hides intermediate results. The generation number of the state keeps a stale result
from overwriting a newer one.
"""

from __future__ import annotations

from dataclasses import replace

from nbtui.console.main import state as states
from nbtui.console.main.state import Phase, State
from nbtui.live.model import Case, Settings
from nbtui.live.parameters.edits import Setup
from nbtui.live.parameters.tuning import Tuning, begun, synced


def at_start(state: State) -> Tuning | None:
    """Empty changes for the case and settings of a state; None without a case."""
    return begun(state.case, state.settings) if state.case else None


def due(state: State) -> bool:
    """Whether a change should be simulated now."""
    tuning = state.tuning
    if tuning is None or tuning.held or not tuning.waiting or not state.can_simulate:
        return False
    return state.phase in (Phase.READY, Phase.FAILED)


def asked(state: State) -> State:
    """Request the simulation of the changes on the live side; causes on it are taken away."""
    tuning = current(state)
    if tuning is None or state.case is None:
        return state
    requested = replace(tuning, asked=tuning.now, gap=start_gap(state, tuning))
    return states.asked(replace(state, case=tuning.of(state.case), tuning=requested, causes=None), tuning.now.settings)


def current(state: State) -> Tuning | None:
    """The changes, including later ones from elsewhere (the phi mode's key, a resumed session)."""
    if state.tuning is None or state.case is None:
        return state.tuning
    return synced(state.tuning, state.case.argv, state.settings)


def resumed_with(state: State, case: Case | None, settings: Settings) -> State:
    """Initial state with the changes of a resumed session, which count as changes and can be undone."""
    if state.case is None or case is None:
        return replace(state, case=case, settings=settings)
    tuning = synced(begun(state.case, state.settings), case.argv, settings)
    return replace(state, case=tuning.of(case), settings=settings, tuning=tuning)


def start_gap(state: State, tuning: Tuning) -> float | None:
    """Relative gap of the pixel at the start of nbtui, as far as it is known."""
    shown = state.simulation
    if shown is None or state.comparison is None or state.pending:
        return tuning.gap
    row = state.comparison.row("I_pixel_final")
    if row is None or Setup(shown.case.argv, shown.settings, shown.case.compat) != tuning.base:
        return tuning.gap
    return row.rel_delta
