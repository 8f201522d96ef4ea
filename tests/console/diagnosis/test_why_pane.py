"""The diagnosis screen is pure: a hand-made diagnosis and a size give these lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbtui.console.diagnosis import pane
from nbtui.console.diagnosis import state as states
from nbtui.console.diagnosis.actions import DIAGNOSIS_ACTIONS
from nbtui.console.diagnosis.state import DiagnosisState
from nbtui.console.drawing.line import plain, width_of
from nbtui.console.main.cause_summary import cause_in_one_line, current, not_diagnosed
from nbtui.console.main.diagnosis_result import DiagnosisResult
from nbtui.console.main.panes import detail, header
from nbtui.console.main.state import Phase, State
from nbtui.diagnosis.answer import Diagnosis
from nbtui.diagnosis.search.consistency import Finding
from nbtui.trace.text import clean
from support.console_causes import TWO, cause, diagnosis
from support.console_toy import toy_state


def found(state: State, result: Diagnosis = TWO) -> DiagnosisState:
    assert state.c_trace is not None and state.py_trace is not None
    return DiagnosisState(diagnosed=DiagnosisResult(result, state.c_trace, state.py_trace, 0.91, -0.0982))


@pytest.fixture
def state() -> State:
    return toy_state()


def test_wide(state: State) -> None:
    lines = plain(pane.draw(state, found(state), 120, 22))
    assert lines == [
        " WHY   gap in I_pixel_final -9.82 %   the Python side differs from C" + " " * 48 + "toy",
        " NOW # differs from rot_a_angstroms.x   mode spec   not applied",
        "══ causes, best first " + "═" * 53 + " tried 61 causes, 412 combinations in 0.9 s ═",
        " > 1  phi_carryover" + " " * 40 + "████████████████████ 100.0 %  left 2e-15",
        "   2  phi_midpoint + tap_after_polar" + " " * 23 + "███████████████████·  93.0 %  left 7e-02",
        "   no other cause tried comes within 10 % of the best",
        "── phi_carryover ──" + "─" * 101,
        "   What phi_carryover is. [Python side]",
        "   confirm  Look at step 0.",
        "   C log    lines 5 and 7: both say 4.03",
        "   remedy   Turn it off.",
        "",
        " First new divergence",
        "   rot_a_angstroms: nothing before it explains its difference",
        "",
        " Where the gap comes from   C's terms: terms.csv",
        "   by phi step                  0                          ████████████████████  100.0 %",
        "                                1                          █···················   -5.0 %",
        "",
        " Before any number",
        " - The C program warns: the sample is large",
        " Enter apply  u take back  c copy  e export  r again  ? help  q back",
    ]


def test_narrow_scrolls(state: State) -> None:
    why = found(state)
    lines = plain(pane.draw(state, why, 80, 16))
    assert lines[3] == " > 1  phi_carryover                         ██████████ 100.0 %  left 2e-15"
    assert lines[6].endswith("PgDn PgUp 6 more lines  ─")
    total, room = pane.extent(state, why, 80, 16)
    assert (total, room) == (14, 8)
    end = states.scrolled(why, 100, total, room)
    assert plain(pane.draw(state, end, 80, 16))[-2] == " - The C program warns: the sample is large"
    assert states.scrolled(end, -100, total, room).top == 0
    assert states.scrolled(why, 5, 3, room).top == 0


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
    assert "nothing differs" in text
    text = "\n".join(plain(pane.draw(state, found(state, diagnosis()), 80, 24)))
    assert "no known cause explains it" in text and "rot_a_angstroms" in text


def test_the_c_side_is_named(state: State) -> None:
    text = plain(pane.draw(state, found(state, diagnosis(cause("other_config"), side="C")), 100, 24))[0]
    assert "the C log does not follow from its command line" in text


def test_the_new_divergence_beside_the_plain_one(state: State) -> None:
    result = diagnosis(cause("tap_after_polar"), new_divergence="I_before_scaling")
    text = " ".join(" ".join(plain(pane.draw(state, found(state, result), 120, 30))).split())
    assert "I_before_scaling: nothing before it explains its difference; the first field that differs is rot_a" in text


def test_where_it_stands_now(state: State) -> None:
    why = replace(found(state), applied=1)
    assert "cause 2 applied" in plain(pane.draw(state, why, 120, 24))[1]
    assert plain(pane.draw(state, why, 120, 24))[4].endswith("*")
    waiting = replace(state, phase=Phase.SIMULATING)
    assert plain(pane.draw(waiting, why, 120, 24))[1] == " NOW simulating ..."


def test_hostile_text_never_comes_through(state: State) -> None:
    evil = "\x1b]0;x\x07[bold]\u202e\r\nrm"
    finding = Finding("F_latt", 0, (1.0,), (2.0,), evil)
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
    assert cause_in_one_line(told) == "phi_carryover (explains 100.0 % of the gap)   x all causes   m try c-parity"
    assert f"   Likely: {cause_in_one_line(told)}" in plain(detail.draw(told, 120, 7))
    for width, size in ((120, 3), (80, 2)):
        assert "   likely phi_carryover" in plain(header.draw(told, width, size))[1]
        weak = replace(told, diagnosed=found(state, diagnosis(cause("phi_midpoint", explained=0.4))).diagnosed)
        assert "likely" not in plain(header.draw(weak, width, size))[1]
    assert cause_in_one_line(replace(told, diagnosed=found(state, diagnosis(differs=False)).diagnosed)) == ""
    assert cause_in_one_line(replace(told, diagnosed=found(state, diagnosis()).diagnosed)).startswith("no known cause")
    other = replace(told, py_trace=replace(told.py_trace, origin="other")) if told.py_trace else told
    assert cause_in_one_line(other) == ""


def test_why_no_cause_of_a_large_pixel_is_looked_for(state: State) -> None:
    assert state.simulation is not None
    large = replace(state, simulation=replace(state.simulation, steps=1_000_000))
    words = "not diagnosed automatically (1,000,000 steps per pixel); press x to diagnose"
    assert not_diagnosed(state) == "" and not_diagnosed(large) == words
    assert large.c_trace is not None
    silent = replace(large, c_trace=replace(large.c_trace, phi=()))  # its log gives no hint of its own
    assert f"   Likely: {words}" in plain(detail.draw(silent, 120, 9))
    assert not_diagnosed(replace(large, diagnosed=found(large).diagnosed)) == ""


def test_moves_and_copy(state: State) -> None:
    why = found(state)
    assert states.moved(why, -1) is why
    second = states.moved(why, 5)
    assert second.cursor == 1 and second.cause is not None
    assert states.moved(DiagnosisState(), 1) == DiagnosisState() and states.as_text(DiagnosisState()) == ""
    assert states.as_text(why).splitlines()[0] == "phi_carryover: explains 100.0 %, left 2.0e-15"
    assert "C log, lines 5 and 7: both say 4.03" in states.as_text(why)
    assert pane.cause_at(why, 4) == 1 and pane.cause_at(why, 5) is None and pane.cause_at(why, 2) is None


def test_every_key_is_in_the_help(state: State) -> None:
    text = "\n".join(plain(pane.draw(state, DiagnosisState(helping=True), 120, 40)))
    assert all(entry.help in text for entry in DIAGNOSIS_ACTIONS)
    keys = [key for entry in DIAGNOSIS_ACTIONS for key in entry.keys]
    assert len(keys) == len(set(keys))
