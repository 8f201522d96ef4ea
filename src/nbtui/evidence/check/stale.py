"""Traces seen before: a stale Python log, a C log of another command.

Source: the issue of the diagnosis, preflight; spec/evidence_package.md, Directory.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from nbtui.evidence.layout import METRICS, SIMULATED
from nbtui.evidence.read.folder import find_packages, mapping, read_bytes, read_json, regular_size, text
from nbtui.evidence.read.package import python_logs
from nbtui.evidence.write.record import normalised_command
from nbtui.live.model import Case
from nbtui.trace.model import Trace
from nbtui.trace.text import clean

LONGEST = 0.5  # s of looking; the latest packages come first


def seen_before(case: Case, c: Trace, py: Trace, reports: Path, longest: float = LONGEST) -> tuple[str, ...]:
    """Sentences naming the latest package below ``reports`` with the same given Python log, or with the same C log
    under another command.

    Packages of nbtui state the hash of the trace lines; in older ones the Python log itself is compared, byte by byte.
    A package does not count for a log read from it; nor does a live trace, which cannot be stale.
    """
    deadline = time.monotonic() + longest
    command = normalised_command(case)
    given = {"C": _file(c), "Python": None if _simulated(py) else _file(py)}
    found: dict[str, str] = {}
    for path in sorted(find_packages(reports), key=lambda package: package.name, reverse=True):
        metrics = read_json(path / METRICS)[0]
        hashes = mapping(metrics.get("trace_sha256"))
        if _foreign(given["Python"], path) and _same_python(py, given["Python"], path, hashes):
            words = f"The Python log is identical to that of package {clean(path.name)}: is it stale?"
            found.setdefault("Python", words)
        same_c = c.sha256 != "" and text(hashes.get("c")) == c.sha256
        other = text(metrics.get("command")) not in ("", command)
        if same_c and other and _foreign(given["C"], path):
            words = f"The C log is identical to that of package {clean(path.name)}, whose command differs"
            found.setdefault("C", f"{words}: run the C program again.")
        if len(found) == len(given) or time.monotonic() > deadline:
            break
    return tuple(found.values())


def _file(trace: Trace) -> Path | None:
    """The file that a trace was read from; None for a live one."""
    path = Path(trace.origin)
    return path.resolve() if regular_size(path) is not None else None


def _simulated(trace: Trace) -> bool:
    """Whether a trace was read from a package in which the simulator made it: it cannot be stale."""
    path = _file(trace)
    return path is not None and text(read_json(path.with_name(METRICS))[0].get("python_trace")) == SIMULATED


def _foreign(given: Path | None, package: Path) -> bool:
    return given is not None and package.resolve() not in given.parents


def _same_python(py: Trace, given: Path | None, package: Path, hashes: Mapping[str, object]) -> bool:
    stated = text(hashes.get("py"))
    if stated or given is None:
        return stated != "" and stated == py.sha256
    return any(read_bytes(log) == read_bytes(given) for log in _logs(package) if _alike(log, given))


def _alike(one: Path, other: Path) -> bool:
    return regular_size(one) == regular_size(other) is not None


def _logs(package: Path) -> Iterator[Path]:
    try:
        names = [entry.name for entry in package.iterdir()]
    except OSError:
        return
    yield from (package / name for name in python_logs(names))
