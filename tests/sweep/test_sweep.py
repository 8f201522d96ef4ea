"""Whole sweeps: nbsim as one C program against another, and a port of its own process."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import threading
from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.processes import run_process
from nbtui.sweep.engine import LocalEngine
from nbtui.sweep.plan_file import read_plan
from nbtui.sweep.rows import RowFile
from nbtui.sweep.sweep import jobs_of
from small_port.fixes import FIXES, fixed
from support.no_torch import no_torch
from support.patience import wait_until
from support.processes import alive
from support.schemas import held

BASE = (
    "-cell 40 50 60 90 90 90 -misset 10 20 30 -default_F 100 -lambda 1.2 -N 5 -distance 120 -detpixels 12 -pixel 4 "
    "-oversample 1 -nonoise"
)
TWO_PROGRAMS = f"""
command = "{BASE}"
suspect_program = "fixed"
mode = "one-at-a-time"
reduce = 10
[axes]
"-phi" = ["0 -osc 0.6 -phisteps 4", "7 -osc 0.6 -phisteps 4"]
"-oversample_polar" = ["-oversample 2"]
"-nopolar" = [true]
"-lambda" = {{ from = 0.9, to = 1.4 }}
"""


def swept(words: str, capsys: pytest.CaptureFixture[str], code: int) -> dict[str, object]:
    assert main(["sweep", *shlex.split(words), "--processes", "1", "--json"]) == code
    found: dict[str, object] = held(capsys.readouterr().out)
    return found


@pytest.mark.slow
def test_parts_of_a_sweep_of_two_c_programs_join(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two differ as known, each with a small command line; a second sweep judges and searches nothing again."""
    Path("plan.toml").write_text(TWO_PROGRAMS, encoding="utf-8")
    for part in ("1/2", "2/2"):
        assert main(["sweep", "plan.toml", "--part", part, "--processes", "1"]) in (0, 1)
    capsys.readouterr()
    parts = [Path(f"plan-{number}-of-2.sweep") for number in (1, 2)]
    keys = [{row.key for row in RowFile(part / "rows.jsonl").read()} for part in parts]
    assert len(keys[0]) == 4 and len(keys[1]) == 3 and not keys[0] & keys[1]
    found = swept(f"merge plan.toml {parts[0]} {parts[1]}", capsys, 1)
    assert {row["key"] for row in found["rows"]} == keys[0] | keys[1]
    groups = {one["group"]: one for one in found["findings"]}
    assert set(groups) == {"phi_carryover", "running_sum_weights"}
    assert found["judged"] == 7 and found["failing"] == 2
    smallest = groups["phi_carryover"]["smallest"]["command"]
    assert "-osc" in smallest and len(smallest) < len(BASE.split()) and "-lambda" not in smallest
    files = {path.name: path.read_bytes() for path in Path("plan.sweep").iterdir() if path.is_file()}
    assert set(files) == {
        *("sweep.json", "rows.jsonl", "explained.jsonl", "smallest.jsonl"),
        *("report.json", "report.md", "report.html"),
    }
    html = files["report.html"].decode()
    assert "<script" not in html and "http" not in html and "phi_carryover" in html
    assert swept("plan.toml", capsys, 1) == found
    assert {path.name: path.read_bytes() for path in Path("plan.sweep").iterdir() if path.is_file()} == files
    case = next(Path("plan.sweep/findings").glob("*phi_carryover"))
    assert main(["compare", str(case), "--py", str(case / "port.log")]) == 1
    assert "rot_a_angstroms" in capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["sweep", "plan.toml"]) == 1
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    untried = next(at for at, line in enumerate(lines) if line.startswith("untried "))
    assert re.search(r" and \d+ more: report.md$", lines[untried + 1])  # and the findings are not far below
    command = text.rpartition("\nphi_carryover\n")[2].partition("\n\n")[0].replace("\\\n", "").split()
    assert command[:-3] == smallest and command[-3] == "-trace_pixel"


