"""Walking the contributions and their pictures: hand-made terms, expectations worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nbtui.console.drawing import canvas
from nbtui.console.drawing.canvas import Canvas, Curve
from nbtui.console.drawing.line import plain, width_of
from nbtui.console.drawing.palette import STYLES
from nbtui.console.main import stepping
from nbtui.console.main.contributions import Contributions, Side, arrange
from nbtui.console.main.panes import maps, plots, steps
from nbtui.console.main.panes.at_step import at_step
from nbtui.console.main.state import Phase, State, failed, stopped
from nbtui.live import cases
from nbtui.live.c_terms import read_terms
from nbtui.live.model import F_CELL_ORIGINS, TermTable
from nbtui.trace.columns import PhiLines
from nbtui.trace.model import PhiRecord
from nbtui.trace.reading.reader import parse_lines, read_trace
from support.console_blocks import blocks_state
from support.console_toy import PY_LINES, simulation, terms, toy_state


@pytest.fixture
def many() -> State:
    return blocks_state()


def grid_of(state: State) -> Contributions:
    assert state.contributions is not None
    return state.contributions


# --- walking -----------------------------------------------------------------------------------------------------


def test_a_place_and_its_indices(many: State) -> None:
    grid = grid_of(many)
    assert grid.sizes == {"phi": 3, "domain": 2, "source": 3, "sub": 4, "layer": 2}
    # layer 1, sub-pixel slow 1 fast 0, source 2: ((1 * 2 + 1) * 2 + 0) * 3 + 2 = 20
    assert grid.indices((20, 1, 0)) == {"phi": 1, "domain": 0, "source": 2, "sub": 2, "layer": 1}
    for block in range(grid.n_blocks):
        assert grid.place(grid.indices((block, 2, 1))) == (block, 2, 1)


@pytest.mark.parametrize(("axis", "block"), [("source", 1), ("sub", 3), ("layer", 12)])
def test_each_axis_has_its_step(many: State, axis: str, block: int) -> None:
    there = stepping.walked(many, axis, 1)
    assert there.place == (block, 0, 0) and there.axis == axis
    assert stepping.walked(there, axis, -1).place == (0, 0, 0)
    assert stepping.walked(many, axis, -1).message == f"this is the first {stepping.WORDS[axis]}"
    assert stepping.walked(toy_state(), axis, 1).message == f"this is the only {stepping.WORDS[axis]}"


def test_steps_asked_for_during_the_first_simulation_are_taken_after_it(many: State) -> None:
    early = replace(many, contributions=None, phase=Phase.SIMULATING)
    for axis in ("source", "phi", "phi"):
        early = stepping.walked(early, axis, 1)
    assert early.message == "these 3 steps when the simulation is done"
    there = replace(early, contributions=many.contributions, phase=Phase.READY)
    caught_up = stepping.caught_up(there)
    assert (
        caught_up.place
        == stepping.walked(stepping.walked(stepping.walked(many, "source", 1), "phi", 1), "phi", 1).place
    )
    assert caught_up.place != many.place and stepping.caught_up(caught_up) == caught_up
    assert "starts when" in stepping.viewed(early, 1).message and not stepping.viewed(many, 1).message
    assert not stopped(early, "stopped").later and not failed(early, early.generation, "no", 3).later


def test_back_goes_the_way_that_was_come(many: State) -> None:
    state = stepping.walked(stepping.walked(stepping.walked(many, "phi", 1), "layer", 1), "domain", 1)
    seen = []
    for _ in range(3):
        state = stepping.back(state)
        seen.append(state.place)
    assert seen == [(12, 1, 0), (0, 1, 0), (0, 0, 0)]
    assert "no earlier step" in stepping.back(state).message


def test_playing_walks_the_axis_walked_last_and_stops_at_its_end(many: State) -> None:
    state = stepping.play(stepping.walked(many, "source", 1))
    assert state.playing
    state = stepping.played(state)
    assert state.place == (2, 0, 0) and state.playing
    state = stepping.played(state)
    assert state.place == (2, 0, 0) and not state.playing and "last source" in state.message
    again = stepping.play(state)  # from the end it starts again
    assert again.place == (0, 0, 0) and again.playing
    assert not stepping.play(again).playing  # pause
    assert not stepping.walked(again, "phi", 1).playing
    assert "only one source" in stepping.play(replace(toy_state(), axis="source")).message


def test_views_go_around(many: State) -> None:
    seen = [many.view]
    state = many
    for _ in range(len(stepping.VIEWS)):
        state = stepping.viewed(state, 1)
        seen.append(state.view)
    assert tuple(seen) == (*stepping.VIEWS, stepping.VIEWS[0])
    assert stepping.viewed(many, -1).view == stepping.VIEWS[-1]


# --- at this step ------------------------------------------------------------------------------------------------


def test_the_step_names_factors_and_the_origin_of_f_cell(many: State) -> None:
    for origin, words in enumerate(F_CELL_ORIGINS):
        state = blocks_state(origin)
        text = plain(at_step(state, grid_of(state)))
        assert f" F_cell   1           {words}" in text
    text = plain(at_step(many, grid_of(many)))
    assert " factors      0.1667         2        3" in text and " F_latt   1" in text
    assert " offset      2.50/Na   0.00/Nb  0.00/Nc" in text  # 0.25 of 10 cells


def test_what_the_last_step_changed_is_marked(many: State) -> None:
    lines = at_step(stepping.walked(many, "domain", 1), grid_of(many))
    text = plain(lines)
    assert text[0] == " at this step  * changed since domain 0"
    assert "*factors      0.3333         2        3" in text and "*F_latt   2" in text
    assert "*so far   5           0.00 % of I" in text
    assert " node              1         2        3" in text  # not changed
    moved = {span.text for entry in lines for span in entry if span.tone == "moved"}
    assert "3333" in moved  # 0.1667 -> 0.3333: the digits from the first changed one on
    assert not any(span.tone == "moved" for entry in at_step(many, grid_of(many)) for span in entry)


def test_a_place_without_a_term_says_so() -> None:
    toy = toy_state()
    assert toy.simulation is not None
    table = toy.simulation.terms
    names = [name for name in table.__dataclass_fields__ if getattr(table, name) is not None]
    some = TermTable(**{name: getattr(table, name)[1:] for name in names})
    grid = arrange(replace(toy.simulation, terms=some), None)
    text = "\n".join(plain(at_step(replace(toy, contributions=grid), grid)))
    assert "no contribution: F_latt is 0" in text
    theirs = arrange(toy.simulation, some)  # C has no term where Python has one
    text = "\n".join(plain(at_step(replace(toy, contributions=theirs), theirs)))
    assert "no term   no term  no term" in text and "live only" in text and "nan" not in text


def test_equal_terms_print_equal_shares_and_one_sign(many: State) -> None:
    """Step 1 of the toy: 600 on both sides, of C's 2000."""
    same = replace(toy_state(), phi=1)
    lines = plain(at_step(same, grid_of(same)))
    assert " term   = 600         30.00 % of C's I" in lines
    assert not any(entry.startswith(" C term") for entry in lines)
    assert " so far   900         45.00 % of C's I" in lines and " C so far 1400        70.00 % of C's I" in lines


