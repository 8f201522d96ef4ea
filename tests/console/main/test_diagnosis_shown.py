"""Attribution with C's own terms, progress in words, and the lines of the C log that show a cause."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.console.drawing.line import plain
from nbtui.console.main import state as moves
from nbtui.console.main.pair import Compared
from nbtui.console.main.panes import header
from nbtui.console.main.state import State
from nbtui.diagnosis.diagnose import base_setup, diagnose
from nbtui.diagnosis.explain.attribution import attribute, given
from nbtui.diagnosis.hypotheses.catalogue import CATALOGUE
from nbtui.diagnosis.replay.replay import replay
from nbtui.live.c_terms import read_terms, terms_of_c
from nbtui.live.model import Settings
from nbtui.parity.compare import compare
from nbtui.parity.inheritance import first_new
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines, read_trace
from support.diagnosis_traces import causes, changed, demo, demo_log, lines_of


def seen(id: str, c: Trace) -> tuple[str, ...]:
    return tuple(CATALOGUE[id].evidence(c))


def as_c(lines: Sequence[str]) -> Trace:
    return parse_lines([line.replace("TRACE_PY", "TRACE_C", 1) for line in lines], "c.log")


def _term_lines(scale: float = 1.0) -> list[str]:
    """The demo's terms.csv as TRACE_C_TERM lines."""
    terms = demo().c_terms
    assert terms is not None
    with terms.open() as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        row["F_cell2_F_latt2"] = f"{float(row['F_cell2_F_latt2']) * scale:.17g}"
    return ["TRACE_C_TERM " + " ".join(f"{name}={value}" for name, value in row.items()) for row in rows]


def _log_lines() -> list[str]:
    log = demo().c_log
    assert log is not None
    return log.read_text().splitlines()


@pytest.mark.slow
def test_attribution_takes_c_s_own_terms() -> None:
    py = parse_lines(lines_of(phi_mode="spec"))
    named = {
        "terms.csv": causes(lines_of(phi_mode="spec")),
        "terms.csv beside the C log": diagnose(replace(demo(), c_terms=None), demo_log(), py),
        "the TRACE_C_TERM lines": diagnose(
            replace(demo(), c_terms=None), parse_lines([*_log_lines(), *_term_lines()]), py
        ),
        "our simulation of the C side": diagnose(replace(demo(), c_terms=None), parse_lines(_log_lines(), "x"), py),
    }
    for name, diagnosis in named.items():
        assert diagnosis.attributed_to == name
        (by_phi,) = [share for share in diagnosis.attribution if share.axis == "phi step"]
        # independently: terms.csv and the phi lines say that only step 0 differs
        assert [part for part, _ in by_phi.parts] == ["0"]
        assert by_phi.gap == pytest.approx(named["terms.csv"].attribution[0].gap, rel=1e-9)


@pytest.mark.slow
def test_the_gap_of_the_attribution_is_python_minus_c() -> None:
    py = parse_lines(lines_of(phi_mode="spec"))
    gap = causes(lines_of(phi_mode="spec")).attribution[0].gap
    c_sum, py_sum = (float(trace.all("I_before_scaling")[0].values[0]) for trace in (demo_log(), py))
    assert gap == pytest.approx(py_sum - c_sum, rel=1e-9)
    # and also where the C log is the one that does not follow from the command
    backwards = diagnose(demo(), as_c(lines_of(phi_mode="spec")), parse_lines(lines_of()))
    assert backwards.faulty_side == "C"
    assert backwards.attribution[0].gap == pytest.approx(c_sum - py_sum, rel=1e-9)


@pytest.mark.slow
def test_terms_of_another_run_are_not_used() -> None:
    py = parse_lines(lines_of(phi_mode="spec"))
    other = diagnose(demo(), parse_lines([*_log_lines(), *_term_lines(1.5)]), py)
    assert other.attributed_to == "our simulation of the C side"
    assert any("they come from another run than its log" in note for note in other.notes)
    short = [line.replace(" F_latt=", " G_latt=") for line in _term_lines()]
    broken = diagnose(demo(), parse_lines([*_log_lines(), *short]), py)
    assert any("C's terms are not used" in note for note in broken.notes)


