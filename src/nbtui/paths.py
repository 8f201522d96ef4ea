"""Paths as a user writes them."""

from __future__ import annotations

from pathlib import Path


def expanded(text: str) -> Path:
    """The path with ``~`` and ``~user`` expanded as in the shell; an unknown user stays as written."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)
