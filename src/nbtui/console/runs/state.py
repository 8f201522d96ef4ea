"""State of the runs screen, frozen, and its pure transitions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nbtui.console.drawing import open_text
from nbtui.console.drawing.open_text import OpenText
from nbtui.runs.entry import RunEntry


@dataclass(frozen=True)
class RunsState:
    """Everything the panes of the runs screen show. Immutable."""

    command: str = ""  # text of the suspect command; empty without one
    entries: tuple[RunEntry, ...] = ()  # newest first
    selected: int | None = None  # number of a run; None: always the newest
    marked: int | None = None  # number of the run to compare with
    top: int = 0
    running: bool = False
    looping: bool = False
    seconds: float = 0.0  # elapsed time of the running command
    output: tuple[str, ...] = ()  # last lines of the running command, or of the selected run
    reading: OpenText | None = None
    message: str = ""

    @property
    def cursor(self) -> int:
        """Row of the selected run; 0 if it is not listed."""
        return next((row for row, one in enumerate(self.entries) if one.number == self.selected), 0)

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


def moved(state: RunsState, by: int, height: int) -> RunsState:
    """Move the cursor ``by`` rows down, clamped, with ``height`` rows visible. An open text scrolls instead."""
    if state.reading is not None:
        return replace(state, reading=open_text.scrolled(state.reading, by, height))
    if not state.entries:
        return state
    row = max(0, min(len(state.entries) - 1, state.cursor + by))
    return in_view(replace(state, selected=None if row == 0 else state.entries[row].number), height)


def in_view(state: RunsState, height: int) -> RunsState:
    """Scroll the cursor into view."""
    rows = max(1, height)
    top = min(state.top, max(0, len(state.entries) - rows))
    return replace(state, top=max(state.cursor - rows + 1, min(top, state.cursor)))


def shifted(state: RunsState, by: int) -> RunsState:
    """Scroll an open text horizontally by ``by`` columns."""
    return state if state.reading is None else replace(state, reading=open_text.shifted(state.reading, by))


def marked(state: RunsState) -> RunsState:
    """Mark the selected run, or unmark it."""
    entry = state.entry
    if entry is None:
        return state
    return replace(state, marked=None if state.marked == entry.number else entry.number)
