"""A sweep that ends early: no process left behind, no torn row, and the rest goes on later."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nbtui.sweep.engine import LocalEngine
from support.no_torch import no_torch
from support.patience import wait_until
from support.processes import alive

PIDS = Path("pids")
SLEEPS = "import os, time; open('pids', 'a').write(f'{os.getpid()}\\n'); time.sleep(600)"
MAIN = f"""
import os, sys
from nbtui.processes import run_process
from nbtui.sweep.engine import LocalEngine

def no_torch():
    pass

def runs_for_long(number, scratch):
    open("pids", "a").write(f"{{os.getpid()}}\\n")
    with (scratch / "log").open("wb") as log:
        run_process([sys.executable, "-c", {SLEEPS!r}], log)

if __name__ == "__main__":
    with LocalEngine(1, no_torch) as engine:
        list(engine.map(runs_for_long, [1]))
"""
# the first run of the port ends, the second one hangs
PORT = """
import os, pathlib, time
pids = pathlib.Path("pids")
first = not pids.exists()
with pids.open("a") as file:
    file.write(f"{os.getpid()}\\n")
time.sleep(0 if first else 600)
"""
PLAN = f"""
command = "-cell 40 50 60 90 90 90 -default_F 100 -lambda 1.2 -N 5 -distance 120 -detpixels 12 -pixel 4 -oversample 1"
suspect = "{sys.executable} port.py {{command}}"
sources = ["plan.toml"]
mode = "one-at-a-time"
reduce = 0
[axes]
"-lambda" = [1.1, 1.3]
"""


def written(count: int) -> list[int]:
    """The first ``count`` process numbers in the file, once they are there."""
    wait_until(lambda: PIDS.is_file() and PIDS.read_text().count("\n") >= count)
    return [int(line) for line in PIDS.read_text().split()]


def starts_a_port_and_dies(number: int, scratch: Path) -> None:
    port = subprocess.Popen([sys.executable, "-c", SLEEPS], start_new_session=True)
    wait_until(lambda: PIDS.is_file() and f"{port.pid}\n" in PIDS.read_text())
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_the_port_of_a_killed_process_ends(here: Path) -> None:
    with LocalEngine(1, no_torch) as engine:
        assert [done.result for done in engine.map(starts_a_port_and_dies, [1])] == [None]
        ports = written(2)
        wait_until(lambda: not any(map(alive, ports)))


@pytest.mark.slow
def test_nothing_outlives_a_sweep_that_is_killed(here: Path) -> None:
    Path("sweeps.py").write_text(MAIN, encoding="utf-8")
    Path("scratch").mkdir()
    environment = {**os.environ, "TMPDIR": str(here / "scratch")}
    process = subprocess.Popen([sys.executable, "sweeps.py"], env=environment)
    processes = written(2)
    process.kill()
    process.wait()
    wait_until(lambda: not any(map(alive, processes)) and not list(Path("scratch").iterdir()))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sweep_that_is_stopped_leaves_whole_rows_and_no_process(here: Path, number: signal.Signals) -> None:
    Path("port.py").write_text(PORT, encoding="utf-8")
    Path("plan.toml").write_text(PLAN, encoding="utf-8")
    command = [sys.executable, "-m", "nbtui", "sweep", "plan.toml", "--processes", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    ports = written(2)
    (os.killpg if number is signal.SIGINT else os.kill)(process.pid, number)
    error = process.communicate()[1]
    assert process.returncode in (128 + number, -number)
    assert "Traceback" not in error
    wait_until(lambda: not any(map(alive, ports)))
    rows = [json.loads(line) for line in Path("plan.sweep/rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["answer"] for row in rows] == ["no trace"]
