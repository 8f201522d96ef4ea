"""A list with a cursor and a page for reading over it: the part of a screen's state that all lists share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Self, TypeVar

from nbtui.console.drawing import open_text
from nbtui.console.drawing.open_text import OpenText


@dataclass(frozen=True, kw_only=True)
class ListState(ABC):
    """State of a list screen. Immutable.

    Attributes:
        top: first visible row.
        reading: the text displayed in place of the list.
        message: the last notification, in place of the keys.
    """

    top: int = 0
    reading: OpenText | None = None
    message: str = ""

    @property
    @abstractmethod
    def length(self) -> int:
        """Number of rows."""

    @property
    @abstractmethod
    def cursor(self) -> int:
        """Row of the selected entry; 0 if it is not listed."""

    @abstractmethod
    def at(self, row: int) -> Self:
        """The state with another selected row."""


Listed = TypeVar("Listed", bound=ListState)


def moved(state: Listed, by: int, height: int) -> Listed:
    """Move the cursor ``by`` rows down, clamped, with ``height`` rows visible. An open text scrolls instead."""
    if state.reading is not None:
        return replace(state, reading=open_text.scrolled(state.reading, by, height))
    if not state.length:
        return state
    return in_view(state.at(max(0, min(state.length - 1, state.cursor + by))), height)


def in_view(state: Listed, height: int) -> Listed:
    """Scroll the cursor into view."""
    rows = max(1, height)
    top = min(state.top, max(0, state.length - rows))
    return replace(state, top=max(state.cursor - rows + 1, min(top, state.cursor)))


def shifted(state: Listed, by: int) -> Listed:
    """Scroll an open text horizontally by ``by`` columns."""
    return state if state.reading is None else replace(state, reading=open_text.shifted(state.reading, by))
