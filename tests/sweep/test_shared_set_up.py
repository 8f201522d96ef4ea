"""Rows do not depend on what a judge shares between them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.live.cases import case_of_command
from nbtui.sweep.axes import Axis
from nbtui.sweep.judge import judge
from nbtui.sweep.modes import Mode
from nbtui.sweep.plan import PixelRule, Pixels, Plan, SweptCase, SweptPort
from nbtui.sweep.rows import Answer
from nbtui.sweep.sweep import jobs_of

BASE = (
    "-hkl few.hkl -cell 40 50 60 90 90 90 -misset 10 20 30 -lambda 1.2 -N 5 -distance 120 -detpixels 12 -pixel 4 "
    "-oversample 1 -nonoise"
)
MIXED = (
    ("-phi", ("0 -osc 0.6 -phisteps 4",)),
    ("-mosaic", ("0.4 -mosaic_domains 5",)),
    ("-oversample_polar", ("-oversample 2",)),
    ("-default_F", ("80",)),
    ("-hkl", ("missing.hkl",)),  # unusable for the reference
)


def plan_of(program: str) -> Plan:
    Path("few.hkl").write_text("0 0 0 70\n1 0 0 50\n0 1 1 30\n2 1 3 90\n", encoding="utf-8")
    axes = tuple(Axis(flag, tuple((flag, *value.split()) for value in values)) for flag, values in MIXED)
    case = SweptCase(
        case_of_command(BASE, "base", name="base", workdir=Path.cwd()), SweptPort(Path.cwd(), Path.cwd(), "", program)
    )
    return Plan((case,), axes, Mode.ONE, pixels=Pixels(PixelRule.BRIGHTEST, 3))


@pytest.mark.slow
@pytest.mark.parametrize("program", ["fixed", "stock"])
def test_the_pixels_of_one_experiment_are_judged_as_those_of_experiments_of_their_own(here: Path, program: str) -> None:
    plan = plan_of(program)
    rows = [(job, row, log) for job in jobs_of(plan) for row, log in judge(job, plan, here)]
    assert {row.answer for _, row, _ in rows} == {
        *(Answer.AGREES, Answer.NO_REFERENCE),
        *((Answer.DIVERGES,) if program == "fixed" else ()),
    }
    assert len({row.pixel for _, row, _ in rows if row.pixel}) > 2
    for job, row, log in rows:
        if row.pixel is None:
            continue
        (only,) = plan.cases
        cases = (replace(only, case=replace(only.case, pixel=row.pixel)),)
        single = replace(plan, cases=cases, pixels=Pixels(PixelRule.TRACED))
        ((alone, alone_log),) = judge(job, single, here)
        assert replace(alone, key=row.key, seconds=row.seconds) == row
        assert alone_log == log
