"""State of the packages screen, frozen, and its pure transitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbtui.console.drawing.list_state import ListState
from nbtui.console.packages.jobs import Verified
from nbtui.evidence.history import Entry


@dataclass(frozen=True)
class PackagesState(ListState):
    """Everything the panes of the packages screen show. Immutable."""

    root: str
    first: bool = False  # the first screen of the program: nothing to go back to
    entries: tuple[Entry, ...] = ()  # newest first
    unread: int = 0
    root_there: bool = True
    root_was_there: bool = False  # and was removed
    started: bool = False
    polling: bool = False
    frozen: bool = False
    held: tuple[Entry, ...] | None = None  # list to show when a frozen screen resumes
    selected: Path | None = None  # None: always the newest
    checks: Mapping[Path, Verified] = field(default_factory=dict)  # by package
    verifying: frozenset[Path] = frozenset()
    burst: int = 0  # packages arrived since the message was last cleared
    seconds: float = 0.0  # clock, for ages [s since 1970]

    @property
    def length(self) -> int:
        return len(self.entries)

    @property
    def cursor(self) -> int:
        if self.selected is None:
            return 0
        return next((row for row, one in enumerate(self.entries) if one.package.path == self.selected), 0)

    def at(self, row: int) -> PackagesState:
        return replace(self, selected=None if row == 0 else self.entries[row].package.path)

    @property
    def entry(self) -> Entry | None:
        """The selected package."""
        return self.entries[self.cursor] if self.entries else None


def left(state: PackagesState) -> PackagesState:
    """The part of a state that a later visit shows again: list, selection and verification results."""
    entries = state.entries if state.held is None else state.held
    return PackagesState(
        root=state.root,
        entries=entries,
        root_there=state.root_there,
        started=state.started,
        selected=state.selected,
        top=state.top,
        checks=state.checks,
    )


def verifying(state: PackagesState, path: Path) -> PackagesState:
    """Announce a verification."""
    return replace(state, verifying=state.verifying | {path})


def verified(state: PackagesState, check: Verified) -> PackagesState:
    """Store the outcome of a verification."""
    return replace(state, checks={**state.checks, check.path: check}, verifying=state.verifying - {check.path})


def without_checks(state: PackagesState, paths: Iterable[Path]) -> PackagesState:
    """Drop the outcomes of changed packages."""
    dropped = set(paths)
    return replace(state, checks={path: check for path, check in state.checks.items() if path not in dropped})


def updated(state: PackagesState, entries: tuple[Entry, ...], unread: int, arrived: int) -> PackagesState:
    """Store newly judged packages; a frozen screen withholds and counts them."""
    burst = state.burst + arrived
    message = state.message
    if arrived:
        message = f"{burst} new package{'s' * (burst > 1)}"
    if state.frozen:
        return replace(state, held=entries, unread=unread, burst=burst, message=message)
    return replace(state, entries=entries, unread=unread, burst=burst, message=message)


def freeze(state: PackagesState) -> PackagesState:
    """Freeze the list, or resume and show the packages that arrived meanwhile."""
    if not state.frozen:
        return replace(state, frozen=True)
    entries = state.entries if state.held is None else state.held
    return replace(state, frozen=False, held=None, entries=entries)


def quiet(state: PackagesState) -> PackagesState:
    """Dismiss the last notification."""
    return replace(state, message="", burst=0)
