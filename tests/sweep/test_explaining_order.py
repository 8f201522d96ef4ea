"""The order in which rows are explained: simpler ones first, their causes tried on the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from nbtui.sweep.axes import followed
from nbtui.sweep.engine import Done, Engine
from nbtui.sweep.explain import Explained, explain_all
from nbtui.sweep.plan import Plan
from nbtui.sweep.rows import Answer, SweepRow

BASE = SweepRow(
    key="base", case="case", check="trace", changes=(), command=("-N", "5"), pixel=(1, 2), answer=Answer.DIVERGES
)


def row(*axes: str) -> SweepRow:
    return replace(BASE, key="+".join(axes), changes=tuple((axis, (axis, "1")) for axis in axes))


class Searches:
    """In place of the processes: answers from the true causes of every row, and a list of what was asked.

    A full search finds at most one cause beside those that are known or expected.
    """

    def __init__(self, true: dict[str, set[str]]) -> None:
        self.true = true
        self.asked: list[tuple[str, bool]] = []

    def map(self, work: object, tasks: Iterable[Any]) -> Iterator[Done[Any, Explained]]:
        for task in tasks:
            self.asked.append((task.row.key, task.whole))
            true = self.true[task.row.key]
            there = task.known | task.expected
            missing = true - there
            found = true if not missing or (task.whole and len(missing) == 1) else true & there
            unknown = () if found == true else tuple(sorted(true - found))
            yield Done(task, Explained(task.row, tuple(sorted(found)), not unknown, "", unknown))


class Choices:
    """Several explanations of a row: a full search takes the first one, any other search what it knows."""

    def __init__(self, choices: dict[str, list[set[str]]]) -> None:
        self.choices = choices

    def map(self, work: object, tasks: Iterable[Any]) -> Iterator[Done[Any, Explained]]:
        for task in tasks:
            choices = self.choices[task.row.key]
            there = task.known | task.expected
            found = next((one for one in choices if one <= there), choices[0] if task.whole else {"guessed"})
            yield Done(task, Explained(task.row, tuple(sorted(found)), bool(found), "", ()))


def explained(true: dict[str, set[str]], *rows: SweepRow) -> tuple[dict[str, Explained], list[tuple[str, bool]]]:
    searches = Searches(true)
    plan = cast(Plan, None)
    made = explain_all(rows, plan, Path(), cast(Engine, searches), {}, lambda one: None)
    return {one.row.key: one for one in made}, searches.asked


def test_causes_of_the_base_command_are_tried_on_all_rows() -> None:
    true = {"base": {"a"}, "-phi": {"a"}, "-osc": {"a", "b"}, "-osc+-phi": {"a", "b"}}
    found, asked = explained(true, row("-osc", "-phi"), row("-phi"), row("-osc"), BASE)
    assert {key: set(one.causes) for key, one in found.items()} == true
    assert all(one.complete for one in found.values())
    assert [key for key, whole in asked if whole] == ["base", "-osc"]


def test_a_rest_is_searched_again_with_causes_found_later() -> None:
    true = {"-osc": {"a", "b"}, "-phi": {"a"}}
    found, asked = explained(true, row("-osc"), row("-phi"))
    assert set(found["-osc"].causes) == {"a", "b"}
    assert asked.count(("-osc", True)) == 2


def test_the_same_rest_is_searched_for_a_few_times_only() -> None:
    pairs = [row("-osc", f"-{name}") for name in ("Na", "Nb", "Nc", "phi", "water")]
    found, asked = explained({one.key: {"a", "b"} for one in pairs}, *pairs)
    assert not any(one.complete for one in found.values())
    assert sum(whole for _, whole in asked) == 2


def test_a_rest_of_a_simpler_row_is_not_searched_for_again() -> None:
    true = {"base": {"a", "b"}, "-phi": {"a", "b"}}
    found, asked = explained(true, BASE, row("-phi"))
    assert [key for key, whole in asked if whole] == ["base"]
    assert found["-phi"].unknown == ("a", "b")


def test_a_cause_of_one_row_that_others_replace_is_dropped() -> None:
    choices = {"-Na+-Nb": [{"rare"}, {"a", "b"}], "-Na+-Nc": [{"a"}], "-Nb+-Nc": [{"b"}], "-phi": [{"needed"}]}
    rows = [row(*key.split("+")) for key in choices]
    told: list[Explained] = []
    explain_all(rows, cast(Plan, None), Path(), cast(Engine, Choices(choices)), {}, told.append)
    assert {one.row.key: set(one.causes) for one in told} == {
        "-Na+-Nb": {"a", "b"},
        "-Na+-Nc": {"a"},
        "-Nb+-Nc": {"b"},
        "-phi": {"needed"},
    }
    assert [set(one.causes) for one in told if one.row.key == "-Na+-Nb"] == [{"rare"}, {"a", "b"}]


def test_a_last_curved_det_means_the_same_to_the_port() -> None:
    assert followed(("-N", "5", "-curved_det")) == ("-curved_det", "-N", "5")
    assert followed(("-curved_det", "-N", "5")) == ("-curved_det", "-N", "5")
