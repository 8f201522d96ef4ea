"""State of the help page, frozen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HelpState:
    """The position and the search of the help page."""

    top: int = 0  # first visible line
    query: str = ""
    typing: bool = False
    message: str = ""
