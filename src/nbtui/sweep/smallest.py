"""The smallest command line of every finding, by runs of the port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbtui.diagnosis.search.remainder import TOLERANCE
from nbtui.errors import NbtuiError
from nbtui.live.images import prepare
from nbtui.sweep.axes import Words
from nbtui.sweep.engine import Engine
from nbtui.sweep.explain import Explained, explain
from nbtui.sweep.findings import SweepFinding
from nbtui.sweep.judge import Job, judge, plan_state
from nbtui.sweep.plan import IMAGE, Plan
from nbtui.sweep.port_run import program_settings
from nbtui.sweep.rows import Answer, SweepRow
from nbtui.sweep.shrink import Shrunk, shrink


@dataclass(frozen=True)
class Smallest:
    """The smallest failing command line of a finding, its row and the port's log.

    Attributes:
        finding: group of the finding.
        target: key of the row that was reduced.
        command: flags, without the pixel.
        runs: runs of the port that the reduction took.
        log: text of the port's log; empty without a trace.
    """

    finding: str
    target: str
    row: SweepRow
    command: Words
    runs: int
    log: str


@dataclass(frozen=True)
class _ReduceTask:
    finding: SweepFinding
    plan: Plan


def smallest_of(found: Sequence[SweepFinding], plan: Plan, engine: Engine) -> Iterator[Smallest]:
    """The smallest command line of each finding, in the order of completion."""
    for done in engine.map(_reduced, [_ReduceTask(finding, plan) for finding in found]):
        if done.result is not None:
            yield done.result


def _reduced(task: _ReduceTask, scratch: Path) -> Smallest:
    target = task.finding.simplest
    plan = task.plan.of(target.row.case).narrowed(target.row.check, target.row.pixel)
    reducing = _Reducing(task.finding.group, target, plan, scratch)
    whole = tuple(target.row.command)
    if target.row.answer is Answer.REFUSED:  # its sentence names the flag; a reduction would cost runs for nothing
        return Smallest(task.finding.group, target.row.key, target.row, whole, 0, "")
    if not task.plan.reduce or not reducing.fails(whole):  # or it depends on something besides the command line
        return Smallest(task.finding.group, target.row.key, target.row, whole, min(1, task.plan.reduce), "")
    made: Shrunk = shrink(whole, reducing.fails, task.plan.reduce, reducing.usable)
    row, log = reducing.last[made.command]
    return Smallest(task.finding.group, target.row.key, row, row.command, made.runs + 1, log)


def _pixel_differs(row: SweepRow) -> bool:
    return row.gap is not None and not abs(row.gap) <= TOLERANCE


class _Reducing:
    """The question whether a command line fails as the finding does."""

    def __init__(self, group: str, target: Explained, plan: Plan, scratch: Path) -> None:
        self._group, self._target, self._plan, self._scratch = group, target, plan, scratch
        self._pixels = self._size(tuple(target.row.command))
        self.last: dict[Words, tuple[SweepRow, str]] = {}

    def usable(self, command: Words) -> bool:
        """Whether the reference takes ``command``; a larger detector is not tried, for its image takes long."""
        size = self._size(command)
        return size is not None and (self._pixels is None or size <= self._pixels)

    def fails(self, command: Words) -> bool:
        """Whether ``command`` fails as the finding does."""
        plan = self._plan.on(command)
        try:
            judged = list(judge(Job(plan.case.name, (), plan_state(plan)), plan, self._scratch))
        except NbtuiError:
            return False
        for row, log in judged:
            alike = row.check == self._target.row.check and row.answer is self._target.row.answer
            as_wrong = _pixel_differs(row) or not _pixel_differs(self._target.row)
            if alike and as_wrong and self._same(row, log, plan):
                self.last[command] = (row, log)
                return True
        return False

    def _same(self, row: SweepRow, log: str, plan: Plan) -> bool:
        if row.check == IMAGE:
            return True
        if row.answer is not Answer.DIVERGES:
            return self._group in Explained(row, (), False, row.detail).groups
        if not self._target.causes:
            return bool(set(row.roots) & set(self._target.row.roots))
        path = self._scratch / "shrunk.log"
        path.write_text(log, encoding="utf-8")
        found = explain(row, plan, path, self._scratch, only=self._target.causes)
        return self._group in found.groups and set(found.groups) <= set(self._target.groups)  # and nothing new

    def _size(self, command: Words) -> int | None:
        """Pixels of the detector; None where the reference cannot take the command line."""
        case = self._plan.on(command).case
        try:
            slow, fast = prepare(case, program_settings(self._plan.c_program)).shape
        except NbtuiError:
            return None
        return slow * fast
