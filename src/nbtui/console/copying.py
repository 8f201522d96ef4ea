"""Copying over a terminal: the clipboard of the terminal, the buffer of tmux, and a file, and saying which it was.

A program cannot see whether a terminal obeyed the clipboard sequence (OSC 52), so it never claims that: the file is
always there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from nbtui.console.places import state_folder, write_private
from nbtui.console.state import State
from nbtui.trace.model import Value
from nbtui.trace.text import clean

LARGEST = 74_000  # bytes of text that terminals commonly take in one clipboard sequence
PATIENCE = 2.0  # s for tmux
FILE = "copied.txt"


def selected(state: State) -> tuple[str, str] | None:
    """What ``y`` copies, and its name: the contribution of the step in its pane, the row of the field elsewhere.

    The text is one line of tab-separated ``name value`` pairs, free of anything that a terminal would obey.
    """
    grid = state.contributions
    if state.pane == "steps" and grid is not None:
        block, phi, domain = state.place
        pairs = [("block", str(block)), ("phi_step", str(phi)), ("mosaic_domain", str(domain))]
        pairs += [(name, f"{value:.15g}") for name, value in grid.py.at(state.place).items()]
        if grid.c is not None:
            pairs.append(("C_F_cell2_F_latt2", f"{grid.c.at(state.place)['F_cell2_F_latt2']:.15g}"))
        return f"step {phi}, domain {domain}", "\t".join(f"{name} {value}" for name, value in pairs)
    row = state.row
    if row is None:
        return None
    sides = [f"C {_value(row.c_value)}", *([] if state.pending else [f"Python {_value(row.py_value)}", row.status])]
    return clean(row.label), "\t".join(clean(part) for part in (row.label, row.unit, *sides) if part)


def _value(value: Value | None) -> str:
    """All digits of a value; a minus where one side does not have it."""
    return "-" if value is None else repr(value) if isinstance(value, float) else str(value)


def copy(what: str, text: str, offer: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> str:
    """Copy ``text`` everywhere at once and say where. Does not raise: what failed is said too.

    ``offer`` hands the text to the terminal (OSC 52).
    """
    ways: list[str] = []
    if len(text.encode("utf-8")) <= LARGEST:
        offer(text)
        ways.append("offered to the terminal's clipboard")
    else:
        ways.append("too long for the terminal's clipboard")
    if environ.get("TMUX"):
        ways.append(_to_tmux(text))
    ways.append(_to_file(text))
    return f"copied {what}: {'; '.join(ways)}"


def _to_tmux(text: str) -> str:
    for flags in (["-w"], []):  # -w also tells the outer terminal; tmux before 3.2 does not know it
        try:
            command = ["tmux", "load-buffer", *flags, "-"]
            done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return "tmux did not answer"
        if done.returncode == 0:
            return "in tmux's buffer"
    return "tmux refused it"


def _to_file(text: str) -> str:
    path = state_folder() / FILE
    try:
        write_private(path, text + "\n")
    except OSError as error:
        return f"no file: {error.strerror}"
    return f"in {_short(path)}"


def _short(path: Path) -> str:
    home = Path.home()
    return clean(f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path))
