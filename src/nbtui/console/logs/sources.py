"""Sources of the raw logs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbtui.console.logs.state import LogSide
from nbtui.console.main.state import Phase, State
from nbtui.trace.reading.lines import GivenLines, Lines
from nbtui.trace.text import clean


@dataclass(frozen=True)
class Source:
    """Source of a side: a file, the lines of the live side, or the reason for its absence."""

    title: str
    path: Path | None = None
    lines: tuple[str, ...] = ()
    problem: str = ""


def sources(state: State) -> tuple[Source, Source]:
    """The sources of the two compared logs."""
    return _c_source(state), _py_source(state)


def _c_source(state: State) -> Source:
    path = state.case.c_log if state.case else None
    origin = state.c_trace.origin if state.c_trace else ""
    if origin and (path is None or clean(str(path)) != origin):
        path = Path(origin)
    if path is None:
        return Source("no log", problem="this case has no C log; add trace_c.log to its folder or open one with --c")
    return Source(clean(str(path)), path)


def _py_source(state: State) -> Source:
    if state.py_given and state.py_trace is not None:
        return Source(state.py_trace.origin, Path(state.py_trace.origin))
    if state.simulation is not None:
        return Source(f"live, {state.settings.phi_mode}", lines=state.simulation.lines_for(state.c_trace))
    if state.phase is Phase.FAILED:
        return Source("no trace", problem=state.failure)
    if state.can_simulate:
        return Source("not there yet", problem="the simulation is still running")
    return Source("no trace", problem="there is no Python side; open two logs, or a case that can be simulated")


def side_of(source: Source) -> LogSide:
    """The initial side of the screen, before its file is read."""
    lines: Lines = GivenLines(source.lines)
    reading = (0, 0) if source.path is not None and not source.problem else None
    return LogSide(source.title, lines, source.problem, reading, lines.count)


def stamp(path: Path) -> tuple[int, int]:
    """Fingerprint of a file, for the detection of changes."""
    try:
        status = path.stat()
    except OSError:
        return (0, -1)
    return status.st_mtime_ns, status.st_size
