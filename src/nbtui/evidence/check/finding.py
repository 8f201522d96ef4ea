"""The vocabulary of a verification: findings with a weight, and the outcome that follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

SHOWN = 6  # mismatches named one by one


class Weight(Enum):
    """The meaning of a finding for the outcome."""

    WRONG = "wrong"  # a contradiction, or a missing proof: the package fails
    UNJUDGED = "unjudged"  # a statement that nothing at hand can judge: the verification is incomplete
    REMARK = "remark"  # judged; worth a reader's attention


class CheckOutcome(Enum):
    """The outcome of a verification, in the word of every front end."""

    OK = "ok"  # everything was judged, without a contradiction
    INCOMPLETE = "incomplete"  # no contradiction; something could not be judged
    FAILED = "FAILED"  # a contradiction


@dataclass(frozen=True)
class FileFinding:
    """One finding about one file; ``.`` stands for the whole package.

    ``replayable``: a replay judges the statement that the finding leaves unjudged.
    """

    file: str
    what: str
    weight: Weight = Weight.WRONG
    replayable: bool = False

    @property
    def fatal(self) -> bool:
        """Whether the package fails by this finding alone."""
        return self.weight is Weight.WRONG

    @property
    def sentence(self) -> str:
        """The finding with the name of its file."""
        return self.what if self.file == "." else f"{self.file}: {self.what}"


def wrong(file: str, sentences: Iterable[str]) -> list[FileFinding]:
    """Contradictions in one file, the first ones by name and the number of the others."""
    return [FileFinding(file, what) for what in first_few(list(dict.fromkeys(sentences)))]


def outcome_of(findings: Iterable[FileFinding]) -> CheckOutcome:
    """The outcome that follows from these findings."""
    weights = {finding.weight for finding in findings}
    if Weight.WRONG in weights:
        return CheckOutcome.FAILED
    return CheckOutcome.INCOMPLETE if Weight.UNJUDGED in weights else CheckOutcome.OK


def first_few(sentences: list[str]) -> list[str]:
    """The first sentences, and the number of the others."""
    return sentences if len(sentences) <= SHOWN else [*sentences[:SHOWN], f"and {len(sentences) - SHOWN} more"]
