"""Copying over a terminal: the clipboard of the terminal, the buffer of tmux, and a file, and saying which it was.

A program cannot see whether a terminal obeyed the clipboard sequence (OSC 52), so it never claims that: the file is
always there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from nbtui.console.main.state import State
from nbtui.console.session.state_directory import state_folder, write_private
from nbtui.live.model import F_CELL_ORIGINS
from nbtui.trace.model import Value
from nbtui.trace.text import clean

LARGEST = 74_000  # bytes of text that terminals commonly take in one clipboard sequence
PATIENCE = 2.0  # s for tmux
FILE = "copied.txt"


def selected(state: State) -> str | None:
    """What ``y`` copies: the contribution of the step in its pane, the row of the field elsewhere; None: nothing yet.

    The text is one line of tab-separated ``name value`` pairs, free of anything that a terminal would obey.
    """
    grid = state.contributions
    if state.pane == "steps" and grid is not None:
        block, phi, domain = state.place
        pairs = [("block", str(block)), ("phi_step", str(phi)), ("mosaic_domain", str(domain))]
        pairs += [(name, _number(name, value)) for name, value in grid.py.at(state.place).items()]
        if grid.c is not None:
            pairs.append(("C_F_cell2_F_latt2", f"{grid.c.at(state.place)['F_cell2_F_latt2']:.15g}"))
        return "\t".join(f"{name} {value}" for name, value in pairs)
    row = state.row
    if row is None:
        return None
    sides = [f"C {_value(row.c_value)}", *([] if state.pending else [f"Python {_value(row.py_value)}", row.status])]
    return "\t".join(clean(part) for part in (row.label, row.unit, *sides) if part)


def _number(name: str, value: float) -> str:
    if name == "F_cell_origin":
        return F_CELL_ORIGINS[int(value)] if value >= 0 else "-"  # NaN where there is no term
    return f"{value:.15g}"


def _value(value: Value | None) -> str:
    """All digits of a value; a minus where one side does not have it."""
    return "-" if value is None else repr(value) if isinstance(value, float) else str(value)


def copy(text: str, offer: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> str:
    """Copy ``text`` everywhere at once and say where. Does not raise: what failed is said too.

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
