"""The labelled sample cases and the recorded packages of the seed case."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from nbtui.console.main.live_causes import of_answer
from nbtui.diagnosis.answer import Diagnosis
from nbtui.diagnosis.diagnose import diagnose
from nbtui.diagnosis.explain.imitation import Waterfall
from nbtui.diagnosis.render import as_text
from nbtui.live.cases import case_of_command_file
from nbtui.trace.reading.reader import read_trace
from support.places import TOP

pytestmark = pytest.mark.slow

LEGACY = {
    "20251008T044933Z": {"tap_after_polar", "odet_as_typed"},
    "20251008T043438Z": {"tap_after_polar", "odet_as_typed", "phi_carryover"},
    "20251007T222548Z": {"odet_as_typed"},
}
ON_THE_PAGE = "20251008T044933Z"  # docs/sides.md shows its gap


@dataclass(frozen=True)
class Labelled:
    """One sample: what counts as right, and what was found."""

    name: str
    accepted: list[list[str]]
    found: list[list[str]]
    fall: Waterfall | None  # from the log to the reference


def _sample(folder: Path) -> Labelled:
    truth = json.loads((folder / "truth.json").read_text())
    inputs = (folder / (folder / "inputs.link").read_text().strip()).resolve()
    case = case_of_command_file(folder / "command.txt", workdir=inputs)
    diagnosis = diagnose(case, read_trace(folder / "trace_c.log"), read_trace(folder / "trace_py.log"))
    accepted = truth.get("accept") or [truth["truth"]]
    return Labelled(
        folder.name,
        [sorted(item) for item in accepted],
        [sorted(c.ids) for c in diagnosis.hypotheses] or [[]],
        diagnosis.waterfall,
    )


@pytest.fixture(scope="module")
def samples(shared: Path) -> list[Labelled]:
    return [_sample(folder) for folder in sorted((shared / "zoo_sample" / "cases").iterdir())]


def test_single_causes_come_first(samples: list[Labelled]) -> None:
    singles = [sample for sample in samples if max(map(len, sample.accepted)) == 1]
    wrong = [(sample.name, sample.found) for sample in singles if sample.found[0] not in sample.accepted]
    assert len(singles) >= 20
    assert len(wrong) <= 0.1 * len(singles), wrong


def test_pairs_come_first(samples: list[Labelled]) -> None:
    pairs = [sample for sample in samples if max(map(len, sample.accepted)) > 1]
    assert pairs
    assert [sample.name for sample in pairs if sample.found[0] not in sample.accepted] == []


def test_no_false_cause_where_nothing_is_wrong(samples: list[Labelled]) -> None:
    clean = [sample for sample in samples if [] in sample.accepted]
    assert clean
    assert [sample.name for sample in clean if sample.found[0] not in sample.accepted] == []


def test_live_is_the_log_and_the_gap_falls_to_zero(samples: list[Labelled]) -> None:
    falls = {sample.name: sample.fall for sample in samples if sample.fall is not None}
    assert len(falls) >= 20
    for name, fall in falls.items():
        assert fall.off < 1e-9, name
        assert all(abs(gap) < 1e-9 for gap in fall.levels[-1].gaps.values()), name


def _legacy(shared: Path, stamp: str) -> Diagnosis:
    seed = shared / "seed_case"
    case = case_of_command_file(seed / "command.txt")
    suspect = read_trace(shared / "legacy_bundles" / stamp / "trace_py_scaling_cpu.log")
    return diagnose(case, read_trace(seed / "trace_c.log"), suspect)


@pytest.mark.parametrize("stamp", LEGACY)
def test_recorded_packages_of_the_seed_case(shared: Path, stamp: str) -> None:
    diagnosis = _legacy(shared, stamp)
    best, fall = diagnosis.hypotheses[0], diagnosis.waterfall
    assert set(best.ids) == LEGACY[stamp]
    assert fall is not None and fall.off < 1e-4 and set(fall.falls) >= set(best.ids)
    assert all(abs(gap) < 1e-9 for gap in fall.levels[-1].gaps.values())
    if stamp == ON_THE_PAGE:
        page = (TOP / "docs" / "sides.md").read_text("utf-8")
        (line,), (table,) = re.findall(r"```\nLIVE is (.*)\n", page), re.findall(r"```\n( +I_before.*?)```", page, re.S)
        live = of_answer(diagnosis, best)
        assert live is not None and line == live.sentence
        assert set(table.splitlines()) <= set(as_text(diagnosis).splitlines())
    assert "float32" in best.left
    assert best.residual < 1e-3


def test_the_seed_case_with_the_spec_mode_differs_by_the_carry_over_alone(shared: Path) -> None:
    from nbtui.live.session import simulate

    seed = shared / "seed_case"
    case = case_of_command_file(seed / "command.txt")
    best = diagnose(case, read_trace(seed / "trace_c.log"), simulate(case).trace).hypotheses[0]
    assert best.ids == ("phi_carryover",)
    assert best.residual < 1e-9
