"""Runs in the console: on a key and after changes; its log and its failures are shown, and it is contained."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from nbtui.console.app import Console
from nbtui.console.drawing import list_state
from nbtui.console.drawing.line import width_of
from nbtui.console.main.pair import Compared
from nbtui.console.runs import pane, state
from nbtui.console.runs.output import OutputTail
from nbtui.console.runs.screen import RunsScreen
from nbtui.console.runs.state import RunsState
from nbtui.live.model import Case, Settings, Simulation
from nbtui.runs.known import KnownCommands
from nbtui.runs.run_list import run_list
from runs.test_moved import AGREES, DIVERGES, FAILED
from support.console_causes import cause, diagnosis
from support.console_toy import C_LINES, PY_LINES, console_with_port, ready, screen_text, shown, until
from support.run_port import toy_commands, toy_port

RIGHT = tuple(text.replace("TRACE_C", "TRACE_PY") for text in C_LINES)
CRASH = "def cell():\n    raise ValueError('not \\x1b[2J\\x07 a cell [/x]')\ncell()\n"
HANG = "import os, time; open({pid!r}, 'w').write(str(os.getpid())); print('begun', flush=True); time.sleep(600)"
Simulator = Callable[[Callable[[Settings], Simulation]], None]


@pytest.fixture
def known(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> KnownCommands:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "port.py").write_text(toy_port(*PY_LINES))
    return toy_commands(case, tmp_path)


async def finished(pilot: Pilot[int], app: Console, number: int) -> None:
    """Until a run has ended and is on the screen."""

    def done() -> bool:
        last = app.state.runs.last
        return last is not None and last.number == number and not app.state.runs.running

    await until(pilot, done, f"run {number} does not end")
    await ready(pilot)


async def opened(pilot: Pilot[int], app: Console) -> RunsScreen:
    await pilot.press("o")
    await until(pilot, lambda: isinstance(app.screen, RunsScreen))
    assert isinstance(app.screen, RunsScreen)
    return app.screen


async def test_edit_run_look(case: Case, known: KnownCommands, tmp_path: Path) -> None:
    app = console_with_port(case, known)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("home")
        assert app.state.row is not None and app.state.row.label != "rot_a_angstroms.x"
        await pilot.press("R")
        await finished(pilot, app, 1)
        assert app.state.shown is Compared.REFERENCE_LOG
        assert app.state.suspect is not None
        assert app.state.row is not None and app.state.row.label == "rot_a_angstroms.x"
        assert "run 1: first divergence rot_a_angstroms.x (Crystal)" in shown(app, "footer")
        assert "C | your log" in shown(app, "header")

        (tmp_path / "port.py").write_text(toy_port(*RIGHT[:-1], "TRACE_PY: I_before_scaling 1000"))
        await pilot.press("R")
        await finished(pilot, app, 2)
        assert app.state.message.startswith(
            "run 2: first divergence moved from rot_a_angstroms.x (Crystal) to I_before_scaling (Accumulation)"
        )
        assert app.state.row is not None and app.state.row.label == "I_before_scaling"  # the cursor follows
        assert "rot_a_angstroms.x" in app.state.changed


async def test_a_failed_run_keeps_the_last_good_log_and_shows_the_traceback(
    case: Case, known: KnownCommands, tmp_path: Path
) -> None:
    app = console_with_port(case, known)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("R")
        await finished(pilot, app, 1)
        good = app.state.suspect
        (tmp_path / "port.py").write_text(CRASH)
        await pilot.press("R")
        await finished(pilot, app, 2)
        assert app.state.suspect is good
        assert "FAILED  run 2: exit status 1: ValueError: not " in shown(app, "header")
        assert "RUN FAILED (o)" in shown(app, "header")  # in a low pane, which has no third line, as well
        assert "(port.py:2); o shows its output; the last good log stays" in app.state.message
        screen = await opened(pilot, app)
        text = screen_text(app)
        assert "Traceback (most recent call last):" in text
        assert "a cell [/x]" in text and "\x1b" not in text and "\x07" not in text
        await pilot.press("o", "end")
        assert screen.state.reading is not None
        await pilot.press("q", "q")
        (tmp_path / "port.py").write_text(toy_port(*RIGHT))
        await pilot.press("R")
        await finished(pilot, app, 3)
        assert app.state.message.startswith("run 3: runs again; since run 1: agrees now")
        assert "FAILED" not in shown(app, "header")


async def test_a_changed_source_runs_while_the_loop_is_on(case: Case, known: KnownCommands, tmp_path: Path) -> None:
    app = console_with_port(case, replace(known, commands=replace(known.commands, loop=True)))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await finished(pilot, app, 1)  # without a key
        (tmp_path / "port.py").write_text(toy_port(*RIGHT))
        await finished(pilot, app, 2)
        assert app.state.comparison is not None and app.state.comparison.agrees
        await pilot.press("L")
        assert not app.state.runs.looping and app.state.message == "loop off"


async def test_a_change_during_a_run_starts_it_again(case: Case, known: KnownCommands, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    hang = (
        f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); print('begun', flush=True); time.sleep(600)"
    )
    (tmp_path / "port.py").write_text(hang)
    app = console_with_port(case, replace(known, commands=replace(known.commands, loop=True)))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        screen = await opened(pilot, app)
        await until(pilot, lambda: "begun" in screen.state.output)  # its output streams while it runs
        (tmp_path / "port.py").write_text(toy_port(*RIGHT))
        await until(pilot, lambda: app.state.runs.last is not None)
        assert app.state.runs.last is not None and not app.state.runs.last.failed
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_the_end_of_the_console_ends_the_command(case: Case, known: KnownCommands, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    (tmp_path / "port.py").write_text(HANG.format(pid=str(pid)))
    app = console_with_port(case, known)
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("R")
        await until(pilot, lambda: bool(app.runs.output))
        await pilot.press("q")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_a_run_can_be_stopped(case: Case, known: KnownCommands, tmp_path: Path) -> None:
    (tmp_path / "port.py").write_text("import time; print(1, flush=True); time.sleep(600)")
    app = console_with_port(case, known)
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        screen = await opened(pilot, app)
        await pilot.press("R")
        await until(pilot, lambda: bool(screen.state.output))
        await pilot.press("s")
        await until(pilot, lambda: not app.state.runs.running)
        assert screen.state.message == "stopped"
        assert app.runs.entries == ()


async def test_two_runs_are_compared(case: Case, known: KnownCommands, tmp_path: Path) -> None:
    app = console_with_port(case, known)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        for number, lines in enumerate((PY_LINES, PY_LINES[:-1], RIGHT), start=1):
            (tmp_path / "port.py").write_text(toy_port(*lines))
            await pilot.press("R")
            await finished(pilot, app, number)
        screen = await opened(pilot, app)

        async def compared() -> str:
            await pilot.press("enter")
            await until(pilot, lambda: screen.state.reading is not None)
            assert screen.state.reading is not None
            text = "\n".join(screen.state.reading.lines)
            title = screen.state.reading.title
            await pilot.press("q")
            return f"{title}\n{text}"

        before = await compared()
        assert before.startswith("run 2 and run 3\n")
        assert "agrees now; the first divergence was rot_a_angstroms.x (Crystal)" in before
        assert "# rot_a_angstroms.x" in before and "--- port.py  (run 2)" in before
        await pilot.press("end", "b", "home")
        assert (await compared()).startswith("run 1 and run 3\n")
        await pilot.press("d")
        assert screen.state.reading is not None and screen.state.reading.lines[0] == "--- port.py  (run 2)"


async def test_without_a_command_the_screen_says_how_to_give_one(case: Case, known: KnownCommands) -> None:
    app = console_with_port(case, known)
    app.state = replace(app.state, runs=replace(app.state.runs, known=None))
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await opened(pilot, app)
        assert "no command for the port: suspect =" in screen_text(app)


async def test_the_cause_of_the_diagnosis_is_kept_with_its_run(
    case: Case, known: KnownCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = diagnosis(cause("phi_carryover"))
    monkeypatch.setattr("nbtui.diagnosis.diagnose.diagnose", lambda *words, **more: found)
    app = console_with_port(case, known)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("R")
        await finished(pilot, app, 1)
        await pilot.press("x")
        await until(pilot, lambda: bool(app.runs.entries[0].cause))
    assert run_list(known).entries()[0].cause == found.headline()


@pytest.mark.parametrize("width", [60, 80, 109, 110, 120, 200])
@pytest.mark.parametrize("height", [1, 2, 9, 30])
def test_every_pane_fills_its_size(width: int, height: int) -> None:
    entries = tuple(
        replace(one, number=number, failure=one.failure and "x" * 500)
        for number, one in enumerate((FAILED, AGREES, DIVERGES), start=1)
    )[::-1]
    full = RunsState("port " * 60, entries, running=True, looping=True, output=("\u4e2d" * 300,) * 50, marked=2)
    for one in (full, RunsState(), replace(full, message="m" * 300)):
        for draw in (pane.header, pane.table, pane.detail, pane.output, pane.footer):
            lines = draw(one, width, height)
            assert len(lines) == height or (draw is pane.footer and 1 <= len(lines) < height), draw
            assert {width_of(entry) for entry in lines} == {width}, draw


def test_the_run_to_compare_with() -> None:
    entries = tuple(replace(DIVERGES, number=number, pixel=(number % 2, 0)) for number in (5, 4, 3, 2, 1))
    shown_state = RunsState("port", entries)
    assert shown_state.base is entries[2]  # the one before of the same pixel
    there = state.marked(list_state.moved(shown_state, 10, 3))
    assert (there.marked, there.top, there.base) == (1, 2, None)
    again = list_state.moved(there, -10, 3)
    assert again.base is entries[-1]
    assert state.marked(list_state.moved(again, 10, 3)).marked is None


def test_the_tail_of_the_output_is_clean_and_bounded() -> None:
    told: list[tuple[str, ...]] = []
    tail = OutputTail(told.append)
    for piece in (b"one\ntw", b"o\n\x1b[31mred\x1b[0m\n", b"10 %\r50 %\r100 %\n", b"\xff\x07\n", b"half"):
        tail.heard("stdout", piece)
    tail.heard("stderr", b"warning: ")
    assert tail.lines == ("one", "two", "red", "100 %", "\ufffd\u2407", "half", "warning: ")
    tail.heard("stdout", b"x" * 10_000_000 + b"\n" * 2000)
    assert len(tail.lines) <= 402 and max(map(len, tail.lines)) <= 500
    assert told[0] == ("one", "tw")
