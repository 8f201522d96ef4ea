"""``python -m port COMMAND_FILE FOLDER [FAULT ...]``: the port's log of a command line."""

from __future__ import annotations

import sys
from pathlib import Path

from port.faults import Faults
from port.settings import settings_of
from port.simulator import Simulator
from port.trace_hook import trace_text

if __name__ == "__main__":
    command, folder, *names = sys.argv[1:]
    settings = settings_of(Path(command).read_text(encoding="utf-8"), Path(folder))
    print(trace_text(Simulator(settings, Faults(*names)), *settings.trace_pixel), end="")
