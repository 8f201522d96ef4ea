"""The search of a bisection on long histories, with commits that are judged without running them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nbtui.runs.bisect import Bisection, bisect
from nbtui.runs.bisect_repository import Commit, Repository
from nbtui.runs.bisect_rule import CommitEvidence, JudgedImage
from nbtui.runs.entry import RunEntry, RunVerdict
from support.port_history import git
from support.small_traces import both

LENGTH = 200
AGREES = both(["F_cell 1", "F_latt 3", "I_pixel_final 2"], ["F_cell 1", "F_latt 3", "I_pixel_final 2"])
DIFFERS = both(["F_cell 1", "F_latt 3", "I_pixel_final 2"], ["F_cell 1", "F_latt 4", "I_pixel_final 3"])


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A history of LENGTH commits with the subjects 0, 1, 2, ..."""
    top = tmp_path_factory.mktemp("history")
    git(top, "init", "--quiet", "--initial-branch=main")
    lines = []
    for number in range(LENGTH):
        lines += ["commit refs/heads/main", f"mark :{number + 1}", f"committer a <a@b> {1000 + number} +0000"]
        lines += [f"data {len(str(number))}", str(number)]
        lines += [f"from :{number}"] if number else []
    (top / "stream").write_text("\n".join([*lines, ""]))
    with (top / "stream").open() as stream:
        git(top, "fast-import", "--quiet", stdin=stream)
    return Repository(top)


def evidence(commit: Commit, *, bad: bool, broken: bool, image: bool | None) -> CommitEvidence:
    entry = RunEntry(1, "", "case", (0, 0), "", 0, 0.0, RunVerdict.FAILED)
    judged = None if image is None else JudgedImage(Path("image"), not image, "image")
    comparison = None if broken else DIFFERS if bad else AGREES
    return CommitEvidence(commit, entry, comparison, "hook crashed" if broken else "", Path("log"), judged)


def search(
    repository: Repository,
    first_bad: int,
    broken: Callable[[int], bool],
    *,
    images: bool = False,
) -> tuple[Bisection, list[int]]:
    runs: list[int] = []

    def gather(commit: Commit, needs_image: object) -> CommitEvidence:
        number = int(commit.subject)
        runs.append(number)
        bad = number >= first_bad
        return evidence(commit, bad=bad, broken=broken(number), image=bad if images else None)

    ends = repository.commit(f"main~{LENGTH - 1}", "--good"), repository.commit("main", "--bad")
    return bisect(repository, ends, gather, lambda found, left: None), runs


@pytest.mark.parametrize("first_bad", [1, 2, 77, 100, 198, 199])
def test_every_commit_is_found_in_the_fewest_runs(repository: Repository, first_bad: int) -> None:
    found, runs = search(repository, first_bad, lambda number: False)
    assert found.found and found.bad.commit.subject == str(first_bad) and len(runs) <= 2 + 8
    assert found.good.commit.subject == str(first_bad - 1) and len(set(runs)) == len(runs)


@pytest.mark.parametrize("first_bad", [20, 60, 150])
def test_thirty_crashing_commits_in_the_middle_are_passed_over(repository: Repository, first_bad: int) -> None:
    found, runs = search(repository, first_bad, lambda number: 85 <= number < 115)
    assert found.found and found.bad.commit.subject == str(first_bad) and len(runs) <= 24


def test_a_change_among_crashing_commits_is_a_range(repository: Repository) -> None:
    found, runs = search(repository, 100, lambda number: 95 <= number < 105)
    assert not found.found and sorted(int(commit.subject) for commit in found.suspects) == list(range(95, 106))
    assert found.good.commit.subject == "94" and found.bad.commit.subject == "105" and len(runs) <= 36


def test_images_find_it_there(repository: Repository) -> None:
    found, runs = search(repository, 100, lambda number: 95 <= number < 105, images=True)
    assert found.found and found.bad.commit.subject == "100" and found.bad.by == "image" and len(runs) <= 10
