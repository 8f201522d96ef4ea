"""What moved from one run to the next, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbtui.runs.entry import RunEntry, RunVerdict, from_object, outcome, to_line
from nbtui.runs.moved import moved, since_before

DIVERGES = RunEntry(
    number=1,
    when="2026-01-01T00:00:00Z",
    case="mine",
    pixel=(3, 4),
    command="port",
    status=0,
    seconds=1.5,
    verdict=RunVerdict.DIVERGES,
    reference="c.log",
    first="rot_a",
    stage="Crystal",
    gap=-0.146,
    differing=5,
    shared=30,
    log_hash="aa",
)
AGREES = replace(DIVERGES, verdict=RunVerdict.AGREES, first="", stage="", gap=0.0, differing=0, log_hash="bb")
FAILED = replace(
    DIVERGES,
    verdict=RunVerdict.FAILED,
    status=1,
    failure="exit status 1: boom",
    first="",
    gap=None,
    differing=0,
    shared=0,
)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (
            DIVERGES,
            replace(DIVERGES, first="omega_pixel", stage="Pixel", gap=-0.0873, log_hash="cc"),
            "first divergence moved from rot_a (Crystal) to omega_pixel (Pixel); gap -14.6 % -> -8.73 %",
        ),
        (
            DIVERGES,
            replace(DIVERGES, gap=-0.1459999, differing=4, log_hash="cc"),
            "first divergence still rot_a (Crystal); gap -14.60000 % -> -14.59999 %; 4 fields differ, 5 before",
        ),
        (DIVERGES, DIVERGES, "the log is identical; first divergence still rot_a (Crystal)"),
        (
            DIVERGES,
            AGREES,
            "agrees now; the first divergence was rot_a (Crystal); gap -14.6 % -> 0 %; no field differs, 5 before",
        ),
        (
            AGREES,
            DIVERGES,
            "diverges now: first divergence rot_a (Crystal); gap 0 % -> -14.6 %; 5 fields differ, none before",
        ),
        (AGREES, replace(AGREES, log_hash="dd"), "agrees, as before"),
        (DIVERGES, FAILED, "failed; run 1 had not"),
        (FAILED, FAILED, "failed, as before"),
        (
            DIVERGES,
            replace(DIVERGES, reference="other", command="port -x", log_hash="cc"),
            "first divergence still rot_a (Crystal); gap still -14.6 %; run 1 had another reference; run 1 had another "
            "command",
        ),
    ],
)
def test_moves_in_one_line(before: RunEntry, now: RunEntry, said: str) -> None:
    assert moved(before, replace(now, number=2)) == said


def test_after_failures_the_last_compared_run_counts() -> None:
    entries = (DIVERGES, replace(FAILED, number=2), replace(AGREES, number=3, pixel=(9, 9)))
    now = replace(AGREES, number=4)
    assert since_before(entries, now).startswith("runs again; since run 1: agrees now; the first divergence was rot_a")
    assert since_before((replace(FAILED, number=2),), now) == "runs now: agrees; gap 0 %"
    assert since_before((), now) == ""


@pytest.mark.parametrize("gap", [-0.146, 0.0, None, float("nan"), float("-inf")])
def test_a_line_of_the_list_gives_the_run_back(gap: float | None) -> None:
    import json

    entry = replace(DIVERGES, gap=gap, cause="x", changed=("a.py",), failure="é\x1b")
    line = to_line(entry)
    assert "\n" not in line
    assert str(from_object(json.loads(line))) == str(entry)  # NaN is not equal to itself


@pytest.mark.parametrize("content", [{}, {"number": 1}, {"number": "x", "pixel": [1, 2], "verdict": "agrees"}])
def test_a_damaged_line_is_not_a_run(content: dict[str, object]) -> None:
    assert from_object(content) is None


def test_the_outcome_is_safe_for_a_terminal() -> None:
    assert "\x1b" not in outcome(replace(FAILED, failure="\x1b[2Jx", cause="\x1b"))
    assert outcome(replace(DIVERGES, cause="omega")) == (
        "first divergence rot_a (Crystal); gap -14.6 %; 5 of 30 fields differ; cause omega"
    )
