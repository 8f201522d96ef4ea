"""Edit, run, look: changed files under an open console reload, and the changed values are reported and marked."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from nbtui.console.app import Console
from nbtui.console.main import freshness as fresh
from nbtui.console.main.refresh import followed
from nbtui.console.main.state import Phase
from nbtui.errors import UnusableInput
from nbtui.live.cases import load_case, read_again
from nbtui.live.files import CUT_RESTED, FileChange, Lookout
from nbtui.live.model import Case, Settings, Simulation
from nbtui.live.parameters import tuning
from nbtui.live.parameters.edits import Edit
from nbtui.parity.compare import compare
from nbtui.trace.reading.reader import parse_lines, read_trace
from support.console_toy import C_LINES, PY_LINES, console, ready, screen_text, shown, toy_simulator, until
from support.patience import PATIENCE

AGREEING = [line.replace("TRACE_C", "TRACE_PY") for line in C_LINES]


def write(path: Path, lines: list[str] | tuple[str, ...]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# --- when a file counts as changed ----------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write(tmp_path / "py.log", ["one"])


def looking_at(*paths: Path) -> Lookout:
    lookout = Lookout()
    lookout.follow(paths)
    return lookout


def test_a_change_is_told_once_when_the_file_rests(log: Path) -> None:
    lookout = looking_at(log)
    assert not lookout.look()
    write(log, ["one", "two"])
    assert [lookout.look() for _ in range(3)] == [FileChange(), FileChange(changed=(log,)), FileChange()]


def test_a_file_that_is_still_being_written_is_left_alone(log: Path) -> None:
    lookout = looking_at(log)
    for count in range(5):
        write(log, ["line"] * (count + 2))
        assert not lookout.look()
    assert lookout.look().changed == (log,)


def test_a_file_that_ends_in_the_middle_of_a_line_is_given_more_time(log: Path) -> None:
    lookout = looking_at(log)
    log.write_text("one\nTRACE_PY: F_ce")
    assert [bool(lookout.look()) for _ in range(CUT_RESTED)] == [False] * (CUT_RESTED - 1) + [True]
    log.write_text("")  # opened for writing, nothing in it yet
    assert not any(lookout.look() for _ in range(CUT_RESTED - 1))


def test_a_file_replaced_by_another_has_changed_also_when_it_looks_the_same(log: Path, tmp_path: Path) -> None:
    lookout = looking_at(log)
    status = log.stat()
    other = write(tmp_path / "other", ["two"])
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(log)
    lookout.look()
    assert lookout.look().changed == (log,)


def test_away_between_two_versions_is_not_gone(log: Path) -> None:
    lookout = looking_at(log)
    log.unlink()
    assert not lookout.look()
    write(log, ["two"])
    lookout.look()
    assert lookout.look() == FileChange(changed=(log,))
    log.unlink()
    lookout.look()
    assert lookout.look() == FileChange(gone=(log,))


def test_a_file_that_appears_has_changed_and_one_that_is_dropped_is_forgotten(tmp_path: Path) -> None:
    late = tmp_path / "trace_c.log"
    lookout = looking_at(late)
    write(late, ["one"])
    lookout.look()
    assert lookout.look().changed == (late,)
    lookout.follow([])
    write(late, ["two"])
    assert not lookout.look() and not lookout.look()


def test_what_cannot_be_looked_at_is_not_there(tmp_path: Path) -> None:
    lookout = looking_at(tmp_path / "\0", tmp_path / "file" / "below")
    assert not lookout.look() and not lookout.look()


# --- what it did ----------------------------------------------------------------------------------------------------


def test_what_a_changed_log_did_is_counted() -> None:
    c = parse_lines(C_LINES, "c.log")
    before = compare(c, parse_lines(PY_LINES, "py.log"))
    now = compare(c, parse_lines([*PY_LINES[:3], "TRACE_PY: F_latt 320", *PY_LINES[4:]], "py.log"))
    assert fresh.differences(before, now) == (frozenset(), {"F_latt"})
    assert fresh.effect(before, now, 0, 1) == (
        "3 fields differ, 4 before; 1 your log value changed; first rot_a_angstroms.x"
    )
    assert fresh.effect(before, before, 0, 0) == "no value has changed"


def test_a_nan_that_stays_has_not_changed() -> None:
    c, py = parse_lines(["TRACE_C: F_cell nan"], "c"), parse_lines(["TRACE_PY: F_cell nan"], "py")
    assert fresh.differences(compare(c, py), compare(c, py)) == (frozenset(), frozenset())


def test_many_files_are_counted_and_control_characters_of_names_shown() -> None:
    paths = [Path(f"/x/{name}") for name in ("a", "b", "c", "d")]
    assert fresh.names(paths[:1]) == "a" and fresh.names(paths[:3]) == "a, b and c"
    assert fresh.names(paths) == "a, b and 2 more files"
    assert fresh.names([Path("a\x1b[2J")]) == "a␛[2J"


# --- the command line -----------------------------------------------------------------------------------------------


def folder(tmp_path: Path, command: str = "nanoBragg -hkl x -distance 100 -trace_pixel 12 14") -> Path:
    place = tmp_path / "case"
    place.mkdir()
    (place / "command.txt").write_text(command + "\n")
    write(place / "trace_c.log", C_LINES)
    return place


def test_the_command_line_is_read_again(tmp_path: Path) -> None:
    place = folder(tmp_path)
    case = load_case(str(place))
    (place / "command.txt").write_text("nanoBragg -hkl x -distance 120 -trace_pixel 12 14\n")
    again = read_again(replace(case, pixel=(3, 4)))  # somebody has gone to another pixel
    assert again.argv == ("-hkl", "x", "-distance", "120") and again.pixel == (3, 4)
    (place / "command.txt").write_text("-hkl x -trace_pixel 5 6\n")
    assert read_again(again).pixel == (5, 6)
    (place / "command.txt").write_text("\n")
    with pytest.raises(UnusableInput, match=r"command.txt: no nanoBragg flags"):
        read_again(again)


def test_changed_parameters_stay_changed_on_another_command_line(tmp_path: Path) -> None:
    case = load_case("demo")
    edited = tuning.put(tuning.begun(case, Settings()), Edit("distance", 130.0))
    at = case.argv.index("-lambda") + 1
    other = replace(case, argv=(*case.argv[:at], "1.3", *case.argv[at + 1 :]))
    moved = tuning.rebased(edited, other)
    assert moved.changed == {"distance"} and moved.base.argv == other.argv
    assert "1.3" in moved.now.argv and "130" in moved.now.argv
    assert tuning.undone(moved) is moved


# --- in the console -------------------------------------------------------------------------------------------------


@pytest.fixture
def logs(tmp_path: Path) -> tuple[Path, Path]:
    return write(tmp_path / "c.log", C_LINES), write(tmp_path / "py.log", PY_LINES)


def two(logs: tuple[Path, Path]) -> Console:
    return console(None, c_trace=read_trace(logs[0]), suspect=read_trace(logs[1]))


async def noticed(pilot: Pilot[int], app: Console, condition: Callable[[], bool]) -> None:
    """Look at the files, as the thread does, until a condition holds."""

    def look() -> bool:
        app.refresher.look()
        return condition()

    await until(pilot, look)


async def settled(pilot: Pilot[int], app: Console) -> None:
    app.refresher.look()  # the files as they are before the test changes them
    await pilot.pause()


async def test_a_changed_python_log_is_compared_again_and_the_cursor_stays(logs: tuple[Path, Path]) -> None:
    async with two(logs).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await settled(pilot, app)
        await pilot.press("d")
        label = app.state.rows[app.state.cursor].label
        write(logs[1], [*PY_LINES[:3], "TRACE_PY: F_latt 320", *PY_LINES[4:]])
        await noticed(pilot, app, lambda: "read again" in app.state.message)
        assert "py.log read again: 3 fields differ, 4 before; 1 your log value changed" in shown(app, "footer")
        assert app.state.rows[app.state.cursor].label == label
        assert app.state.changed == {"F_latt"} and "*320" in shown(app, "fields")
        write(logs[0], [line.replace("29.5", "29.6") for line in C_LINES])
        await noticed(pilot, app, lambda: "c.log read again" in app.state.message)
        assert app.state.changed_c == {"rot_a_angstroms.x"} and not app.state.changed
        write(logs[1], AGREEING)
        await noticed(pilot, app, lambda: "py.log read again" in app.state.message)
        write(logs[0], C_LINES)
        await noticed(pilot, app, lambda: app.state.comparison is not None and app.state.comparison.agrees)
        await pilot.press("q")
    assert app.return_value == 0


@pytest.mark.slow
async def test_the_console_looks_by_itself(logs: tuple[Path, Path]) -> None:
    async with two(logs).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await settled(pilot, app)
        write(logs[1], AGREEING)
        await until(pilot, lambda: app.state.comparison is not None and app.state.comparison.agrees)
        assert "py.log read again" in app.state.message


async def test_frozen_is_frozen_until_it_is_let_go(logs: tuple[Path, Path]) -> None:
    async with two(logs).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await settled(pilot, app)
        await pilot.press("equals_sign")
        assert "FROZEN" in shown(app, "header")
        before = app.state.comparison
        write(logs[1], AGREEING)
        await noticed(pilot, app, lambda: bool(app.state.files.waiting))
        await pilot.pause()
        assert app.state.comparison is before
        assert "FROZEN py.log changed; = reloads it" in shown(app, "header")
        await pilot.press("equals_sign")
        await until(pilot, lambda: app.state.comparison is not None and app.state.comparison.agrees)
        assert "FROZEN" not in shown(app, "header")


async def test_r_reads_all_again_also_when_frozen(logs: tuple[Path, Path]) -> None:
    async with two(logs).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("equals_sign", "r")
        await until(pilot, lambda: "no value has changed" in app.state.message)
        assert "c.log and py.log read again" in app.state.message and app.state.phase is Phase.READY


async def test_a_file_that_holds_no_trace_leaves_what_is_shown(logs: tuple[Path, Path]) -> None:
    async with two(logs).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await settled(pilot, app)
        before = app.state.comparison
        write(logs[1], ["Traceback (most recent call last):"])
        await noticed(pilot, app, lambda: bool(app.state.files.problem))
        assert app.state.comparison is before and app.state.phase is Phase.READY
        assert "NOT READ" in shown(app, "header") and "py.log" in shown(app, "header")
        write(logs[1], AGREEING)
        await noticed(pilot, app, lambda: not app.state.files.problem and app.state.phase is Phase.READY)
        assert app.state.comparison is not None and app.state.comparison.agrees


async def test_a_file_that_is_gone_is_named(logs: tuple[Path, Path]) -> None:
    async with two(logs).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await settled(pilot, app)
        logs[1].unlink()
        await noticed(pilot, app, lambda: bool(app.state.files.gone))
        assert "GONE py.log: showing the previous result" in shown(app, "header")
        write(logs[1], PY_LINES)
        await noticed(pilot, app, lambda: not app.state.files.gone)
        assert "GONE" not in shown(app, "header")
        await pilot.press("q")
    assert app.return_value == 1


Use = Callable[[Callable[[Case, Settings], Simulation]], None]


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Use:
    def use(run: Callable[[Case, Settings], Simulation]) -> None:
        monkeypatch.setattr("nbtui.live.session.simulate", run)

    return use


async def test_a_changed_c_log_is_compared_without_simulating_again(tmp_path: Path, simulator: Use) -> None:
    runs: list[tuple[str, ...]] = []

    def run(case: Case, settings: Settings) -> Simulation:
        runs.append(case.argv)
        return replace(toy_simulator(settings), case=case)

    simulator(run)
    case = load_case(str(folder(tmp_path)))
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await settled(pilot, app)
        assert case.c_log is not None and followed(app.state) >= {case.c_log, case.c_log.with_name("command.txt")}
        write(case.c_log, [line.replace("TRACE_PY", "TRACE_C") for line in PY_LINES])
        await noticed(pilot, app, lambda: "read again" in app.state.message)
        assert app.state.comparison is not None and app.state.comparison.agrees and len(runs) == 1
        case.c_log.with_name("command.txt").write_text("-hkl x -distance 120 -trace_pixel 12 14\n")
        await noticed(pilot, app, lambda: len(runs) == 2 and app.state.phase is Phase.READY)
        assert runs[1] == ("-hkl", "x", "-distance", "120")


async def test_a_c_log_and_terms_that_appear_later_are_taken(tmp_path: Path, simulator: Use) -> None:
    simulator(lambda case, settings: replace(toy_simulator(settings), case=case))
    place = folder(tmp_path)
    (place / "trace_c.log").unlink()
    case = load_case(str(place))
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await settled(pilot, app)
        assert "simulated C | live" in screen_text(app) and "no C program ran" in screen_text(app)
        write(place / "trace_c.log", C_LINES)
        await noticed(pilot, app, lambda: app.state.case is not None and app.state.case.c_log is not None)
        await until(pilot, lambda: app.state.phase is Phase.READY)
        assert app.state.case is not None and app.state.case.c_log == place / "trace_c.log"
        assert "FIRST DIVERGENCE" in screen_text(app)
        head = "thick,sub_slow,sub_fast,source,phi_step,mosaic_domain,h,k,l,h0,k0,l0,F_latt,F_cell,F_cell2_F_latt2"
        rows = [f"0,0,0,0,{i // 2},{i % 2},0.1,4.02,-9.05,0,4,-9,1,100,{v}" for i, v in enumerate((400, 400, 600, 600))]
        write(place / "terms.csv", [head, *rows])
        await noticed(pilot, app, lambda: app.state.contributions is not None and app.state.contributions.c is not None)


async def test_a_change_during_a_simulation_waits_for_its_end(tmp_path: Path, simulator: Use) -> None:
    go = threading.Event()

    def slow(case: Case, settings: Settings) -> Simulation:
        assert settings.phi_mode == "spec" or go.wait(PATIENCE)
        return replace(toy_simulator(settings), case=case)

    simulator(slow)
    case = load_case(str(folder(tmp_path)))
    assert case.c_log is not None
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await settled(pilot, app)
        await pilot.press("m")
        assert app.state.phase is Phase.SIMULATING
        write(case.c_log, [line.replace("TRACE_PY", "TRACE_C") for line in PY_LINES])
        await noticed(pilot, app, lambda: bool(app.state.files.waiting))
        assert app.state.phase is Phase.SIMULATING
        go.set()
        await until(pilot, lambda: not app.state.files.waiting and app.state.phase is Phase.READY)
        assert app.state.comparison is not None and not app.state.comparison.agrees  # c-parity against spec's numbers
        row = app.state.comparison.row("F_latt")
        assert row is not None and (row.c_value, row.py_value) == (110.0, 320.0)


async def test_what_is_asked_for_while_files_are_read_wins_and_the_files_follow(
    logs: tuple[Path, Path], tmp_path: Path, simulator: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def slowly(path: Path, **more: object) -> object:
        assert go.wait(PATIENCE)
        return read_trace(path)

    simulator(lambda case, settings: replace(toy_simulator(settings), case=case))
    case = load_case(str(folder(tmp_path)))
    assert case.c_log is not None
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await settled(pilot, app)
        monkeypatch.setattr("nbtui.console.jobs.read_trace", slowly)
        write(case.c_log, [line.replace("TRACE_PY", "TRACE_C") for line in PY_LINES])
        await noticed(pilot, app, lambda: app.state.phase is Phase.READING)
        await pilot.press("m")
        go.set()
        await until(pilot, lambda: "read again" in app.state.message and app.state.phase is Phase.READY)
        assert app.state.settings.phi_mode == "c-parity"
        row = app.state.comparison.row("F_latt") if app.state.comparison else None
        assert row is not None and (row.c_value, row.py_value) == (110.0, 320.0)
