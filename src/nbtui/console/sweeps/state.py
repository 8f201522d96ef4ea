"""State of the sweeps screen, frozen, and its pure transitions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from nbtui.console.drawing.list_state import ListState
from nbtui.sweep.findings import SweepFinding
from nbtui.sweep.follow import SweepSeen

RATE_OVER = 60.0  # s of rows behind a rate
_FEWEST = 3  # command lines that make a rate


@dataclass(frozen=True)
class Arrivals:
    """Command lines of one sweep over the last minute: (seconds, number done), oldest first."""

    folder: Path
    counts: tuple[tuple[float, int], ...] = ()

    def added(self, seconds: float, done: int) -> Arrivals:
        """With one more look; a sweep that begins again begins here as well."""
        kept = tuple(one for one in self.counts if one[0] > seconds - RATE_OVER and one[1] <= done)
        return replace(self, counts=(*kept, (seconds, done)))

    @property
    def rate(self) -> float | None:
        """Command lines per second; None while too few have arrived."""
        if not self.counts:
            return None
        (began, first), (now, last) = self.counts[0], self.counts[-1]
        return (last - first) / (now - began) if last - first >= _FEWEST and now > began else None


@dataclass(frozen=True)
class SweepsState(ListState):
    """Everything the panes of the sweeps screen show. Immutable.

    Attributes:
        command: text of the port's command of the case; empty without one.
        sweeps: the last changed first.
        folder: the selected sweep; None: the first.
        group: the selected finding; None: always the first.
        running: folder of the hunt of this console.
        ended: folder of its last hunt that is over.
        arrivals: of the selected sweep.
        seconds: clock [s since 1970].
        started: the folders have been read once.
    """

    command: str = ""
    sweeps: tuple[SweepSeen, ...] = ()
    folder: Path | None = None
    group: str | None = None
    running: Path | None = None
    ended: Path | None = None
    arrivals: Arrivals | None = None
    seconds: float = 0.0
    started: bool = False

    @property
    def place(self) -> int:
        """Position of the selected sweep; 0 if it is gone."""
        return next((at for at, one in enumerate(self.sweeps) if one.folder == self.folder), 0)

    @property
    def sweep(self) -> SweepSeen | None:
        """The selected sweep."""
        return self.sweeps[self.place] if self.sweeps else None

    @property
    def findings(self) -> tuple[SweepFinding, ...]:
        """Of the selected sweep."""
        return () if self.sweep is None else self.sweep.listed

    @property
    def length(self) -> int:
        return len(self.findings)

    @property
    def cursor(self) -> int:
        return next((row for row, one in enumerate(self.findings) if one.group == self.group), 0)

    def at(self, row: int) -> SweepsState:
        return replace(self, group=None if row == 0 else self.findings[row].group)

    @property
    def finding(self) -> SweepFinding | None:
        """The selected finding."""
        listed = self.findings
        return listed[self.cursor] if listed else None

    @property
    def runs_here(self) -> bool:
        """Whether the selected sweep is the running hunt."""
        return self.running is not None and self.sweep is not None and self.sweep.folder == self.running


def looked(state: SweepsState, sweeps: tuple[SweepSeen, ...], seconds: float) -> SweepsState:
    """Store a look at all sweeps."""
    kept = state.folder or (state.sweep.folder if state.sweep is not None else None)
    return with_arrivals(replace(state, sweeps=sweeps, seconds=seconds, started=True, folder=kept))


def with_arrivals(state: SweepsState) -> SweepsState:
    """Count the command lines of the selected sweep."""
    sweep = state.sweep
    if sweep is None or sweep.behind:
        return replace(state, arrivals=None)
    before = state.arrivals
    if before is None or before.folder != sweep.folder:
        before = Arrivals(sweep.folder)
    return replace(state, arrivals=before.added(state.seconds, sweep.done))


def chosen(state: SweepsState, folder: Path) -> SweepsState:
    """Select a sweep by its folder, which may be about to appear."""
    return replace(state, folder=folder, group=None, top=0, arrivals=None)


def turned(state: SweepsState, by: int) -> SweepsState:
    """Select the next sweep (1) or the previous one (-1)."""
    if len(state.sweeps) < 2:
        return state
    return with_arrivals(chosen(state, state.sweeps[(state.place + by) % len(state.sweeps)].folder))
