"""What the packages screen knows and where the user is: one frozen value and the pure steps between such values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbtui.evidence.history import Entry


@dataclass(frozen=True)
class OpenText:
    """A text that is shown instead of the table."""

    title: str
    lines: tuple[str, ...]  # cleaned
    top: int = 0
    shift: int = 0  # columns hidden on the left


@dataclass(frozen=True)
class PackagesState:
    """Everything the panes of the packages screen may show. Replaced, never changed."""

    root: str
    entries: tuple[Entry, ...] = ()  # newest first
    unread: int = 0
    root_there: bool = True
    started: bool = False
    polling: bool = False
    frozen: bool = False
    held: tuple[Entry, ...] | None = None  # what a frozen screen will show when it is let go
    selected: Path | None = None  # None: the newest, whatever comes
    top: int = 0
    checks: Mapping[Path, str] = field(default_factory=dict)  # outcome of a verification, by package
    reading: OpenText | None = None
    message: str = ""
    burst: int = 0  # packages that came since the message was last cleared
    seconds: float = 0.0  # clock, for ages [s since 1970]

    @property
    def cursor(self) -> int:
        """Row of the selected package; 0 when it has gone."""
        if self.selected is None:
            return 0
        return next((row for row, one in enumerate(self.entries) if one.package.path == self.selected), 0)

    @property
    def entry(self) -> Entry | None:
        """The selected package."""
        return self.entries[self.cursor] if self.entries else None


def updated(shelf: PackagesState, entries: tuple[Entry, ...], unread: int, arrived: int) -> PackagesState:
    """Newly judged packages; a frozen screen holds them back and counts them."""
    burst = shelf.burst + arrived
    message = shelf.message
    if arrived:
        message = f"{burst} new package{'s' * (burst > 1)}"
    if shelf.frozen:
        return replace(shelf, held=entries, unread=unread, burst=burst, message=message)
    return replace(shelf, entries=entries, unread=unread, burst=burst, message=message)


def freeze(shelf: PackagesState) -> PackagesState:
    """Freeze what is shown, or let go and show what has come meanwhile."""
    if not shelf.frozen:
        return replace(shelf, frozen=True)
    entries = shelf.entries if shelf.held is None else shelf.held
    return replace(shelf, frozen=False, held=None, entries=entries)


def moved(shelf: PackagesState, by: int, height: int) -> PackagesState:
    """The cursor ``by`` rows down, at the ends it stays; ``height`` rows are in sight. A text is scrolled instead."""
    if shelf.reading is not None:
        last = max(0, len(shelf.reading.lines) - height)
        return replace(shelf, reading=replace(shelf.reading, top=max(0, min(last, shelf.reading.top + by))))
    if not shelf.entries:
        return shelf
    row = max(0, min(len(shelf.entries) - 1, shelf.cursor + by))
    chosen = None if row == 0 else shelf.entries[row].package.path
    return in_view(replace(shelf, selected=chosen), height)


def in_view(shelf: PackagesState, height: int) -> PackagesState:
    """The first row shown chosen so that the cursor is in sight."""
    rows = max(1, height)
    top = min(shelf.top, max(0, len(shelf.entries) - rows))
    return replace(shelf, top=max(shelf.cursor - rows + 1, min(top, shelf.cursor)))


def shifted(shelf: PackagesState, by: int) -> PackagesState:
    """A text moved sideways by ``by`` columns."""
    if shelf.reading is None:
        return shelf
    widest = max((len(text) for text in shelf.reading.lines), default=0)
    shift = max(0, min(widest - 1, shelf.reading.shift + by))
    return replace(shelf, reading=replace(shelf.reading, shift=max(0, shift)))


def quiet(shelf: PackagesState) -> PackagesState:
    """The last notification is taken note of."""
    return replace(shelf, message="", burst=0)
