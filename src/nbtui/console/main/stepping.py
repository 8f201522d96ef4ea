"""Stepping through the contributions: pure steps between states along phi, domain, source, sub-pixel and layer."""

from __future__ import annotations

from dataclasses import replace

from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.contributions import Place
from nbtui.console.main.state import Phase, State, moved, nearest, to_stage, visible
from nbtui.parity.streams import REPEATED

WORDS = {
    "phi": "phi step",
    "domain": "mosaic domain",
    "source": "source",
    "sub": "sub-pixel",
    "layer": "absorption layer",
}
VIEWS = ("shares", "map", "numbers", "F_latt", "rocking", "lobes")
NO_C_TERMS = "put the C run's terms.csv beside its log"
_REMEMBERED = 500  # number of places kept for "back"


def stepped(state: State, axis: str, by: int) -> State:
    """Move the step cursor along one axis of WORDS; at the ends it stays and a message says so.

    During the first simulation, the step is queued until the simulation has ended.
    """
    grid = state.contributions
    if grid is None and state.busy and state.can_simulate:
        later = (*state.later, (axis, by))[-_REMEMBERED:]
        steps = "this step" if len(later) == 1 else f"these {len(later)} steps"
        return replace(state, later=later, axis=axis, message=f"{steps} when the simulation is done")
    if grid is None:
        return replace(state, message=stepping_off(state), playing=False)
    here = grid.indices(state.place)
    target = grid.place({**here, axis: here[axis] + by})
    if target == state.place:
        only = grid.sizes[axis] == 1
        end = "the only" if only else f"the {'last' if by > 0 else 'first'}"
        return replace(state, axis=axis, playing=False, message=f"this is {end} {WORDS[axis]}")
    return at(replace(state, axis=axis), target)


def walked(state: State, axis: str, by: int) -> State:
    """Step by a key, as :func:`stepped`, and pause playing."""
    return stepped(replace(state, playing=False), axis, by)


def caught_up(state: State) -> State:
    """Apply the steps queued before the contributions were available."""
    steps, state = state.later, replace(state, later=())
    for axis, by in steps:
        state = stepped(state, axis, by)
    return state


def at(state: State, place: Place) -> State:
    """Move the step cursor to ``place``, which must exist; remember the previous place."""
    if place == state.place:
        return state
    return _put(replace(state, trail=(*state.trail[-_REMEMBERED + 1 :], state.place)), place)


def _put(state: State, place: Place) -> State:
    """The step cursor at ``place``; the field cursor goes to the same field of this block or phi line."""
    block, phi, domain = place
    cursor, rows = _row_of_step(state, place), visible(state)
    if not rows or rows[nearest(rows, cursor)] != cursor:
        cursor = state.cursor
    return replace(state, block=block, phi=phi, domain=domain, cursor=cursor)


def _row_of_step(state: State, place: Place) -> int:
    """Row of the field under the cursor that a log prints at ``place``; the cursor where it prints none there."""
    row, grid = state.row, state.contributions
    if row is None or grid is None or state.comparison is None:
        return state.cursor
    visited, _ = divmod(place[0], grid.shape[3])
    if row.field.startswith("phi."):
        occurrence = visited * grid.n_phi + place[1]
        words = f"[phi {place[1]}{f', block {visited}' if visited else ''}]"
    elif row.stage in REPEATED:
        occurrence, words = visited, ""
    else:
        return state.cursor
    at = state.comparison.overview.place(row.field, occurrence, row.component)
    return at if at is not None and words in state.rows[at].label else state.cursor


def back(state: State) -> State:
    """Return to the previous place and pause playing."""
    paused = replace(state, playing=False)
    if not state.trail:
        return replace(paused, message="no earlier step to go back to")
    return _put(replace(paused, trail=state.trail[:-1]), state.trail[-1])


def play(state: State) -> State:
    """Play along the axis of the last step, or pause. At the end, playing restarts from the beginning."""
    grid = state.contributions
    if grid is None:
        return replace(state, message=stepping_off(state))
    if state.playing:
        return replace(state, playing=False, message="paused")
    size = grid.sizes[state.axis]
    if size < 2:
        return replace(state, message=f"there is only one {WORDS[state.axis]} to play")
    here = grid.indices(state.place)
    started = replace(state, playing=True)
    if here[state.axis] < size - 1:
        return started
    return at(started, grid.place({**here, state.axis: 0}))


def played(state: State) -> State:
    """Play one step; stop at the end, and where the terms begin to differ from C's."""
    grid = state.contributions
    if not state.playing or grid is None:
        return state
    now = stepped(state, state.axis, 1)
    if grid.differs_at(now.place) and not grid.differs_at(state.place):
        return replace(
            now, playing=False, message=f"paused: this term differs from C's; {ACTIONS.key('play')} plays on"
        )
    return now


def to_term(state: State, forward: bool) -> State:
    """Move to the next (previous) term that differs from C's, in the order of accumulation; wraps around."""
    grid = state.contributions
    if grid is None:
        return replace(state, message=stepping_off(state))
    if not grid.knows_c:
        return replace(state, message=f"C's terms are not known: {grid.c_problem or NO_C_TERMS}")
    found = grid.next_differing(state.place, forward)
    what, theirs = ("terms", "C's") if grid.c is not None else ("steps", "C's phi lines")
    if found is None:
        return replace(state, message=f"none of the {what} differs from {theirs}")
    place, number = found
    count = len(grid.differing)
    around = (place <= state.place) if forward else (place >= state.place)
    message = f"{number + 1:,} of {count:,} {what} that differ{' (wrapped around)' if around else ''}"
    return replace(at(replace(state, playing=False), place), message=message)


def viewed(state: State, by: int) -> State:
    """Show the next plot of the contributions."""
    view = VIEWS[(VIEWS.index(state.view) + by) % len(VIEWS)]
    waits = "" if state.can_step else f"contributions as {view}. {stepping_off(state)}"
    return replace(state, view=view, message=waits)


def words(state: State) -> str:
    """The step under the cursor, such as ``phi 3 domain 2``; empty without contributions."""
    grid = state.contributions
    if grid is None:
        return ""
    return " ".join(part for part in (f"phi {state.phi} domain {state.domain}", grid.block_name(state.block)) if part)


def stepping_off(state: State) -> str:
    """Reason why stepping is unavailable, and how to enable it."""
    if not state.can_simulate:
        if state.obstacle:
            return f"stepping is off: {state.obstacle}"
        return "stepping is off: add the nanoBragg flags of this run after --, as in: nbtui open C_LOG PY_LOG -- FLAGS"
    if state.phase is Phase.FAILED:
        return f"stepping is off. {state.failure}"
    return "stepping starts when the simulation is done"


def arrow(state: State, by: int) -> State:
    """Move up or down in the pane with the focus."""
    if state.pane == "steps":
        return walked(state, "phi", by)
    if state.pane == "pipeline":
        return to_stage(state, by)
    return moved(state, by)
