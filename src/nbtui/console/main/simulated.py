"""The result of a simulation in the state of the main screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from nbtui.console.main.contributions import Contributions
from nbtui.console.main.freshness import MARKED
from nbtui.console.main.pair import Compared
from nbtui.console.main.state import Phase, State, compared
from nbtui.live.model import Simulation
from nbtui.parity.model import Comparison

if TYPE_CHECKING:
    from nbtui.live.reference import StandIn


def simulated(
    state: State,
    generation: int,
    simulation: Simulation,
    made: Mapping[Compared, Comparison],
    contributions: Contributions,
    stand_in: StandIn | None = None,
) -> State:
    """Store the result of a simulation. A stale result changes nothing.

    ``made``: the comparisons with the live side. Where the screen compares another pair, only the contributions and
    the other pairs are new.
    """
    if generation != state.generation:
        return state
    kept = state.contributions is not None and state.contributions.shape == contributions.shape
    comparison = made.get(state.shown)
    others: dict[Compared, Comparison] = {
        pair: found for pair, found in state.others.items() if pair is Compared.REFERENCE_LOG
    }
    ready = replace(
        state,
        trail=state.trail if kept else (),
        playing=state.playing and kept,
        simulation=simulation,
        contributions=contributions,
        stand_in=stand_in or state.stand_in,
        others={**others, **{pair: found for pair, found in made.items() if pair is not state.shown}},
        phase=Phase.READY,
        progress="",
        failure="",
        failure_code=0,
        message=state.message if comparison is None else "",
        phi=min(state.phi, contributions.n_phi - 1),
        domain=min(state.domain, contributions.n_domains - 1),
        block=min(state.block, contributions.n_blocks - 1),
    )
    if comparison is None:
        first = state.contributions is None and state.comparison is not None
        return _at_first_divergence(ready, state.comparison, contributions) if first and state.comparison else ready
    few = not state.pending and max(len(state.rows), len(comparison.rows)) <= MARKED
    before = {row.label: row.py_value for row in state.rows} if few else {}
    after = comparison.rows if few else ()
    changed = {row.label for row in after if row.label in before and before[row.label] != row.py_value}
    shown = compared(state, comparison)
    if state.pending:
        ready = _at_first_divergence(ready, comparison, contributions)
    return replace(
        ready,
        comparison=comparison,
        cursor=shown.cursor,
        changed=frozenset(changed),
        changed_c=frozenset(),
    )


def _at_first_divergence(state: State, comparison: Comparison, grid: Contributions) -> State:
    """Move the step cursor to the place of the first divergence that reaches the pixel.

    The loop prints once per layer and sub-pixel, at the first source, phi step and domain; phi lines count the steps.
    """
    row = comparison.principal
    if row is None:
        return state
    if row.field.startswith("phi."):
        visited, phi = divmod(row.occurrence, grid.n_phi)
    else:
        visited, phi = row.occurrence, 0
    return replace(state, block=min(visited * grid.shape[3], grid.n_blocks - 1), phi=phi)
