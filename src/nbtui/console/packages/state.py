"""State of the packages screen, frozen, and its pure transitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbtui.console.drawing import open_text
from nbtui.console.drawing.open_text import OpenText
from nbtui.console.packages.jobs import Verified
from nbtui.evidence.history import Entry


@dataclass(frozen=True)
class PackagesState:
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
    top: int = 0
    checks: Mapping[Path, Verified] = field(default_factory=dict)  # by package
    verifying: frozenset[Path] = frozenset()
    reading: OpenText | None = None
    message: str = ""
    burst: int = 0  # packages arrived since the message was last cleared
    seconds: float = 0.0  # clock, for ages [s since 1970]

    @property
    def cursor(self) -> int:
        """Row of the selected package; 0 if it was removed."""
        if self.selected is None:
            return 0
        return next((row for row, one in enumerate(self.entries) if one.package.path == self.selected), 0)

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


def moved(state: PackagesState, by: int, height: int) -> PackagesState:
    """Move the cursor ``by`` rows down, clamped, with ``height`` rows visible. An open text scrolls instead."""
    if state.reading is not None:
        return replace(state, reading=open_text.scrolled(state.reading, by, height))
    if not state.entries:
        return state
    row = max(0, min(len(state.entries) - 1, state.cursor + by))
    chosen = None if row == 0 else state.entries[row].package.path
    return in_view(replace(state, selected=chosen), height)


def in_view(state: PackagesState, height: int) -> PackagesState:
    """Scroll the cursor into view."""
    rows = max(1, height)
    top = min(state.top, max(0, len(state.entries) - rows))
    return replace(state, top=max(state.cursor - rows + 1, min(top, state.cursor)))


def shifted(state: PackagesState, by: int) -> PackagesState:
    """Scroll an open text horizontally by ``by`` columns."""
    if state.reading is None:
        return state
    return replace(state, reading=open_text.shifted(state.reading, by))


def quiet(state: PackagesState) -> PackagesState:
    """Dismiss the last notification."""
    return replace(state, message="", burst=0)
