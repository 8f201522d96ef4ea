"""The preferences of one console."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbtui.console.session.store import Keeper, Saved


@dataclass(frozen=True)
class Preferences:
    """Start options of a console, apart from its traces."""

    mouse: bool = True
    diagnose: bool = False  # diagnose a difference automatically
    sign: Path | None = None  # SSH key that signs exported packages
    keeper: Keeper | None = None  # saves the session; None: no saving
    resumed: Saved | None = None
    message: str = ""  # initial message in the foot line
