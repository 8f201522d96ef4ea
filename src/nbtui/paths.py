"""Paths as a user writes them, and the names of a case."""

from __future__ import annotations

from pathlib import Path

DEMO = "demo"  # the built-in case
DEMO_FOLDER = Path(__file__).parent / DEMO
RECORDED_LOG = DEMO_FOLDER / "trace_py.log"  # nbsim's own trace of it, for an installation without torch
COMMAND_FILE = "command.txt"  # of a case folder


def expanded(text: str) -> Path:
    """The path with ``~`` and ``~user`` expanded as in the shell; an unknown user stays as written."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)
