"""The content of an input file as a hash, the same on every machine."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from nbtui.evidence.read.folder import file_hash
from nbtui.live.files import Signature, signature


def content_hash(path: Path) -> str:
    """The SHA-256 of a file; empty where it cannot be read."""
    return _hash(path, signature(path))


@lru_cache(maxsize=64)  # a reduction asks for the same files with every command line
def _hash(path: Path, state: Signature | None) -> str:
    """``state`` tells the versions of a file apart."""
    return "" if state is None else file_hash(path)
