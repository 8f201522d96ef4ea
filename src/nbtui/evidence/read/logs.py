"""The two logs of a package as traces, read from their bytes as the export read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nbtui.evidence.layout import C_LOG, GIVEN_LOG, PER_PHI, WARNS
from nbtui.evidence.read.folder import number, read_text, text
from nbtui.evidence.read.package import python_logs, stand_in_of
from nbtui.evidence.trace_header import MARK
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import parse_lines, read_phi, read_trace, with_phi

SIMULATED_FROM = "simulated: "  # first line of the log of a simulated reference


@dataclass(frozen=True)
class PackageLogs:
    """The traces; None where a log is missing or holds no trace. ``problems``: each a file and the reason."""

    c: Trace | None
    py: Trace | None
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SimulatedLog:
    """A log that nbtui wrote: its header, its warnings and its trace lines."""

    header: tuple[str, ...]
    warnings: tuple[str, ...]
    lines: tuple[str, ...]


def given_logs(folder: Path, files: tuple[str, ...]) -> PackageLogs:
    """Both logs in any dialect, phi lines joined, and the reason for those that cannot be read."""
    found: list[tuple[str, str]] = []

    def load(name: str) -> Trace | None:
        try:
            return read_trace(folder / name)
        except (TraceError, OSError) as error:
            found.append((name, f"holds no readable trace: {error}"))
            return None

    c = load(C_LOG) if C_LOG in files else None
    logs = python_logs(list(files))
    py = load(logs[0]) if logs else None
    per_phi = next((name for name in files if name.endswith(PER_PHI)), "")
    if py is not None and per_phi:  # stands for the log's own phi lines, as at the export
        try:
            py = with_phi(py, read_phi(folder / per_phi))
        except (TraceError, OSError) as error:
            found.append((per_phi, f"holds no readable phi lines: {error}"))
    return PackageLogs(c, py, tuple(found))


def logs_of(folder: Path, files: tuple[str, ...], metrics: Mapping[str, object]) -> PackageLogs:
    """Both logs of a package of ours: those that nbtui simulated without their header and warnings."""
    read = given_logs(folder, files)
    c, py = read.c, read.py
    stand_in = stand_in_of(metrics)
    if c is not None and stand_in:
        lines = tuple(_lines(folder / C_LOG))[1:]
        c = replace(parse_lines(lines, stand_in), side="C", pixel=_pixel(metrics), simulated=True)
    if py is not None and text(metrics.get("python_trace")) != GIVEN_LOG:
        names = [name for name in files if name.startswith("trace_py")]
        main = next(name for name in names if not name.endswith(PER_PHI))
        phi = next((name for name in names if name.endswith(PER_PHI)), "")
        py = replace(parse_lines(simulated_log(folder / main).lines, "live"), side="PY", pixel=_pixel(metrics))
        if phi:
            py = with_phi(py, parse_lines(simulated_log(folder / phi).lines, "live").phi)
    return PackageLogs(c, py, read.problems)


def simulated_log(path: Path) -> SimulatedLog:
    """The parts of a log that nbtui wrote."""
    lines = tuple(_lines(path))
    start = next((at for at, line in enumerate(lines) if not line.startswith(MARK)), len(lines))
    end = next((at for at in range(start, len(lines)) if not lines[at].startswith(WARNS)), len(lines))
    return SimulatedLog(lines[:start], tuple(line.removeprefix(WARNS) for line in lines[start:end]), lines[end:])


def blocked_trace(metrics: Mapping[str, object]) -> Trace:
    """The Python side of a package whose simulation failed, as at the export."""
    return Trace("PY", "no simulation", (), pixel=_pixel(metrics))


def _lines(path: Path) -> Iterator[str]:
    yield from (read_text(path) or "").splitlines()


def _pixel(metrics: Mapping[str, object]) -> tuple[int, int] | None:
    """The pixel that the command names."""
    words = text(metrics.get("command")).split()
    if words[-3:-2] != ["-trace_pixel"]:
        return None
    slow, fast = (number(word) for word in words[-2:])
    return None if slow is None or fast is None else (int(slow), int(fast))
