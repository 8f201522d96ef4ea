"""Good or bad: the rule that judges every commit of a bisection, chosen by its two ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from nbtui.errors import UnusableInput
from nbtui.parity.model import Comparison
from nbtui.runs.bisect_repository import Commit
from nbtui.runs.entry import RunEntry, divergence, outcome
from nbtui.trace.fields import catalogue
from nbtui.trace.text import clean

TRACE, IMAGE = "trace", "image"
_SAME_LOG = "; the logs of both are identical: does the command run the code of its working directory?"


class CommitVerdict(StrEnum):
    """The judgement of one commit."""

    GOOD = "good"
    BAD = "bad"
    UNJUDGED = "cannot be judged"


@dataclass(frozen=True)
class JudgedImage:
    """The image of a commit against the reference."""

    path: Path
    agrees: bool
    sentence: str


@dataclass(frozen=True)
class CommitEvidence:
    """Everything that the run of one commit made.

    Attributes:
        entry: the facts of its trace, as in the list of runs.
        comparison: of its trace; None without one.
        failure: why the trace cannot be judged; empty where it can.
        log: its log, which may be missing.
        image: its image; None without one.
        image_failure: why there is no image to judge.
    """

    commit: Commit
    entry: RunEntry
    comparison: Comparison | None
    failure: str
    log: Path
    image: JudgedImage | None = None
    image_failure: str = ""


@dataclass(frozen=True)
class CommitJudgement:
    """The verdict on one commit, what it rests on (``trace`` or ``image``), and the facts in one line."""

    evidence: CommitEvidence
    verdict: CommitVerdict
    by: str
    sentence: str

    @property
    def commit(self) -> Commit:
        """The commit."""
        return self.evidence.commit


@dataclass(frozen=True)
class BisectRule:
    """The rule.

    Attributes:
        field: a commit is bad where this field differs; empty: where the comparison does not agree.
        image: images judge, and traces do not.
        fallback: images judge where a trace cannot be judged.
        reason: why nbtui chose the field; empty for a field of the user's.
    """

    field: str = ""
    image: bool = False
    fallback: bool = False
    reason: str = ""

    def __str__(self) -> str:
        if self.image:
            return "a commit is bad where its image differs"
        words = f"a commit is bad where {self.field} differs" if self.field else "a commit is bad where its log differs"
        words += f" ({self.reason})" if self.reason else ""
        return f"{words}; without a usable trace, where its image differs" if self.fallback else words

    def needs_image(self, evidence: CommitEvidence) -> bool:
        """Whether the image of a commit decides, after its trace is known."""
        return self.image or (self.fallback and self._by_trace(evidence)[0] is CommitVerdict.UNJUDGED)

    def judged(self, evidence: CommitEvidence) -> CommitJudgement:
        """The judgement of a commit."""
        if self.image:
            return self._by_image(evidence, evidence.image_failure)
        verdict, sentence = self._by_trace(evidence)
        if verdict is CommitVerdict.UNJUDGED and self.fallback:
            return self._by_image(evidence, sentence)
        return CommitJudgement(evidence, verdict, TRACE, sentence)

    def _by_trace(self, evidence: CommitEvidence) -> tuple[CommitVerdict, str]:
        if evidence.failure or evidence.comparison is None:
            return CommitVerdict.UNJUDGED, evidence.failure
        told = outcome(evidence.entry)
        if not self.field:
            if evidence.comparison.first_divergence is None and not evidence.comparison.agrees:
                return CommitVerdict.UNJUDGED, told
            return (CommitVerdict.GOOD if evidence.comparison.agrees else CommitVerdict.BAD), told
        differs = field_differs(evidence.comparison, self.field)
        if differs is None:
            return CommitVerdict.UNJUDGED, f"its log does not hold {self.field}"
        return (CommitVerdict.BAD if differs else CommitVerdict.GOOD), told

    def _by_image(self, evidence: CommitEvidence, failure: str) -> CommitJudgement:
        found = evidence.image
        if found is None:
            reason = "; ".join(dict.fromkeys(filter(None, (failure, evidence.image_failure))))
            return CommitJudgement(evidence, CommitVerdict.UNJUDGED, IMAGE, reason or "no image")
        verdict = CommitVerdict.GOOD if found.agrees else CommitVerdict.BAD
        return CommitJudgement(evidence, verdict, IMAGE, f"image: {found.sentence}")


def field_differs(comparison: Comparison, field: str) -> bool | None:
    """Whether a field differs, in or outside the profile; None where it is not on both sides."""
    of_field = [tally for tally in comparison.overview.tallies if tally.field == field]
    if not any(tally.both for tally in of_field):
        return None
    return any(tally.raised if tally.judged else tally.differing for tally in of_field)


def chosen_rule(good: CommitEvidence, bad: CommitEvidence, *, field: str, image: bool) -> BisectRule:
    """The rule that tells the two ends apart.

    Without a field, whole comparisons judge; where the good end does not agree either, the first field that agrees
    there and differs at the bad end. Images are a fallback only where they tell the ends apart as well.

    Raises:
        UnusableInput: no rule does; the message names the reason and the remedy.
    """
    by_image = BisectRule(image=True)
    if image:
        _check_ends(by_image, good, bad)
        return by_image
    fallback = _tells_apart(by_image, good, bad)
    wanted = catalogue.canonical(field) if field else ""
    rule = BisectRule(wanted, fallback=fallback)
    if wanted or good.comparison is None or bad.comparison is None or good.comparison.agrees:
        _check_ends(rule, good, bad)
        return rule
    new = _first_new_field(good.comparison, bad.comparison)
    if not new:
        if fallback and (good.failure or bad.failure):
            return rule
        _check_ends(rule, good, bad)
    first = divergence(good.entry)
    return BisectRule(
        new, fallback=fallback, reason=f"{good.commit.short} differs too, first in {first}" if first else ""
    )


def _tells_apart(rule: BisectRule, good: CommitEvidence, bad: CommitEvidence) -> bool:
    verdicts = rule.judged(good).verdict, rule.judged(bad).verdict
    return verdicts == (CommitVerdict.GOOD, CommitVerdict.BAD)


def _first_new_field(good: Comparison, bad: Comparison) -> str:
    """The first field in pipeline order that agrees at the good end and differs at the bad one; empty without any."""
    raised = dict.fromkeys(tally.field for tally in bad.overview.tallies if tally.judged and tally.raised)
    return next((name for name in raised if field_differs(good, name) is False), "")


def _check_ends(rule: BisectRule, good: CommitEvidence, bad: CommitEvidence) -> None:
    """Raise UnusableInput unless the good end is good and the bad end is bad."""
    for option, evidence, wanted in (("--good", good, CommitVerdict.GOOD), ("--bad", bad, CommitVerdict.BAD)):
        found = rule.judged(evidence)
        if found.verdict is wanted:
            continue
        where = f"{option} {evidence.commit.short}"
        if found.verdict is CommitVerdict.UNJUDGED:
            remedy = "" if rule.image else "; --image judges images, --image-command CMD makes them"
            raise UnusableInput(f"{where} cannot be judged: {clean(found.sentence)}{remedy}")
        remedy = ""
        if good.entry.log_hash and good.entry.log_hash == bad.entry.log_hash:
            remedy = _SAME_LOG
        elif wanted is CommitVerdict.GOOD and not rule.field and not rule.image:
            remedy = "; --field F names a field that is right there"
        raise UnusableInput(f"{where} is not {wanted}: {clean(found.sentence)}{remedy}")
