"""Copying over a terminal: to the terminal's clipboard, the buffer of tmux, and a file, with a report of each.

A program cannot detect whether a terminal obeyed the clipboard sequence (OSC 52), so the report never claims it: the
file is always written.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from nbtui.state_directory import state_folder, write_private
from nbtui.trace.text import clean

LARGEST = 74_000  # bytes of text that terminals commonly accept in one clipboard sequence
PATIENCE = 2.0  # timeout for tmux [s]
FILE = "copied.txt"


def copy(text: str, offer: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> str:
    """Copy ``text`` to all destinations and report them. Does not raise: failures are part of the report.

    ``offer`` sends the text to the terminal (OSC 52).
    """
    reached: list[str] = []
    other: list[str] = []
    for place, problem in ([_to_tmux(text)] if environ.get("TMUX") else []) + [_to_file(text)]:
        (other if problem else reached).append(problem or place)
    if len(text.encode("utf-8")) <= LARGEST:
        offer(text)
        other.append("offered to the clipboard")
    else:
        other.append("too long for the clipboard")
    told = f"copied: {', '.join(reached)}" if reached else "not copied"
    return "; ".join([told, *other])


def _to_tmux(text: str) -> tuple[str, str]:
    """Destination of the text, and the reason for a failure (empty on success)."""
    place = "tmux buffer"
    for flags in (["-w"], []):  # -w also informs the outer terminal; tmux before 3.2 does not support it
        try:
            command = ["tmux", "load-buffer", *flags, "-"]
            done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return place, "tmux did not answer"
        if done.returncode == 0:
            return place, ""
    return place, "tmux refused it"


def _to_file(text: str) -> tuple[str, str]:
    path = state_folder() / FILE
    try:
        write_private(path, text + "\n")
    except OSError as error:
        return _short(path), f"no file: {error.strerror}"
    return _short(path), ""


def _short(path: Path) -> str:
    home = Path.home()
    return clean(f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path))
