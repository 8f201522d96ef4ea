"""What a click and the wheel do on the main screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbtui.console.drawing.line import plain
from nbtui.console.main.panes import fields, pipeline, steps, tabs
from nbtui.console.main.pointing import NOTCH, pressed, scrolled
from nbtui.console.main.state import PANES, State
from support.console_toy import toy_state

WIDE, NARROW = (120, 14), (80, 20)


@pytest.mark.parametrize("size", [WIDE, NARROW, (170, 14)], ids=str)
def test_a_phi_step_is_where_it_is_drawn(size: tuple[int, int]) -> None:
    state = toy_state()
    drawn = plain(steps.draw(state, *size))
    found = {y: pressed(state, "steps", size, (3, y)).phi for y in range(size[1])}
    (row,) = (y for y, text in enumerate(drawn) if text.startswith("   1     0.5"))
    assert [y for y, phi in found.items() if phi == 1] == [row]
    after = pressed(state, "steps", size, (3, row))
    assert after.pane == "steps" and after.trail == ((0, 0, 0),)  # backspace goes back


def test_another_picture_only_takes_the_focus() -> None:
    state = replace(toy_state(), view="F_latt")
    assert pressed(state, "steps", WIDE, (3, 3)) == replace(state, pane="steps")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=str)
def test_a_field_is_where_it_is_drawn(size: tuple[int, int]) -> None:
    state = toy_state()
    drawn = plain(fields.draw(state, *size))
    row = next(y for y, text in enumerate(drawn) if "F_latt " in text)
    after = pressed(state, "fields", size, (30, row))
    assert after.row is not None and after.row.label == "F_latt"


def test_a_stage_is_where_it_is_drawn() -> None:
    state = toy_state()
    drawn = plain(pipeline.draw(state, 18, 10))
    row = next(y for y, text in enumerate(drawn) if "Accumulation" in text)
    after = pressed(state, "pipeline", (18, 10), (3, row))
    assert after.pane == "pipeline" and after.row is not None and after.row.label == "I_before_scaling"
    for nowhere in (0, 9, 40):
        assert pressed(state, "pipeline", (18, 10), (3, nowhere)).cursor == state.cursor


def test_a_tab_is_where_it_is_drawn() -> None:
    for before in PANES:
        state = replace(toy_state(), pane=before)
        (text,) = plain(tabs.draw(state, 80, 1))
        for pane in PANES:
            assert pressed(state, "tabs", (80, 1), (text.index(tabs.NAMES[pane]), 0)).pane == pane
        assert pressed(state, "tabs", (80, 1), (79, 0)) == state


def test_the_wheel() -> None:
    state = replace(toy_state(), cursor=0)
    assert scrolled(state, "fields", 1).cursor == NOTCH
    assert scrolled(scrolled(state, "fields", 1), "fields", -1).cursor == 0
    assert scrolled(state, "steps", 1).phi == 1 and scrolled(state, "detail", 1).detail_top == NOTCH
    assert scrolled(state, "pipeline", 1).row != state.row
    assert scrolled(state, "header", 1) == pressed(state, "header", WIDE, (0, 0)) == state


def test_before_there_is_anything() -> None:
    empty = replace(toy_state(), comparison=None, contributions=None, c_trace=None)
    assert isinstance(empty, State)
    for pane in (*PANES, "tabs", "footer"):
        pressed(empty, pane, WIDE, (3, 3))
        scrolled(empty, pane, -1)
