"""What a narrow screen leaves out: it is marked, and the sentence that tells the way on is shown to its end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbtui.console.drawing import characters
from nbtui.console.drawing.foot import message
from nbtui.console.drawing.line import Span, ending, fit, line, plain, rule, width_of
from nbtui.console.help import pane as help
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.panes import footer, header, prompt
from nbtui.console.main.run_work import NO_COMMAND
from nbtui.console.screens import KEY_TABLES
from nbtui.live.model import Case
from support.console_toy import console, ready, screen_text, toy_state, until


@pytest.mark.parametrize(
    ("spans", "width", "shown"),
    [
        (("2.6e-05", " to 1"), 9, "2.6e-05 ~"),
        (("2.6e-05", " to 1"), 7, "2.6e-0~"),  # 2.6e-05 alone would be taken for the end
        (("abc", "   "), 4, "abc"),  # only blanks are lost
        (("──", "────"), 4, "────"),  # no word is lost
        (("abc",), 5, "abc"),
        (("日本",), 3, "日~"),
    ],
)
def test_a_cut_through_words_or_digits_is_marked(spans: tuple[str, ...], width: int, shown: str) -> None:
    cut = fit(line(*spans), width)
    assert plain([cut]) == [shown]
    assert width_of(cut) == width


def test_a_path_cut_in_front_does_not_look_like_one_in_a_home_folder() -> None:
    assert ending("/data/wt/eyes/trace_c.log", 22) == "...wt/eyes/trace_c.log"
    assert ending("trace_c.log", 22) == "trace_c.log"
    assert ending("trace_c.log", 3) == ""


def test_a_title_line_without_a_title_has_no_hole() -> None:
    assert plain([rule((), 12, (Span("1:2"),))]) == ["────── 1:2 ─"]


def test_every_drawn_corner_has_an_ascii_form() -> None:
    assert [characters.ascii_for(char) for char in "└┘─│"] == ["`", "'", "-", "|"]


def test_a_long_message_is_read_to_its_end() -> None:
    rows = plain(message(NO_COMMAND, 60, 3))
    assert " ".join(" ".join(rows).split()) == NO_COMMAND
    assert plain(message("word " * 90, 60, 3))[-1].endswith("~")


def test_the_name_of_the_case_yields_to_the_live_side_and_to_what_runs() -> None:
    state = replace(toy_state(), name="custom_vectors_of_the_large_detector")
    assert state.simulation is not None
    causes = replace(state, simulation=replace(state.simulation, causes=("pivot", "float32")))
    assert plain(header.draw(causes, 80, 2))[0].rstrip().endswith("LIVE spec f64 cpu + 2 causes")
    running = plain(header.draw(replace(state, runs=replace(state.runs, running=True)), 80, 2))[0]
    assert "LIVE spec" in running and "the port is running ..." in running


async def test_the_foot_grows_with_its_message_and_shrinks_again(case: Case, simulator: object) -> None:
    async with console(case).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        app.tell(NO_COMMAND)
        await until(pilot, lambda: NO_COMMAND in " ".join(screen_text(app).split()))
        await pilot.press("down")
        await until(pilot, lambda: app.main.views["footer"].size.height == 1 and "? help" in screen_text(app))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_why_they_differ_is_among_the_first_keys(width: int) -> None:
    assert "x why" in plain(footer.draw(toy_state(), width, 1))[0]


def test_a_run_is_offered_only_where_it_does_something() -> None:
    with_c_log = toy_state()
    assert "R run" not in plain(footer.draw(with_c_log, 200, 1))[0]
    assert "R run" in plain(footer.draw(replace(with_c_log, c_trace=None), 200, 1))[0]


def test_help_says_not_now_of_no_key_that_opens_a_screen() -> None:
    opened = {table.opened_by for table in KEY_TABLES} - {""}
    assert "runs" in opened
    assert all(ACTIONS.key(id) for id in opened)
    assert all(action.when(toy_state()) for action in ACTIONS if action.id in opened)


def test_the_box_for_a_name_offers_every_kind_of_target_at_80_columns() -> None:
    shown = "\n".join(plain(prompt.draw(replace(toy_state(), prompt=""), 80, 10)))
    for kind in ("field", "stage", "key", "pixel SLOW FAST", "phi N", "domain N", "source N", "sub N", "layer N"):
        assert kind in shown


def test_help_leaves_a_blank_after_every_key() -> None:
    page = plain(help.lines(toy_state(), KEY_TABLES, 100))
    for action in (action for table in KEY_TABLES for action in table.actions):
        first = action.help.split()[0]
        assert any(entry.startswith(f" {action.shown} ") and f" {first}" in entry for entry in page), action.shown
