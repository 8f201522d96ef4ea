"""The preferences of one console."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbtui.console.session.store import Keeper, Saved


@dataclass(frozen=True)
class Preferences:
    """What a console is started with beside its traces."""

    mouse: bool = True
    diagnose: bool = False  # diagnose a difference automatically
    keeper: Keeper | None = None  # keeps the session; None: nothing is kept
    resumed: Saved | None = None
    message: str = ""  # for the foot line at the start
    package: Path | None = None  # begin at this one in the packages: the user comes back from its replay
