"""The header and the warnings of a log that nbtui simulated, against metrics.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from nbtui.evidence.ascii_text import ascii_line
from nbtui.evidence.check.finding import FileFinding, wrong
from nbtui.evidence.read.logs import simulated_log
from nbtui.evidence.trace_header import trace_header
from nbtui.trace.model import Trace


def check_simulated(
    folder: Path, logs: Sequence[str], metrics: Mapping[str, object], inputs: Sequence[object], py: Trace | None
) -> list[FileFinding]:
    """Every statement in the header of each log, the warnings of the main one, and the steps of the trace.

    ``logs``: the main one first; ``inputs``: entries of the simulation's files.
    """
    expected = trace_header(metrics, inputs)
    found = []
    for name in logs:
        found += wrong(name, _header(simulated_log(folder / name).header, expected))
    notices = metrics.get("notices")
    stated = [ascii_line(str(notice)) for notice in notices] if isinstance(notices, list) else []
    if logs and list(simulated_log(folder / logs[0]).warnings) != stated:
        found += wrong(logs[0], ["its warnings are not the notices of metrics.json"])
    tics = [int(line.phi_tic) for line in py.phi] if py is not None else []
    if tics != list(range(max(tics, default=-1) + 1)) * tics.count(0):
        found += wrong(logs[-1], ["its phi steps are not in the order of the loop"])
    steps = py.all("steps") if py is not None else ()
    if len(steps) and steps[-1].values != (metrics.get("steps"),):
        found += wrong(logs[0], [f"its trace has {steps[-1].values} steps, metrics.json {metrics.get('steps')}"])
    return found


def _header(lines: Sequence[str], expected: Sequence[str]) -> Iterator[str]:
    for line, wanted in zip_longest(lines, expected, fillvalue="nothing"):
        if line != wanted:
            yield f"states '{line[:160]}', metrics.json '{wanted[:160]}'"
