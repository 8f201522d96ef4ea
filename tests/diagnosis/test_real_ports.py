"""Right about programs that the diagnosis does not contain: a living port's logs, and the tests' own port."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from nbtui.diagnosis.answer import Diagnosis, Verdict
from nbtui.diagnosis.diagnose import diagnose
from nbtui.diagnosis.hypotheses.catalogue import CATALOGUE
from nbtui.diagnosis.hypotheses.record import CauseKind
from nbtui.live.cases import case_of_command_file
from nbtui.trace.reading.reader import parse_lines, read_trace
from support.live_sample import LIVING
from support.second_world import Base, Sample, bases, faultless, pairs, singles, verdict

SEED = 11  # of the draw; benchmarks/second_world.py draws more


def _of_the_simulation(ids: Sequence[str]) -> set[str]:
    return {name for name in ids if CATALOGUE[name].kind is CauseKind.SIMULATION}


def _ids(found: Diagnosis) -> tuple[str, ...]:
    return found.hypotheses[0].ids if found.hypotheses else ()


@pytest.mark.slow
@pytest.mark.parametrize("name", LIVING)
def test_the_main_causes_of_a_living_port_come_first_and_no_false_one(shared: Path, name: str) -> None:
    folder = shared / "live_sample" / "cases" / name
    truth = json.loads((folder / "truth.json").read_text())
    case = case_of_command_file(folder / "command.txt", workdir=shared / "golden" / "inputs")
    found = diagnose(case, read_trace(folder / "trace_c.log"), read_trace(folder / "trace_py.log"))
    named = _of_the_simulation(_ids(found))
    assert set(truth["main"]) <= named <= {*truth["main"], *truth["allowed"]}
    assert found.verdict is Verdict.EXPLAINED


def _answer(sample: Sample) -> Diagnosis:
    base = sample.base
    case = case_of_command_file(base.folder / "command.txt", workdir=base.inputs)
    return diagnose(case, read_trace(base.c_log), parse_lines(sample.log().splitlines(), "port.log"))


def _wrong(samples: Sequence[Sample]) -> list[tuple[str, tuple[str, ...]]]:
    answers = ((sample, _ids(_answer(sample))) for sample in samples)
    return [(sample.name, ids) for sample, ids in answers if verdict(sample, ids).word != "right"]


@pytest.fixture(scope="module")
def choices(shared: Path) -> list[Base]:
    return bases(shared)


@pytest.fixture(scope="module")
def planted(choices: list[Base]) -> list[Sample]:
    """Every fault of the port alone, on one command line."""
    return list(singles(choices, 1, SEED))


@pytest.mark.slow
def test_known_causes_in_another_program_come_first(planted: list[Sample]) -> None:
    known = [sample for sample in planted if sample.kind == "known cause"]
    assert len(known) >= 30
    wrong = _wrong(known)
    assert len(wrong) <= 0.05 * len(known), wrong


@pytest.mark.slow
def test_two_known_causes_in_another_program_come_first(choices: list[Base]) -> None:
    both = list(pairs(choices, 8, SEED))
    wrong = _wrong(both)
    assert len(wrong) <= 1, wrong


@pytest.mark.slow
def test_faults_of_a_trace_hook_are_never_causes_of_the_simulation(planted: list[Sample]) -> None:
    hooks = [sample for sample in planted if sample.kind == "hook only"]
    assert len(hooks) >= 7
    assert _wrong(hooks) == []


@pytest.mark.slow
def test_causes_that_nobody_listed_are_not_named(planted: list[Sample]) -> None:
    unknown = [sample for sample in planted if sample.kind == "unknown cause"]
    assert len(unknown) >= 16
    wrong = _wrong(unknown)
    assert len(wrong) <= 0.1 * len(unknown), wrong


def test_a_port_without_a_fault_has_none(choices: list[Base]) -> None:
    assert _wrong(list(faultless(choices, 3, SEED))) == []