def test_terms_of_a_package_are_the_python_side_s(tmp_path: Path) -> None:
    shutil.copytree(demo().workdir, tmp_path / "package")
    log = tmp_path / "package" / "trace_c.log"
    (tmp_path / "package" / "metrics.json").write_text("{}")
    assert terms_of_c(replace(demo(), c_terms=None), read_trace(log)) == (None, "")


def test_factors_of_terms_that_do_not_follow_from_the_set_up() -> None:
    """C's F_latt is another than simulated: its three factors are not known, and are not made up."""
    case = demo()
    assert case.pixel is not None and case.c_terms is not None
    made = replay(base_setup(case, case.pixel))
    table = read_terms(case.c_terms)
    other = replace(table, F_latt=2.0 * table.F_latt, F_cell2_F_latt2=4.0 * table.F_cell2_F_latt2)
    own = given(made, other, None)
    assert own is not None
    by_factor = next(share for share in attribute(own, made) if share.axis == "factor")
    assert [name for name, _ in by_factor.parts] == ["F_latt^2"]
    assert by_factor.gap == pytest.approx(-0.75 * float(other.F_cell2_F_latt2.sum()), rel=1e-9)
    assert given(made, replace(table, phi_step=table.phi_step + 100), None) is None


def test_it_says_what_it_does_and_can_be_ended() -> None:
    words: list[str] = []
    found = diagnose(demo(), demo_log(), parse_lines(lines_of(phi_mode="spec")), tell=words.append)
    assert words[0] == "setting up the pixel as C does"
    told = [text.split() for text in words if text.startswith("tried ")]
    assert len(told) == sum(found.tried)
    listed = [text for text in told if text[2] == "of"]  # the progress, such as "tried 3 of 61 causes"
    assert [int(text[1]) for text in listed] == sorted({int(text[1]) for text in listed})
    assert 0 < int(listed[-1][1]) <= int(listed[-1][3])

    class Enough(Exception):
        pass

    def stop(text: str) -> None:
        if text.startswith("tried "):
            raise Enough

    with pytest.raises(Enough):
        diagnose(demo(), demo_log(), parse_lines(lines_of(phi_mode="spec")), tell=stop)


def test_the_log_shows_the_cause() -> None:
    assert seen("phi_carryover", demo_log()) == (
        "lines 188 and 200: phi steps 0 and 11 carry the same k_frac 4.03176392553855, "
        "F_latt_b 7.18885363372638, F_latt 323.362843294136",
    )
    assert seen("phi_carryover", as_c(lines_of(phi_mode="spec"))) == ()
    assert seen("cell_sine_of_gamma_star", demo_log()) == ("line 81: Unit Cell: 30 37 45 81.9686 97.0275 108.006",)
    hostile = parse_lines(["WARNING: auto-generating odet_vector \x1b[31m" + "x" * 300, "TRACE_C: polar 0.5"])
    (line,) = seen("odet_as_typed", hostile)
    assert "\x1b" not in line and len(line) < 130


def test_the_sine_of_gamma_star_is_found() -> None:
    diagnosis = causes(lines_of(quirks=(("cell_sine_of_gamma_star", False),)))
    assert diagnosis.hypotheses[0].ids == ("cell_sine_of_gamma_star",)
    assert any("81.9686" in line for line in diagnosis.hypotheses[0].seen)


@pytest.mark.slow
@pytest.mark.parametrize("flags", [{}, {"-denzo": []}, {"-polar": ["0.7"]}, {"-lambda": ["1.21"]}, {"-Na": ["6"]}])
def test_the_first_new_divergence_is_the_same_everywhere(flags: dict[str, list[str]]) -> None:
    """By dependencies (compare, console, package) and by putting the suspect's values into C's formulas (diagnosis)."""
    lines = lines_of(changed(flags), phi_mode="c-parity" if flags else "spec")
    py = parse_lines(lines)
    comparison = compare(demo_log(), py)
    new = first_new(comparison)
    assert new is not None
    assert causes(lines).new_divergence == new.field
    scaling = compare(demo_log(), py, "scaling")
    state = State(Settings(), c_trace=demo_log(), suspect=py, shown=Compared.REFERENCE_LOG)
    shown = " ".join(plain(header.draw(moves.compared(state, scaling), 160, 3)))
    first = scaling.first_divergence
    if first is not None and first.field != new.field:
        assert f"new {new.field}" in shown
    assert "  new " not in " ".join(plain(header.draw(moves.compared(state, comparison), 160, 3)))
