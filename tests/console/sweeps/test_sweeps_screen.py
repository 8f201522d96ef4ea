"""Sweeps in the console: followed as they grow, hunts in a child process, and the case of a finding."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from nbtui.commands.hunt import command as hunt_command
from nbtui.console.app import Console
from nbtui.console.drawing.line import plain, width_of
from nbtui.console.entry_points import replay
from nbtui.console.main.opening import CaseToOpen
from nbtui.console.sweeps import pane, progress
from nbtui.console.sweeps.hunts import folder_of, hunt_words
from nbtui.console.sweeps.screen import SweepsScreen
from nbtui.console.sweeps.state import Arrivals, SweepsState, chosen, looked
from nbtui.errors import UnusableInput
from nbtui.live.model import Case
from nbtui.runs.known import KnownCommands
from nbtui.sweep.follow import PIECE, SweepFolders, SweepReader
from nbtui.sweep.record import RECORD, write_record
from nbtui.sweep.rows import ROWS, Answer, to_line
from support.console_terminal import Start, console_program
from support.console_toy import JUDGEMENT, console, console_with_port, ready, screen_text, until
from support.processes import alive
from support.run_port import toy_commands
from support.sweep_folder import (
    BASE,
    add_cause,
    add_rows,
    add_smallest,
    finished_sweep,
    record,
    row,
    write_case,
)

# stands for `nbtui hunt`: adds the rows of a file to those of the sweep, two at each start, with a port beside it
HUNT = """
import os, subprocess, sys, time
folder, rows, pids = sys.argv[1:]
there = len(open(folder + "/rows.jsonl").readlines()) if os.path.exists(folder + "/rows.jsonl") else 0
os.makedirs(folder, exist_ok=True)
todo = open(rows).readlines()[there:]
port = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(pids, "w").write(f"{os.getpid()} {port.pid}")
with open(folder + "/rows.jsonl", "a") as file:
    file.writelines(todo[:2])
if len(todo) > 2:
    time.sleep(600)
