"""Two C programs as the cause of a difference, with the reference named or not."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

import nbsim
from nbtui.diagnosis.answer import Diagnosis, Verdict
from nbtui.diagnosis.diagnose import base_setup, diagnose
from nbtui.diagnosis.explain.remedy import remedy
from nbtui.diagnosis.replay.replay import replay
from nbtui.errors import UnusableInput
from nbtui.live.door import quirks_of
from nbtui.live.model import Case, Settings, reference_settings
from nbtui.live.parameters.tuning import begun, put
from nbtui.live.session import simulate
from nbtui.parity.program import keeps_vectors
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines
from support.diagnosis_traces import demo_log

BASE = "-cell 70 80 90 75 85 95 -misset 10 20 30 -lambda 1.0 -default_F 100 -N 5 -pixel 0.8 -distance 100 -detpixels 12"
PIXEL = (4, 7)
STEPS = "-oversample 1 -phi 0 -osc 2 -phisteps 3"
WEIGHTS = "-oversample 2 -oversample_omega"
BOTH = f"{WEIGHTS} -water 3 -phi 0 -osc 2 -phisteps 3"
CURVED = "-oversample 1 -curved_det"
LAYERS = "-oversample 2 -detector_abs 300 -detector_thick 400 -thicksteps 3 -phi 0 -osc 2 -phisteps 3"


def case_of(flags: str, named: str = "") -> Case:
    program = nbsim.program_named(named) if named else None
    return Case("programs", tuple(shlex.split(f"{BASE} {flags}")), Path(), PIXEL, None, c_program=program)


def traced(flags: str, program: str) -> tuple[str, ...]:
    return simulate(case_of(flags), reference_settings(case_of(flags, program))).trace_lines


def log_of_c(flags: str, program: str) -> Trace:
    return parse_lines([line.replace("TRACE_PY", "TRACE_C") for line in traced(flags, program)], "c.log")


def diagnosed(flags: str, c: str, suspect: str, named: str = "") -> Diagnosis:
    return diagnose(case_of(flags, named), log_of_c(flags, c), parse_lines(traced(flags, suspect), "py.log"))


@pytest.mark.parametrize("flags", [STEPS, BOTH, CURVED, LAYERS])
@pytest.mark.parametrize("name", ["stock", "fixed", "cuda"])
def test_the_replay_is_the_named_program(name: str, flags: str) -> None:
    if name == "cuda" and "-water" in flags:
        pytest.skip("refused by this program")
    case = case_of(flags, name)
    made = replay(base_setup(case, PIXEL))
    trace = simulate(case, reference_settings(case)).trace
    for field in ("I_before_scaling", "I_pixel_final"):
        assert float(made.fields[field][-1, 0]) == pytest.approx(trace.all(field)[-1].values[0], rel=1e-9)


@pytest.mark.parametrize("quirk", ["cached_corrections", "last_layer_capture", "running_sum_weights"])
def test_the_replay_is_a_program_of_ones_own(quirk: str) -> None:
    flags = f"{LAYERS} -oversample_polar" if quirk == "running_sum_weights" else LAYERS
    case = replace(case_of(flags), c_program=nbsim.derived("mine", "fixed", {quirk: False}))
    made = replay(base_setup(case, PIXEL))
    trace = simulate(case, reference_settings(case)).trace
    assert float(made.fields["I_pixel_final"][-1, 0]) == pytest.approx(trace.all("I_pixel_final")[-1].values[0])
    unknown = replace(case, c_program=nbsim.derived("mine", "stock", {"curved_transposed": False}))
    with pytest.raises(UnusableInput, match="quirk curved_transposed off"):
        base_setup(unknown, PIXEL)


@pytest.mark.parametrize("flags", [STEPS, WEIGHTS, BOTH, CURVED])
def test_a_log_of_the_fixed_program_is_named(flags: str) -> None:
    found = diagnosed(flags, "fixed", "stock")
    assert (found.verdict, found.hypotheses[0].ids, found.faulty_side) == (Verdict.EXPLAINED, ("c_program",), "C")
    assert "the reference is the fixed C program, the suspect behaves as stock" in found.hypotheses[0].summary


@pytest.mark.parametrize("flags", [BOTH, CURVED])
def test_a_suspect_made_from_the_fixed_program_is_named(flags: str) -> None:
    found = diagnosed(flags, "stock", "fixed")
    assert (found.verdict, found.hypotheses[0].ids, found.faulty_side) == (Verdict.EXPLAINED, ("c_program",), "PY")
    assert "the reference is the stock C program, the suspect behaves as fixed" in found.hypotheses[0].summary


@pytest.mark.parametrize("flags", [STEPS, WEIGHTS, BOTH, CURVED])
def test_a_named_reference_is_the_base(flags: str) -> None:
    found = diagnosed(flags, "fixed", "stock", named="fixed")
    assert (found.verdict, found.hypotheses[0].ids, found.faulty_side) == (Verdict.EXPLAINED, ("c_program",), "PY")
    assert "the reference is the fixed C program, the suspect behaves as stock" in found.hypotheses[0].summary
    assert not any("contradicts" in text for text in found.preflight)
    assert diagnosed(flags, "fixed", "fixed", named="fixed").verdict is Verdict.AGREES


def test_what_the_other_side_behaves_as_is_said_only_where_it_is_so() -> None:
    plain = simulate(case_of(BOTH), Settings()).trace_lines  # fresh vectors, but the running sum
    found = diagnose(case_of(BOTH), log_of_c(BOTH, "fixed"), parse_lines(plain, "py.log"))
    assert found.hypotheses[0].ids == ("c_program",)
    assert "the reference is the fixed C program (" in found.hypotheses[0].summary


def test_one_difference_of_a_port_keeps_its_own_name() -> None:
    assert diagnosed(STEPS, "stock", "fixed").hypotheses[0].ids == ("phi_carryover",)
    assert diagnosed(WEIGHTS, "stock", "fixed").hypotheses[0].ids == ("running_sum_weights",)


def test_the_cuda_program_is_named() -> None:
    found = diagnosed("-oversample 2 -phi 0 -osc 2 -phisteps 3", "stock", "cuda")
    assert found.hypotheses[0].ids == ("c_program",)
    assert "the suspect behaves as cuda" in found.hypotheses[0].summary


@pytest.mark.parametrize("flags", [STEPS, BOTH])
def test_the_remedy_makes_the_live_side_the_other_program(flags: str) -> None:
    fixed, stock = (nbsim.program_named(name).switches for name in ("fixed", "stock"))
    loop = ("phi_carryover", "running_sum_weights", "background_weighted") if flags == BOTH else ("phi_carryover",)
    for c, suspect, named, wanted in (("fixed", "stock", "", fixed), ("fixed", "stock", "fixed", fixed)):
        found = diagnosed(flags, c, suspect, named)
        tuning = begun(case_of(flags, named), Settings("c-parity"))
        chosen = remedy(found.hypotheses[0], found.faulty_side, tuning)
        for edit in chosen.edits:
            tuning = put(tuning, edit)
        made = quirks_of(tuning.now.settings)
        assert chosen.possible and all(getattr(made, name) == getattr(wanted, name) for name in loop)
        assert any(getattr(stock, name) != getattr(made, name) for name in loop)


def test_the_remedy_of_one_difference_follows_the_named_reference() -> None:
    plain = simulate(case_of(BOTH), Settings()).trace_lines
    found = diagnose(case_of(BOTH, "fixed"), log_of_c(BOTH, "fixed"), parse_lines(plain, "py.log"))
    assert found.hypotheses[0].ids == ("running_sum_weights",)
    chosen = remedy(found.hypotheses[0], found.faulty_side, begun(case_of(BOTH, "fixed"), Settings()))
    assert [(edit.id, edit.value) for edit in chosen.edits] == [("quirk.running_sum_weights", False)]


def test_threads_of_the_c_run_are_followed() -> None:
    first = replace(case_of(STEPS), pixel=(4, 0), omp_threads=3)
    c = simulate(first, reference_settings(first)).trace_lines
    one = simulate(first, Settings("c-parity")).trace_lines
    log = parse_lines([line.replace("TRACE_PY", "TRACE_C") for line in c], "c.log")
    assert diagnose(first, log, parse_lines(c, "py.log")).verdict is Verdict.AGREES
    found = diagnose(first, log, parse_lines(one, "py.log"))
    assert found.faulty_side == "PY"  # the C log follows from the command line


@pytest.mark.parametrize(("c", "named", "said"), [
    ("stock", "", ""),
    ("fixed", "", "The C log has fresh vectors at phi = 0: not the stock C program"),
    ("fixed", "fixed", ""),
    ("stock", "fixed", "Not the fixed C program: the C log keeps the vectors of the last phi step"),
])  # fmt: skip
def test_a_log_that_proves_its_program_says_so_before_any_number(c: str, named: str, said: str) -> None:
    found = [text for text in diagnosed(STEPS, c, c, named).preflight if "C program" in text]
    assert [text.startswith(said) for text in found] == ([True] if said else [])


def test_a_log_without_proof_says_nothing() -> None:
    first = replace(case_of(STEPS), pixel=(4, 0))  # the first pixel of a thread has fresh vectors in every program
    lines = simulate(first, Settings("spec")).trace_lines
    log = parse_lines([line.replace("TRACE_PY", "TRACE_C") for line in lines], "c.log")
    assert keeps_vectors(log) is False
    assert not any("Not the" in text for text in diagnose(first, log, log).preflight)
    assert keeps_vectors(log_of_c(WEIGHTS, "stock")) is None  # a single step


def test_a_golden_log_of_the_stock_program_keeps_its_vectors() -> None:
    assert keeps_vectors(demo_log()) is True


def test_a_first_pixel_of_a_thread_is_not_taken_for_another_program() -> None:
    here = replace(case_of(STEPS), pixel=(4, 0))
    c = simulate(here, Settings("c-parity", omp_threads=3)).trace_lines
    one = simulate(here, Settings("c-parity")).trace_lines
    log = parse_lines([line.replace("TRACE_PY", "TRACE_C") for line in c], "c.log")
    best = diagnose(here, log, parse_lines(one, "py.log")).hypotheses[0]
    assert best.ids == ("phi_carryover",) and "first pixel of an OpenMP thread (--omp-threads N)" in best.summary
