"""Mouse actions of the main screen: pure steps between states."""

from __future__ import annotations

from dataclasses import replace

from nbtui.console.main import state as states
from nbtui.console.main import stepping
from nbtui.console.main.panes import fields, pipeline, steps, tabs
from nbtui.console.main.state import State

NOTCH = 3  # lines per notch of the wheel


def pressed(state: State, pane: str, size: tuple[int, int], at: tuple[int, int]) -> State:
    """Click at (x, y) of a pane of ``size`` (width, height): moves the cursor there and focuses the pane."""
    (width, height), (x, y) = size, at
    if pane == "tabs":
        chosen = tabs.pane_at(state, x)
        return states.to_pane(state, chosen) if chosen else state
    if pane not in states.PANES:
        return state
    there = replace(state, pane=pane, message="")
    if pane == "fields":
        row = fields.row_at(state, width, height, y)
        return there if row is None else replace(there, cursor=row)
    if pane == "pipeline":
        row = pipeline.row_at(state, y)
        return there if row is None else replace(there, cursor=row)
    if pane == "steps":
        phi = steps.phi_at(state, width, height, y)
        return there if phi is None else stepping.at(there, (state.block, phi, state.domain))
    return there


def scrolled(state: State, pane: str, notches: int) -> State:
    """Turn of the wheel over a pane: scrolls lines; over the contributions, phi steps."""
    if pane == "fields":
        return states.moved(state, NOTCH * notches)
    if pane == "pipeline":
        return states.to_stage(state, notches)
    if pane == "steps":
        return stepping.walked(state, "phi", notches)
    if pane == "detail":
        return replace(state, detail_top=max(0, state.detail_top + NOTCH * notches))
    return state
