"""The image screen, key by key, over a small hand-made detector."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbtui.console.app import Console
from nbtui.console.image.actions import IMAGE_ACTIONS
from nbtui.live.model import Case
from support.console_toy import console, ready, until
from support.image_toy import ToyFrame, opened, text_of


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_opens_on_the_pixel_of_the_main_screen(case: Case, frame: ToyFrame, size: tuple[int, int]) -> None:
    async with console(case).run_test(size=size) as pilot:
        screen = await opened(pilot)
        assert screen.state.view == "difference" and "# corr" in text_of(pilot)
        await pilot.press("2")
        text = text_of(pilot)
        assert "2 PIXELS DIFFER" in text and ("at slow 30 fast 20" in text) == (size[0] == 120)
        assert "slow 12     fast 14" in text and "C's log is of this pixel" in text
        assert "mm   1.200       1.400" in text and "[800]" in text
        assert "Enter trace it" in text and "q back" in text


async def test_the_step_keys_move_the_spot_and_the_step_of_the_main_screen(case: Case, frame: ToyFrame) -> None:
    """The toy's spot is two pixels down per degree; its second phi step is at 0.5 degrees."""
    async with console(case).run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        assert "step    phi 0 domain 0" in text_of(pilot) and "slow 12.00 fast 14.00" in text_of(pilot)
        await pilot.press("right_square_bracket")
        assert "step    phi 1 domain 0" in text_of(pilot) and "slow 13.00 fast 14.00" in text_of(pilot)
        await pilot.press("right_square_bracket")
        assert "this is the last phi step" in text_of(pilot)
        await pilot.press("right_curly_bracket", "escape")
        app = pilot.app
        assert isinstance(app, Console) and app.state.place == (0, 1, 1)


async def test_views(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("n")
        for key, mark, centre in (
            ("1", "[1 C]", "[300]"),
            ("3", "[3 live - C]", "[100]"),
            ("2", "[2 live]", "[400]"),
        ):
            await pilot.press(key)
            assert mark in text_of(pilot) and centre in text_of(pilot)
        assert screen.state.view == "python"


@pytest.mark.slow
async def test_moves(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        steps = {
            "up": (-1, 0), "k": (-1, 0), "down": (1, 0), "j": (1, 0), "left": (0, -1), "h": (0, -1), "right": (0, 1),
            "l": (0, 1), "shift+down": (10, 0), "J": (10, 0), "shift+up": (-10, 0), "K": (-10, 0),
            "shift+right": (0, 10), "L": (0, 10), "shift+left": (0, -10), "H": (0, -10),
        }  # fmt: skip
        for key, (slow, fast) in steps.items():
            before = screen.state.cursor
            await pilot.press(key)
            assert screen.state.cursor == (before[0] + slow, before[1] + fast), key
        await pilot.press(*["K"] * 9)
        assert screen.state.cursor[0] == 0  # at the edge it stays
        assert "slow 0 " in text_of(pilot)
        await pilot.press("home")
        assert screen.state.cursor == (12, 14)


@pytest.mark.slow
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
        assert screen.state.characters and "▀" not in text
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
        assert "▀" not in text_of(pilot) and "no colours" in text_of(pilot)


async def test_a_pixel_beyond_the_detector_is_no_trap(case: Case, frame: ToyFrame) -> None:
    """One may ask for any pixel on the main screen; here the cursor is on the nearest there is."""
    async with console(replace(case, pixel=(999, 14))).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert screen.state.cursor == (39, 14)
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)
        assert (await opened(pilot)).state.cursor == (39, 14)


@pytest.mark.slow
async def test_a_typed_pixel(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("colon", *"39 4q", "backspace", "9", "enter")
        assert screen.state.cursor == (39, 49) and screen.state.typed is None
        await pilot.press("slash", *"99 1", "enter")
        assert "not on the detector: slow 0 to 39" in text_of(pilot)
        await pilot.press("slash", "1", "escape")
        assert pilot.app.screen is screen and screen.state.cursor == (39, 49)
        await pilot.press("slash", "backspace", "n")
        assert screen.state.cursor == (30, 20)


async def test_close_up_and_rings(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert "·" in text_of(pilot)
        await pilot.press("o")
        assert "·" not in text_of(pilot)
        await pilot.press("n", "s")
        assert "2:1 ═" in text_of(pilot) and screen.state.cursor == (30, 20)
        await pilot.press("s")
        assert "1:1 all" in text_of(pilot)


async def test_the_walk_along_the_worst_goes_on_after_a_trace(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("n", "enter")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await ready(pilot)
        await pilot.pause()
        assert "images: C 3, live 4 (+33.3 %)" in text_of(pilot)
        again = await opened(pilot)
        assert again.state.rank == 0
        await pilot.press("n")
        assert again.state.cursor == (5, 45)


async def test_worst_pixels(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        visited = []
        for key in ("n", "n", "n", "N", "shift+n"):
            await pilot.press(key)
            visited.append(screen.state.cursor)
        assert visited == [(30, 20), (5, 45), (30, 20), (5, 45), (30, 20)]
        assert "worst   1 of 2" in text_of(pilot) and "1.333333" in text_of(pilot)


@pytest.mark.slow
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
        assert again.state.view == "difference" and again.state.cursor == (12, 14)


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
        assert screen.state.cursor == (30, 20)
        await pilot.click("#i-canvas", offset=(70, 1))
        await pilot.click("#i-reading", offset=(2, 2))
        assert screen.state.cursor == (30, 20)


async def test_keys_of_the_main_screen_do_nothing_here(case: Case, frame: ToyFrame) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        app = pilot.app
        assert isinstance(app, Console)
        before = app.state
        await pilot.press("m", "d", "e", "f", "slash", "tab", "left_square_bracket")
        assert app.state is before and pilot.app.screen is screen
