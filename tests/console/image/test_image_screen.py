"""The image screen in the console, key by key, over a small hand-made detector."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from nbtui.console.app import Console
from nbtui.console.image.actions import IMAGE_ACTIONS
from nbtui.console.image.screen import ImageScreen
from nbtui.console.image.state import Stage
from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.live.model import Case, Settings
from nbtui.trace.reading.reader import parse_lines
from support.console_toy import C_LINES, console, ready, screen_text, toy_simulator, until
from support.image_toy import PYTHON, C, ToyFrame


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case with C's log of slow 12 fast 14 and C's image."""
    (tmp_path / "trace_c.log").write_text("\n".join(C_LINES) + "\n")
    np.save(tmp_path / "image.npy", C)
    return Case("toy", (), tmp_path, (12, 14), tmp_path / "trace_c.log", None, tmp_path)


@pytest.fixture
def frame(monkeypatch: pytest.MonkeyPatch) -> ToyFrame:
    """The toy detector and toy pixel in place of the simulator; the image comes at once."""
    toy = ToyFrame(threading.Event())
    toy.go.set()

    def pixel(case: Case, settings: Settings) -> object:
        return replace(toy_simulator(settings), case=case, pixel=case.pixel or (0, 0))

    monkeypatch.setattr("nbtui.live.session.simulate", pixel)
    monkeypatch.setattr("nbtui.console.image.jobs.prepare", lambda case, settings: toy)
    return toy


async def opened(pilot: Pilot[int], stage: Stage = Stage.READY) -> ImageScreen:
    """The image screen, once it is in this stage."""
    await ready(pilot)
    await pilot.press("i")
    await until(pilot, lambda: isinstance(pilot.app.screen, ImageScreen))
    screen = pilot.app.screen
    assert isinstance(screen, ImageScreen)
    await until(pilot, lambda: screen.picture.stage is stage and (screen.picture.judged or stage is not Stage.READY))
    await pilot.pause()
    return screen


def text_of(pilot: Pilot[int]) -> str:
    assert isinstance(pilot.app, Console)
    return screen_text(pilot.app)


# --- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_opens_on_the_pixel_of_the_main_screen(case: Case, frame: ToyFrame, size: tuple[int, int]) -> None:
    async with console(case).run_test(size=size) as pilot:
        screen = await opened(pilot)
        assert screen.picture.view == "difference" and "# corr" in text_of(pilot)
        await pilot.press("2")
        text = text_of(pilot)
        assert "2 PIXELS DIFFER" in text and ("at slow 30 fast 20" in text) == (size[0] == 120)
        assert "slow 12     fast 14" in text and "C's log of this pixel" in text
        assert "mm   1.200       1.400" in text and "[800]" in text
        assert "Enter trace it" in text and "q back" in text


