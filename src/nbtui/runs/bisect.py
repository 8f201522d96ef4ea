"""The search for the first bad commit of a port's history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nbtui.errors import UnusableInput
from nbtui.runs.bisect_repository import Commit, Repository
from nbtui.runs.bisect_rule import TRACE, BisectRule, CommitEvidence, CommitJudgement, CommitVerdict, chosen_rule
from nbtui.runs.moved import moved

_GOLDEN = 0.6180339887498949  # multiples of it fall evenly into the unit interval

NeedsImage = Callable[[CommitEvidence], bool]  # of the evidence of its trace
Gather = Callable[[Commit, NeedsImage], CommitEvidence]  # run a commit
Report = Callable[[CommitJudgement, int], None]  # a judgement, and the number of commits left


@dataclass(frozen=True)
class Bisection:
    """The outcome.

    Attributes:
        rule: what made a commit bad.
        bad: the first commit known to be bad.
        good: a good commit before it: its parent, where that was judged.
        suspects: the commits of which the first bad one is; one, unless others could not be judged.
        judged: every judgement, in the order of the runs.
    """

    rule: BisectRule
    bad: CommitJudgement
    good: CommitJudgement
    suspects: tuple[Commit, ...]
    judged: tuple[CommitJudgement, ...]

    @property
    def found(self) -> bool:
        """Whether the first bad commit is certain."""
        return len(self.suspects) == 1

    @property
    def moved(self) -> str:
        """Changes from the good commit to the bad one, in one line."""
        before, now = self.good.evidence, self.bad.evidence
        if self.bad.by == self.good.by == TRACE:
            return moved(before.entry, now.entry)
        return f"{self.good.commit.short}: {self.good.sentence}; {self.bad.commit.short}: {self.bad.sentence}"


def bisect(
    repository: Repository,
    ends: tuple[Commit, Commit],
    gather: Gather,
    report: Report,
    *,
    field: str = "",
    image: bool = False,
    fallback: bool = True,
) -> Bisection:
    """The first bad commit between two ``ends``, the good and the bad one, which are run and checked first.

    As ``git bisect``, over merges too: each step runs the commit that halves the others; commits that cannot be judged
    are passed over, and if they are among the last ones, the answer is all of these.

    Args:
        field: a commit is bad where this field differs; default: where its log does not agree.
        image: images judge instead of traces.
        fallback: images judge where a trace cannot be judged, if they tell the ends apart.

    Raises:
        UnusableInput: the ends are in the wrong order, or the good one is not good, or the bad one not bad.
        SimulationFailed: git or the command cannot be started.
    """
    good, bad = ends
    _check_order(repository, good, bad)
    evidence = gather(good, lambda made: image or fallback), gather(bad, lambda made: image or fallback)
    rule = chosen_rule(*evidence, field=field, image=image)
    judged = [rule.judged(one) for one in evidence]
    goods, first_bad, passed = {good.sha: judged[0]}, judged[1], set[str]()
    for one in judged:
        report(one, _left(repository, first_bad, goods, passed))
    while True:
        candidates = repository.candidates(first_bad.commit.sha, list(goods))
        open_ones = [sha for sha in candidates if sha not in passed and sha != first_bad.commit.sha]
        if not open_ones:
            break
        found = rule.judged(gather(repository.named(_next(open_ones, len(passed))), rule.needs_image))
        judged.append(found)
        if found.verdict is CommitVerdict.BAD:
            first_bad = found
        elif found.verdict is CommitVerdict.GOOD:
            goods[found.commit.sha] = found
        else:
            passed.add(found.commit.sha)
        report(found, _left(repository, first_bad, goods, passed))
    suspects = tuple(repository.named(sha) for sha in candidates)
    return Bisection(rule, first_bad, _good_before(repository, first_bad, goods), suspects, tuple(judged))


def _next(candidates: Sequence[str], passed: int) -> str:
    """The next commit to run, of ``candidates`` with the best one first.

    Commits that cannot be judged mostly lie together, around the best one: after each, another distance from it is
    tried, as git bisect does.
    """
    return candidates[int(len(candidates) * ((passed * _GOLDEN) % 1.0))]


def _left(repository: Repository, bad: CommitJudgement, goods: dict[str, CommitJudgement], passed: set[str]) -> int:
    """Commits that may still be run."""
    return len({*repository.candidates(bad.commit.sha, list(goods))} - passed - {bad.commit.sha})


def _good_before(repository: Repository, bad: CommitJudgement, goods: dict[str, CommitJudgement]) -> CommitJudgement:
    """A judged parent of the first bad commit; else the last good commit that was run, in its history."""
    parents: Sequence[str] = repository.parents(bad.commit)
    for sha in parents:
        if sha in goods:
            return goods[sha]
    return next(one for one in reversed(goods.values()) if repository.is_ancestor(one.commit, bad.commit))


def _check_order(repository: Repository, good: Commit, bad: Commit) -> None:
    if good.sha == bad.sha:
        raise UnusableInput(f"--good and --bad are the same commit, {good.short}")
    if repository.is_ancestor(good, bad):
        return
    if repository.is_ancestor(bad, good):
        raise UnusableInput(f"--good {good.short} is newer than --bad {bad.short}; name a good commit before it")
    raise UnusableInput(f"--good {good.short} is not in the history of --bad {bad.short}; name an ancestor of it")
