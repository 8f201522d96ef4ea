"""Paths as a user writes them, and the names of a case."""

from __future__ import annotations

from pathlib import Path

DEMO = "demo"  # the built-in case
COMMAND_FILE = "command.txt"  # of a case folder


def expanded(text: str) -> Path:
    """The path with ``~`` and ``~user`` expanded as in the shell; an unknown user stays as written."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)
