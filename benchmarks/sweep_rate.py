"""The rate of a sweep: nbsim as the port, in process, so that only the judge and the engine cost time.

    python benchmarks/sweep_rate.py [--number 120] [--processes 2]

Prints, for random command lines of a hunt on a detector of 24 x 24 pixels:
- traces: a pair of traces simulated, printed, read and compared; per second of CPU time in one process
- images: two images simulated and compared; per minute of CPU time in one process
- overhead: share of the elapsed time of the engine's processes that is not in the judge
- memory: of this process after a third of the rows, two thirds and all of them
The judge's part is CPU time, which other programs on the machine disturb less than elapsed time.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from nbtui.live.cases import case_of_command
from nbtui.live.door import options_of
from nbtui.sweep.engine import LocalEngine, one_thread
from nbtui.sweep.estimate import TimedEngine
from nbtui.sweep.judge import judge
from nbtui.sweep.modes import Mode
from nbtui.sweep.plan import PixelRule, Pixels, Plan, SweptCase, SweptPort
from nbtui.sweep.rows import SweepRow
from nbtui.sweep.sweep import jobs_of, judge_all
from nbtui.sweep.usual import usual_axes

BASE = (
    "-cell 40 50 60 90 90 90 -misset 10 20 30 -default_F 100 -lambda 1.2 -N 5 -distance 120 -detpixels 24 -pixel 2 "
    "-oversample 1"
)
WARM = 3  # jobs before the clock starts: imports and caches


def plan_of(number: int, program: str) -> Plan:
    """Random command lines of a hunt with its usual axes, in the pixel (7, 9)."""
    case = replace(case_of_command(BASE, "base command", name="base", workdir=Path.cwd()), pixel=(7, 9))
    port = SweptPort(Path.cwd(), Path.cwd(), program=program)
    return Plan((SweptCase(case, port),), usual_axes(options_of(case)), Mode.RANDOM, number)


def resident_mb() -> float:
    """Memory of this process at present, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def judged(plan: Plan, scratch: Path) -> tuple[list[SweepRow], float, list[float]]:
    """The rows of a plan in this process, their CPU seconds, and the memory [MB] after each third."""
    jobs = jobs_of(plan)
    for job in jobs[:WARM]:
        list(judge(job, plan, scratch))
    rows: list[SweepRow] = []
    memory: list[float] = []
    began = time.process_time()
    for at, job in enumerate(jobs, 1):
        rows += [row for row, _ in judge(job, plan, scratch)]
        if at in {len(jobs) // 3, 2 * len(jobs) // 3, len(jobs)}:
            memory.append(resident_mb())
    return rows, time.process_time() - began, memory


@dataclass(frozen=True)
class Overhead:
    """Elapsed seconds of warm processes, the share of them outside the judge, CPU time of this process [ms/job]."""

    processes: int
    elapsed: float
    share: float
    own_ms: float


def overhead(plan: Plan, processes: int) -> Overhead:
    """Judge a plan with an engine, after two command lines for each process that warm it."""
    with tempfile.TemporaryDirectory() as folder, LocalEngine(processes) as engine:
        jobs = jobs_of(plan)
        judge_all(plan, jobs[: 2 * processes], Path(folder), engine, lambda progress: None)
        timed = TimedEngine(engine)
        began, own = time.perf_counter(), time.process_time()
        judge_all(plan, jobs[2 * processes :], Path(folder), timed, lambda progress: None)
        elapsed, own = time.perf_counter() - began, time.process_time() - own
        share = 1.0 - sum(timed.seconds) / (elapsed * engine.processes)
        return Overhead(engine.processes, elapsed, share, 1e3 * own / len(timed.seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=120, help="random command lines")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--program", default="fixed", help="C program that nbsim stands for as the port")
    asked = parser.parse_args()
    one_thread()
    plan = plan_of(asked.number, asked.program)
    kinds = (
        ("one traced pixel", replace(plan, pixels=Pixels(PixelRule.TRACED))),
        ("the brightest pixel", plan),
        ("the 4 brightest pixels", replace(plan, pixels=Pixels(PixelRule.BRIGHTEST, 4))),
    )
    with tempfile.TemporaryDirectory() as scratch:
        for name, kind in kinds:
            rows, seconds, memory = judged(kind, Path(scratch))
            traces = sum(row.answer.judged for row in rows)
            shown = ", ".join(f"{size:.0f}" for size in memory)
            print(f"{name:24} {traces:5} traces  {traces / seconds:6.1f} per CPU second  memory {shown} MB", flush=True)
        rows, seconds, _ = judged(replace(plan, checks=("image",)), Path(scratch))
        images = sum(row.answer.judged for row in rows)
    print(f"{'images':24} {images:5} images  {60.0 * images / seconds:6.0f} per CPU minute", flush=True)
    found = overhead(plan, asked.processes)
    print(
        f"overhead: {100.0 * found.share:.1f} % of {found.processes} processes in {found.elapsed:.1f} s; "
        f"the engine's own process takes {found.own_ms:.2g} ms of CPU time for a command line"
    )


if __name__ == "__main__":
    main()
