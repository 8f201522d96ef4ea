"""Marks: the user's bookmarks of fields and steps. A field is kept by its label, a step by its place."""

from __future__ import annotations

from dataclasses import replace

from nbtui.console.main import stepping
from nbtui.console.main.state import Mark, State, visible
from nbtui.trace.text import clean

_Where = tuple[int, tuple[int, ...]]  # fields in the order of the table, then steps


def toggled(state: State) -> State:
    """Toggle the mark of the step under the cursor if the contributions have the focus, else of the field."""
    here = _here(state)
    if here is None:
        return replace(state, message="nothing to mark here yet")
    if here in state.marks:
        kept = tuple(mark for mark in state.marks if mark != here)
        return replace(state, marks=kept, message=f"no longer marked: {words(state, here)}")
    return replace(state, marks=(*state.marks, here), message=f"marked: {words(state, here)}")


def to_mark(state: State, forward: bool) -> State:
    """Move the cursor to the next (previous) mark present in these traces; wraps around."""
    places = sorted((where, mark) for mark in state.marks for where in [_where(state, mark)] if where is not None)
    if not places:
        told = "none of the marks is in these traces" if state.marks else "nothing is marked yet"
        return replace(state, message=told)
    mine = _here(state)
    now = (_where(state, mine) if mine is not None else None) or (0, ())
    if forward:
        number = next((n for n, (where, _) in enumerate(places) if where > now), 0)
    else:
        number = next((n for n, (where, _) in reversed([*enumerate(places)]) if where < now), len(places) - 1)
    mark = places[number][1]
    return replace(at(state, mark), message=f"mark {number + 1} of {len(places)}: {words(state, mark)}")


def at(state: State, mark: Mark) -> State:
    """Move the cursor to a mark, in its pane; show all rows again if the filter hides it."""
    if not isinstance(mark, str):
        return stepping.at(replace(state, pane="steps", playing=False), mark)
    index = state.comparison.overview.find(mark) if state.comparison else None
    if index is None:
        return state
    shown = replace(state, cursor=index, pane=state.pane if state.pane in ("fields", "detail") else "fields")
    return shown if index in visible(shown) else replace(shown, only_differing=False)


def words(state: State, mark: Mark) -> str:
    """``rot_a_angstroms.x``, or ``phi 3 domain 2``."""
    if isinstance(mark, str):
        return clean(mark)
    block, phi, domain = mark
    name = state.contributions.block_name(block) if state.contributions is not None else f"block {block}"
    return " ".join(part for part in (f"phi {phi} domain {domain}", name) if part)


def note(state: State) -> str:
    """All marks in one sentence for a package; empty without any."""
    listed = ", ".join(words(state, mark) for mark in state.marks)
    return f"marked in the console: {listed}" if listed else ""


def _here(state: State) -> Mark | None:
    if state.pane == "steps" and state.contributions is not None:
        return state.place
    return state.row.label if state.row is not None else None


def _where(state: State, mark: Mark) -> _Where | None:
    """Position of a mark in the order of all fields and steps; None if these traces lack it."""
    if isinstance(mark, str):
        index = state.comparison.overview.find(mark) if state.comparison else None
        return None if index is None else (0, (index,))
    grid = state.contributions
    if grid is None:
        return None
    inside = all(place < size for place, size in zip(mark, (grid.n_blocks, grid.n_phi, grid.n_domains), strict=True))
    return (1, mark) if inside else None
