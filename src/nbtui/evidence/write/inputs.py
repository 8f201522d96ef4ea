"""The input files of a package, and their names for a reader of another machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nbtui.evidence.ascii_text import spelled
from nbtui.evidence.write.record import input_entry
from nbtui.live.cases import input_names
from nbtui.live.model import Case, Simulation


def input_entries(case: Case, simulation: Simulation | None, logs: Sequence[Path | None]) -> list[dict[str, object]]:
    """Every input file: the simulation's (or, after a failure, those named by the command) and the logs."""
    if simulation is not None:
        files = list(simulation.input_files)
    else:
        files = [case.workdir / name for _, name in input_names(case.argv)]
    found = [input_entry(path, shown_name(path, case.workdir)) for path in dict.fromkeys(files) if path.is_file()]
    given = [path for path in logs if path is not None]
    return found + [input_entry(path, shown_name(path, case.folder or case.workdir)) for path in given]


def shown_name(path: Path, folder: Path) -> str:
    """A file's name relative to ``folder`` or to the current directory, else unchanged."""
    full = path.absolute()
    for place in (folder.absolute(), Path.cwd()):
        if full.is_relative_to(place):
            return spelled(str(full.relative_to(place)))
    return spelled(str(path))


def relative(path: Path) -> str:
    """A package's path without the machine's part: relative to the current directory, else its last two parts."""
    full = path.absolute()
    here = Path.cwd()
    return spelled(str(full.relative_to(here) if full.is_relative_to(here) else Path(*full.parts[-2:])))
