"""Going places in the console: pictures, playing, the prompt, the long detail. Through Textual's pilot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbtui.console.drawing.line import Line, plain, width_of
from nbtui.console.drawing.palette import STYLES
from nbtui.console.main import jumping, stepping
from nbtui.console.main import simulated as simulations
from nbtui.console.main import state as moves
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.contributions import arrange
from nbtui.console.main.pair import Compared
from nbtui.console.main.panes import detail, prompt
from nbtui.console.main.state import State
from nbtui.evidence.history import Entry
from nbtui.evidence.read.package import Factor, Package
from nbtui.live.model import Case, Settings, Simulation
from nbtui.parity.compare import compare
from nbtui.trace.reading.reader import parse_lines
from support.console_blocks import blocks_state
from support.console_toy import (
    console,
    ready,
    screen_text,
    shown,
    simulation,
    terms,
    toy_simulator,
    toy_state,
    until,
)


@pytest.fixture(autouse=True)
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Case]]:
    """A hand-made simulator instead of torch; the cases it was asked for."""
    asked: list[Case] = []

    def simulate(case: Case, settings: Settings) -> Simulation:
        asked.append(case)
        assert case.pixel is not None
        return replace(toy_simulator(settings), pixel=case.pixel)

    monkeypatch.setattr("nbtui.live.session.simulate", simulate)
    yield asked


def typing(text: str) -> State:
    return replace(toy_state(), prompt=text)


def go(text: str, state: State | None = None) -> State:
    """What Enter leads to after a text in the prompt."""
    after, chosen = jumping.typed(replace(state or toy_state(), prompt=text), "enter", None)
    assert chosen is None
    return after


# --- the prompt --------------------------------------------------------------------------------------------------


def test_a_field_a_stage_and_a_step_by_their_names() -> None:
    assert (row := go("f_cell").row) and row.label == "F_cell"
    assert (row := go("hkl_frac.k").row) and row.label == "hkl_frac.k"
    assert (row := go("k_frac[phi 1]").row) and row.label == "phi.k_frac[phi 1]"
    assert (row := go("accum").row) and row.stage == "accumulation"
    state = go("phi 1")
    assert state.place == (0, 1, 0) and state.axis == "phi" and state.trail == ((0, 0, 0),)
    many = blocks_state()
    assert go("source 2", many).place == (2, 0, 0)
    assert go("layer 1", many).place == (12, 0, 0)
    assert go("sub 3", many).place == (9, 0, 0)
    assert go("domain 7").message == "there is no mosaic domain 7: 0 to 1"


def test_a_row_that_the_filter_hides_is_shown_again() -> None:
    state = go("lambda_meters", moves.filtered(toy_state()))
    assert not state.only_differing and state.row is not None and state.row.label == "lambda_meters"


def test_repetitions_are_offered_once_unless_asked_for() -> None:
    assert [target.name for target in jumping.targets(typing("phi.f_latt_b"))] == ["phi.F_latt_b[phi 0]"]
    assert len(jumping.targets(typing("phi.f_latt_b["))) == 2


def test_actions_and_pixels_are_handed_over() -> None:
    _, chosen = jumping.typed(typing("pixel 3, 4"), "enter", None)
    assert chosen is not None and chosen.pixel == (3, 4)
    _, chosen = jumping.typed(typing("evidence package"), "enter", None)
    assert chosen is not None and chosen.action == "export"
    offered = {target.action for target in jumping.targets(typing("")) if target.action}
    assert offered == {entry.id for entry in ACTIONS if entry.when(toy_state())} - {"jump"}


def test_typing_choosing_completing_and_leaving() -> None:
    state = replace(toy_state(), prompt="")
    for key in "f_la":
        state, _ = jumping.typed(state, key, key)
    assert state.prompt == "f_la" and state.choice == 0
    down, _ = jumping.typed(state, "down", None)
    assert down.choice == min(1, len(jumping.targets(state)) - 1)
    completed, _ = jumping.typed(state, "tab", None)
    assert completed.prompt == "F_latt"
    assert jumping.typed(state, "backspace", None)[0].prompt == "f_l"
    assert jumping.typed(state, "escape", None)[0].prompt is None
    assert jumping.typed(typing(""), "backspace", None)[0].prompt is None
    nothing, chosen = jumping.typed(typing("zzz"), "enter", None)
    assert chosen is None and "no match for 'zzz'" in nothing.message


def test_the_box_of_the_prompt() -> None:
    lines = prompt.draw(typing("rot_a"), 60, 4)
    assert plain(lines)[1] == " > rot_a_angstroms.x              field Cell vector a of t~"
    assert "no match" in plain(prompt.draw(typing("zzz"), 60, 4))[1]
    assert {width_of(entry) for entry in lines} == {60}


@pytest.mark.parametrize("nasty", ["\x1b[2J", "[/x][bold]", "\u202eevil", "漢字", "a\rb"], ids=ascii)
def test_hostile_text_in_the_prompt(nasty: str) -> None:
    toy = typing(nasty)
    assert toy.comparison is not None
    row = toy.rows[0]._replace(label=nasty, description=nasty)
    state = replace(toy, comparison=replace(toy.comparison, rows=(row, *toy.rows[1:])))
    for entry in (*prompt.draw(state, 80, 9), *detail.draw(replace(state, cursor=0), 80, 40)):
        assert not any(ord(char) < 32 or char in "\x7f\u202e" for span in entry for char in span.text)


@pytest.mark.slow
async def test_the_prompt_in_the_console(case: Case) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("colon", *"f_cell")
        await pilot.pause()
        assert ":f_cell_" in shown(app, "footer") and "Structure factor" in screen_text(app)
        await pilot.press("enter")
        assert app.state.row is not None and app.state.row.label == "F_cell"
        await pilot.press("colon", *"quit", "escape")
        assert app.is_running and app.state.prompt is None
        await pilot.press("colon", *"only the fields", "enter")  # an action by its help
        assert app.state.only_differing
        await pilot.press("colon", *"next picture", "enter")
        assert app.state.view == stepping.VIEWS[1]


@pytest.mark.slow
async def test_another_pixel_is_simulated(case: Case, simulated: list[Case]) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("colon", *"pixel 3 4", "enter")
        await until(pilot, lambda: app.state.simulation is not None and app.state.simulation.pixel == (3, 4))
        assert simulated[-1].pixel == (3, 4) and app.state.pixel == (3, 4)


# --- stepping ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_pictures_zoom_play_and_back(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbtui.console.main.step_player.PLAYED_EVERY", 0.01)
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        for view in (*stepping.VIEWS[1:], stepping.VIEWS[0]):
            await pilot.press("v")
            assert app.state.view == view and f"[v] {view}" in shown(app, "steps")
        await pilot.press("V")
        assert app.state.view == stepping.VIEWS[-1]
        await pilot.press("3", "z")
        await pilot.pause()
        text = screen_text(app)
        assert "[3 contributions]" in text and "pipeline ─" not in text
        await pilot.press("z")
        await pilot.press("space")
        await until(pilot, lambda: app.state.phi == 1 and not app.state.playing)
        assert "last phi step" in app.state.message
        await pilot.press("backspace")
        assert app.state.phi == 0


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=str)
async def test_pictures_at_the_sizes_of_the_issue(case: Case, size: tuple[int, int]) -> None:
    async with console(case).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("3")
        for _ in stepping.VIEWS:
            await pilot.press("v")
            await pilot.pause()
            text = screen_text(app)
            assert "at this step" in text and "cannot be drawn" not in text and "q quit" in text
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: "[3 contributions]" in screen_text(app))


async def test_a_pane_that_cannot_be_drawn_says_so(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(state: State, grid: object) -> list[Line]:
        raise ValueError("no [/such] thing")

    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        monkeypatch.setattr("nbtui.console.main.panes.steps.at_step", broken)
        await pilot.press("right_square_bracket")
        await pilot.pause()
        text = screen_text(app)
        assert "this pane cannot be drawn, please report it: ValueError: no [/such] thing" in text
        assert "Traceback" not in text and "FIRST DIVERGENCE" in text and app.is_running


async def test_an_action_that_fails_is_a_sentence(case: Case) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)

        def broken() -> None:
            raise RuntimeError("surprise")

        app.main.acts = {**app.main.acts, "filter": broken}
        await pilot.press("f")
        assert "please report it: RuntimeError: surprise" in shown(app, "footer")


# --- the long detail ---------------------------------------------------------------------------------------------


def package(stamp: str, c: float, py: float, pixel: tuple[int, int] = (12, 14)) -> Entry:
    factor = Factor("rot_a_angstroms.x", "A", "", c, py, py - c, (py - c) / c, "DIVERGENT")
    made = Package(
        Path(stamp), stamp, datetime(2026, 1, 1, tzinfo=UTC), "NEW", "toy", pixel, "spec", "float64", "cpu", "", False,
        None, "", None, "", None, (factor,), (), "", (), (),
    )  # fmt: skip
    return Entry(made, None, "-", "", ())


def test_the_long_detail_answers_where_and_since_when() -> None:
    history = (package("20260101T000000Z", 29.5, 29.9), package("20260102T000000Z", 29.5, 29.6, (1, 1)))
    state = replace(toy_state(), history=history, pane="detail")
    page = plain(detail.draw(state, 120, 37))
    text = "\n".join(page)
    assert "made in C   in the loop over phi steps, before the domains" in text
    assert "C           line 2: TRACE_C: rot_a_angstroms 29.5 4 -1.75" in text
    assert "recorded in 1 of 1 package" in text  # the other one is of another pixel
    assert any(row.split()[:4] == ["20260101T000000Z", "spec", "29.[5]", "29.[9]"] for row in page)
    assert "reading the reports folder" in "\n".join(plain(detail.draw(replace(state, history=None), 120, 37)))


def test_a_name_that_lies_about_its_unit() -> None:
    c = parse_lines(["TRACE_C: scattering_vec_A_inv 1e9 2e9 3e9"])
    toy = toy_state()
    state = moves.compared(replace(toy, history=(), comparison=None), compare(c, parse_lines(["TRACE_PY: x 1"])))
    assert "the name says A^-1, the value is in m^-1" in "\n".join(plain(detail.draw(state, 120, 37)))


def test_the_long_detail_of_a_quantity_at_every_phi_step() -> None:
    page = plain(detail.draw(replace(go("f_cell"), history=()), 120, 37))
    rows = [row for row in page if row.strip(" >").startswith("phi ")]
    assert [row.split()[:5] for row in rows] == [[">", "phi", "0", "0", "deg"], ["phi", "1", "0.5", "deg", "100"]]
    total = plain(detail.draw(replace(go("i_before"), history=()), 120, 37))
    # C 800, 1200; Python 300, 1200
    assert any("[800]" in row and "[300]" in row and "-6.2e-01" in row for row in total)


def test_the_same_field_in_the_other_subpixels() -> None:
    def block(tag: str, *values: float) -> list[str]:
        return [line for v in values for line in (f"{tag}: pixel_pos_meters {v} 0 0", f"{tag}: R_distance_meters {v}")]

    c, py = parse_lines(block("TRACE_C", 0.1, 0.2)), parse_lines(block("TRACE_PY", 0.1, 0.3))
    toy = toy_state()
    assert toy.simulation is not None
    run = replace(simulation([1, 2, 3, 4], py), trace=py)
    start = State(Settings(), case=toy.case, name="toy", c_trace=c, history=())
    state = simulations.simulated(
        start, 0, run, {Compared.REFERENCE_LIVE: compare(c, py)}, arrange(run, terms([1, 2, 3, 4]))
    )
    text = "\n".join(plain(detail.draw(go("r_distance", state), 120, 37)))
    assert "the same in the 2 sub-pixels and layers" in text and "1 differ" in text
    assert "R_distance_meters[1]" in text and "0.[2]" in text and "0.[3]" in text


def test_a_long_detail_is_scrolled_to_its_end_and_no_further() -> None:
    state = replace(toy_state(), history=(), pane="detail")
    first = plain(detail.draw(state, 80, 16))
    assert "more lines" in first[0]
    far = detail.kept_in_view(moves.paged(state, 500), 80, 16)
    last = plain(detail.draw(far, 80, 16))
    assert "end" in last[0] and "e writes one" in last[-1]
    assert moves.paged(far, -500).detail_top == 0
    for entry in detail.draw(far, 80, 16):
        assert {span.tone for span in entry} <= STYLES.keys()


async def test_enter_opens_the_detail_and_reads_the_packages(case: Case, tmp_path: Path) -> None:
    async with console(case, tmp_path / "reports").run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: app.state.history == ())
        await pilot.pause()
        assert "in earlier packages" in screen_text(app) and "[2 this field]" in screen_text(app)
        await pilot.press("pagedown", "pageup", "escape")
        await pilot.pause()
        assert app.state.pane == "fields" and not app.state.zoomed and "pipeline" in screen_text(app)
