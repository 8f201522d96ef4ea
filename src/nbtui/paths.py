"""Paths as a user writes them."""

from __future__ import annotations

from pathlib import Path


def expanded(text: str) -> Path:
    """``~`` and ``~user`` as in the shell; that of a user who is not known stays as it is written."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)
