"""Diagnoses against logs of a stock build: nothing is fitted to the rounding of printed digits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.diagnosis.answer import Diagnosis, Verdict
from nbtui.diagnosis.diagnose import diagnose
from nbtui.live.cases import load_case
from nbtui.live.model import Settings
from nbtui.live.session import simulate
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines, read_trace
from support.places import DATA

LOGS = DATA / "stock"


def answer(name: str, c: Trace | None = None, **changes: str) -> Diagnosis:
    """The diagnosis of our simulation with changed flags against the log of a case."""
    case = load_case(str(LOGS / name))
    words = list(case.argv)
    for flag, value in changes.items():
        words[words.index(f"-{flag}") + 1] = value
    py = simulate(replace(case, argv=tuple(words)), Settings(phi_mode="c-parity")).trace
    return diagnose(case, c or read_trace(LOGS / name / "trace_c.log"), py)


@pytest.mark.parametrize("name", ["rocking", "still"])
def test_equal_sides_have_no_cause(name: str) -> None:
    found = answer(name)
    assert found.verdict is Verdict.AGREES
    assert not (found.hypotheses or found.unknown or found.notes or found.consistency or found.ratios)


@pytest.mark.parametrize(
    ("name", "flag", "value", "form"),
    [
        ("still", "distance", "90.2", "distance 90.2 mm instead of 90"),
        ("still", "lambda", "1.104", "1.104 A instead of 1.1"),
        ("rocking", "distance", "90.2", "distance 90.2 mm instead of 90"),
        ("rocking", "phisteps", "5", "phi steps 5 instead of 4"),
        ("rocking", "N", "7", "7 x 7 x 7 cells instead of 6 x 6 x 6"),
    ],
)
def test_a_planted_value_is_named_as_typed(name: str, flag: str, value: str, form: str) -> None:
    found = answer(name, **{flag: value})
    assert found.verdict is Verdict.EXPLAINED and form in found.hypotheses[0].summary


CACHE = "reading Fs from Fdump.bin"


def test_a_stale_cache_comes_before_another_default() -> None:
    """The pixel of a log without -hkl, whose program found a cache with another F_cell; C's own log of one is alike."""
    lines = (LOGS / "still" / "trace_c.log").read_text().splitlines()
    scale = (108.21 / 120.0) ** 2
    made = []
    for line in lines:
        head, _, value = line.rpartition(" ")
        if line.startswith(("I/steps", "pixel ")):
            line = f"{head} {float(value) * scale:.10g}"
        elif "F_cell=" in line:
            total = float(line.rpartition("I = ")[2]) * scale
            line = f"{line.replace('F_cell=120', 'F_cell=108.21').rpartition('I = ')[0]}I = {total:g}"
        made.append(line)
        if line.startswith("approximate MW"):
            made.append(CACHE)
    found = answer("still", parse_lines(made, "trace_c.log"))
    assert found.hypotheses[0].ids == ("stale_hkl_cache",)
    assert not any("default_F" in cause.summary and "108.21" in cause.summary for cause in found.hypotheses[:1])
    assert [text for text in found.preflight if "stale_hkl_cache" in text]


def test_the_field_log_of_a_stock_build_agrees(shared: Path) -> None:
    folder = shared / "field" / "stock_120_77"
    case = load_case(str(folder))
    py = simulate(case, Settings(phi_mode="c-parity")).trace
    found = diagnose(case, read_trace(folder / "trace_c.log"), py)
    assert found.verdict is Verdict.AGREES and not found.hypotheses and not found.notes


def test_the_field_log_at_another_distance(shared: Path) -> None:
    folder = shared / "field" / "stock_case"
    found = diagnose(load_case(str(folder)), read_trace(folder / "trace_c.log"), read_trace(folder / "bad_py.log"))
    assert "distance 80.2 mm instead of 80" in found.hypotheses[0].summary
