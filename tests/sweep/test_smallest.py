"""The smallest command line of a finding, with nbsim as ``fixed`` C in place of a port."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.live.cases import case_of_command
from nbtui.live.images import prepare
from nbtui.live.model import Settings
from nbtui.sweep.engine import Done, Result, Task
from nbtui.sweep.explain import Explained
from nbtui.sweep.findings import findings
from nbtui.sweep.judge import Job, judge, plan_state
from nbtui.sweep.modes import Mode
from nbtui.sweep.plan import IMAGE, TRACE, PixelRule, Pixels, Plan, SweptCase, SweptPort
from nbtui.sweep.shrink import shrink
from nbtui.sweep.smallest import Smallest, smallest_of

BASE = "-cell 40 50 60 90 90 90 -misset 10 20 30 -default_F 100 -N 5 -distance 120 -pixel 0.4 -nonoise"
PHI = "-phi 0 -osc 0.6 -phisteps 4"


class _Here:
    """An engine of this process."""

    processes = 1

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    def map(self, work: Callable[[Task, Path], Result], tasks: Iterable[Task]) -> Iterator[Done[Task, Result]]:
        return (Done(task, work(task, self._scratch)) for task in tasks)


def reduced(
    words: str,
    scratch: Path,
    *causes: str,
    check: str = TRACE,
) -> dict[str, Smallest]:
    """The smallest command lines for the given causes of a failing command line; without any it is unknown."""
    case = case_of_command(f"{words}", "base", name="base", workdir=scratch)
    port = SweptPort(scratch, scratch, program="fixed")
    plan = Plan((SweptCase(case, port),), (), Mode.ONE, checks=(check,), reduce=60)
    ((row, log), *_) = judge(Job("base", (), plan_state(plan)), plan, scratch)
    assert row.answer.fails and bool(log) is (check == TRACE)
    found = findings([Explained(row, causes, bool(causes), "", () if causes else row.roots)])
    return {one.finding: one for one in smallest_of(found, plan, _Here(scratch))}


def flags(one: Smallest) -> set[str]:
    return {word for word in one.command if word[0] == "-" and not word[1:2].isdigit()}


@pytest.mark.slow
def test_a_differing_image_shrinks_to_few_pixels_and_steps(tmp_path: Path) -> None:
    one = reduced(f"{BASE} -detpixels 6 -oversample_polar -oversample 5", tmp_path, check=IMAGE)[IMAGE]
    assert "-oversample_polar" in flags(one) and not flags(one) & {"-nonoise", "-distance", "-misset"}
    assert int(one.command[one.command.index("-detpixels") + 1]) <= 3
    assert {"-oversample", "-pixel"} - flags(one)  # either makes several subpixels
    assert one.row.check == IMAGE and one.row.answer.fails and one.row.differing


@pytest.mark.slow
def test_a_reduction_never_asks_for_a_long_image(tmp_path: Path) -> None:
    """Without -oversample the C program would take 500 x 500 sub-pixels here: it stays."""
    words = f"-cell 40 50 60 90 90 90 -default_F 100 -N 50 -distance 120 -pixel 8 -detpixels 3 -oversample 1 {PHI}"
    (one,) = reduced(words, tmp_path, "phi_carryover").values()
    free = case_of_command(words.replace("-oversample 1", ""), "free", name="free", workdir=tmp_path)
    small = case_of_command(shlex.join(one.command), "small", name="small", workdir=tmp_path)
    assert prepare(free, Settings("spec")).passes > 10_000_000
    assert prepare(small, Settings("spec")).passes <= 1_000_000


@pytest.mark.slow
def test_the_smallest_command_line_names_an_unknown_cause(tmp_path: Path) -> None:
    (one,) = reduced(f"{BASE} -detpixels 6 {PHI}", tmp_path).values()
    assert one.finding.startswith("unknown: ")
    assert "phi_carryover" in one.named


def test_flags_of_other_causes_leave_first() -> None:
    """Without the curve's pixel the turn alone differs, so that a search by flags alone keeps the turn."""
    whole = tuple(shlex.split("-cell 40 50 60 90 90 90 -misset 1 2 3 -distance 120 -pixel 4"))
    causes = [{"curve", "turn"}]

    def shown(words: tuple[str, ...]) -> set[str]:
        far = "-pixel" in words or "-misset" in words  # where the curve moves the pixel
        return {*(("curve",) if far and "-cell" in words else ()), *(("turn",) if "-misset" in words else ())}

    def fails(words: tuple[str, ...]) -> bool:
        found = shown(words)
        if "curve" not in found or not found <= causes[-1]:
            return False
        causes.append(found)
        return True

    def purer(words: tuple[str, ...]) -> bool:
        return shown(words) < causes[-1] and fails(words)

    made = shrink(whole, fails, 60, mixed=lambda: len(causes[-1]) > 1, purer=purer)
    assert [word for word in made.command if word.isascii() and word[1:2].isalpha()] == ["-cell", "-pixel"]
    causes[:] = [{"curve", "turn"}]
    assert "-misset" in shrink(whole, fails, 60).command


def test_the_brightest_pixel_is_tried_before_one_of_many(tmp_path: Path) -> None:
    case = case_of_command(BASE, "base", name="base", workdir=tmp_path)
    port = SweptPort(tmp_path, tmp_path, program="fixed")
    plan = Plan((SweptCase(case, port),), (), pixels=Pixels(PixelRule.GRID, 3))
    brightest, own = plan.narrowed(TRACE, (3, 4))
    assert brightest.pixels == Pixels() and brightest.case == replace(case, pixel=None)
    assert own.pixels.rule is PixelRule.TRACED and own.case.pixel == (3, 4)