def test_cs_factors_follow_from_its_indices() -> None:
    """Golden: the C program's F_latt of all 96 terms of the demo, and F_latt_b of its phi lines (domain 0)."""
    case = cases.load_case("demo")
    assert case.c_log is not None and case.c_terms is not None
    table, log = read_terms(case.c_terms), read_trace(case.c_log)
    axes = {"thick": 1, "sub_slow": 1, "sub_fast": 1, "source": 1, "phi_step": 12, "mosaic_domain": 8}
    toy = simulation([1.0], log)
    ours = replace(table, F_latt_a=table.F_latt, F_latt_b=table.F_latt, F_latt_c=table.F_latt)
    run = replace(toy, terms=ours, axes=axes, phi_deg=(0.0,) * 12, n_cells=(9, 8, 7))
    c = arrange(run, table).c
    assert c is not None
    product = c.columns["F_latt_a"] * c.columns["F_latt_b"] * c.columns["F_latt_c"]
    assert product == pytest.approx(c.columns["F_latt"], rel=1e-9)
    along_b = [entry.values["F_latt_b"] for entry in log.phi]
    assert c.columns["F_latt_b"][0, :, 0] == pytest.approx(along_b, rel=1e-9)
    # of a crystal of other shape or size, no factor is derived
    other = arrange(replace(run, n_cells=(9, 8, 6)), table).c
    assert other is not None and np.isnan(other.columns["F_latt_a"]).all()


