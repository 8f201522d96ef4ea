"""The field table at a step: hand-made terms, expectations worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbtui.console.drawing.line import plain
from nbtui.console.main import stepping
from nbtui.console.main.contributions import arrange
from nbtui.console.main.pair import Compared
from nbtui.console.main.panes import detail, fields
from nbtui.console.main.state import State
from nbtui.console.main.step_rows import place_words, row_before, step_row
from nbtui.live.model import TermTable
from nbtui.parity.compare import compare
from nbtui.parity.model import Row, Status
from nbtui.trace.reading.reader import parse_lines
from support.console_blocks import blocks_state, full_table
from support.console_toy import PY_LINES, toy_state


def with_c(state: State, table: TermTable | None) -> State:
    assert state.simulation is not None and state.c_trace is not None
    return replace(state, contributions=arrange(state.simulation, table, "", state.c_trace.phi))


def row_of(state: State, label: str) -> Row:
    assert state.comparison is not None
    at = state.comparison.overview.find(label)
    assert at is not None
    return state.rows[at]


@pytest.fixture
def toy() -> State:
    """Both sides with h k l 0.1, 4.02, -9.05 at every step; F_latt is the root of the term / 100."""
    return toy_state()


def test_where_the_log_prints_the_row_is_as_printed(toy: State) -> None:
    assert step_row(toy, row_of(toy, "F_latt")) is None and place_words(toy) == ""


def test_at_another_step_the_values_come_from_the_terms(toy: State) -> None:
    """Phi step 0, domain 1: C's term is 400, Python's 200; phi step 1: 600 on both sides."""
    aside = replace(toy, domain=1)
    row = step_row(aside, row_of(aside, "F_latt"))
    assert row is not None and (row.c_value, row.py_value) == pytest.approx((0.2, 0.02**0.5))
    assert row.rel_delta == pytest.approx(0.5**0.5 - 1) and row.status is Status.CRITICAL
    equal = step_row(replace(toy, phi=1), row_of(toy, "F_latt"))
    assert equal is not None and equal.status is Status.PASS and equal.rel_delta == 0.0
    assert place_words(aside) == "phi 0 domain 1"


def test_rows_that_no_term_holds_stay_as_printed(toy: State) -> None:
    aside = replace(toy, phi=1, domain=1)
    for label in ("rot_a_angstroms.x", "lambda_meters", "I_before_scaling", "phi.k_frac[phi 0]"):
        assert step_row(aside, row_of(aside, label)) is None


def test_without_cs_terms_its_phi_lines_serve_where_it_prints_them(toy: State) -> None:
    alone = with_c(toy, None)
    along_phi = step_row(replace(alone, phi=1), row_of(alone, "hkl_frac.k"))
    assert along_phi is not None and (along_phi.c_value, along_phi.py_value) == (4.0317, 4.02)
    aside = step_row(replace(alone, phi=1, domain=1), row_of(alone, "hkl_frac.k"))
    assert aside is not None and aside.c_value is None and aside.py_value == 4.02 and aside.rel_delta is None


def test_a_row_shows_the_step_of_its_own_block() -> None:
    """Source 1 of block 0: the second of three tables; the rows of the other blocks stay as printed."""
    lines = [f"TRACE_C: F_latt {block}" for block in range(8)]
    c, py = parse_lines(lines), parse_lines([entry.replace("TRACE_C", "TRACE_PY") for entry in lines])
    state = replace(with_c(blocks_state(), full_table()), c_trace=c, comparison=compare(c, py))
    there = stepping.walked(state, "source", 1)
    values = [step_row(there, row) for row in there.rows]
    assert values[0] is not None and values[0].c_value == 7.0  # after 3 phi steps x 2 domains
    assert values[1:] == [None] * 7
    assert place_words(there) == "phi 0 domain 0 source 1"


def test_the_values_before_are_below_in_the_table(toy: State) -> None:
    state = stepping.walked(stepping.walked(toy, "domain", 1), "phi", 1)
    before = row_before(state, row_of(state, "F_latt"))
    assert before is not None and before.c_value == pytest.approx(0.2)
    assert row_before(state, row_of(state, "F_cell")) is None  # 100 at every step
    lines = plain(fields.draw(state, 101, 30))
    assert "@ at phi 1 domain 1" in lines[0]
    at = next(n for n, entry in enumerate(lines) if entry.startswith(" =@F_latt"))
    assert lines[at].split()[1:3] == ["1", "0.244948974278318"]  # the root of 600, / 100
    assert lines[at + 1].split() == ["before", "0.2", "0.14142135623731"]
    stacked = plain(fields.draw(state, 80, 40))
    assert "before      C    0.2  live 0.14142135623731" in "\n".join(stacked)


def test_a_click_finds_the_row_below_the_values_before(toy: State) -> None:
    state = stepping.walked(stepping.walked(toy, "domain", 1), "phi", 1)
    lines = plain(fields.draw(state, 101, 30))
    for number, entry in enumerate(lines):
        index = fields.row_at(state, 101, 30, number)
        if "F_cell" in entry:
            assert index is not None and state.rows[index].field == "F_cell"


def test_the_detail_shows_the_step_and_what_the_log_line_says(toy: State) -> None:
    index = row_of(toy, "F_latt").order
    lines = plain(detail.draw(replace(toy, domain=1, cursor=index), 120, 7))
    assert "at phi 0 domain 1: CRITICAL; the log line, of phi 0 domain 0: CRITICAL" in lines[1]
    assert lines[2].split()[:2] == ["C", "0.2"]


def test_a_given_log_shows_its_own_lines_of_the_step_never_the_live_values(toy: State) -> None:
    """The log has phi lines alone: no value off mosaic domain 0, and none of the other factors."""
    lines = [f"TRACE_PY_PHI phi_tic={tic} phi_deg=0 k_frac={4.1 + tic} F_latt_b=3 F_latt=5" for tic in (0, 1)]
    log = parse_lines([*PY_LINES, *lines])
    assert toy.c_trace is not None
    state = replace(toy, suspect=log, shown=Compared.REFERENCE_LOG, comparison=compare(toy.c_trace, log), phi=1)
    along_phi = step_row(state, row_of(state, "hkl_frac.k"))
    assert along_phi is not None and (along_phi.c_value, along_phi.py_value) == (4.02, 5.1)
    index = step_row(state, row_of(state, "hkl_frac.h"))
    assert index is not None and index.c_value == 0.1 and index.py_value is None
    aside = replace(state, domain=1)
    assert (row := step_row(aside, row_of(aside, "F_latt"))) is not None and row.py_value is None
    assert "no line" in next(
        entry for entry in plain(fields.draw(aside, 101, 30)) if "=@F_latt" in entry or ".@F_latt" in entry
    )


def test_a_term_line_of_the_log_comes_before_its_phi_line(toy: State) -> None:
    axes = "thick=0 sub_slow=0 sub_fast=0 source=0 phi_step=1 mosaic_domain=1"
    term = f"TRACE_PY_TERM {axes} h=0.5 k=4.5 l=-9.5 h0=0 k0=4 l0=-9 F_latt=2 F_cell=3 F_cell2_F_latt2=36"
    log = parse_lines([*PY_LINES, term])
    assert toy.c_trace is not None
    state = replace(
        toy, suspect=log, shown=Compared.REFERENCE_LOG, comparison=compare(toy.c_trace, log), phi=1, domain=1
    )
    for label, value in (("hkl_frac.h", 0.5), ("F_latt", 2.0), ("F_cell", 3.0)):
        row = step_row(state, row_of(state, label))
        assert row is not None and row.py_value == value


@pytest.mark.parametrize(
    ("shown", "columns"),
    [
        (Compared.REFERENCE_LOG, ["C", "your", "log", "live"]),
        (Compared.REFERENCE_LIVE, ["C", "live", "your", "log"]),
        (Compared.LOG_LIVE, ["your", "log", "live", "C"]),
    ],
)
def test_three_columns_show_the_step_of_three_sides(toy: State, shown: Compared, columns: list[str]) -> None:
    """F_latt at phi 1, domain 0: C and live have the root of 600, / 100, the log's phi line says 5."""
    log = parse_lines([*PY_LINES, "TRACE_PY_PHI phi_tic=1 phi_deg=0.5 k_frac=4.1 F_latt_b=3 F_latt=5"])
    c, live = toy.c_trace, toy.comparison
    assert c is not None and live is not None and toy.simulation is not None
    pairs = {
        Compared.REFERENCE_LOG: compare(c, log),
        Compared.REFERENCE_LIVE: live,
        Compared.LOG_LIVE: compare(log, toy.simulation.trace),
    }
    others = {pair: found for pair, found in pairs.items() if pair is not shown}
    state = replace(toy, suspect=log, shown=shown, comparison=pairs[shown], others=others, phi=1)
    lines = plain(fields.draw(state, 150, 30))
    assert lines[1].split()[2 : 2 + len(columns)] == columns
    values = {"C": "0.244948974278318", "live": "0.244948974278318", "log": "5"}
    row = next(entry for entry in lines if "@F_latt " in entry)
    shown_values = [word.strip("[]") for word in row.split()[2:5]]
    assert shown_values == [values[name] for name in columns if name != "your"]