port.kill()
sys.exit(1)
"""
EVERY = "nbtui.console.sweeps.screen.EVERY"


@pytest.fixture(autouse=True)
def quickly(here: Path, monkeypatch: pytest.MonkeyPatch, simulator: Callable[..., None]) -> None:
    monkeypatch.setattr(EVERY, 0.02)


async def opened(pilot: Pilot[int]) -> SweepsScreen:
    await ready(pilot)
    await pilot.press("s")
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, SweepsScreen) and app.screen.state.started)
    assert isinstance(app.screen, SweepsScreen)
    return app.screen


async def sees(pilot: Pilot[int], *texts: str) -> None:
    await until(pilot, lambda: all(text in screen_text(pilot.app) for text in texts), f"not all of {texts}")


async def test_rows_of_another_process_arrive_and_findings_come_first(case: Case, here: Path) -> None:
    folder = here / "cluster.sweep"
    write_record(record(4), folder)
    rows = [row(0, answer=Answer.AGREES), row(1, "-phi"), row(2, "-phi", "-N", gap=-0.3)]
    refused = row(3, "-twotheta", answer=Answer.REFUSED, detail="exit status 1: not ported")
    app = console(case)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await sees(pilot, "cluster.sweep", "no row yet")
        add_rows(folder, [*rows, row(99, "-stale")])  # a row of another plan is not counted
        await sees(pilot, "judging: 3 of 4", "2 diverge, 1 agree", "1 ? rot_a_angstroms", "-30.0 %", "not reduced yet")
        await sees(pilot, "not searched yet; first divergence rot_a_angstroms.x (Crystal)")
        add_rows(folder, [refused])
        for one in rows[1:]:
            add_cause(folder, one, "phi_carryover", "C keeps the vectors of the last step.")
        await sees(pilot, "reducing: 0 of 2 findings", "1 phi_carryover", "2 refused by the port", "-twotheta")
        assert "C keeps the vectors of the last step." in screen_text(app)
        add_smallest(folder, rows[1], "phi_carryover", "-phi", "1", "-N", "5")
        add_smallest(folder, refused, "refused: exit status N: not ported", "-twotheta", "1")
        await sees(pilot, "finished: 4 of 4", "-phi 1 -N 5")
        table = screen.state.sweep.table if screen.state.sweep is not None else ()
        assert [(one.flag, one.judged, one.failing) for one in table] == [
            ("-phi", 2, (2, 0)),
            ("-N", 1, (1, 0)),
            ("-twotheta", 0, (0, 1)),
        ]
        await pilot.press("m")
        await sees(pilot, "line 1 to")
        await pilot.press("escape", "r")
        await sees(pilot, "-phi 1 -N 1")
        await pilot.press("q", "q")
        assert app.screen is app.main


@pytest.fixture
def known(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownCommands:
    """The commands of a case, and a hunt that finds the four rows of a file."""
    rows, script, pids = tmp_path / "rows", tmp_path / "hunt.py", tmp_path / "pids"
    made = tmp_path / "made"
    made.mkdir()
    add_rows(made, [row(number, "-phi", answer=Answer.AGREES) for number in range(4)])
    rows.write_bytes((made / ROWS).read_bytes())
    script.write_text(HUNT)
    words = [sys.executable, str(script), str(tmp_path / "here" / "toy.sweep"), str(rows), str(pids)]
    monkeypatch.setattr("nbtui.console.sweeps.hunts.hunt_words", lambda *arguments: words)
    return toy_commands(case, tmp_path)


async def test_a_hunt_is_stopped_with_all_its_processes_and_goes_on(
    case: Case, known: KnownCommands, here: Path, tmp_path: Path
) -> None:
    app = console_with_port(case, known)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await sees(pilot, "no sweep here yet; h starts a hunt")
        write_record(record(4), here / "toy.sweep")
        await pilot.press("h")
        await sees(pilot, "toy.sweep", "judging: 2 of 4", "Esc stop")
        await pilot.press("h")
        await sees(pilot, "a hunt is running; Esc stops it")
        await pilot.press("escape")
        await until(pilot, lambda: screen.state.running is None)
        await sees(pilot, "the hunt is stopped; its rows are kept")
        assert not any(alive(int(pid)) for pid in (tmp_path / "pids").read_text().split())
        assert app.screen is screen
        await pilot.press("h")
        await sees(pilot, "the hunt has finished", "4 agree", "no finding: the port agrees in every one of 4")
        await pilot.press("escape")
        assert app.screen is app.main


async def test_the_end_of_the_console_ends_the_hunt(case: Case, known: KnownCommands, tmp_path: Path) -> None:
    app = console_with_port(case, known)
    pids = tmp_path / "pids"
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("h")
        await until(pilot, lambda: pids.exists() and len(pids.read_text().split()) == 2)
        await pilot.press("q")  # back: the hunt goes on
        assert app.screen is app.main and app.sweeps.running is not None
        await pilot.press("q")
    assert not any(alive(int(pid)) for pid in pids.read_text().split())


async def test_a_hunt_that_cannot_start_says_why(case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import sys; print('nbtui: no case \\x1b[2Jhere'); sys.exit(2)"]
    monkeypatch.setattr("nbtui.console.sweeps.hunts.hunt_words", lambda *arguments: words)
    app = console_with_port(case, toy_commands(case, tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("h")
        await sees(pilot, "the hunt has failed: no case")
        assert "\x1b" not in screen_text(app)


async def test_without_a_command_the_screen_says_how_to_give_one(case: Case) -> None:
    app = console(case)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await sees(pilot, "no sweep here yet; no command for the port: suspect =")
        await pilot.press("h", "enter")
        await sees(pilot, "no finding to open yet")


async def test_a_port_that_refuses_all(case: Case, here: Path) -> None:
    folder = here / "x.sweep"
    write_record(record(3), folder)
    rows = [
        row(number, flag, answer=Answer.REFUSED, detail=f"exit status 1: no {flag} \x1b[2J[/x]")
        for number, flag in enumerate(("-phi", "-N", "-misset"))
    ]
    add_rows(folder, rows)
    app = console(case)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await sees(pilot, "3 refused", "1 refused by the port", "nothing was compared", "check the port's command")
        assert "\x1b" not in screen_text(app) and "2 more messages" in screen_text(app)
        await pilot.press("enter")
        await sees(pilot, "command lines that the port refuses", "-misset 1")


async def test_damaged_lines_cost_themselves_alone(case: Case, here: Path) -> None:
    folder = finished_sweep(here)
    whole = (folder / ROWS).read_bytes()
    junk = b'{"key": "cut\n\xff\xfe\x00\n[1, 2]\n{"key": 3}\n' + b"[" * 100_000 + b"\n" + b'{"half": '
    (folder / ROWS).write_bytes(junk[:-9] + whole + b'{"half": ')
    app = console(case)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await sees(pilot, "5 damaged lines skipped", "1 misset_order", "2 phi_carryover", "finished: 5 of 5")
        with (folder / ROWS).open("ab") as file:
            file.write(b"rest}\n")
        (folder / RECORD).write_text("{")
        await sees(pilot, "6 damaged lines skipped", "5 command lines")
        (folder / ROWS).unlink()
        (folder / ROWS).mkdir()
        await sees(pilot, "unreadable", "cannot be read (")
        assert screen.state.findings == ()


async def test_enter_opens_the_smallest_case_and_back_returns(
    case: Case, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = finished_sweep(here)
    finished_sweep(here / "reports", "second.sweep")
    place = write_case(folder, "01_misset_order", *BASE, "-misset", "1")
    app = console(case)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await sees(pilot, "1 of 2", "first.sweep", "second.sweep")
        assert isinstance(app.screen, SweepsScreen) and app.screen.state.sweep is not None
        if app.screen.state.sweep.folder != folder:
            await pilot.press("tab")
        await sees(pilot, "2 phi_carryover", "first.sweep/findings/01_misset_order")
        await pilot.press("enter")
    found = app.replaying
    assert isinstance(found, CaseToOpen)
    assert found.log == place / "port.log" and found.case.argv == (*BASE, "-misset", "1")
    assert found.case.pixel == (3, 4) and found.settings.phi_mode == "c-parity"
    shown = []
    monkeypatch.setattr("nbtui.console.entry_points.run_console", lambda *words, **more: shown.append((words, more)))
    replay(found)
    assert shown[0][0][0] == found.case and shown[0][1]["logs"] == (None, found.log) and shown[0][1]["returns"]
    again = Console(app.state, JUDGEMENT, Path("reports"), None, app.shelf)
    async with again.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(again.screen, SweepsScreen) and bool(again.screen.state.sweeps))
        assert isinstance(again.screen, SweepsScreen) and again.screen.state.sweep is not None
        assert again.screen.state.sweep.folder == folder
        await pilot.press("down", "enter")  # its report is not written: the simplest row with its log
    simplest = again.replaying
    assert isinstance(simplest, CaseToOpen) and simplest.log == folder / "port_logs" / f"{1:024d}.log"
    assert simplest.message == "simplest of 1 rows of phi_carryover, not reduced yet"


async def test_a_hunt_goes_on_while_a_finding_is_open(case: Case, known: KnownCommands, here: Path) -> None:
    finished_sweep(here)
    app = console_with_port(case, known)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await sees(pilot, "misset_order")
        await pilot.press("h")
        await until(pilot, lambda: (here / "toy.sweep" / ROWS).exists())
        await sees(pilot, "toy.sweep, ")
        await pilot.press("tab")
        await sees(pilot, "misset_order")
        await pilot.press("enter")
    hunts = app.shelf.sweeps.hunts if app.shelf.sweeps is not None else None
    assert hunts is not None and hunts.running == here / "toy.sweep" and app.shelf.opens == "sweeps"
    again = Console(app.state, JUDGEMENT, Path("reports"), None, app.shelf)
    async with again.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(again.screen, SweepsScreen))
        await sees(pilot, "first.sweep")
        await pilot.press("ctrl+c")
    assert hunts.running is None


# --- without a screen ------------------------------------------------------------------------------------------------


def test_the_words_of_a_hunt_are_those_of_the_command(case: Case, tmp_path: Path, here: Path) -> None:
    known = toy_commands(case, tmp_path)
    with pytest.raises(UnusableInput, match=r"sources from \[cases.NAME\]"):
        hunt_words(known, "full", here, None)
    plain_known = replace(known, commands=replace(known.commands, sources=()))
    folder = replace(plain_known, case=replace(case, folder=tmp_path, compat=False))
    entry = replace(known, where="nbtui.toml: cases.mine: ", entry="mine")
    going_on = replace(record(3, hunt=True), mode="random", number=7, seed=5, checks=("trace", "image"))
    for one, last in ((entry, "mine"), (folder, str(tmp_path))):
        words = hunt_words(one, "scaling", here, going_on)
        assert words[-1] == last and ("--suspect" in words) is (one is folder)
    options = {name for parameter in hunt_command.params for name in parameter.opts}
    assert {word for word in hunt_words(folder, "scaling", here, going_on) if word.startswith("--")} <= {
        *options,
        "--no-compat",
    }
    flags = hunt_words(replace(plain_known, case=replace(case, folder=None, argv=BASE)), "full", here, None)
    assert flags[-len(BASE) - 1 :] == ["--", *BASE]
    assert folder_of(known) == here / "toy.sweep"


def test_following_costs_what_has_been_added(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand rows are read once, in pieces; a look without news reads nothing and returns the same object."""
    folder = here / "large.sweep"
    write_record(record(10_000), folder)
    one, cut = row(0, "-phi", answer=Answer.AGREES), 9_999
    lines = [to_line(replace(one, key=f"{number:024d}")) + "\n" for number in range(cut)]
    (folder / ROWS).write_text("".join(lines))
    monkeypatch.setattr("nbtui.sweep.follow.PIECE", 1 << 20)
    folders = SweepFolders([here, here])
    (seen,) = folders.look()
    assert seen.behind and 0 < seen.done < cut < PIECE
    while seen.behind:
        (seen,) = folders.look()
    assert (seen.done, seen.planned, seen.rows) == (cut, 10_000, cut)
    read: list[int] = []
    monkeypatch.setattr("nbtui.sweep.follow.json.loads", lambda text: read.append(len(text)))
    assert folders.look() == (seen,) and not read


