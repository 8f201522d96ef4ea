"""The console's speed, in CPU seconds of its process: start, a nudge of a parameter, diagnoses, and a history.

    python benchmarks/console.py [--case ../shared/seed_case] [--logs ../shared/legacy_bundles]
                                 [--packages 10000] [--only start nudge diagnosis history]

``--case``: a case folder with ``trace_c.log``; ``--logs``: a folder of packages with Python logs of that case.
CPU time is nearly independent of other work on the machine; the longest pauses of the screen are not. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from nbtui.evidence.read.index import SETTLED
from support.console_terminal import Terminal

TOP = Path(__file__).resolve().parents[1]
SHARED = TOP.parent / "shared"
EXAMPLE = next(path for path in (TOP / "reports").iterdir() if (path / "metrics.json").is_file())
PATIENCE = 120.0  # s
NUDGES = 12
LIVE, CAUSE = "FIRST DIVERGENCE", "  likely "  # on the screen, of a case whose live values differ
PROGRAM = """
import asyncio, sys, time
from nbtui.console import app as shell

async def watch():
    # the loop sleeps at most 5 ms at a time: more is a pause; its CPU part is work of the loop itself
    last, spent = time.perf_counter(), time.thread_time()
    with open("pauses.txt", "w", buffering=1) as out:
        while True:
            await asyncio.sleep(0.005)
            now, work = time.perf_counter(), time.thread_time()
            if now - last > 0.02:
                out.write(f"{now - last - 0.005} {work - spent}\\n")
            last, spent = now, work

plain = shell.Console.on_mount
def on_mount(self):
    plain(self)
    self._watch = asyncio.get_running_loop().create_task(watch())
if WATCHED:
    shell.Console.on_mount = on_mount
from nbtui.cli import main
sys.argv = ["nbtui", *WORDS]
raise SystemExit(main())
"""
TWICE = """
import json, sys, time
from pathlib import Path
from nbtui.diagnosis.diagnose import diagnose
from nbtui.live.cases import load_case
from nbtui.trace.reading.reader import read_trace
case, c, py = load_case(Path(sys.argv[1])), read_trace(Path(sys.argv[2])), read_trace(Path(sys.argv[3]))
spent = []
for _ in range(2):
    begun = time.process_time()
    found = diagnose(case, c, py)
    spent.append(time.process_time() - begun)
best = found.hypotheses[0].ids if found.hypotheses else ()
print(json.dumps({"cold": time.process_time() - spent[1], "warm": spent[1], "replays": found.tried, "best": best}))
"""


@contextlib.contextmanager
def console(case: str, *, watched: bool = False) -> Iterator[tuple[Terminal, Callable[[], float], Path]]:
    """``nbtui CASE`` in a terminal of its own, its CPU clock [s], and its folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = PROGRAM.replace("WORDS", repr([case])).replace("WATCHED", repr(watched))
        terminal = Terminal(program, folder, {"XDG_STATE_HOME": str(folder / "state")}, None)
        try:
            yield terminal, lambda: time.clock_gettime((~terminal.pid << 3) | 2), folder  # Linux's clock of a process
        finally:
            terminal.close()


def on_screen(terminal: Terminal, clock: Callable[[], float], text: str) -> float:
    """CPU time at which ``text`` appears."""
    end = time.monotonic() + PATIENCE
    while text not in terminal.screen():
        if time.monotonic() > end:
            raise SystemExit(f"{text!r} never came:\n{terminal.screen()}")
        terminal.read(0.005)
    return clock()


def start(case: str) -> None:
    """From the start of the process to the reference, to live values, and to the first cause."""
    with console(case) as (terminal, clock, _):
        reference = on_screen(terminal, clock, "simulating the live side")
        live = on_screen(terminal, clock, LIVE)
        cause = on_screen(terminal, clock, CAUSE)
        print(f"start on {case}: reference {reference:.2f} s, live values {live:.2f} s, cause {cause:.2f} s")
    with console(case, watched=True) as (terminal, clock, folder):
        on_screen(terminal, clock, CAUSE)
        pauses = [[float(word) for word in line.split()] for line in (folder / "pauses.txt").read_text().splitlines()]
        wall = ", ".join(f"{1000 * pause:.0f}" for pause in sorted((pause for pause, _ in pauses), reverse=True)[:5])
        own = max((work for _, work in pauses), default=0.0)
        print(f"  longest pauses of the screen {wall} ms (wall), most work of the screen at a time {1000 * own:.0f} ms")


