"""Gradient lines of a port in a sweep; the pixel is linear in the fluence, so that this derivative is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtui.live.cases import case_of_command
from nbtui.live.reference import simulated_reference
from nbtui.sweep.gradients import judge_gradients
from nbtui.sweep.port_run import program_settings
from nbtui.sweep.rows import Answer
from nbtui.trace.reading.reader import parse_lines

FLUENCE = 1e24
CASE = case_of_command(
    "-cell 40 50 60 90 90 90 -default_F 100 -lambda 1.2 -N 3 -distance 120 -detpixels 8 -pixel 4 -oversample 1 "
    f"-fluence {FLUENCE} -trace_pixel 3 4",
    "test",
    name="small",
    workdir=Path.cwd(),
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("factor", "answer", "wrong"), [(1.0, Answer.AGREES, ()), (-1.0, Answer.DIVERGES, ("fluence",))]
)
def test_the_derivative_by_the_fluence_is_judged(factor: float, answer: Answer, wrong: tuple[str, ...]) -> None:
    settings = program_settings("stock")
    photons = simulated_reference(CASE, settings).trace.all("I_pixel_final")[-1].values[0]
    assert isinstance(photons, float)
    log = parse_lines([f"TRACE_PY_GRAD: fluence {factor * photons / FLUENCE!r}"], "log")
    found = judge_gradients(CASE, settings, log, "full")
    assert (found.answer, found.wrong) == (answer, wrong)
    assert ("fluence" in found.detail) == bool(wrong)


def test_a_log_without_gradients_is_not_an_agreement() -> None:
    log = parse_lines(["TRACE_PY: I_pixel_final 3"], "log")
    found = judge_gradients(CASE, program_settings("stock"), log, "full")
    assert found.answer is Answer.NO_GRADIENTS and "TRACE_PY_GRAD" in found.detail