def test_lines_that_do_not_fit_are_announced(many: State) -> None:
    toy = toy_state()
    whole = [plain(at_step(toy, grid_of(toy))), plain(steps.draw(toy, 120, 20))]
    assert len(whole[0]) == 11 and not any("below" in entry for entry in whole[1])
    low = plain(steps.draw(toy, 120, 9))
    assert low[1].rstrip().endswith("+3 below") and "node" not in "\n".join(low)
    windowed = replace(many, phi=2)
    assert "phi +1 above" in plain(steps.draw(windowed, 120, 4))[0]
    assert "+1 above" in plain(maps.numbers(windowed, grid_of(windowed), 90, 7))[3]


# --- maps --------------------------------------------------------------------------------------------------------


def test_strips_show_where_source_subpixel_and_layer_stand(many: State) -> None:
    state = stepping.walked(stepping.walked(many, "sub", 1), "layer", 1)
    # block 15 = layer 1, sub-pixel 1, source 0 holds 91² + ... + 96²; block 3, the other layer, 19² + ... + 24²
    assert plain(maps.strips(state, grid_of(state), 40)) == [" src [#]# #", " sub  #[#]# #", " lay  +[#]"]
    assert maps.strips(toy_state(), grid_of(toy_state()), 40) == []


def test_the_map_in_colour_shows_c_live_and_the_gap() -> None:
    """C 400 400 600 600, live 100 200 600 600; the gap is 500."""
    state = toy_state()
    lines = plain(maps.coloured(state, grid_of(state), 79, 6))
    assert lines[0].split() == ["C", "live", "live-C", "part", "of", "the", "gap"]
    cells = [lines[2][5:17], lines[2][30:42], lines[2][55:67]]
    assert cells == ["############", "++++++******", "-" * 12]  # 1/6 and 1/3 of 600
    assert [lines[3][5:17], lines[3][30:42], lines[3][55:67].strip()] == ["############", "############", ""]


def test_the_map_in_numbers() -> None:
    state = toy_state()
    assert plain(maps.numbers(state, grid_of(state), 60, 5))[1:4] == [
        " phi       0       1     all",
        ">  0   5.000# 10.000# 15.000",  # 100 and 200 of C's 2000; C has others
        "   1  30.000  30.000  60.000",
    ]


def test_shades_are_decades() -> None:
    assert [maps.shade(value, 1000.0) for value in (1000, 101, 99, 11, 9, 0.5, 0)] == list("##++-. ")


# --- curves ------------------------------------------------------------------------------------------------------


def test_interference_is_the_sum_of_waves() -> None:
    """|sum_m exp(2 pi i m x / n)|^2 / n^2, term by term."""
    x = np.linspace(-3.3, 3.3, 23)
    for n in (1, 2, 7, 10):
        waves = np.exp(2j * np.pi * np.outer(x / n, np.arange(n))).sum(axis=1)
        assert plots.interference(x, n) == pytest.approx(np.abs(waves) ** 2 / n**2, abs=1e-12)
    assert plots.interference(np.zeros(1), 5)[0] == 1.0


def test_a_canvas_draws_dots_and_marks() -> None:
    drawing = Canvas(3, 1)
    drawing.path([(0, 0), (0, 3)], "bar-c")
    drawing.mark(4, 0, "x", "bar-py")
    drawing.dot(99, 0, "bar-c")
    assert plain(drawing.lines(2)) == ["⡇┊x"]


def test_equal_points_are_drawn_once() -> None:
    x = np.array([0.0, 1.0, 2.0])
    curves = [
        Curve("C", "bar-c", "o", np.array([4.0, 2.0, 1.0])),
        Curve("Python", "bar-py", "x", np.array([1.0, 2.0, 1.0])),
    ]
    lines = plain(canvas.chart(x, curves, 1, 31, 8, "y over x", 1e-6))
    assert len(lines) == 8
    assert lines[0] == " y over x  o C  x Python  * equal"
    assert lines[1].startswith("        4 ┤o")
    body = "".join(entry[11:] for entry in lines[1:7])
    assert (body.count("o"), body.count("x"), body.count("*")) == (1, 1, 2)
    assert lines[7].split() == ["└0", "^1", "2"]


