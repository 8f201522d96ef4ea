"""Copying over a terminal: the clipboard of the terminal, the buffer of tmux, and a file, and saying which it was.

A program cannot see whether a terminal obeyed the clipboard sequence (OSC 52), so it never claims that: the file is
always there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from nbtui.console.state_directory import state_folder, write_private
from nbtui.trace.text import clean

LARGEST = 74_000  # bytes of text that terminals commonly take in one clipboard sequence
PATIENCE = 2.0  # s for tmux
FILE = "copied.txt"


def copy(text: str, offer: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> str:
    """Copy ``text`` everywhere at once and report where. Does not raise: failures are reported too.

    ``offer`` hands the text to the terminal (OSC 52).
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
    """Where the text is now, and why it is not there (empty when it is)."""
    place = "tmux buffer"
    for flags in (["-w"], []):  # -w also tells the outer terminal; tmux before 3.2 does not know it
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
