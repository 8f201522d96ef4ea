"""State of the runs screen, frozen, and its pure transitions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nbtui.console.drawing.list_state import ListState
from nbtui.runs.entry import RunEntry


@dataclass(frozen=True)
class RunsState(ListState):
    """Everything the panes of the runs screen show. Immutable."""

    command: str = ""  # text of the suspect command; empty without one
    entries: tuple[RunEntry, ...] = ()  # newest first
    selected: int | None = None  # number of a run; None: always the newest
    marked: int | None = None  # number of the run to compare with
    running: bool = False
    looping: bool = False
    seconds: float = 0.0  # elapsed time of the running command
    output: tuple[str, ...] = ()  # last lines of the running command, or of the selected run

    @property
    def length(self) -> int:
        return len(self.entries)

    @property
    def cursor(self) -> int:
        return next((row for row, one in enumerate(self.entries) if one.number == self.selected), 0)

    def at(self, row: int) -> RunsState:
        return replace(self, selected=None if row == 0 else self.entries[row].number)

    @property
    def entry(self) -> RunEntry | None:
        """The selected run."""
        return self.entries[self.cursor] if self.entries else None

    @property
    def base(self) -> RunEntry | None:
        """The run that the selected one is compared with: the marked one, else the one before of the same pixel."""
        entry = self.entry
        if entry is None:
            return None
        marked = next((one for one in self.entries if one.number == self.marked), None)
        if marked is not None and marked is not entry:
            return marked
        older = (one for one in self.entries if one.number < entry.number and one.pixel == entry.pixel)
        return next(older, None)


def marked(state: RunsState) -> RunsState:
    """Mark the selected run, or unmark it."""
    entry = state.entry
    if entry is None:
        return state
    return replace(state, marked=None if state.marked == entry.number else entry.number)
