"""Search in the fields: pure steps between states, for typing and for moving between matches."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.state import State, jumped
from nbtui.parity.model import Row


def to_match(state: State, forward: bool) -> State:
    """Move to the next row whose label, stage or description contains the search text."""
    wanted = state.query.casefold()
    if not wanted:
        return replace(state, message=f"nothing to search for yet: {ACTIONS.key('search')} starts a search")
    overview = state.comparison.overview if state.comparison else None
    among = state.only_differing and not state.pending
    hits = overview.matches(state.query, among_raised=among) if overview else ()
    found = jumped(state, hits, forward, f"no field contains {state.query!r}")
    if hits:
        found = replace(
            found, message=f"{bisect_left(hits, found.cursor) + 1} of {len(hits)} fields with {state.query!r}"
        )
    return found


def typed(state: State, key: str, character: str | None) -> State:
    """Handle a key in the search text. The cursor follows the text; Esc discards it."""
    if key == "escape":
        return replace(state, searching=False, query="", message="")
    if key == "enter":
        return replace(to_match(state, True) if not _matches(state) else state, searching=False)
    query = state.query[:-1] if key == "backspace" else state.query + (character or "")
    if query == state.query:
        return state
    found = replace(state, query=query)
    return found if not query or _matches(found) else replace(to_match(found, True), searching=True)


def _contains(row: Row, wanted: str) -> bool:
    return wanted in f"{row.label} {row.description}".casefold()


def _matches(state: State) -> bool:
    """Whether the row under the cursor is already a match."""
    return state.row is not None and bool(state.query) and _contains(state.row, state.query.casefold())
