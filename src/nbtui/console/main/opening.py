"""A case to open in place of the console, which returns afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.main.jobs import Judgement
from nbtui.live.model import Case, Settings

if TYPE_CHECKING:
    from nbtui.runs.known import KnownCommands


@dataclass(frozen=True)
class CaseToOpen:
    """A case with a log of the port.

    Attributes:
        log: None where the port left none.
        known: the port's command for this case, where it is known.
        message: first message of its console.
    """

    case: Case
    settings: Settings
    judgement: Judgement
    reports: Path
    log: Path | None
    known: KnownCommands | None
    message: str
