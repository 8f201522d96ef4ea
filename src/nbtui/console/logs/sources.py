"""Sources of the raw logs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbtui.console.logs.state import LogSide
from nbtui.console.main.pair import Compared
from nbtui.console.main.state import Phase, State
from nbtui.trace.model import Trace
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
    left = _log_source(state.suspect) if state.shown is Compared.LOG_LIVE and state.suspect else _c_source(state)
    return left, _right_source(state)


def _c_source(state: State) -> Source:
    if state.c_here is None and state.stand_in is not None and state.reference is not None:
        return Source(state.reference.origin, lines=state.stand_in.lines)
    path = state.case.c_log if state.case else None
    origin = state.c_trace.origin if state.c_trace else ""
    if origin and (path is None or clean(str(path)) != origin):
        path = Path(origin)
    if path is None:
        return Source("no log", problem="this case has no C log; add trace_c.log to its folder or open one with --c")
    return Source(clean(str(path)), path)


def _log_source(trace: Trace) -> Source:
    return Source(trace.origin, Path(trace.origin))


def _right_source(state: State) -> Source:
    if state.shown is Compared.REFERENCE_LOG and state.suspect is not None:
        return _log_source(state.suspect)
    if state.simulation is not None:
        return Source(f"live, {state.settings.phi_mode}", lines=state.simulation.lines_for(state.reference))
    if state.phase is Phase.FAILED:
        return Source("no trace", problem=state.failure)
    if state.can_simulate:
        return Source("not there yet", problem="the simulation is still running")
    return Source("no trace", problem="nothing to compare with; open two logs, or a case that can be simulated")


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