@pytest.mark.slow
def test_a_port_is_hunted_down(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left = "the missetting turns about z first"
    Path("port.py").write_text(fixed(*(name for name in FIXES if name != left)), encoding="utf-8")
    plan = f"""
command = "-cell 40 50 60 90 90 90 -default_F 100 -lambda 1.2 -N 5 -distance 120 -detpixels 12 -pixel 4 -oversample 1"
suspect = "{sys.executable} port.py {{command}} -trace_pixel {{pixel}}"
mode = "one-at-a-time"
reduce = 4
[axes]
"-misset" = [[10, 20, 30]]
"-twotheta" = [5]
"""
    Path("plan.toml").write_text(plan, encoding="utf-8")
    found = swept("plan.toml", capsys, 1)
    groups = {one["group"]: one for one in found["findings"]}
    assert set(groups) == {"misset_order", "refused: exit status N: port.py: -twotheta is not ported yet"}
    assert groups["misset_order"]["flags"] == ["-misset"]
    folder = next(Path("plan.sweep/findings").glob("*misset_order"))
    assert "-misset" in (folder / "command.txt").read_text(encoding="utf-8")
    test = folder / "test_misset_order.py"
    assert pytest.main(["-q", "-p", "no:cacheprovider", str(test)]) == 1  # the port is wrong
    Path("port.py").write_text(fixed(), encoding="utf-8")
    assert pytest.main(["-q", "-p", "no:cacheprovider", str(test)]) == 0


def doubled(number: int, scratch: Path) -> int:
    (scratch / str(number)).write_text("", encoding="utf-8")
    return 2 * number


def dies_at_three(number: int, scratch: Path) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fails_at_three(number: int, scratch: Path) -> int:
    if number == 3:
        raise ValueError("three")
    return number


@pytest.mark.slow
def test_processes_do_every_task_once() -> None:
    with LocalEngine(2, no_torch) as engine:
        assert sorted(done.result for done in engine.map(doubled, range(9))) == list(range(0, 18, 2))


@pytest.mark.slow
def test_a_process_that_dies_costs_its_own_task_alone() -> None:
    with LocalEngine(1, no_torch) as engine:
        found = {done.task: done.result for done in engine.map(dies_at_three, range(5))}
    assert found == {0: 0, 1: 1, 2: 2, 3: None, 4: 4}


def own_number(number: int, scratch: Path) -> int:
    return os.getpid()


@pytest.mark.slow
def test_a_process_that_dies_between_two_tasks_loses_none() -> None:
    with LocalEngine(1, no_torch) as engine:
        (first,) = engine.map(own_number, [1])
        assert first.result
        os.kill(first.result, signal.SIGKILL)
        wait_until(lambda: first.result is not None and not alive(first.result))
        assert sorted(done.result for done in engine.map(doubled, range(3))) == [0, 2, 4]


@pytest.mark.slow
def test_an_error_of_the_work_ends_the_sweep() -> None:
    with LocalEngine(1, no_torch) as engine, pytest.raises(ValueError, match="three"):
        list(engine.map(fails_at_three, range(5)))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("plan.toml --part 3/2", "--part 3/2: must be I/N"),
        ("plan.toml --part auto", "no job array"),
        ("merge plan.toml", "name the plan and the folders of its parts"),
        ("merge plan.toml nowhere", "no rows.jsonl in it"),
        ("plan.toml other.toml", "one plan at a time"),
        ("missing.toml", "cannot be read"),
    ],
)
def test_unusable_words_are_named(here: Path, capsys: pytest.CaptureFixture[str], words: str, said: str) -> None:
    Path("plan.toml").write_text(TWO_PROGRAMS, encoding="utf-8")
    assert main(["sweep", *words.split()]) == 2
    assert said in capsys.readouterr().err


def test_a_change_of_the_port_makes_its_rows_void(here: Path) -> None:
    Path("port.py").write_text("1\n", encoding="utf-8")
    text = TWO_PROGRAMS.replace('suspect_program = "fixed"', 'suspect = "python port.py {command}"')
    Path("plan.toml").write_text(text, encoding="utf-8")
    plan = read_plan(Path("plan.toml"))
    before = {job.state for job in jobs_of(plan)}
    assert before == {job.state for job in jobs_of(plan)}
    Path("port.py").write_text("2\n", encoding="utf-8")
    assert not before & {job.state for job in jobs_of(plan)}


def test_a_change_of_an_input_file_of_an_axis_makes_rows_void(here: Path) -> None:
    Path("a.hkl").write_text("0 0 1 5\n", encoding="utf-8")
    Path("plan.toml").write_text(TWO_PROGRAMS + '"-hkl" = ["a.hkl"]\n', encoding="utf-8")
    plan = read_plan(Path("plan.toml"))
    before = jobs_of(plan)[0].state
    Path("copy").write_bytes(Path("a.hkl").read_bytes())
    Path("copy").replace("a.hkl")  # another file with the same content, as on another machine
    assert jobs_of(plan)[0].state == before
    Path("a.hkl").write_text("0 0 1 50\n", encoding="utf-8")
    assert jobs_of(plan)[0].state != before


@pytest.mark.slow
def test_a_sweep_that_judges_nothing_is_no_agreement(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = TWO_PROGRAMS.replace("-cell 40 50 60 90 90 90", "-nopgm")
    Path("plan.toml").write_text(text, encoding="utf-8")
    assert main(["sweep", "plan.toml", "--processes", "1"]) == 2
    assert "nothing was judged: the reference takes none of 7 command lines" in capsys.readouterr().err


def test_a_hunt_takes_no_option_of_the_live_side(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hunt", "demo", "--suspect", "true", "--dtype", "float32"]) == 2
    assert "--dtype" in capsys.readouterr().err


def runs_for_long(number: int, scratch: Path) -> int:
    script = f"import os, time; open({PID!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    with (scratch / "log").open("wb") as log:
        run_process([sys.executable, "-c", script], log)
    return number


PID = "port.pid"


@pytest.mark.slow
def test_the_end_of_a_sweep_ends_the_port(here: Path) -> None:
    with LocalEngine(1, no_torch) as engine:
        worker = threading.Thread(target=lambda: list(engine.map(runs_for_long, [1])), daemon=True)
        worker.start()
        wait_until(lambda: Path(PID).is_file() and Path(PID).read_text() != "")
    number = int(Path(PID).read_text())
    wait_until(lambda: not alive(number))
