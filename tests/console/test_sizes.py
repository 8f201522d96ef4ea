"""Every screen at every size: nothing is cut away that a user needs to read the verdict and to leave."""

from __future__ import annotations

import pytest

from nbtui.console.app import Console
from nbtui.console.drawing.foot import keys
from nbtui.console.drawing.line import plain, width_of
from nbtui.console.image.screen import ImageScreen
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.panes import tiny
from nbtui.console.main.screen import DETAIL
from nbtui.console.screens import SCREENS
from nbtui.live.model import Case
from nbtui.trace.reading.reader import parse_lines
from support.console_toy import C_LINES, PY_LINES, console, ready, screen_text, toy_state, until

SIZES = ((60, 16), (80, 23), (100, 30), (120, 40), (160, 24), (200, 60))
BELOW = ((59, 16), (60, 15), (40, 10), (30, 6))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_every_screen_shows_its_content_and_the_way_back(app: Console, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        for wanted in ("FIRST", "rot_a_angstroms.x", "29.[5]", "29.[6]", "+3.4e-03", "DIVERGENT"):
            assert wanted in screen_text(app)
        assert screen_text(app).splitlines()[-1].rstrip().endswith("q quit")
        for row in SCREENS:
            opening = [action.keys[0] for action in ACTIONS if action.id == row.opened_by]
            if not opening:
                continue
            await pilot.press(*opening)
            await until(pilot, lambda: len(app.screen_stack) > 1)
            if isinstance(app.screen, ImageScreen):
                await until(pilot, lambda: app.screen.state.judged)  # type: ignore[attr-defined]
            await pilot.pause()
            lines = screen_text(app).splitlines()
            assert "cannot be drawn" not in "".join(lines)
            assert "q back" in lines[-1], (row.opened_by, lines[-1])
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1)


@pytest.mark.parametrize("size", BELOW, ids=str)
async def test_below_the_smallest_size_there_are_verdict_field_and_values(app: Console, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        text = screen_text(app)
        for wanted in ("FIRST", "rot_a_angstroms.x", "29.[5]", "29.[6]", "DIVERGENT", "q quit"):
            assert wanted in text, text
        await pilot.press("j")
        await pilot.pause()
        assert "rot_a_angstroms.y" in screen_text(app)
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "FIRST DIVERGENCE" in screen_text(app) and "contributions" in screen_text(app))


@pytest.mark.parametrize("width", range(8, 60, 7))
@pytest.mark.parametrize("height", (1, 2, 3, 5, 12))
def test_lines_of_the_smallest_screens_fit(width: int, height: int) -> None:
    lines = tiny.draw(toy_state(), width, height)
    assert len(lines) == height
    assert {width_of(line) for line in lines} == {width}
    assert plain(lines)[0].strip().startswith("FIRST"[: width - 2])


async def test_a_low_and_wide_screen_has_fields_and_detail_together(app: Console) -> None:
    async with app.run_test(size=(160, 24)) as pilot:
        await ready(pilot)
        assert "Tap:" in screen_text(app) and "rel.diff" in screen_text(app)
        step = "at this step"
        for key, there, gone in (("2", "Tap:", step), ("3", step, "Tap:"), ("4", "new here", "Tap:")):
            await pilot.press(key)
            await pilot.pause()
            assert there in screen_text(app) and gone not in screen_text(app), key
        await pilot.press("1", "z")
        await pilot.pause()
        assert "Tap:" not in screen_text(app)


@pytest.mark.parametrize("size", [(150, 24), (150, 40), (179, 40), (180, 24), (180, 60), (200, 24), (200, 60)], ids=str)
async def test_wide_terminals_have_a_column_for_each_of_three_sides(
    case: Case, simulator: object, size: tuple[int, int]
) -> None:
    log = parse_lines(PY_LINES, "py.log")
    async with console(case, c_trace=parse_lines(C_LINES, "c.log"), suspect=log).run_test(size=size) as pilot:
        app = await ready(pilot)
        await until(pilot, lambda: "live " in heads(app))
        assert "C  " in heads(app) and "your log" in heads(app)
        shown = app.main.views["detail"].region
        assert not shown or shown.width >= DETAIL


def heads(app: Console) -> str:
    """The names above the columns of the field table."""
    return next((line for line in screen_text(app).splitlines() if "rel.diff" in line), "")


@pytest.mark.parametrize("width", (20, 40, 60, 200))
def test_the_foot_has_help_and_the_way_back(width: int) -> None:
    entries = [("x", "first thing"), ("y", "second"), ("?", "help"), ("q", "back")]
    text = "".join(span.text for span in keys(entries, width))
    assert text.endswith(" ? help  q back ")
    assert len(text) <= width
    assert ("second" in text) == (width > 40)