def test_a_sweep_that_begins_again_is_read_again(here: Path) -> None:
    folder = finished_sweep(here)
    reader = SweepReader(folder)
    assert reader.look().done == 5
    (folder / ROWS).unlink()
    assert reader.look().done == 0
    add_rows(folder, [row(1, "-phi")])
    assert reader.look().done == 1


def test_rate_and_time_left_are_said_only_when_known(here: Path) -> None:
    folder = here / "a.sweep"
    write_record(record(100), folder)
    add_rows(folder, [row(number, "-phi", answer=Answer.AGREES) for number in range(20)])
    (sweep,) = SweepFolders([here]).look()
    state = looked(SweepsState(), (sweep,), sweep.changed + 1)
    assert progress.progress(state, sweep) == "judging: 20 of 100"
    arrivals = Arrivals(folder).added(0.0, 0).added(10.0, 20)
    state = replace(state, arrivals=arrivals)
    assert progress.progress(state, sweep) == "judging: 20 of 100, 2/s, 40 s left"
    slow = replace(state, arrivals=Arrivals(folder).added(0.0, 15).added(50.0, 20))
    assert progress.progress(slow, sweep) == "judging: 20 of 100, 6/min, 13 min left"
    later = replace(state, seconds=sweep.changed + 7200)
    assert progress.progress(later, sweep) == "20 of 100 command lines, no change for 2 h"
    stopped = replace(state, ended=sweep.folder)  # a moment ago
    assert progress.progress(stopped, sweep).startswith("20 of 100 command lines, no change for ")
    assert Arrivals(folder).added(0.0, 20).added(1.0, 5).rate is None  # begun again


