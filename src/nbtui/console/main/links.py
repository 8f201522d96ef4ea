"""Links of the detail pane: from a field to its inputs and dependents, and back."""

from __future__ import annotations

from dataclasses import replace

from nbtui.console.main.dependencies import dependencies, dependents
from nbtui.console.main.state import State, visible
from nbtui.parity.compare import raised


def links(state: State) -> tuple[int, ...]:
    """Input rows of the field under the cursor, then rows that use it; a field by its worst component."""
    row = state.row
    if row is None:
        return ()
    names = (*dependencies(row.field), *dependents(row.field))
    found = [row_of(state, name, row.occurrence) for name in names]
    return tuple(dict.fromkeys(at for at in found if at is not None))


def row_of(state: State, name: str, occurrence: int) -> int | None:
    """Row that represents a field beside this occurrence: the first that differs, else the first."""
    overview = state.comparison.overview if state.comparison else None
    tallies = [tally for tally in overview.tallies if tally.field == name] if overview else []
    if overview is None or not tallies:
        return None
    near = [at for tally in tallies for at in [overview.place(name, occurrence, tally.component)] if at is not None]
    if not near:
        near = [tally.first_raised for tally in tallies if tally.raised] or [tally.first for tally in tallies]
        near = [min(near)]
    return next((at for at in near if raised(state.rows[at])), near[0])


def chosen(state: State) -> int | None:
    """Row for Enter: the link chosen by the user, else the first that differs."""
    found = links(state)
    if not found:
        return None
    if state.link is not None:
        return found[min(state.link, len(found) - 1)]
    return next((at for at in found if raised(state.rows[at])), found[0])


def choose(state: State, by: int) -> State:
    """Choose another link; wraps around."""
    found, now = links(state), chosen(state)
    if now is None:
        return replace(state, message="no linked field in these traces")
    return replace(state, link=(found.index(now) + by) % len(found))


def follow(state: State) -> State:
    """Move the cursor to the chosen link; remember the current field."""
    target = chosen(state)
    if target is None:
        return replace(state, message="no linked field in these traces")
    return _at(replace(state, path=(*state.path, state.cursor)), target)


def back(state: State) -> State:
    """Return to the field from which the last link was followed."""
    if not state.path or state.path[-1] >= len(state.rows):
        return replace(state, path=(), message="no link to go back to")
    return _at(replace(state, path=state.path[:-1]), state.path[-1])


def _at(state: State, index: int) -> State:
    shown = replace(state, cursor=index, link=None)
    return shown if index in visible(shown) else replace(shown, only_differing=False)
