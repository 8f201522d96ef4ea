"""Actions that map one state to the next, by their ids in the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from nbtui.console.main import links, marks, searching, state, stepping
from nbtui.console.main.state import PANES, State


def _sideways(now: State, by: int) -> State:
    """Move among the links of a field if its detail has the focus, else along the domains."""
    return links.choose(now, by) if now.pane == "detail" else stepping.walked(now, "domain", by)


def _to_difference(now: State, forward: bool) -> State:
    """The next (previous) term that differs if the contributions have the focus, else the next such field."""
    if now.pane == "steps" and now.can_step:
        return stepping.to_term(now, forward)
    return state.to_divergence(now, forward)


CURSOR_STEPS: Mapping[str, Callable[[State], State]] = {
    "next_difference": partial(_to_difference, forward=True),
    "previous_difference": partial(_to_difference, forward=False),
    "filter": state.filtered,
    "search": lambda now: replace(now, searching=True, query=""),
    "match_next": partial(searching.to_match, forward=True),
    "match_previous": partial(searching.to_match, forward=False),
    "up": partial(stepping.arrow, by=-1),
    "down": partial(stepping.arrow, by=1),
    "left": partial(_sideways, by=-1),
    "right": partial(_sideways, by=1),
    "back": lambda now: links.back(now) if now.pane == "detail" else stepping.back(now),
    "mark": marks.toggled,
    "mark_next": partial(marks.to_mark, forward=True),
    "mark_previous": partial(marks.to_mark, forward=False),
    "view_next": partial(stepping.viewed, by=1),
    "view_previous": partial(stepping.viewed, by=-1),
    "zoom": lambda now: replace(now, zoomed=not now.zoomed),
    "open": lambda now: links.follow(now) if now.pane == "detail" else replace(now, pane="detail", zoomed=True),
    "jump": lambda now: replace(now, prompt="", choice=0, playing=False),
    "home": partial(state.to_end, last=False),
    "end": partial(state.to_end, last=True),
    "pane_next": partial(state.paned, by=1),
    "pane_previous": partial(state.paned, by=-1),
    **{f"{axis}_previous": partial(stepping.walked, axis=axis, by=-1) for axis in stepping.WORDS},
    **{f"{axis}_next": partial(stepping.walked, axis=axis, by=1) for axis in stepping.WORDS},
    **{f"pane_{pane}": partial(state.to_pane, pane=pane) for pane in PANES},
}
