"""The panes are pure: a hand-made state and a size give these lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nbtui.console.drawing.line import Line, Span, clip, fit, left, plain, right, width_of, wrap
from nbtui.console.drawing.numbers import agreeing_digits, count, marked, percent, relative
from nbtui.console.drawing.palette import STYLES
from nbtui.console.help import pane as help
from nbtui.console.main import searching, stepping
from nbtui.console.main import state as moves
from nbtui.console.main.actions import ACTIONS, PAIRS
from nbtui.console.main.cause_summary import hint
from nbtui.console.main.contributions import Contributions, arrange
from nbtui.console.main.pair import Compared
from nbtui.console.main.panes import detail, fields, footer, header, pipeline, steps, tabs
from nbtui.console.main.simulated import simulated
from nbtui.console.main.state import Phase, State
from nbtui.console.screens import KEY_TABLES
from nbtui.live.c_terms import read_terms
from nbtui.live.model import Settings
from nbtui.parity.compare import compare
from nbtui.parity.model import Comparison, Status
from nbtui.parity.overview import RowList
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import parse_lines
from support.console_toy import C_LINES, PY_LINES, simulation, terms, toy_comparison, toy_state


@pytest.fixture
def toy() -> State:
    """C's terms sum to 2000, Python's to 1500: the gap is in phi step 0."""
    return toy_state()


def text(lines: list[Line]) -> list[str]:
    return plain(lines)


# --- lines and numbers -------------------------------------------------------------------------------------------


def test_every_pane_has_exactly_the_size_it_was_given(toy: State) -> None:
    draws = (header.draw, pipeline.draw, fields.draw, detail.draw, steps.draw)
    for width, height in ((120, 16), (101, 5), (80, 20), (160, 40)):
        for draw in draws:
            lines = draw(toy, width, height)
            expected = min(height, 3) if draw is header.draw else height
            assert len(lines) == expected
            assert {width_of(entry) for entry in lines} == {width}


def test_every_tone_is_in_the_palette(toy: State) -> None:
    for state in (
        toy,
        replace(toy, searching=True),
        replace(toy, changed=frozenset({"F_latt"})),
        State(Settings()),
    ):
        for draw in (header.draw, pipeline.draw, fields.draw, detail.draw, steps.draw, footer.draw, tabs.draw):
            for width in (80, 120):
                assert {span.tone for entry in draw(state, width, 20) for span in entry} <= STYLES.keys()
        assert {span.tone for entry in help.lines(state, KEY_TABLES, 80) for span in entry} <= STYLES.keys()


def test_text_is_measured_in_cells() -> None:
    assert left("漢字", 6) == "漢字  "
    assert right("漢字", 6) == "  漢字"
    assert clip("漢字漢字", 5) == "漢字~"
    assert width_of(fit((Span("漢字"),), 3)) == 3
    assert wrap("one two three", 8) == ["one two", "three"]


def test_the_part_that_differs_is_in_brackets() -> None:
    assert marked("29.5", "29.6", 20) == (Span("29.", "agree"), Span("[5]", "digit"))
    assert marked("12.5", "1.25", 20) == (Span("", "agree"), Span("[12.5]", "digit"))
    assert marked("7", "7", 20) == (Span("7", "agree"),)


def test_differing_digits_inside_the_tolerance_are_dim() -> None:
    """With 1e-6, six significant digits count; where the whole difference is within it, none does."""
    assert marked("29.6489458", "29.6880183", 20, 1e-6) == (
        Span("29.6", "agree"), Span("[489", "digit"), Span("458]", "agree"),
    )  # fmt: skip
    assert marked("0.041234567", "0.041234999", 20, 1e-3)[1:] == (Span("[567]", "digit"),)  # nothing of it counts
    assert marked("4.04368954", "4.04368877", 20, 1e-6, within=True) == (Span("4.04368[954]", "agree"),)
    assert marked("1", "0.99999999", 20, 1e-6, within=True) == (Span("[1]", "agree"),)
    assert marked("1.5e-10", "1.6e-10", 20, 1e-6) == (Span("1.", "agree"), Span("[5e-10]", "digit"))


@pytest.mark.parametrize(
    ("first", "second", "digits"),
    [("29.6489", "29.6880", 3), ("-0.0303", "-0.0814", 0), ("1.5e-10", "1.6e-10", 1), ("0.00125", "0.00126", 2)],
)
def test_agreeing_digits_are_significant_ones(first: str, second: str, digits: int) -> None:
    assert agreeing_digits(first, second) == digits


def test_short_numbers() -> None:
    assert (relative(None), relative(0.0), relative(-0.0676)) == ("-", "0", "-6.8e-02")
    assert (count(None), count(99_999), count(11_000_000_000_000)) == ("-", "99999", "1.1e13")
    assert (percent(-0.0982), percent(0.0), percent(1e-7)) == ("-9.82 %", "0 %", "+1.0e-05 %")


# --- panes -------------------------------------------------------------------------------------------------------


def test_header_tells_verdict_gap_and_counts(toy: State) -> None:
    lines = text(header.draw(toy, 120, 3))
    assert lines[0].startswith(
        " nbtui  C | live  toy   pixel slow 12 fast 14   phi 2 steps x 2 domains   LIVE spec float64 cpu"
    )
    assert lines[0].endswith("simulated in 250 ms")
    assert lines[1].startswith(" FIRST DIVERGENCE  rot_a_angstroms.x   phi step 0   4/6 differ")


def test_header_while_simulating_shows_c_and_says_so() -> None:
    c = parse_lines(C_LINES, "c.log")
    start = State(Settings(), name="toy", c_trace=c, phase=Phase.SIMULATING)
    waiting = moves.compared(start, compare(c, Trace("?", "", ())))
    assert text(header.draw(waiting, 120, 3))[1] == " the C log is shown, simulating the live side ..."
    table = "\n".join(text(fields.draw(waiting, 120, 20)))
    assert "29.5" in table and "MISSING" not in table


def test_header_agrees() -> None:
    c = parse_lines(C_LINES, "c.log")
    py = parse_lines([entry.replace("TRACE_C", "TRACE_PY") for entry in C_LINES], "py.log")
    agreeing = moves.compared(
        State(Settings(), suspect=py, shown=Compared.REFERENCE_LOG, phase=Phase.READY), compare(c, py)
    )
    line = text(header.draw(agreeing, 120, 3))[1]
    assert line.startswith(" AGREE  10 of 10 fields within tolerance, worst 0")
    assert moves.exit_code(agreeing) == 0


def test_field_table_side_by_side(toy: State) -> None:
    title, heads, *rows = text(fields.draw(toy, 101, 7))
    assert title.startswith("══ fields ═") and title.endswith(
        "18 rows, all [f] ═"
    )  # 10 values and 2 x 4 of C's phi lines
    assert heads == "   field                unit  C                      live                   rel.diff    ulp status"
    assert rows == [
        " = lambda_meters        m     1.2e-10                1.2e-10                       0      0 PASS",
        "># rot_a_angstroms    x A     29.[5]                 29.[6]                 +3.4e-03 2.8e13 DIVERGENT",
        " =                    y A     4                      4                             0      0 PASS",
        " =                    z A     -1.75                  -1.75                         0      0 PASS",
        " o phi.phi_deg[phi 0]   deg   0                      -                             -      - MISSING",
    ]


def test_a_differing_value_is_never_cut() -> None:
    """Too long for a column of its own: the row takes two lines."""
    c = parse_lines(["TRACE_C: F_latt -1.23456789012345e-10", "TRACE_C: F_cell 5"], "c.log")
    py = parse_lines(["TRACE_PY: F_latt -1.23456789012346e-10", "TRACE_PY: F_cell 5"], "py.log")
    state = State(Settings(), suspect=py, shown=Compared.REFERENCE_LOG, c_trace=c, phase=Phase.READY)
    state = moves.compared(state, compare(c, py))
    rows = text(fields.draw(replace(state, comparison=tight(state)), 101, 6))[2:]
    assert rows[0].startswith("># F_latt               1     C    -1.2345678901234[5e-10]")
    assert rows[1].startswith("                              log -1.2345678901234[6e-10]")
    assert rows[2].startswith(" = F_cell               e     5                      5 ")
    assert fields.row_at(state, 101, 6, 4) == 1


def tight(state: State) -> Comparison:
    """The comparison with every row that is not equal digit by digit as a divergence."""
    assert state.comparison is not None
    rows = [
        row if row.c_value == row.py_value else row._replace(status=Status.DIVERGENT) for row in state.comparison.rows
    ]
    return replace(state.comparison, rows=tuple(rows), overview=RowList(rows), first_divergence=rows[0])


def test_field_table_stacked_needs_a_second_line_only_for_a_difference(toy: State) -> None:
    rows = text(fields.draw(toy, 80, 5))[1:]
    assert rows == [
        " = lambda_meters           m    =    1.2e-10                        0 PASS",
        "># rot_a_angstroms       x A    C    29.[5]                  +3.4e-03 DIVERGENT",
        "                                live 29.[6]                 new here",
        " = rot_a_angstroms       y A    =    4                              0 PASS",
    ]


def test_inherited_and_new_have_marks_of_their_own(toy: State) -> None:
    marks = {row.label: fields.glyph(toy, row)[0] for row in toy.rows}
    assert marks["rot_a_angstroms.x"] == "#"
    assert marks["hkl_frac.k"] == "+"
    assert marks["F_latt"] == "+"
    assert marks["phi.k_frac[phi 0]"] == "o"
    assert marks["F_cell"] == "="


def test_pipeline_marks_every_stage(toy: State) -> None:
    lines = text(pipeline.draw(toy, 18, 9))
    assert lines[1:] == [
        "   Detector",
        "   Pixel",
        " = Scattering",
        "># Crystal       1",
        " + Lattice       2",
        " = Struct. fac.",
        " + Accumulation  1",
        "   Scaling",
    ]


def test_detail_says_new_or_inherited_and_from_where(toy: State) -> None:
    first = text(detail.draw(toy, 120, 7))
    assert first[1].startswith(" # rot_a_angstroms x [A]  DIVERGENT new here: nothing upstream was compared")
    assert first[2].split() == ["C", "29.5", "live", "29.6"]
    assert "2 digits agree" in first[3] and "tolerance 1e-06 (profile full)" in first[3]
    k = moves.to_divergence(toy, True)
    assert k.row is not None and k.row.label == "hkl_frac.k"
    lines = text(detail.draw(k, 120, 7))
    assert "inherited from rot_a_angstroms.x" in lines[1]
    assert "# rot_a_angstroms" in lines[5] and "made from" in lines[5]


def test_detail_hints_at_the_carry_over_that_cs_log_shows(toy: State) -> None:
    assert "C's phi step 0 carries the values of its step 1" in text(detail.draw(toy, 120, 7))[6]
    moved = [entry.replace("phi_deg=0.5 k_frac=4.0317", "phi_deg=0.5 k_frac=4.5") for entry in C_LINES]
    other = parse_lines(moved)
    assert hint(replace(toy, c_trace=other)) == ""


def test_contributions_beside_c(toy: State) -> None:
    lines = text(steps.draw(toy, 120, 13))
    assert "phi 0/1  domain 0/1" in lines[0]
    # phi step 0: C 800 and Python 300 of C's 2000; step 1: 1200 on both sides
    assert lines[2].split()[:3] == [">", "0", "0"]
    assert "40.0%" in lines[2] and "15.0%" in lines[2] and "# -62.5%" in lines[2]
    assert lines[3].count("60.0%") == 2 and "=" in lines[3]
    # the map: 100 and 200 of at most 600
    assert "[#]# " in lines[2] + " "
    step = "\n".join(lines)
    assert "1.00/Na" in step and "0.10/Nb" in step and "0.10/Nc" in step
    assert "term     100         5.00 % of C's I" in step  # 100 of 2000
    assert "C term   400" in step and "live -75.0 %" in step
    assert "gap now  -300" in step and "60.0 % of gap" in step  # -300 of -500


def test_steps_walk_and_stop_at_the_ends(toy: State) -> None:
    second = stepping.walked(toy, "phi", 1)
    assert (second.phi, second.domain) == (1, 0)
    assert stepping.walked(second, "phi", 1).message == "this is the last phi step"
    last = stepping.walked(second, "domain", 1)
    step = "\n".join(text(steps.draw(last, 120, 13)))
    assert "so far   1500        75.00 % of C's I" in step and "C so far 2000        100.00 % of C's I" in step
    assert "100.0 % of gap" in step


def test_contributions_without_cs_terms_say_how_to_get_them(toy: State) -> None:
    assert toy.simulation is not None
    alone = replace(toy, contributions=arrange(toy.simulation, None))
    assert "put the C run's terms.csv beside its log" in " ".join(" ".join(text(steps.draw(alone, 80, 20))).split())


def test_two_logs_say_how_to_turn_stepping_on() -> None:
    c, py, comparison = toy_comparison()
    start = State(Settings(), c_trace=c, suspect=py, shown=Compared.REFERENCE_LOG, phase=Phase.READY)
    two = moves.compared(start, comparison)
    assert "nbtui open C_LOG PY_LOG -- FLAGS" in " ".join(text(steps.draw(two, 120, 8)))
    shown = text(footer.draw(two, 120, 1))[0].split()
    assert "mode" not in shown and "phi" not in shown and "export" in shown


# --- transitions -------------------------------------------------------------------------------------------------


def test_the_first_result_puts_the_cursor_on_the_first_divergence(toy: State) -> None:
    assert toy.row is not None and toy.row.label == "rot_a_angstroms.x"
    assert moves.exit_code(toy) == 1


def test_a_stale_result_changes_nothing(toy: State) -> None:
    assert toy.simulation is not None and toy.comparison is not None and toy.contributions is not None
    asked = moves.asked(toy, Settings(phi_mode="c-parity"))
    assert simulated(asked, 0, toy.simulation, {Compared.REFERENCE_LIVE: toy.comparison}, toy.contributions) is asked
    assert moves.failed(asked, 0, "late", 3) is asked


def test_values_that_a_simulation_changed_are_marked(toy: State) -> None:
    c, py = toy.c_trace, parse_lines([entry.replace("29.6", "29.5") for entry in PY_LINES], "py.log")
    assert c is not None
    run = simulation([400, 400, 600, 600], py, "c-parity")
    made = {Compared.REFERENCE_LIVE: compare(c, py)}
    after = simulated(moves.asked(toy, run.settings), 1, run, made, arrange(run, terms([400, 400, 600, 600])))
    assert after.changed == {"rot_a_angstroms.x"}
    row = next(entry for entry in text(fields.draw(after, 101, 9)) if "rot_a_angstroms" in entry)
    assert "*29.5" in row
    assert after.cursor == toy.cursor


def test_divergences_go_around(toy: State) -> None:
    seen = []
    state = toy
    for _ in range(4):
        state = moves.to_divergence(state, True)
        assert state.row is not None
        seen.append(state.row.label)
    assert seen == ["hkl_frac.k", "F_latt", "I_before_scaling", "rot_a_angstroms.x"]
    assert state.message == "wrapped around"
    back = moves.to_divergence(state, False)
    assert back.row is not None and back.row.label == "I_before_scaling"


def test_filter_keeps_the_cursor_near(toy: State) -> None:
    only = moves.filtered(moves.moved(toy, 2))
    assert [toy.rows[i].label for i in moves.visible(only)] == [
        "rot_a_angstroms.x", "hkl_frac.k", "F_latt", "I_before_scaling",
    ]  # fmt: skip
    assert only.row is not None and only.row.label in ("rot_a_angstroms.x", "hkl_frac.k")
    assert len(moves.visible(moves.filtered(only))) == len(toy.rows)


def test_search_follows_the_typing(toy: State) -> None:
    state = replace(toy, searching=True)
    for key in "f_cell":
        state = searching.typed(state, key, key)
    assert state.row is not None and state.row.field == "F_cell"
    kept = searching.typed(state, "enter", None)
    assert not kept.searching and kept.query == "f_cell"
    assert searching.typed(state, "escape", None).query == ""
    assert "no field contains" in searching.to_match(replace(kept, query="zzz"), True).message


def test_the_table_scrolls_only_when_the_cursor_leaves_it(toy: State) -> None:
    state = fields.kept_in_view(moves.to_end(toy, last=False), 101, 6)
    tops = []
    for _ in range(len(toy.rows)):
        state = fields.kept_in_view(state, 101, 6)
        shown = text(fields.draw(state, 101, 6))
        assert sum(entry.startswith(">") for entry in shown) == 1
        tops.append(state.top)
        state = moves.moved(state, 1)
    assert len(set(tops)) <= len(tops) // 2  # four rows fit: it jumps by two, it does not creep


def test_exit_codes(toy: State) -> None:
    assert moves.exit_code(State(Settings())) == 130
    assert moves.exit_code(moves.failed(State(Settings()), 0, "no torch", 3)) == 3
    assert moves.exit_code(toy) == 1


# --- registry ----------------------------------------------------------------------------------------------------


def test_the_registry_is_the_one_list_of_keys(toy: State) -> None:
    keys = [key for entry in ACTIONS for key in entry.keys]
    assert len(keys) == len(set(keys))
    ids = {entry.id for entry in ACTIONS}
    assert {pair[0] for pair in PAIRS} | {pair[1] for pair in PAIRS} <= ids
    page = " ".join(" ".join(text(help.lines(toy, KEY_TABLES, 100))).split())
    for entry in ACTIONS:
        assert entry.help in page


def test_foot_line_keeps_help_and_quit(toy: State) -> None:
    for width in (80, 100, 120):
        assert text(footer.draw(toy, width, 1))[0].endswith("? help  q quit")


# --- C's terms ---------------------------------------------------------------------------------------------------


def test_terms_file_of_the_demo(shared: Path) -> None:
    table = read_terms(shared / "demo" / "terms.csv")
    assert len(table.thick) == 96
    # C's own log: I_before_scaling of the demo
    assert float(table.F_cell2_F_latt2.sum()) == pytest.approx(50852131943.9641, rel=1e-12)


def test_terms_files_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "terms.csv"
    with pytest.raises(TraceError, match=r"terms\.csv: cannot be read"):
        read_terms(path)
    path.write_text("thick,h\n0,1\n")
    with pytest.raises(TraceError, match="no column sub_slow"):
        read_terms(path)
    columns = "thick,sub_slow,sub_fast,source,phi_step,mosaic_domain,h0,k0,l0,h,k,l,F_latt,F_cell,F_cell2_F_latt2"
    path.write_text(f"{columns}\n{'0,' * 14}0\n{'0,' * 14}x\n")
    with pytest.raises(TraceError, match=r"terms\.csv, line 3: not a row of numbers"):
        read_terms(path)


def test_terms_of_another_sampling_are_not_shown_beside(toy: State) -> None:
    assert toy.simulation is not None
    other = replace(terms([1, 2, 3, 4]), phi_step=np.array([0, 0, 7, 7]))
    grid: Contributions = arrange(toy.simulation, other)
    assert grid.c is None and "different sampling" in grid.c_problem
