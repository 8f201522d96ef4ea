"""Where the reader of the help page is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HelpState:
    """Where the reader of the page is."""

    top: int = 0  # first line shown
    query: str = ""
    typing: bool = False
    message: str = ""
