"""Failures with the same cause as one finding."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbtui.diagnosis.hypotheses.catalogue import CATALOGUE
from nbtui.diagnosis.hypotheses.record import CauseKind
from nbtui.sweep.explain import Explained
from nbtui.sweep.plan import TRACE
from nbtui.sweep.rows import Answer, SweepRow


@dataclass(frozen=True)
class SweepFinding:
    """One cause with all rows that it explains, the simplest first.

    Attributes:
        group: id of the cause, or the kind of failure.
        sentence: the cause in words.
        members: the rows; a row with two causes is in two findings.
        flags: axes of the simplest row; empty: the base command alone fails as well.
    """

    group: str
    sentence: str
    members: tuple[Explained, ...]
    flags: tuple[str, ...]

    @property
    def slug(self) -> str:
        """A name for files."""
        return re.sub(r"[^a-z0-9]+", "_", self.group.lower()).strip("_")[:50] or "finding"

    @property
    def simplest(self) -> Explained:
        """The member with the fewest choices, then the fewest causes."""
        return self.members[0]

    @property
    def of_print(self) -> bool:
        """Whether the cause changes trace lines, not the pixel."""
        known = CATALOGUE.get(self.group.split()[0])
        return known is not None and known.kind is CauseKind.PRINT

    @property
    def answer(self) -> Answer:
        """The verdict on its rows."""
        return self.simplest.row.answer

    @property
    def worst_gap(self) -> float | None:
        """The largest gap among rows that have no other cause."""
        gaps = [one.row.gap for one in self._alone if one.row.gap is not None]
        return max(gaps, key=abs, default=None)

    @property
    def _alone(self) -> Sequence[Explained]:
        return [one for one in self.members if len(one.groups) == 1] or self.members


def findings(explained: Iterable[Explained]) -> tuple[SweepFinding, ...]:
    """The findings: wrong pixels, wrong trace lines, refusals; each by the fewest flags and the most rows.

    An image or gradient that differs is a finding of its own only where the traces of its command line agree.
    """
    listed = list(explained)
    told = {(one.row.case, one.row.changes) for one in listed if one.row.check == TRACE}
    groups: dict[str, list[Explained]] = defaultdict(list)
    for one in listed:
        if one.row.check != TRACE and (one.row.case, one.row.changes) in told:
            continue
        for group in one.groups:
            groups[group].append(one)
    found = [_finding(group, members) for group, members in groups.items()]
    return tuple(sorted(found, key=_rank))


def _rank(one: SweepFinding) -> tuple[bool, bool, int, int, str]:
    return one.answer is Answer.REFUSED, one.of_print, len(one.flags), -len(one.members), one.group


def _finding(group: str, members: list[Explained]) -> SweepFinding:
    ordered = sorted(members, key=lambda one: (len(one.row.changes), len(one.groups), _length(one.row), one.row.key))
    known = CATALOGUE.get(group.split()[0])
    alone = len(ordered[0].groups) == 1 or known is None  # else its sentence tells of other causes as well
    sentence = ordered[0].sentence if alone or known is None else known.sentence
    return SweepFinding(group, sentence, tuple(ordered), tuple(axis for axis, _ in ordered[0].row.changes))


def _length(row: SweepRow) -> int:
    return sum(len(words) for _, words in row.changes)
