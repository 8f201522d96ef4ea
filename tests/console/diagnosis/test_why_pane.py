"""The diagnosis screen is pure: a hand-made diagnosis and a size give these lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbtui.console.diagnosis import pane
from nbtui.console.diagnosis import state as states
from nbtui.console.diagnosis.actions import DIAGNOSIS_ACTIONS
from nbtui.console.diagnosis.state import DiagnosisState
from nbtui.console.drawing.line import plain, width_of
from nbtui.console.main.cause_summary import cause_in_one_line, cause_name, current, not_diagnosed
from nbtui.console.main.kept_diagnosis import KeptDiagnosis
from nbtui.console.main.panes import detail, header
from nbtui.console.main.state import Phase, State
from nbtui.diagnosis.answer import Diagnosis, Verdict
from nbtui.parity.own_values import Contradiction
from nbtui.trace.text import clean
from support.console_causes import OFF, TWO, UNKNOWN, cause, diagnosis
from support.console_toy import toy_state


def found(state: State, result: Diagnosis = TWO) -> DiagnosisState:
    assert state.c_trace is not None and state.right is not None
    return DiagnosisState(diagnosed=KeptDiagnosis(result, state.c_trace, state.right, 0.91, -0.0982))


@pytest.fixture
def state() -> State:
    return toy_state()


def test_wide(state: State) -> None:
    lines = plain(pane.draw(state, found(state), 120, 24))
    assert lines == [
        " WHY   explained: phi_carryover (probability >99 %)   gap -9.82 %" + " " * 51 + "toy",
        " LIVE # differs from C, first in rot_a_angstroms.x   not applied   spec",
        "══ causes, best first " + "═" * 53 + " tried 61 causes, 412 combinations in 0.9 s ═",
        " > 1  phi_carryover   simulation >99 % likely  explains 100.0 %"
        "  left █········· 2e-15  worst field left I_pixel_final",
        "   2  phi_midpoint    simulation  <1 % likely  explains  93.0 %"
        "  left █████████· 7e-02  worst field left I_pixel_final",
        "── details " + "─" * 83 + " PgDn PgUp 2 more lines  ─",
        " What is certain",
        " - Everything up to lambda_angstroms agrees exactly.",
        "",
        " Cause 1: phi_carryover",
        "   simulation; probability >99 %; explains 100.0 %, worst field left I_pixel_final (2.0e-15)",
        "   What phi_carryover is. [in your log]",
        "   confirm  Look at step 0.",
        "   remedy   Turn it off.",
        "   C log    lines 5 and 7: both say 4.03",
        "",
        " First new divergence",
        "   rot_a_angstroms: nothing before it explains its difference",
        "",
        " Where the gap comes from   C's terms: terms.csv",
        "   by phi step                  0                          ████████████████████  100.0 %",
        "                                1                          █···················   -5.0 %",
        "",
        " Enter apply  u take back  c copy  e export  r again  ? help  q back",
    ]


def test_narrow_scrolls(state: State) -> None:
    why = found(state)
    lines = plain(pane.draw(state, why, 80, 16))
    assert lines[3] == " > 1  phi_carryover  >99 % likely  left ····· 2e-15 in I_pixel_final"
    assert lines[5].endswith("PgDn PgUp 11 more lines  ─")
    total, room = pane.extent(state, why, 80, 16)
    assert (total, room) == (20, 9)
    end = states.scrolled(why, 100, total, room)
    assert plain(pane.draw(state, end, 80, 16))[-2] == " - The C program warns: the sample is large"
    assert states.scrolled(end, -100, total, room).top == 0
    assert states.scrolled(why, 5, 3, room).top == 0


def test_the_bars_are_what_is_left_in_decades(state: State) -> None:
    """One sixteenth of the bar per decade: 1 fills it, 1e-8 half of it, nothing left none of it."""
    result = diagnosis(cause("pivot", residual=1e-8), cause("phi_midpoint", residual=1.0), cause("steps", residual=0.0))
    lines = plain(pane.draw(state, found(state, result), 160, 24))
    bars = [entry.split("left ")[1].split()[0] for entry in lines[3:6]]
    assert [bar.count("█") for bar in bars] == [10, 20, 0]
    assert lines[3].rstrip().endswith("1e-08  worst field left I_pixel_final") and "explains" in lines[3]


def test_long_names_leave_room_for_what_is_left(state: State) -> None:
    """At 80 columns: the share goes first, then the end of the names."""
    long = cause("last_value_corrections", "source_count", residual=2e-6)
    lines = plain(pane.draw(state, found(state, diagnosis(long, cause("source_count"))), 80, 24))
    rows = [entry.rstrip() for entry in lines[3:5]]
    assert all("left " in entry and "likely" in entry and len(entry) <= 80 for entry in rows), rows
    wide = plain(pane.draw(state, found(state, diagnosis(long)), 120, 24))[3]
    assert "last_value_corrections + source_count" in wide and "2e-06 in I_pixel_final" in wide


def test_without_a_known_cause_the_certain_facts_and_the_open_differences_are_the_answer(state: State) -> None:
    lines = plain(pane.draw(state, found(state, UNKNOWN), 80, 24))
    assert lines[0].startswith(" WHY   unknown: no known cause   gap -9.82 %")
    assert lines[5:10] == [
        " What is certain",
        " - Everything up to F_latt agrees to 9.7e-07.",
        "",
        " What is unknown",
        " - I_before_scaling is off by a factor of 0.19140: no known ratio, no known",
    ]


def test_another_cause_under_the_cursor_comes_before_the_certain_facts(state: State) -> None:
    lines = plain(pane.draw(state, states.moved(found(state), 1), 120, 24))
    assert lines[6:8] == [" Cause 2: phi_midpoint", "   of the print: tap_after_polar"]
    assert lines[8] == "   simulation; probability <1 %; explains 93.0 %, worst field left I_pixel_final (6.8e-02)"
    assert " What is certain" in lines[9:]


def test_a_cause_of_the_print_concerns_the_trace_line_not_the_pixel(state: State) -> None:
    result = diagnosis(cause("tap_after_polar", probability=0.97))
    lines = plain(pane.draw(state, found(state, result), 120, 24))
    assert lines[0].startswith(" WHY   explained: tap_after_polar (print, probability 97 %)")
    assert "   print: the trace line, not the pixel; probability 97 %; explains 100.0 %" in "\n".join(lines)


def test_a_partial_explanation_never_explains_everything(state: State) -> None:
    weak = cause("phi_midpoint", explained=0.99999, residual=2e-4, left="Not explained: polar.", probability=0.4)
    result = diagnosis(weak, verdict=Verdict.PARTLY, unknown=(OFF,), remarks=("float32 from hkl_frac on.",))
    lines = plain(pane.draw(state, found(state, result), 120, 40))
    assert lines[0].startswith(" WHY   partly explained: phi_midpoint (probability 40 %)")
    assert "100.0 %" not in "".join(lines[:12]) and "explains  99.9 %" in lines[3]
    assert lines.index(" What is unknown") < lines.index(" Cause 1: phi_midpoint") < lines.index(" Remarks")


def test_a_long_combination_leaves_room_for_its_probability(state: State) -> None:
    many = cause("default_fluence", "pivot", "odet_as_typed", "phi_carryover", "tap_pixel_centre", probability=0.97)
    title = plain(pane.draw(state, found(state, diagnosis(many, verdict=Verdict.PARTLY)), 80, 24))[0]
    assert title.startswith(" WHY   partly explained: 4 causes (probability 97 %)   gap -9.82 %")


def test_combinations_are_told_apart_on_a_narrow_screen(state: State) -> None:
    one = cause("cell_sine_of_gamma_star", "half_pixel_beam", "misset_order", probability=0.39, residual=3e-3)
    other = cause("hkl_kl_swapped", "half_pixel_beam", "misset_order", probability=0.2, residual=3e-3)
    lines = plain(pane.draw(state, found(state, diagnosis(one, other, verdict=Verdict.PARTLY)), 80, 24))
    assert "cell_sine_of_gamma_star + 2 more" in lines[3] and "hkl_kl_swapped + half_pixel_beam" in lines[4]
    assert "39 % likely" in lines[3] and "20 % likely" in lines[4]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("helping", [False, True])
def test_every_line_fills_the_width(state: State, size: tuple[int, int], helping: bool) -> None:
    lines = pane.draw(state, replace(found(state), helping=helping), *size)
    assert len(lines) == size[1]
    assert {width_of(line) for line in lines} == {size[0]}


def test_while_it_runs(state: State) -> None:
    lines = plain(pane.draw(state, DiagnosisState(progress="re-simulated 12 causes"), 80, 24))
    assert lines[3] == "   re-simulated 12 causes ...  Esc stops it"


def test_what_is_said_without_causes(state: State) -> None:
    text = "\n".join(plain(pane.draw(state, DiagnosisState(problem="case: no such file; give --workdir"), 80, 24)))
    assert "case: no such file; give --workdir" in text
    text = "\n".join(plain(pane.draw(state, found(state, diagnosis(differs=False)), 80, 24)))
    assert "nothing differs beyond the tolerance" in text
    text = "\n".join(plain(pane.draw(state, found(state, diagnosis()), 80, 24)))
    assert "No known cause explains the difference." in text and "rot_a_angstroms" in text


def test_the_c_side_is_named(state: State) -> None:
    text = plain(pane.draw(state, found(state, diagnosis(cause("other_config"), side="C")), 100, 24))[0]
    assert "explained: other_config in the C log (probability 90 %)" in text


def test_the_new_divergence_beside_the_plain_one(state: State) -> None:
    result = diagnosis(cause("tap_after_polar"), new_divergence="I_before_scaling")
    text = " ".join(" ".join(plain(pane.draw(state, found(state, result), 120, 30))).split())
    assert "I_before_scaling: nothing before it explains its difference; the first field that differs is rot_a" in text


def test_where_it_stands_now(state: State) -> None:
    why = replace(found(state), applied=1)
    assert "cause 2 applied" in plain(pane.draw(state, why, 120, 24))[1]
    assert plain(pane.draw(state, why, 120, 24))[4].endswith("*")
    waiting = replace(state, phase=Phase.SIMULATING)
    assert plain(pane.draw(waiting, why, 120, 24))[1] == " LIVE simulating ..."


def test_hostile_text_never_comes_through(state: State) -> None:
    evil = "\x1b]0;x\x07[bold]\u202e\r\nrm"
    finding = Contradiction("F_latt", 0, (1.0,), (2.0,), evil)
    result = diagnosis(cause("phi_carryover", summary=evil, seen=(evil,)), preflight=(evil,), consistency=(finding,))
    why = replace(found(state, result), message=evil)
    for view in (why, DiagnosisState(progress=evil), DiagnosisState(problem=evil)):
        for line in plain(pane.draw(replace(state, name=evil), view, 120, 30)):
            assert line == clean(line)
    assert "[bold]" in "\n".join(plain(pane.draw(state, why, 120, 30)))


def test_likely_on_the_main_screen(state: State) -> None:
    assert cause_in_one_line(state) == ""
    told = replace(state, diagnosed=found(state).diagnosed)
    assert current(told) is told.diagnosed
    words = "explained: phi_carryover (probability >99 %)   x all causes   m try c-parity"
    assert cause_in_one_line(told) == words
    assert f"   Why: {words}" in plain(detail.draw(told, 120, 7))
    assert "   Certain: Everything up to lambda_angstroms agrees exactly." in plain(detail.draw(told, 120, 20))
    agreeing = replace(told, cursor=next(at for at, row in enumerate(told.rows) if row.field == "lambda_meters"))
    page = "\n".join(plain(detail.draw(agreeing, 120, 7)))
    assert f"   Gap: {words}" in page and "Why:" not in page
    for width, size in ((120, 3), (80, 2)):
        assert "   likely phi_carryover" in plain(header.draw(told, width, size))[1]
        partly = diagnosis(cause("phi_midpoint", probability=0.5), verdict=Verdict.PARTLY)
        weak = replace(told, diagnosed=found(state, partly).diagnosed)
        assert "likely" not in plain(header.draw(weak, width, size))[1]
        printed = replace(told, diagnosed=found(state, diagnosis(cause("tap_after_polar"))).diagnosed)
        assert "likely tap_after_polar (print)" in plain(header.draw(printed, 120, 3))[1]
    assert cause_in_one_line(replace(told, diagnosed=found(state, diagnosis(differs=False)).diagnosed)) == ""
    unknown = replace(told, diagnosed=found(state, UNKNOWN).diagnosed)
    assert cause_in_one_line(unknown) == "unknown: no known cause   x details" and cause_name(unknown) == ""
    assert any("Unknown: I_before_scaling is off" in line for line in plain(detail.draw(unknown, 120, 20)))
    other = replace(told, simulation=replace(told.simulation, trace=replace(told.right, origin="other")))
    assert cause_in_one_line(other) == ""


def test_why_no_cause_of_a_large_pixel_is_looked_for(state: State) -> None:
    assert state.simulation is not None
    large = replace(state, simulation=replace(state.simulation, steps=1_000_000))
    words = "not diagnosed automatically (1,000,000 steps per pixel); press x to diagnose"
    assert not_diagnosed(state) == "" and not_diagnosed(large) == words
    assert large.c_trace is not None
    silent = replace(large, c_trace=replace(large.c_trace, phi=()))  # its log gives no hint of its own
    assert f"   Why: {words}" in plain(detail.draw(silent, 120, 9))
    assert not_diagnosed(replace(large, diagnosed=found(large).diagnosed)) == ""


def test_moves_and_copy(state: State) -> None:
    why = found(state)
    assert states.moved(why, -1) is why
    second = states.moved(why, 5)
    assert second.cursor == 1 and second.cause is not None
    assert states.moved(DiagnosisState(), 1) == DiagnosisState() and states.as_text(DiagnosisState()) == ""
    first = "phi_carryover (probability >99 %): explains 100.0 %, worst field left I_pixel_final (2.0e-15)"
    assert states.as_text(why).splitlines()[0] == first
    assert "C log, lines 5 and 7: both say 4.03" in states.as_text(why)
    assert pane.cause_at(why, 4) == 1 and pane.cause_at(why, 5) is None and pane.cause_at(why, 2) is None


def test_every_key_is_in_the_help(state: State) -> None:
    text = "\n".join(plain(pane.draw(state, DiagnosisState(helping=True), 120, 40)))
    assert all(entry.help in text for entry in DIAGNOSIS_ACTIONS)
    keys = [key for entry in DIAGNOSIS_ACTIONS for key in entry.keys]
    assert len(keys) == len(set(keys))