async def test_views(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("n")
        for key, mark, centre in (
            ("1", "[1 C]", "[300]"),
            ("3", "[3 Python - C]", "[100]"),
            ("2", "[2 Python]", "[400]"),
        ):
            await pilot.press(key)
            assert mark in text_of(pilot) and centre in text_of(pilot)
        assert screen.picture.view == "python"


async def test_moves(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        steps = {
            "up": (-1, 0), "k": (-1, 0), "down": (1, 0), "j": (1, 0), "left": (0, -1), "h": (0, -1), "right": (0, 1),
            "l": (0, 1), "shift+down": (10, 0), "J": (10, 0), "shift+up": (-10, 0), "K": (-10, 0),
            "shift+right": (0, 10), "L": (0, 10), "shift+left": (0, -10), "H": (0, -10),
        }  # fmt: skip
        for key, (slow, fast) in steps.items():
            before = screen.picture.cursor
            await pilot.press(key)
            assert screen.picture.cursor == (before[0] + slow, before[1] + fast), key
        await pilot.press(*["K"] * 9)
        assert screen.picture.cursor[0] == 0  # at the edge it stays
        assert "slow 0 " in text_of(pilot)
        await pilot.press("home")
        assert screen.picture.cursor == (12, 14)


async def test_zoom_range_and_characters(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert "1:1 all" in text_of(pilot)
        await pilot.press("plus")
        assert "2:1 ═" in text_of(pilot)
        await pilot.press("equals_sign", "minus", "minus", "minus")
        assert "1:2 ═" in text_of(pilot)
        await pilot.press("0")
        assert "1:1 all" in text_of(pilot)
        await pilot.press("v", "r", "3")
        text = text_of(pilot)
        assert screen.picture.characters and "▀" not in text
        assert "-abcdef +123456" in text and "4 decades" in text


async def test_without_colours_levels_are_characters(
    case: Case, frame: ToyFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with console(case).run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("2")
        assert "▀" not in text_of(pilot) and " .:=*#@ 0.008 to 8 photons" in text_of(pilot)
        await pilot.press("v")
        assert "▀" not in text_of(pilot) and "without colours" in text_of(pilot)


async def test_a_pixel_beyond_the_detector_is_no_trap(case: Case, frame: ToyFrame) -> None:
    """One may ask for any pixel on the main screen; here the cursor is on the nearest there is."""
    async with console(replace(case, pixel=(999, 14))).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert screen.picture.cursor == (39, 14)
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)
        assert (await opened(pilot)).picture.cursor == (39, 14)


async def test_a_typed_pixel(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("colon", *"39 4q", "backspace", "9", "enter")
        assert screen.picture.cursor == (39, 49) and screen.picture.typed is None
        await pilot.press("slash", *"99 1", "enter")
        assert "not on the detector: slow 0 to 39" in text_of(pilot)
        await pilot.press("slash", "1", "escape")
        assert pilot.app.screen is screen and screen.picture.cursor == (39, 49)
        await pilot.press("slash", "backspace", "n")
        assert screen.picture.cursor == (30, 20)


async def test_close_up_and_rings(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert "·" in text_of(pilot)
        await pilot.press("o")
        assert "·" not in text_of(pilot)
        await pilot.press("n", "s")
        assert "2:1 ═" in text_of(pilot) and screen.picture.cursor == (30, 20)
        await pilot.press("s")
        assert "1:1 all" in text_of(pilot)


async def test_the_walk_along_the_worst_goes_on_after_a_trace(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("n", "enter")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await ready(pilot)
        await pilot.pause()
        assert "images: C 3, Python 4 (+33.3 %)" in text_of(pilot)
        again = await opened(pilot)
        assert again.picture.rank == 0
        await pilot.press("n")
        assert again.picture.cursor == (5, 45)


async def test_worst_pixels(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        visited = []
        for key in ("n", "n", "n", "N", "shift+n"):
            await pilot.press(key)
            visited.append(screen.picture.cursor)
        assert visited == [(30, 20), (5, 45), (30, 20), (5, 45), (30, 20)]
        assert "worst   1 of 2" in text_of(pilot) and "1.333333" in text_of(pilot)


async def test_help_is_closed_by_any_key(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("question_mark")
        text = text_of(pilot)
        assert all(f" {entry.shown} " in text for entry in IMAGE_ACTIONS)
        await pilot.press("q")
        assert pilot.app.screen is screen and "any key closes" not in text_of(pilot)
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await pilot.press("question_mark")
        await pilot.press("end")
        assert pilot.app.screen is not screen


@pytest.mark.parametrize("key", ["q", "i", "escape"])
async def test_back_and_again(case: Case, frame: ToyFrame, key: str) -> None:
    """What was worked out is kept."""
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("3", "n", key)
        await until(pilot, lambda: pilot.app.screen is not screen)
        again = await opened(pilot)
        assert again is not screen and frame.started == 1
        assert again.picture.view == "difference" and again.picture.cursor == (12, 14)


async def test_another_mode_is_another_image(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await pilot.press("m")
        await opened(pilot)
        assert frame.started == 2 and "MODE c-parity" in text_of(pilot)


async def test_ctrl_c_leaves(case: Case, frame: ToyFrame) -> None:
    app = console(case)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("ctrl+c")
        await pilot.pause()
    assert app.return_value == 130


async def test_a_click_is_a_move(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.click("#i-canvas", offset=(1 + 20, 1 + 15))  # a margin and a ruler, then two rows in a cell
        assert screen.picture.cursor == (30, 20)
        await pilot.click("#i-canvas", offset=(70, 1))
        await pilot.click("#i-reading", offset=(2, 2))
        assert screen.picture.cursor == (30, 20)


async def test_keys_of_the_main_screen_do_nothing_here(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        app = pilot.app
        assert isinstance(app, Console)
        before = app.state
        await pilot.press("m", "d", "e", "f", "slash", "tab", "left_square_bracket")
        assert app.state is before and pilot.app.screen is screen


# --- the simulation --------------------------------------------------------------------------------------------------


async def test_progress_stop_and_start_again(case: Case, frame: ToyFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbtui.console.image.jobs.TOLD_EVERY", 0.0)
    frame.go.clear()
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, Stage.SIMULATING)
        await until(pilot, lambda: "simulating 0 %, Esc stops it" in text_of(pilot))
        await pilot.press("1")  # C's image can be looked at meanwhile
        assert "slow 12     fast 14" in text_of(pilot) and "[800]" in text_of(pilot)
        await pilot.press("2")
        assert "the Python image is being simulated" in text_of(pilot)
        await pilot.press("n")
        assert "no list of worst pixels" in text_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: screen.picture.stage is Stage.STOPPED)
        await pilot.pause()
        assert pilot.app.screen is screen and "2 starts it again" in text_of(pilot)
        frame.go.set()
        await pilot.press("2")
        await until(pilot, lambda: screen.picture.stage is Stage.READY)
        await pilot.pause()
        assert "2 PIXELS DIFFER" in text_of(pilot) and frame.started == 2


async def test_leaving_stops_it(case: Case, frame: ToyFrame) -> None:
    frame.go.clear()
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, Stage.SIMULATING)
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await until(pilot, lambda: not [t for t in threading.enumerate() if t.name == "nbtui-job"])
        again = await opened(pilot, Stage.SIMULATING)
        frame.go.set()
        await until(pilot, lambda: again.picture.stage is Stage.READY)
        assert frame.started == 2


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
        await opened(pilot, Stage.FAILED)
        assert told in text_of(pilot) and "NOT COMPARED" in text_of(pilot)
        await pilot.press("j", "n", "3", "plus", "r", "v", "home", "enter")
        assert "the detector is not known yet" in text_of(pilot)


# --- C's image -------------------------------------------------------------------------------------------------------


async def problem(pilot: Pilot[int]) -> str:
    screen = await opened(pilot)
    assert screen.picture.c is None and "NO C IMAGE" in text_of(pilot)
    await pilot.press("3")
    assert screen.picture.message == screen.picture.c_problem
    return screen.picture.c_problem


async def test_no_c_image_is_said(case: Case, frame: ToyFrame) -> None:
    (case.workdir / "image.npy").unlink()
    async with console(case).run_test(size=(120, 40)) as pilot:
        assert "give --c-image FILE, or put" in await problem(pilot)


async def test_a_c_image_of_another_size_is_said(case: Case, frame: ToyFrame) -> None:
    np.save(case.workdir / "image.npy", C[:, :-1])
    async with console(case).run_test(size=(120, 40)) as pilot:
        told = await problem(pilot)
        assert "40 x 49" in told and "40 x 50" in told


async def test_a_cut_out_is_compared_where_it_lies(case: Case, frame: ToyFrame, tmp_path: Path) -> None:
    np.save(tmp_path / "cut.npy", C[3:10, 40:50])
    cut = replace(case, c_image=tmp_path / "cut.npy", c_image_at=(3, 40))
    async with console(cut).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        text = text_of(pilot)
        assert "1 PIXEL DIFFER" in text and "cut.npy, slow 3-9 fast " in text
        assert screen.picture.comparison is not None and screen.picture.comparison.compared == 70
        assert "C       -" in text  # the cursor is outside
        await pilot.press("n")
        assert screen.picture.cursor == (5, 45) and "C       2.5" in text_of(pilot)
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


# --- tracing a pixel -------------------------------------------------------------------------------------------------


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
        assert "C's log of slow 12 fast 14" in text_of(pilot) and frame.started == 1
        await pilot.press("c", "enter")  # back to C's pixel: compared again
        await until(pilot, lambda: app.state.pixel == (12, 14))
        await ready(pilot)
        await pilot.pause()
        assert "FIRST DIVERGENCE  rot_a_angstroms.x" in text_of(pilot) and "another pixel" not in text_of(pilot)


async def test_without_a_c_log(case: Case, frame: ToyFrame) -> None:
    async with console(replace(case, c_log=None)).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("c")
        assert "there is no C log" in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await ready(pilot)
        assert "no C log" in text_of(pilot)


async def test_two_logs_without_a_case_have_no_image() -> None:
    c = parse_lines(C_LINES, "c.log")
    async with console(None, c_trace=c, py_trace=c).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("i")
        assert not isinstance(app.screen, ImageScreen) and "-- FLAGS" in app.state.message
