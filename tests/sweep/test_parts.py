"""Parts and estimates of a sweep. The variables of job arrays are those of the schedulers' manuals."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from nbtui.errors import UnusableInput
from nbtui.sweep import estimate as estimating
from nbtui.sweep.engine import Done, Result, Task
from nbtui.sweep.parts import join, part_named
from nbtui.sweep.plan_file import read_plan
from nbtui.sweep.rows import Answer, RowFile, SweepRow
from nbtui.sweep.sweep import WHOLE, Part


def slurm(index: int, first: int, last: int, step: int = 1, count: int | None = None) -> dict[str, str]:
    size = count if count is not None else (last - first) // step + 1
    values = {"ID": index, "MIN": first, "MAX": last, "STEP": step, "COUNT": size}
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("text", "environment", "part"),
    [
        (None, {}, WHOLE),
        ("3/10", {}, Part(3, 10)),
        ("auto", slurm(1, 1, 50), Part(1, 50)),
        ("auto", slurm(50, 1, 50), Part(50, 50)),
        ("auto", slurm(0, 0, 49), Part(1, 50)),
        ("auto", slurm(49, 0, 49), Part(50, 50)),
        ("auto", slurm(99, 1, 99, 2), Part(50, 50)),  # --array=1-99:2
        ("auto", slurm(8, 0, 9, 4), Part(3, 3)),  # --array=0-9:4
        ("auto/50", slurm(7, 7, 7), Part(7, 50)),  # one task submitted again
        ("auto/50", slurm(7, 3, 7, count=2), Part(7, 50)),
        ("auto/50", {"PBS_ARRAY_INDEX": "7"}, Part(7, 50)),
        ("auto", {"LSB_JOBINDEX": "9", "LSB_JOBINDEX_END": "10", "LSB_JOBINDEX_STEP": "2"}, Part(5, 5)),
        (
            "auto",
            {"SGE_TASK_ID": "4", "SGE_TASK_FIRST": "1", "SGE_TASK_LAST": "10", "SGE_TASK_STEPSIZE": "3"},
            Part(2, 4),
        ),
    ],
)
def test_a_part_is_that_of_the_array(text: str | None, environment: dict[str, str], part: Part) -> None:
    assert part_named(text, environment) == part


@pytest.mark.parametrize(
    ("text", "environment", "said"),
    [
        ("0/3", {}, "must be I/N"),
        ("4/3", {}, "must be I/N"),
        ("three", {}, "must be I/N"),
        ("auto/3", slurm(0, 0, 2), "the task of the array has the index 0"),
        ("auto", {}, "no job array"),
        ("auto", {"LSB_JOBINDEX": "0"}, "no job array"),
        ("auto", {"SGE_TASK_ID": "undefined"}, "no job array"),
        ("auto", {"PBS_ARRAY_INDEX": "7"}, "PBS does not state the size of the array; use --part auto/N"),
        ("auto", slurm(7, 7, 7), "use --part auto/N"),  # the whole sweep otherwise
        ("auto", slurm(7, 1, 7, count=3), "use --part auto/N"),  # --array=1,3,7
    ],
)
def test_what_does_not_name_a_part_is_refused(text: str, environment: dict[str, str], said: str) -> None:
    with pytest.raises(UnusableInput, match=said):
        part_named(text, environment)


def row(key: str) -> SweepRow:
    return SweepRow(key, "base", "trace", (), ("-N", "5"), (1, 2), Answer.AGREES)


def test_parts_that_overlap_join_into_each_row_once(here: Path) -> None:
    for name, keys in (("one", "ab"), ("two", "bc")):
        RowFile(Path(name) / "rows.jsonl").append(map(row, keys))
    with Path("two/rows.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"format": 1, "key": "d", "torn')  # by a killed part
    assert join([Path("one"), Path("two")], Path("all")) == 3
    assert join([Path("two")], Path("all")) == 0
    assert [found.key for found in RowFile(Path("all/rows.jsonl")).read()] == ["a", "b", "c"]


class FixedTimes:
    """An engine in this process whose tasks take 0.5 s and 1.5 s by turns."""

    processes = 2

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch

    def map(self, work: Callable[[Task, Path], Result], tasks: Iterable[Task]) -> Iterator[Done[Task, Result]]:
        for seconds, task in zip(itertools.cycle((0.5, 1.5)), tasks, strict=False):
            yield Done(task, work(task, self.scratch), seconds)


PLAN = """
command = "-cell 40 50 60 90 90 90 -default_F 100 -lambda 1.2 -N 5 -distance 120 -detpixels 12 -pixel 4 -oversample 1"
suspect_program = "stock"
mode = "one-at-a-time"
[axes]
"-lambda" = [1.11, 1.12, 1.13, 1.14, 1.15]
"""


@pytest.mark.slow
def test_an_estimate_is_the_mean_of_a_sample_whose_rows_are_kept(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimating, "SAMPLE", 2)
    Path("plan.toml").write_text(PLAN, encoding="utf-8")
    plan = read_plan(Path("plan.toml"))
    found = estimating.estimate(plan, here / "rows", FixedTimes(here), lambda progress: None)
    assert (found.planned, found.left, found.sampled) == (6, 6, 2)
    assert (found.each, found.fastest, found.slowest, found.log_bytes) == (1.0, 0.5, 1.5, 0.0)
    assert found.row_bytes == (here / "rows/rows.jsonl").stat().st_size / 2
    assert [round(found.wall(count) - found.start, 6) for count in (1, 2, 1000)] == [6.0, 3.0, 1.5]
    assert "6 command lines, 6 without rows; 2 of these judged now, 1 s each" in next(estimating.estimate_lines(found))
    assert estimating.estimate(plan, here / "rows", FixedTimes(here), lambda progress: None).left == 4
