"""The state directory of nbtui, readable by its user only."""

from __future__ import annotations

import os
from pathlib import Path

from nbtui.whole_file import write_whole


def state_folder() -> Path:
    """``$XDG_STATE_HOME/nbtui``, or ``~/.local/state/nbtui``; not created here."""
    root = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(root) / "nbtui"


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file atomically, readable by the user only; text in UTF-8. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, content.encode() if isinstance(content, str) else content, private=True)