def test_digits_inside_the_tolerance_are_dim_in_the_table(toy: State) -> None:
    """100 beside 100.00001 is 1e-7 off, within 1e-6; beside 101 it is not."""
    assert toy.c_trace is not None
    near = parse_lines(["TRACE_PY: F_cell 100.00001", *PY_LINES[:5]])
    state = replace(toy, comparison=compare(toy.c_trace, near))
    row = next(entry for entry in fields.draw(state, 101, 30) if any("F_cell" in span.text for span in entry))
    assert not any(span.tone == "digit" for span in row)
    far = replace(toy, comparison=compare(toy.c_trace, parse_lines(["TRACE_PY: F_cell 101", *PY_LINES[:5]])))
    row = next(entry for entry in fields.draw(far, 101, 30) if any("F_cell" in span.text for span in entry))
    assert any(span.tone == "digit" for span in row)


def test_where_neither_side_has_a_value_the_row_stays_as_printed(toy: State) -> None:
    """Two logs with phi lines alone, off mosaic domain 0."""
    assert toy.c_trace is not None
    log = parse_lines(PY_LINES)
    alone = replace(with_c(toy, None), suspect=log, shown=Compared.REFERENCE_LOG, comparison=compare(toy.c_trace, log))
    aside = replace(alone, domain=1)
    assert step_row(aside, row_of(aside, "F_latt")) is None
    assert not any("@F_latt" in entry for entry in plain(fields.draw(aside, 101, 30)))
