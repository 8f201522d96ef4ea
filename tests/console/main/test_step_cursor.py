"""The step cursor takes the field cursor along, and goes to the terms that differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbtui.console.drawing.line import plain
from nbtui.console.main import stepping
from nbtui.console.main.contributions import arrange
from nbtui.console.main.pair import Compared
from nbtui.console.main.panes import plots, steps
from nbtui.console.main.panes.at_step import at_step
from nbtui.console.main.state import State
from nbtui.parity.compare import compare
from nbtui.trace.reading.reader import parse_lines
from support.console_blocks import blocks_state
from support.console_toy import toy_state


@pytest.fixture
def many() -> State:
    return blocks_state()


# --- the field cursor follows ------------------------------------------------------------------------------------


def field_at(state: State) -> str:
    assert state.row is not None
    return state.row.label


def test_the_field_cursor_goes_to_the_phi_line_of_the_step_and_back() -> None:
    toy = toy_state()
    assert toy.comparison is not None
    row = toy.comparison.overview.find("phi.k_frac[phi 0]")
    assert row is not None
    there = stepping.walked(replace(toy, cursor=row), "phi", 1)
    assert field_at(there) == "phi.k_frac[phi 1]"
    assert field_at(stepping.walked(there, "domain", 1)) == "phi.k_frac[phi 1]"
    assert field_at(stepping.back(there)) == "phi.k_frac[phi 0]"
    assert field_at(stepping.walked(toy, "phi", 1)) == field_at(toy)  # printed once per block


def test_the_field_cursor_goes_to_the_block_of_the_step(many: State) -> None:
    """24 sources, sub-pixels and layers are 8 blocks of a log."""
    lines = [f"TRACE_C: {name} {block}" for block in range(8) for name in ("F_latt", "F_cell")]
    c = parse_lines(lines)
    py = parse_lines([entry.replace("TRACE_C", "TRACE_PY") for entry in lines])
    comparison = compare(c, py)
    state = replace(many, c_trace=c, suspect=py, shown=Compared.REFERENCE_LOG, comparison=comparison)
    start = comparison.overview.find("F_cell")
    assert start is not None
    there = stepping.walked(replace(state, cursor=start), "layer", 1)
    assert field_at(there) == "F_cell[4]"
    assert field_at(stepping.walked(there, "source", 1)) == "F_cell[4]"


# --- the next term that differs ----------------------------------------------------------------------------------


def test_the_next_term_that_differs_goes_around(many: State) -> None:
    """C's table differs at the flat places 3, 4 and 40 (blocks of 3 phi steps x 2 domains)."""
    assert many.simulation is not None
    table = many.simulation.terms
    values = table.F_cell2_F_latt2.copy()
    values[[3, 4, 40]] *= 1.5
    state = replace(many, contributions=arrange(many.simulation, replace(table, F_cell2_F_latt2=values)))
    seen = []
    for forward in (True, True, True, True, False, False):
        state = stepping.to_term(state, forward)
        seen.append((state.place, state.message))
    assert seen == [
        ((0, 1, 1), "1 of 3 terms that differ"),
        ((0, 2, 0), "2 of 3 terms that differ"),
        ((6, 2, 0), "3 of 3 terms that differ"),
        ((0, 1, 1), "1 of 3 terms that differ (wrapped around)"),
        ((6, 2, 0), "3 of 3 terms that differ (wrapped around)"),
        ((0, 2, 0), "2 of 3 terms that differ"),
    ]
    assert stepping.back(state).place == (6, 2, 0)


def test_without_a_difference_or_cs_terms_the_key_says_so(many: State) -> None:
    assert many.simulation is not None
    equal = replace(many, contributions=arrange(many.simulation, many.simulation.terms))
    assert stepping.to_term(equal, True).message == "none of the terms differs from C's"
    assert "terms.csv" in stepping.to_term(many, True).message and stepping.to_term(many, True).place == many.place


def test_with_phi_lines_alone_the_key_goes_to_steps_that_differ_from_them() -> None:
    """The toy has k 4.02 at both steps, C's phi lines 4.0317 (domain 0)."""
    toy = toy_state()
    assert toy.simulation is not None and toy.c_trace is not None
    alone = replace(toy, contributions=arrange(toy.simulation, None, "", toy.c_trace.phi))
    there = stepping.to_term(alone, True)
    assert there.place == (0, 1, 0) and there.message == "2 of 2 steps that differ"


def test_playing_pauses_where_the_terms_begin_to_differ(many: State) -> None:
    assert many.simulation is not None
    table = many.simulation.terms
    values = table.F_cell2_F_latt2.copy()
    values[[12, 18]] *= 1.5  # sources 2 and, in the next sub-pixel, 0
    grid = arrange(many.simulation, replace(table, F_cell2_F_latt2=values))
    state = stepping.play(replace(many, contributions=grid, axis="source"))
    state = stepping.played(stepping.played(state))
    assert state.place == (2, 0, 0) and not state.playing and "differs from C's" in state.message


# --- the phi lines of your log -----------------------------------------------------------------------------------


def test_your_log_has_a_curve_and_lines_of_its_own() -> None:
    """Live k is 4.02 at both steps; your log prints 4.02 and 4.5, and F_latt 5 at step 1 of domain 0 alone."""
    toy = toy_state()
    assert toy.simulation is not None and toy.contributions is not None
    values = ((0, "k_frac=4.02"), (1, "k_frac=4.5 F_latt=5"))
    log = parse_lines([f"TRACE_PY_PHI phi_tic={tic} phi_deg=0 {pairs}" for tic, pairs in values])
    grid = arrange(toy.simulation, toy.simulation.terms, "", (), log.phi)
    state = replace(toy, contributions=grid)
    assert " log k    4.02        as live" in plain(at_step(state, grid))
    there = plain(at_step(replace(state, phi=1), grid))
    assert " log k    4.5         live -10.7 %" in there and any(entry.startswith(" log Fl   5") for entry in there)
    assert not any("log" in entry for entry in plain(at_step(replace(state, domain=1), grid)))
    legend = plain(plots.f_latt_over_phi(state, grid, 90, 12))[0]
    assert legend.split("domain 0")[1].split() == [
        "o",
        "C",
        "+",
        "your",
        "log",
        "x",
        "live",
        "*",
        "equal",
        "%",
        "overlap",
    ]
    assert "your log" not in plain(plots.rocking_curve(state, grid, 90, 12))[0]
    assert "C | live" in plain(steps.draw(state, 120, 14))[0]