@pytest.mark.parametrize("width", [60, 80, 109, 110, 120, 200])
@pytest.mark.parametrize("height", [1, 2, 3, 9, 30])
def test_every_pane_fills_its_size_and_is_harmless(width: int, height: int, here: Path) -> None:
    folder = finished_sweep(here)
    evil = "\x1b[2J[/x]\x9b31m漢\u202e" * 20
    write_record(replace(record(7), port=evil), folder)
    add_rows(folder, [row(5, evil, answer=Answer.CRASHED, detail=evil), row(6, f"-{evil}")])
    sweeps = SweepFolders([here, finished_sweep(here, "b\x1b[2J.sweep").parent]).look()
    full = looked(SweepsState(command=evil), sweeps, 1e9)
    states = [SweepsState(), SweepsState(started=True), replace(full, message=evil), replace(full, running=folder)]
    states += [chosen(full, one.folder).at(at) for one in sweeps for at in range(len(one.listed))]
    states += [replace(chosen(full, sweeps[1].folder), running=sweeps[1].folder)]
    for one in states:
        for draw in (pane.header, pane.sweeps, pane.table, pane.detail, pane.matrix, pane.footer):
            lines = draw(one, width, height)
            assert len(lines) == height or (draw is pane.footer and 1 <= len(lines) < height), draw
            assert {width_of(entry) for entry in lines} == {width}, draw
            assert not any(mark in text for text in plain(lines) for mark in "\x1b\x9b\u202e"), draw


# --- in a real terminal ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_bytes_per_key_and_per_row(on_terminal: Start, tmp_path: Path) -> None:
    folder = tmp_path / "x.sweep"
    write_record(record(40), folder)
    rows = [row(number, f"-flag{number}", gap=-0.01 * number) for number in range(20)]
    add_rows(folder, rows)
    for number, one in enumerate(rows):
        add_cause(folder, one, f"cause_{number}", "the cause in words " * 4)
    terminal = on_terminal(console_program())
    terminal.wait_for("simulated in")
    terminal.settle()
    opened_with = terminal.press("s")
    terminal.wait_for("20 diverge")
    terminal.settle()
    assert opened_with <= 12_000
    moves = [terminal.press("j") for _ in range(5)]
    assert all(0 < sent <= 600 for sent in moves), moves
    before = len(terminal.received)
    add_rows(folder, [row(20, "-flag1", answer=Answer.AGREES)])
    terminal.wait_for("1 agree")
    terminal.settle()
    assert len(terminal.received) - before <= 600
    terminal.press("q")
    terminal.press("q")
    assert terminal.end() == 1