def test_values_over_many_decades_get_a_log_scale() -> None:
    assert canvas.scale_of(np.array([1.0, 2.0, 3.0]), 10).log is False
    scale = canvas.scale_of(np.array([1e-9, 1e-3, 1e-2, 1e3]), 13)
    assert scale.log and scale.low == pytest.approx(1e-3)  # six decades, not twelve
    assert (scale.at(1e3), scale.at(1.0), scale.at(1e-9)) == (0, 6, 12)
    assert canvas.scale_of(np.array([0.0, np.nan]), 10).high == 1.0


def test_without_cs_terms_its_phi_lines_serve() -> None:
    """C's phi lines of the toy say F_latt 320 at both steps, for domain 0 alone."""
    toy = toy_state()
    assert toy.simulation is not None
    assert toy.c_trace is not None
    alone = replace(toy, contributions=arrange(toy.simulation, None, "", toy.c_trace.phi))
    step = " ".join(plain(at_step(alone, grid_of(alone))))
    assert "C k 4.0317 live -0.290 %" in " ".join(step.split()) and "C: its phi line" in step
    first = plain(plots.f_latt_over_phi(alone, grid_of(alone), 60, 8))
    assert "o C" in first[0] and first[1].split()[0] == f"{320**2:.3g}"
    second = stepping.walked(alone, "domain", 1)
    assert "o C" not in plain(plots.f_latt_over_phi(second, grid_of(second), 60, 8))[0]
    assert "phi line" not in " ".join(plain(at_step(second, grid_of(second))))


def test_phi_lines_as_columns_say_the_same_and_foreign_ones_are_left_out() -> None:
    toy = toy_state()
    assert toy.simulation is not None and toy.c_trace is not None
    extra = [
        PhiRecord({"phi_tic": 7.0, "F_latt": 1.0}, 0, 1, ""),  # of another sampling
        PhiRecord({"phi_tic": 0.0, "F_latt": 1.0}, 5, 2, ""),  # of a block that is not there
        PhiRecord({"F_latt": 1.0}, 0, 3, ""),
    ]
    columns = PhiLines()
    for entry in (*toy.c_trace.phi, *extra):
        columns.put(entry)
    plain_ones = arrange(toy.simulation, None, "", (*toy.c_trace.phi, *extra)).c_phi
    assert np.array_equal(plain_ones["F_latt"], [[320.0, 320.0]])
    for name, values in arrange(toy.simulation, None, "", columns).c_phi.items():
        assert np.array_equal(values, plain_ones[name], equal_nan=True)


def test_lobes_need_a_square_crystal(many: State) -> None:
    toy = toy_state()
    assert "not SQUARE" in " ".join(plain(plots.lobes(toy, grid_of(toy), 79, 12)))
    lines = plain(plots.lobes(many, grid_of(many), 79, 12))
    assert lines[0].split()[:3] == ["a", "h", "+2.50/10"]
    assert "h-h0, 1/Na" in lines[-1] and len(lines) == 12


def test_every_picture_has_the_size_it_was_given(many: State) -> None:
    for state in (many, toy_state(), replace(many, phi=2, domain=1, block=23)):
        for view in stepping.VIEWS:
            for width, height in ((120, 14), (80, 20), (200, 45), (100, 9)):
                lines = steps.draw(replace(state, view=view), width, height)
                assert len(lines) == height and {width_of(entry) for entry in lines} == {width}
                assert {span.tone for entry in lines for span in entry} <= STYLES.keys()


def test_a_thousand_steps_and_domains_are_shown_through_a_window() -> None:
    rng = np.random.default_rng(1)
    terms = rng.random((1, 1000, 1000))
    names = ("h", "k", "l", "h0", "k0", "l0", "F_latt", "F_cell")
    side = Side({**{name: np.ones_like(terms) for name in names}, "F_cell2_F_latt2": terms})
    grid = Contributions((1, 1, 1, 1, 1000, 1000), tuple(np.linspace(0, 1, 1000)), (5, 5, 5), side, side)
    state = replace(toy_state(), contributions=grid, phi=777, domain=888)
    for view in stepping.VIEWS:
        text = "\n".join(plain(steps.draw(replace(state, view=view), 120, 14)))
        assert "phi 777/999  domain 888/999" in text


def test_a_terms_file_without_terms_is_c_without_a_contribution() -> None:
    """As of a pixel at which every pass of the C program was skipped because F_latt was 0."""
    run = simulation([100, 200, 600, 600], parse_lines(PY_LINES, "live"))
    grid = arrange(run, terms([]))
    assert grid.c is not None and grid.c.total == 0.0 and not grid.c_problem
