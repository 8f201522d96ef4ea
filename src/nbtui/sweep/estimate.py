"""The time and the disk that a plan takes, from a timed sample of its command lines."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nbtui.errors import UnusableInput
from nbtui.sweep.engine import Done, Engine, Result, Task
from nbtui.sweep.plan import Plan
from nbtui.sweep.rows import LOGS, to_line
from nbtui.sweep.sweep import Tell, jobs_left, jobs_of, judge_all

SAMPLE = 24  # command lines
CLUSTERS = (16, 64, 256, 1024)  # processes
_HOUR = 3600.0


class TimedEngine:
    """An engine that notes the seconds of each task, and how long the first one took to come back besides."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.seconds: list[float] = []
        self.start = 0.0

    @property
    def processes(self) -> int:
        """As the engine itself."""
        return self._engine.processes

    def map(self, work: Callable[[Task, Path], Result], tasks: Iterable[Task]) -> Iterator[Done[Task, Result]]:
        """As the engine itself."""
        began = time.perf_counter()
        for done in self._engine.map(work, tasks):
            if not self.seconds:
                self.start = max(0.0, time.perf_counter() - began - done.seconds)
            self.seconds.append(done.seconds)
            yield done


@dataclass(frozen=True)
class Estimate:
    """The cost of judging a plan. The time of explaining and reducing its failures is not in it.

    Attributes:
        planned: command lines.
        left: those without rows before the sample.
        sampled: command lines judged for the estimate; their rows are kept.
        processes: of the sample.
        start: seconds until a process works.
        each: mean seconds of a command line in one process.
        fastest: seconds of the fastest command line.
        slowest: seconds of the slowest one.
        row_bytes: mean, of the rows of a command line.
        log_bytes: mean, of the logs kept for a command line.
    """

    planned: int
    left: int
    sampled: int
    processes: int
    start: float
    each: float
    fastest: float
    slowest: float
    row_bytes: float
    log_bytes: float

    def wall(self, processes: int) -> float:
        """Seconds of all command lines that were left: start + left * each / processes, at least the slowest one."""
        return self.start + max(self.left * self.each / processes, self.slowest)


def estimate(plan: Plan, folder: Path, engine: Engine, tell: Tell) -> Estimate:
    """Judge an even sample of the command lines without rows, and keep its rows in ``folder``.

    Raises:
        UnusableInput: every command line has its rows; or as :func:`nbtui.sweep.sweep.judge_all`.
        NotWritten: a file cannot be written.
    """
    jobs = jobs_of(plan)
    left = jobs_left(plan, jobs, folder)
    if not left:
        raise UnusableInput(f"every one of {len(jobs)} command lines has its rows already: nothing is left to estimate")
    count = min(SAMPLE, len(left))
    sample = [left[at * len(left) // count] for at in range(count)]
    timed = TimedEngine(engine)
    rows = judge_all(plan, sample, folder, timed, tell)
    logs = (folder / LOGS / f"{row.key}.log" for row in rows)
    return Estimate(
        planned=len(jobs),
        left=len(left),
        sampled=count,
        processes=engine.processes,
        start=timed.start,
        each=statistics.mean(timed.seconds),
        fastest=min(timed.seconds),
        slowest=max(timed.seconds),
        row_bytes=sum(len(to_line(row)) + 1 for row in rows) / count,
        log_bytes=sum(log.stat().st_size for log in logs if log.is_file()) / count,
    )


def estimate_lines(found: Estimate) -> Iterator[str]:
    """An estimate in words, with its formula."""
    yield (
        f"{found.planned:,} command lines, {found.left:,} without rows; {found.sampled} of these judged now, "
        f"{found.each:.3g} s each ({found.fastest:.3g} to {found.slowest:.3g} s), in {found.processes} "
        f"process{'es' * (found.processes != 1)}"
    )
    yield f"in one process: {found.left:,} x {found.each:.3g} s = {found.left * found.each / _HOUR:.3g} hours"
    yield f"wall time: {found.start:.2g} s to start + {found.left:,} x {found.each:.3g} s / processes"
    for processes in sorted({found.processes, *CLUSTERS}):
        yield f"    {processes:5} processes  {_time(found.wall(processes))}"
    yield f"disk: rows {_size(found.left * found.row_bytes)}, logs of the port {_size(found.left * found.log_bytes)}"
    yield "causes and smallest command lines come on top: each failure is diagnosed, one of each cause is reduced"


def _time(seconds: float) -> str:
    if seconds < 120.0:
        return f"{seconds:.3g} s"
    return f"{seconds / 60.0:.3g} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.3g} h"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000.0:
            return f"{count:.3g} {unit}"
        count /= 1000.0
    return f"{count:.3g} GB"
