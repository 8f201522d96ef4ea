"""Statements of the user about his log, beside its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LogOrigin:
    """Phi lines in a file of their own, and who made the log; empty where nothing is stated."""

    phi: Path | None = None
    made_by: str = ""  # command
    port: Path | None = None  # folder
