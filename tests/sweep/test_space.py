"""The option space of a sweep: axes, combinations, coverage, and the plan in its file."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.errors import UnusableInput
from nbtui.live.cases import load_case
from nbtui.live.door import options_of
from nbtui.sweep.axes import Axis, Choice, Interval, applied
from nbtui.sweep.coverage import coverage
from nbtui.sweep.modes import WIDTH, Mode, combinations
from nbtui.sweep.plan import PixelRule, Pixels
from nbtui.sweep.plan_file import read_plan
from nbtui.sweep.usual import usual_axes

AXES = tuple(
    Axis(flag, ((flag, "1"), (flag, "2")))
    for flag in ("-phi", "-osc", "-oversample", "-Na", "-Nb", "-distance", "-pixel", "-fluence")
)
BASE = ("-cell", "40", "50", "60", "90", "90", "90", "-phi", "3", "-N", "4", "-nonoise")


def test_a_choice_replaces_its_flag_and_follows_at_the_end() -> None:
    assert applied(BASE, [Choice("-phi", ("-phi", "0", "-osc", "1"))]) == (
        *("-cell", "40", "50", "60", "90", "90", "90", "-N", "4", "-nonoise"),
        *("-phi", "0", "-osc", "1"),
    )


def test_a_choice_without_words_takes_the_flag_out() -> None:
    assert "-N" not in applied(BASE, [Choice("-N", ())])


def test_one_at_a_time_begins_with_the_base_command() -> None:
    made = list(combinations(Mode.ONE, AXES, 0, 1))
    assert made[0] == ()
    assert {choice for (choice,) in made[1:]} == {choice for axis in AXES for choice in axis.choices}


def test_pairs_cover_every_pair_of_values() -> None:
    made = list(combinations(Mode.PAIRS, AXES, 0, 1))
    together = {frozenset(pair) for one in made for pair in itertools.combinations(one, 2)}
    for one, other in itertools.combinations(AXES, 2):
        for pair in itertools.product(one.choices, other.choices):
            assert frozenset(pair) in together
    assert max(map(len, made)) <= WIDTH
    assert all(len({choice.axis for choice in one}) == len(one) for one in made)


def test_product_is_whole_and_bounded() -> None:
    assert len(list(combinations(Mode.PRODUCT, AXES[:3], 0, 1))) == 8
    with pytest.raises(UnusableInput, match="pairwise"):
        list(combinations(Mode.PRODUCT, AXES * 3, 0, 1))


def test_random_combinations_depend_on_their_place_alone() -> None:
    axes = (*AXES, Axis("-lambda", interval=Interval(0.9, 1.4)))
    few, many = (list(combinations(Mode.RANDOM, axes, number, 7)) for number in (20, 200))
    assert many[:20] == few
    assert list(combinations(Mode.RANDOM, axes, 20, 8)) != few


def test_a_range_stays_inside_its_ends() -> None:
    rng = random.Random(3)
    drawn = [float(Interval(0.9, 1.4).drawn(rng)) for _ in range(200)]
    assert min(drawn) >= 0.9 and max(drawn) <= 1.4
    assert {Interval(1, 3, whole=True).drawn(rng) for _ in range(100)} == {"1", "2", "3"}


def test_coverage_counts_what_was_judged() -> None:
    first, second = AXES[0].choices[0], AXES[1].choices[1]
    found = coverage(AXES, [(), (first, second)])
    assert found.values == (2, 16)
    assert found.pairs == (1, 28)
    assert "-phi" in found.flags and "-misset" in found.never


def test_usual_axes_make_command_lines_that_the_program_takes() -> None:
    case = load_case("demo")
    axes = usual_axes(options_of(case))
    for made in combinations(Mode.ONE, axes, 0, 1):
        options_of(replace(case, argv=applied(case.argv, made)))


PLAN = """
command = "-cell 40 50 60 90 90 90 -default_F 100 -detpixels 8 -pixel 2"
suspect = "python port.py {command} -trace_pixel {pixel}"
mode = "random"
number = 12
pixels = "brightest 2"
checks = ["trace", "image"]
rename = { "-mosaic" = "-mosaic_spread" }
[axes]
"-phi" = [0, 5]
"-nopolar" = [false, true]
"-misset" = [[10, 20, 30], "1 2 3"]
"-lambda" = { from = 0.9, to = 1.4 }
"-mosaic" = ["0.4 -mosaic_domains 5"]
"""


def test_plan_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    plan = read_plan(path)
    assert plan.mode is Mode.RANDOM and plan.number == 12 and plan.pixels == Pixels(PixelRule.BRIGHTEST, 2)
    assert plan.port.run_in == tmp_path and plan.port.rename == {"-mosaic": "-mosaic_spread"}
    by_flag = {axis.flag: axis for axis in plan.axes}
    assert by_flag["-phi"].fixed == (("-phi", "0"), ("-phi", "5"))
    assert by_flag["-nopolar"].fixed == ((), ("-nopolar",))
    assert by_flag["-misset"].fixed == (("-misset", "10", "20", "30"), ("-misset", "1", "2", "3"))
    assert by_flag["-lambda"].interval == Interval(0.9, 1.4)


def test_all_pixels_are_judged_through_the_image(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    text = PLAN.replace('"brightest 2"', '"all"').replace(
        'checks = ["trace", "image"]', 'checks = ["gradients", "trace"]'
    )
    path.write_text(text, encoding="utf-8")
    plan = read_plan(path)
    assert plan.pixels.rule is PixelRule.ALL and plan.checks == ("trace", "image", "gradients")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('mode = "random"', 'mode = "some"', "mode: must be one of one-at-a-time"),
        ("number = 12", "number = 0", "number: must be a whole number, at least 1"),
        ("number = 12", "nummer = 12", "nummer: unknown key"),
        ('"brightest 2"', '"darkest"', "pixels: must be"),
        ('["trace", "image"]', '["sound"]', "checks: 'sound' must be one of trace, image, gradients"),
        ('"-phi" = [0, 5]', '"-phii" = [0, 5]', "-phii is not a flag of nanoBragg"),
        ("to = 1.4", "to = 0.4", "axes.-lambda: a range is"),
        ('suspect = "python port.py {command} -trace_pixel {pixel}"', "", "suspect: give either suspect"),
        ("[axes]", "[axes", "not valid TOML"),
    ],
)
def test_a_wrong_plan_names_file_and_key(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "plan.toml"
    assert old in PLAN
    path.write_text(PLAN.replace(old, new), encoding="utf-8")
    with pytest.raises(UnusableInput) as caught:
        read_plan(path)
    assert "plan.toml" in str(caught.value) and words in str(caught.value)
