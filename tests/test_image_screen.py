"""The image screen in the console, key by key, over a small hand-made detector; and what stands behind it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from console_terminal import DEMO, Terminal
from console_toy import C_LINES, console, ready, screen_text, toy_simulator, until
from textual.pilot import Pilot

from nbtui.console.app import Console
from nbtui.console.image import ImageScreen
from nbtui.console.image_actions import IMAGE_ACTIONS
from nbtui.console.picture import Stage
from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.live.cases import load_case
from nbtui.live.images import Cancelled, PixelFacts, pixel_facts, prepare, render_image
from nbtui.live.model import Case, Settings
from nbtui.live.session import simulate
from nbtui.trace.reader import parse_lines, read_trace

SHAPE = (40, 50)
PYTHON = np.zeros(SHAPE, dtype=np.float32)
PYTHON[12, 14], PYTHON[30, 20], PYTHON[5, 45] = 8.0, 4.0, 2.0
C = PYTHON.copy()
C[30, 20], C[5, 45] = 3.0, 2.5


class ToyFrame:
    """A detector of 40 x 50 pixels. It waits until ``go``, in 20 parts, and can be stopped between them."""

    shape = SHAPE

    def __init__(self, go: threading.Event) -> None:
        self.go = go
        self.started = 0

    def facts(self, slow: int, fast: int) -> PixelFacts:
        return PixelFacts(slow, fast, slow / 10, fast / 10, 1.0 * slow, 2.0, (slow, fast, 0.0), 0.0)

    def image(self, *, progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> np.ndarray:
        self.started += 1
        for part in range(20):
            progress(part, 20)
            while not self.go.wait(0.02):
                if cancelled():
                    raise Cancelled("stopped")
        return PYTHON


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
    monkeypatch.setattr("nbtui.console.image.prepare", lambda case, settings: toy)
    return toy


async def opened(pilot: Pilot[int], stage: Stage = Stage.READY) -> ImageScreen:
    """The image screen, once it is in this stage."""
    await ready(pilot)
    await pilot.press("i")
    await until(pilot, lambda: isinstance(pilot.app.screen, ImageScreen))
    screen = pilot.app.screen
    assert isinstance(screen, ImageScreen)
    await until(pilot, lambda: screen.picture.stage is stage)
    await pilot.pause()
    return screen


def text_of(pilot: Pilot[int]) -> str:
    assert isinstance(pilot.app, Console)
    return screen_text(pilot.app)


# --- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_opens_on_the_pixel_of_the_main_screen(case: Case, frame: ToyFrame, size: tuple[int, int]) -> None:
    async with console(case).run_test(size=size) as pilot:
        await opened(pilot)
        text = text_of(pilot)
        assert "2 PIXELS DIFFER" in text and "slow 30 fast 20" in text
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
            "l": (0, 1), "shift+up": (-10, 0), "K": (-10, 0), "shift+down": (10, 0), "J": (10, 0),
            "shift+left": (0, -10), "H": (0, -10), "shift+right": (0, 10), "L": (0, 10),
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
        assert "-fedcba +123456" in text and "4 decades" in text


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
    monkeypatch.setattr("nbtui.console.image.TOLD_EVERY", 0.0)
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

    monkeypatch.setattr("nbtui.console.image.prepare", fails)
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
        assert "C's log is of another pixel: slow 12 fast 14" in text
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


# --- what stands behind it -------------------------------------------------------------------------------------------


def test_facts_are_those_of_cs_log() -> None:
    """h k l and |S| of the demo's pixel as the C program traced them, where phi plays no part or can be undone.

    C's log shows the h k l of another phi step at phi 0 (its carry-over), so the fractional indices are taken from
    |S| and from our own trace of the first step; d = 1/|S|, and lambda = 2 d sin(theta).
    """
    case = load_case(None)
    assert case.c_log is not None and case.pixel is not None
    log = read_trace(case.c_log)
    scattering = [float(value) for value in log.all("scattering_vec_A_inv")[0].values]
    size = math.hypot(*scattering)
    facts = pixel_facts(case, Settings(), *case.pixel)
    assert facts.d_angstrom == pytest.approx(1e10 / size, rel=1e-12)
    assert facts.two_theta_deg == pytest.approx(2 * math.degrees(math.asin(1.2e-10 * size / 2)), rel=1e-12)
    traced = simulate(case).trace.all("hkl_frac")[0].values
    assert facts.hkl == pytest.approx([float(value) for value in traced], rel=1e-12)
    assert (facts.slow_mm, facts.fast_mm) == (6.25, 7.25)  # 0.5 mm pixels
    with pytest.raises(UnusableInput, match="slow 128 fast 0 is not on the detector: 128 x 128"):
        pixel_facts(case, Settings(), 128, 0)


def test_facts_by_hand(tmp_path: Path) -> None:
    """Cubic cell of 100 A along the laboratory axes, 1 A, 100 mm, 1 mm pixels, the beam on a pixel's centre.

    MOSFLM: beam along x, fast along z, slow against y. Three pixels along fast: tan 2theta = 3/100.
    """
    flags = (
        "-cell 100 100 100 90 90 90 -default_F 1 -lambda 1 -N 1 -distance 100 -pixel 1 -detpixels 21 "
        "-Xbeam 10 -Ybeam 10 -convention MOSFLM"
    ).split()
    case = Case("hand", tuple(flags), tmp_path, None, None)
    angle = math.atan(3 / 100)
    facts = pixel_facts(case, Settings(), 10, 13)
    assert facts.two_theta_deg == pytest.approx(math.degrees(angle))
    assert facts.d_angstrom == pytest.approx(1 / (2 * math.sin(angle / 2)))
    assert sorted(abs(index) for index in facts.hkl) == pytest.approx(
        sorted([0.0, 100 * (1 - math.cos(angle)), 100 * math.sin(angle)]), abs=1e-9
    )
    centre = pixel_facts(case, Settings(), 10, 10)
    assert centre.two_theta_deg == pytest.approx(0.0, abs=1e-9) and centre.d_angstrom > 1e9


def test_the_image_is_cs(shared: Path) -> None:
    """The demo's image against the C program's, where a pixel exceeds 1e-6 of the brightest."""
    golden = np.load(shared / "demo" / "image.npy")
    calls: list[tuple[int, int]] = []
    made = render_image(
        load_case(None), Settings(phi_mode="c-parity"), progress=lambda done, total: calls.append((done, total))
    )
    bright = golden > 1e-6 * golden.max()
    assert np.abs(made / np.where(bright, golden, 1) - 1)[bright].max() <= 1e-6
    assert calls[-1] == (128 * 128, 128 * 128) and len(calls) > 3


def test_the_image_can_be_stopped() -> None:
    with pytest.raises(Cancelled) as told:
        prepare(load_case(None), Settings()).image(cancelled=lambda: True)
    assert told.value.exit_code == 130


def test_unusable_input_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="hand: .*-lambda"):
        render_image(Case("hand", ("-lambda", "x"), tmp_path, None, None), Settings())


# --- bytes -----------------------------------------------------------------------------------------------------------


def test_byte_budgets(tmp_path: Path) -> None:
    """120 x 40: a move <= 600 bytes, a page <= 10 000, idle and mouse motion nothing."""
    terminal = Terminal(DEMO.format(patch=""), tmp_path)
    try:
        terminal.wait_for("FIRST DIVERGENCE")
        terminal.press("i")
        terminal.wait_for("PIXELS DIFFER")
        terminal.read(0.4)
        assert max(terminal.press(key) for key in "jlkhjjll") <= 600
        terminal.press("+")
        assert max(terminal.press(key) for key in "LLLLLLLLJJJJJJJJ") <= 10_000
        assert terminal.press("\x1b[<35;30;12M\x1b[<35;31;13M") == 0
        assert len(terminal.read(2.0)) <= 400
    finally:
        terminal.close()
