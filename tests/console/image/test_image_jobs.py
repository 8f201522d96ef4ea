"""What the image screen simulates, which C image it takes, and the way to a pixel's trace."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from nbtui.console.app import Console
from nbtui.console.image.screen import ImageScreen
from nbtui.console.image.state import ImagePhase
from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.live.model import Case, Settings
from nbtui.trace.reading.reader import parse_lines
from support.console_toy import C_LINES, console, ready, until
from support.image_toy import PYTHON, C, ToyFrame, opened, text_of


@pytest.mark.slow
async def test_progress_stop_and_start_again(case: Case, frame: ToyFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbtui.console.image.jobs.TOLD_EVERY", 0.0)
    frame.go.clear()
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, ImagePhase.SIMULATING)
        await until(pilot, lambda: "simulating 0 %, Esc stops it" in text_of(pilot))
        await pilot.press("1")  # C's image can be looked at meanwhile
        assert "slow 12     fast 14" in text_of(pilot) and "[800]" in text_of(pilot)
        await pilot.press("2")
        assert "the live image is being simulated" in text_of(pilot)
        await pilot.press("n")
        assert "no list of worst pixels" in text_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: screen.state.phase is ImagePhase.STOPPED)
        await pilot.pause()
        assert pilot.app.screen is screen and "2 starts it again" in text_of(pilot)
        frame.go.set()
        await pilot.press("2")
        await until(pilot, lambda: screen.state.phase is ImagePhase.READY)
        await pilot.pause()
        assert "2 PIXELS DIFFER" in text_of(pilot) and frame.started == 2


async def test_leaving_stops_it(case: Case, frame: ToyFrame) -> None:
    frame.go.clear()
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, ImagePhase.SIMULATING)
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await until(pilot, lambda: not [t for t in threading.enumerate() if t.name == "nbtui-job"])
        again = await opened(pilot, ImagePhase.SIMULATING)
        frame.go.set()
        await until(pilot, lambda: again.state.phase is ImagePhase.READY)
        assert frame.started == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UnusableInput("toy: demo.hkl: no such file"), "demo.hkl: no such file"),
        (SimulationFailed("toy: the simulation failed: out of memory"), "out of memory"),
        (ValueError("\x1b[2Jodd"), "please report"),
    ],
)
async def test_a_failure_is_a_sentence(
    case: Case, frame: ToyFrame, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def fails(case: Case, settings: Settings) -> object:
        raise error

    monkeypatch.setattr("nbtui.console.image.jobs.prepare", fails)
    async with console(case).run_test(size=(120, 40)) as pilot:
        await opened(pilot, ImagePhase.FAILED)
        assert told in text_of(pilot) and "NOT COMPARED" in text_of(pilot)
        await pilot.press("j", "n", "3", "plus", "r", "v", "home", "enter")
        assert "the detector is not known yet" in text_of(pilot)


async def problem(pilot: Pilot[int]) -> str:
    screen = await opened(pilot)
    assert screen.state.c is None and "NO C IMAGE" in text_of(pilot)
    await pilot.press("3")
    assert screen.state.message == screen.state.c_problem
    return screen.state.c_problem


async def test_no_c_image_is_said(case: Case, frame: ToyFrame) -> None:
    (case.workdir / "image.npy").unlink()
    async with console(case).run_test(size=(120, 40)) as pilot:
        assert "give --c-image FILE, or put" in await problem(pilot)


async def test_a_c_image_of_another_size_is_said(case: Case, frame: ToyFrame) -> None:
    np.save(case.workdir / "image.npy", C[:, :-1])
    async with console(case).run_test(size=(120, 40)) as pilot:
        told = await problem(pilot)
        assert "40 x 49" in told and "40 x 50" in told


@pytest.mark.slow
async def test_a_cut_out_is_compared_where_it_lies(case: Case, frame: ToyFrame, tmp_path: Path) -> None:
    np.save(tmp_path / "cut.npy", C[3:10, 40:50])
    cut = replace(case, c_image=tmp_path / "cut.npy", c_image_at=(3, 40))
    async with console(cut).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        text = text_of(pilot)
        assert "1 PIXEL DIFFER" in text and "cut.npy, slow 3-9 fast " in text
        assert screen.state.comparison is not None and screen.state.comparison.compared == 70
        assert "C       -" in text  # the cursor is outside
        await pilot.press("n")
        assert screen.state.cursor == (5, 45) and "C       2.5" in text_of(pilot)
    async with console(replace(cut, c_image_at=(35, 40))).run_test(size=(120, 40)) as pilot:
        assert "would end at slow 41" in await problem(pilot)


async def test_a_c_image_that_was_named(case: Case, frame: ToyFrame, tmp_path: Path) -> None:
    """Raw floats, as the C program writes them; the named one goes before the one in the folder."""
    PYTHON.astype("<f4").tofile(tmp_path / "mine.bin")
    async with console(replace(case, c_image=tmp_path / "mine.bin")).run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        assert "IMAGES AGREE" in text_of(pilot) and "mine.bin" in text_of(pilot)


async def test_the_c_image_that_the_command_names(case: Case, frame: ToyFrame) -> None:
    (case.workdir / "image.npy").unlink()
    C.astype("<f4").tofile(case.workdir / "out.bin")
    async with console(replace(case, argv=("-floatfile", "out.bin"))).run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        assert "2 PIXELS DIFFER" in text_of(pilot) and "out.bin" in text_of(pilot)


async def test_a_hostile_c_image(case: Case, frame: ToyFrame, tmp_path: Path) -> None:
    """Neither the name of a file nor what stands in it steers the terminal."""
    evil = tmp_path / "\x1b]0;x\x07[red].npy"
    evil.write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr': '\x1b[2J', 'fortran_order': False, 'shape': (2, 2), }\n")
    async with console(replace(case, c_image=evil)).run_test(size=(120, 40)) as pilot:
        assert (await problem(pilot)).isprintable()
        assert "[red].npy" in text_of(pilot) and all(row.isprintable() for row in text_of(pilot).splitlines())


@pytest.mark.slow
async def test_enter_traces_and_says_that_cs_log_is_elsewhere(case: Case, frame: ToyFrame) -> None:
    c_log = case.c_log
    assert c_log is not None
    c_log.write_text("\n".join(["TRACE_C: pixel 12 14", *C_LINES]) + "\n")
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        app = pilot.app
        assert isinstance(app, Console)
        await pilot.press("n", "enter")
        await until(pilot, lambda: app.screen is not screen and app.state.pixel == (30, 20))
        await ready(pilot)
        await pilot.pause()
        text = text_of(pilot)
        assert "slow 30 fast 20" in text and "NOTHING COMPARED" in text
        assert "C's log is of another pixel: (12,14); images: C 3" in text
        await pilot.press("e")
        assert "another pixel" in app.state.message and not app.state.exporting

        await opened(pilot)
        assert "C's log is of slow 12 fast 14" in text_of(pilot) and frame.started == 1
        await pilot.press("c", "enter")  # back to C's pixel: compared again
        await until(pilot, lambda: app.state.pixel == (12, 14))
        await ready(pilot)
        await pilot.pause()
        assert "FIRST DIVERGENCE  rot_a_angstroms.x" in text_of(pilot) and "another pixel" not in text_of(pilot)


@pytest.mark.slow
async def test_without_a_c_log(case: Case, frame: ToyFrame) -> None:
    async with console(replace(case, c_log=None)).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("c")
        assert "there is no C log" in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await ready(pilot)
        assert "no C program ran" in text_of(pilot)


async def test_two_logs_without_a_case_have_no_image() -> None:
    c = parse_lines(C_LINES, "c.log")
    async with console(None, c_trace=c, suspect=c).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("i")
        assert not isinstance(app.screen, ImageScreen) and "-- FLAGS" in app.state.message