def nudge(case: str) -> None:
    """Steps of the distance on the parameters screen, each compared and drawn."""
    with console(case) as (terminal, clock, _):
        on_screen(terminal, clock, CAUSE)
        terminal.settle()
        terminal.press("p")
        spent = []
        for _ in range(NUDGES):
            before = clock()
            terminal.press("l")
            spent.append(clock() - before)
        terminal.press("q")
        first, rest = spent[0], statistics.median(spent[1:])
        print(f"nudge on {case}: first {1000 * first:.0f} ms, median of the next {1000 * rest:.0f} ms")


def children() -> float:
    """CPU time of all ended children [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cost(words: Sequence[str], state: Path | None = None) -> tuple[float, str]:
    """CPU seconds of a Python process, and its output."""
    where = {} if state is None else {"XDG_STATE_HOME": str(state)}
    before = children()
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **where},
    )
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return children() - before, done.stdout


def diagnosis(case: Path, logs: Path, sample: Path) -> None:
    """Diagnoses of the case's old packages, and of a sample of labelled cases: a process of its own, then once more."""
    asked = [(case, case / "trace_c.log", log) for log in sorted(logs.glob("*/trace_py_scaling*.log"))]
    asked += [(one.parent, one.parent / "trace_c.log", one) for one in sorted(sample.glob("*/trace_py.log"))]
    for folder, c, py in asked:
        if "per_phi" in py.name:
            continue
        _, text = cost(["-c", TWICE, str(folder), str(c), str(py)])
        found = json.loads(text)
        print(
            f"diagnosis of {py.parent.name}/{py.name}: cold {found['cold']:.2f} s, warm {found['warm']:.2f} s, "
            f"{sum(found['replays'])} replays: {' '.join(found['best']) or 'no cause'}"
        )


def history(count: int) -> None:
    """``nbtui history`` of that many packages: first, again, and with one more."""
    with tempfile.TemporaryDirectory() as name:
        root, state = Path(name, "reports"), Path(name, "state")
        for number in range(count):
            write_package(root, number)
        time.sleep(SETTLED)  # until then a package may still change, and is not indexed
        words = ["-m", "nbtui", "history", str(root)]
        first, text = cost(words, state)
        again, same = cost(words, state)
        write_package(root, count)
        more, longer = cost(words, state)
        assert text == same and len(longer.splitlines()) == len(text.splitlines()) + 1 == count + 2
        print(f"history of {count:,} packages: first {first:.2f} s, again {again:.2f} s, one more {more:.2f} s")


def write_package(root: Path, number: int) -> None:
    """A package like the example, with another stamp and gap."""
    stamp = f"2026{1 + number // 2500:02}{1 + number // 100 % 25:02}T{number // 10 % 10:02}{number % 10:02}00Z"
    folder = root / stamp
    folder.mkdir(parents=True)
    for path in EXAMPLE.iterdir():
        if path.name != "metrics.json":
            (folder / path.name).write_bytes(path.read_bytes())
    metrics = json.loads((EXAMPLE / "metrics.json").read_text("utf-8"))
    metrics["factors"]["I_pixel_final"]["rel_delta"] = 1e-3 * (number % 7)
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", type=Path, default=SHARED / "seed_case")
    parser.add_argument("--logs", type=Path, default=SHARED / "legacy_bundles")
    parser.add_argument("--sample", type=Path, default=SHARED / "live_sample" / "cases")
    parser.add_argument("--packages", type=int, default=10_000)
    parser.add_argument("--only", nargs="*", default=("start", "nudge", "diagnosis", "history"))
    words = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as users have it: with kept bytecode
    if "start" in words.only:
        start("demo")
        start(str(words.case.resolve()))
    if "nudge" in words.only:
        nudge("demo")
        nudge(str(words.case.resolve()))
    if "diagnosis" in words.only:
        diagnosis(words.case.resolve(), words.logs.resolve(), words.sample.resolve())
    if "history" in words.only:
        history(words.packages)


if __name__ == "__main__":
    main()
