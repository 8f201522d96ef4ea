"""The forms of the hypotheses against independent calculations: the tests' own port, and logs of a living one."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

import numpy as np
import pytest

from nbtui.diagnosis.diagnose import base_setup
from nbtui.diagnosis.hypotheses.catalogue import variants_of
from nbtui.diagnosis.hypotheses.record import Problem, Variant
from nbtui.diagnosis.replay.replay import replay
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.live.model import Case
from nbtui.live.scene import Unusable
from nbtui.trace.reading.reader import parse_lines
from port.faults import FAULTS, Kind
from support.second_world import Base, Sample, bases, pairs, run, shows

SAME = 1e-6  # relative; the port's table of structure factors is of single precision
OF_A_LIVING_PORT = 1e-5  # its cell vectors are of single precision
KNOWN = [name for name, fault in FAULTS.items() if fault.kind is Kind.KNOWN]
SEEN_IN_LIVING_PORTS = (
    "origin_ignored",
    "one_layer",
    "dmin_unit",
    "background_last",
    "twotheta_in_distance",
    "curved_far_side",
    "torch_mosaic",
    "corrections_at_centre",
)


@pytest.fixture(scope="module")
def choices(shared: Path) -> list[Base]:
    return bases(shared)


def problem_of(base: Base, text: str) -> Problem:
    """What explains the log ``text`` of a port, on the command line of ``base``."""
    words = shlex.split(base.command)[1:]
    at = words.index("-trace_pixel")
    pixel = (int(words[at + 1]), int(words[at + 2]))
    case = Case(base.name, tuple(words[:at] + words[at + 3 :]), base.inputs, pixel, None)
    c = parse_lines(base.c_log.read_text(encoding="utf-8", errors="replace").splitlines())
    return Problem(case, base_setup(case, pixel), c, parse_lines(text.splitlines()))


def pixel_under(base: PixelSetup, variants: Iterable[Variant]) -> tuple[float, float] | None:
    """I_before_scaling and I_pixel_final with the variants applied in their order; None if they exclude each other."""
    setup = base
    try:
        with np.errstate(all="ignore"):
            for variant in variants:
                setup = variant.change(setup)
            fields = replay(setup).fields
    except Unusable:
        return None
    return float(fields["I_before_scaling"].flat[0]), float(fields["I_pixel_final"].flat[0])


def apart(one: Sequence[float], other: Sequence[float]) -> float:
    """Largest relative difference."""
    return max(abs(a - b) / (max(abs(a), abs(b)) or 1.0) for a, b in zip(one, other, strict=True))


def nearest(problem: Problem, groups: Sequence[Sequence[str]], wanted: Sequence[float], enough: float) -> float:
    """Smallest distance to ``wanted`` with one form of each group of ids; the search ends at ``enough``."""
    listed = list(enumerate(variants_of(problem)))
    forms = [[(at, variant) for at, variant in listed if variant.id in ids] for ids in groups]
    best = np.inf
    for chosen in product(*forms):
        in_order = [variant for _, variant in sorted(chosen, key=lambda member: member[0])]
        made = pixel_under(problem.base, in_order)
        if made is not None and (gap := apart(made, wanted)) < best:
            best = gap
        if best < enough:
            break
    return best


def misses(choices: Sequence[Base], name: str, count: int) -> dict[str, float]:
    """Bases of the fault whose pixel no form of its hypotheses makes."""
    placed = list(islice((base for base in choices if shows(FAULTS[name], base)), count))
    assert placed
    found = {}
    for base in placed:
        made = run(base, (name,))
        problem = problem_of(base, made.text)
        found[base.name] = nearest(problem, [FAULTS[name].ids], (made.intensity, made.final), SAME)
    return {base: gap for base, gap in found.items() if not gap < SAME}


@pytest.mark.parametrize("name", SEEN_IN_LIVING_PORTS)
def test_a_cause_seen_in_living_ports_makes_the_pixel_of_the_ports_fault(name: str, choices: list[Base]) -> None:
    assert misses(choices, name, 1) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", KNOWN)
def test_a_form_of_the_hypothesis_makes_the_pixel_of_the_ports_fault(name: str, choices: list[Base]) -> None:
    assert misses(choices, name, 12) == {}


def _explained(sample: Sample) -> bool:
    made = run(sample.base, sample.faults)
    groups = [FAULTS[name].ids for name in sample.faults]
    return nearest(problem_of(sample.base, made.text), groups, (made.intensity, made.final), SAME) < SAME


@pytest.mark.slow
def test_two_forms_together_make_the_pixel_of_two_faults(choices: list[Base]) -> None:
    samples = list(pairs(choices, 60, seed=11))
    assert len(samples) == 60
    assert [sample.name for sample in samples if not _explained(sample)] == []


def _numbers(text: str, name: str) -> list[float]:
    (line,) = re.findall(rf"^TRACE_PY: {name} (.*)$", text, re.MULTILINE)
    return [float(word) for word in line.split()]


def _with_its_cell(problem: Problem, text: str) -> Problem:
    """The problem with the cell vectors that the port prints."""
    rows = [_numbers(text, f"rot_{axis}_angstroms") for axis in "abc"]
    scene = replace(problem.scene, direct=np.asarray(rows) * 1e-10)
    return replace(problem, base=replace(problem.base, scene=scene))


def _living(shared: Path) -> Iterator[tuple[Base, str, list[str], list[str]]]:
    for folder in sorted((shared / "live_sample" / "cases").iterdir()):
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        log = (folder / "trace_py.log").read_text(encoding="utf-8")
        yield Base(folder.name, folder, shared / "golden" / "inputs"), log, truth["main"], truth["allowed"]


@pytest.mark.slow
def test_the_true_causes_make_the_pixels_of_a_living_port(shared: Path) -> None:
    left = {}
    for base, log, main, allowed in _living(shared):
        problem = problem_of(base, log)
        if not base.name.endswith("_asis"):  # those print metres
            problem = _with_its_cell(problem, log)
        wanted = [_numbers(log, name)[0] for name in ("I_before_scaling_pre_polar", "I_pixel_final")]
        gaps = (
            nearest(problem, [[id] for id in (*main, *more)], wanted, OF_A_LIVING_PORT)
            for more in ((), *((id,) for id in allowed))
        )
        best = next((gap for gap in gaps if gap < OF_A_LIVING_PORT), None)
        if best is None:
            left[base.name] = main
    assert left == {}


def test_changed_set_ups_compose(choices: list[Base]) -> None:
    (base,) = (base for base in choices if base.name == "golden_dials_orgxy")
    problem = problem_of(base, base.c_log.read_text(encoding="utf-8"))
    forms = {variant.form.name: variant for variant in variants_of(problem) if variant.id == "option_ignored"}
    both = pixel_under(problem.base, [forms["-ORGX, -ORGY ignored"]])
    one_by_one = pixel_under(problem.base, [forms["-ORGX ignored"], forms["-ORGY ignored"]])
    alone = pixel_under(problem.base, [forms["-ORGX ignored"]])
    assert both == one_by_one != alone


def test_forms_that_make_the_set_up_again_apply_first(choices: list[Base]) -> None:
    problem = problem_of(choices[0], choices[0].c_log.read_text(encoding="utf-8"))
    order = [variant.form.rebuilds for variant in variants_of(problem)]
    assert True in order
    assert order == sorted(order, reverse=True)


def test_listing_the_forms_sets_nothing_up(choices: list[Base], monkeypatch: pytest.MonkeyPatch) -> None:
    problem = problem_of(choices[0], choices[0].c_log.read_text(encoding="utf-8"))

    def refuse(*_: object) -> None:
        raise AssertionError("a set-up was made while the forms were listed")

    monkeypatch.setattr("nbtui.live.scene._set_up", refuse)
    assert len(variants_of(problem)) > 150
