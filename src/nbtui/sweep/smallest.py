"""The smallest command line of every finding, by runs of the port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from nbtui.diagnosis.search.remainder import TOLERANCE
from nbtui.errors import NbtuiError
from nbtui.live.images import prepare
from nbtui.parity.compare import compare
from nbtui.runs.entry import facts_of
from nbtui.sweep.axes import Words
from nbtui.sweep.engine import Engine
from nbtui.sweep.explain import UNKNOWN, Explained, explain
from nbtui.sweep.findings import SweepFinding
from nbtui.sweep.judge import Job, judge, plan_state
from nbtui.sweep.plan import IMAGE, TRACE, Plan
from nbtui.sweep.port_run import SimulatedCase, program_settings, run_port
from nbtui.sweep.rows import Answer, SweepRow
from nbtui.sweep.shrink import shrink
from nbtui.trace.model import TraceError
from nbtui.trace.text import clean

_FEW_PIXELS = 9  # of a detector that needs no region of interest
_CHEAP = 1_000_000  # passes of an image that any reduction may take


@dataclass(frozen=True)
class Smallest:
    """The smallest failing command line of a finding, its row and the port's log.

    Attributes:
        finding: group of the finding.
        target: key of the row that was reduced.
        command: flags, without the pixel.
        runs: runs of the port that the reduction took.
        log: text of the port's log, of a differing image that of its worst pixel; empty without a trace.
        named: the causes there in words, of a finding without a known cause; empty where they stay unknown.
        no_evidence: why the log does not show the difference of an image; empty where it does.
    """

    finding: str
    target: str
    row: SweepRow
    command: Words
    runs: int
    log: str
    named: str = ""
    no_evidence: str = ""


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
    made = _shrunk(task, scratch)
    if made.row.check != IMAGE or made.row.answer is not Answer.DIVERGES:
        return made
    log, why = _worst_pixel_traced(task.plan.of(made.row.case).on(made.command), made.row, scratch)
    return replace(made, log=log, no_evidence=why)


def _worst_pixel_traced(plan: Plan, row: SweepRow, scratch: Path) -> tuple[str, str]:
    """The port's log of the worst pixel of a differing image, and why it is no evidence (empty where it is)."""
    if row.pixel is None or not row.differing:
        return "", "no pixel shows this difference"
    case, where = replace(plan.case, pixel=row.pixel), f"pixel {row.pixel[0]} {row.pixel[1]}, the worst one"
    try:
        simulated = SimulatedCase(case, plan.c_program)
        port = simulated if plan.port.program == plan.c_program else SimulatedCase(case, plan.port.program)
        rules = partial(compare, profile=plan.profile)
        reference = simulated.reference(row.pixel)
        run = run_port(plan, case, reference, rules, scratch / "worst", port, image=False)
    except (NbtuiError, TraceError) as error:
        return "", f"no trace of {where}: {clean(str(error))}"
    if run.failure is not None or run.comparison is None:
        return "", f"no trace of {where}: {run.detail}"
    gap = facts_of(run.comparison).gap
    if run.comparison.first_divergence is not None if gap is None else not abs(gap) <= TOLERANCE:
        return run.log, ""
    return run.log, f"the port's trace of {where}, has the value of the reference; its image is not what it traces"


def _shrunk(task: _ReduceTask, scratch: Path) -> Smallest:
    group, target = task.finding.group, task.finding.simplest
    whole = tuple(target.row.command)
    unreduced = Smallest(group, target.row.key, target.row, whole, 0, "")
    if target.row.answer is Answer.REFUSED:  # its sentence names the flag; a reduction would cost runs for nothing
        return unreduced
    most, tries = task.plan.reduce, 0
    for plan in task.plan.of(target.row.case).narrowed(target.row.check, target.row.pixel):
        if tries >= most:
            break
        tries += 1
        reducing = _Reducing(task.finding, plan, scratch)
        if reducing.fails(whole):
            made = shrink(
                whole, reducing.fails, most - tries, reducing.usable, mixed=reducing.mixed, purer=reducing.purer
            )
            command, runs = made.command, made.runs + tries
            if runs < most:
                command, more = reducing.on_one_pixel(command)
                runs += more
            row, log = reducing.last[command]
            return Smallest(group, target.row.key, row, row.command, runs, log, reducing.named(row, log))
    return replace(unreduced, runs=tries)  # or it depends on something besides the command line


def _pixel_differs(row: SweepRow) -> bool:
    return row.gap is not None and not abs(row.gap) <= TOLERANCE


class _Reducing:
    """The question whether a command line fails as the finding does."""

    def __init__(self, finding: SweepFinding, plan: Plan, scratch: Path) -> None:
        self._group, self._target, self._plan, self._scratch = finding.group, finding.simplest, plan, scratch
        target = self._target
        self._cost = self._cost_of(tuple(target.row.command))
        own_gap = target.row.check == TRACE and not finding.of_print  # else of a whole image, or of another cause
        self._needs_gap = own_gap and _pixel_differs(target.row)
        self._groups = frozenset(target.groups)  # of the latest failing command line
        self.last: dict[Words, tuple[SweepRow, str]] = {}

    def usable(self, command: Words) -> bool:
        """Whether the reference takes ``command``, and its image takes not much longer than the finding's own.

        Without ``-oversample`` the C program chooses the number of sub-pixels, which may be thousands.
        """
        cost = self._cost_of(command)
        if cost is None or self._cost is None:
            return cost is not None
        return cost[0] <= self._cost[0] and cost[1] <= max(self._cost[1], _CHEAP)

    def mixed(self) -> bool:
        """Whether the latest failing command line shows other causes as well."""
        return len(self._groups) > 1

    def purer(self, command: Words) -> bool:
        """Whether ``command`` fails as the finding does, with fewer causes than those before."""
        return self._fails(command, purer=True)

    def fails(self, command: Words) -> bool:
        """Whether ``command`` fails as the finding does, without further causes."""
        return self._fails(command, purer=False)

    def on_one_pixel(self, command: Words) -> tuple[Words, int]:
        """``command`` with a region of interest of its pixel where the detector stays large, and the runs it took."""
        row, _ = self.last[command]
        cost = self._cost_of(command)
        if cost is None or cost[0] <= _FEW_PIXELS or row.pixel is None or "-roi" in command:
            return command, 0
        slow, fast = map(str, row.pixel)
        one = (*command, "-roi", fast, fast, slow, slow)
        return (one, 1) if self.fails(one) else (command, 1)

    def named(self, row: SweepRow, log: str) -> str:
        """The causes of a failing command line, where the finding has no known one."""
        if self._target.complete or not self._group.startswith(UNKNOWN) or not log:
            return ""
        path = self._scratch / "named.log"
        path.write_text(log, encoding="utf-8")
        found = explain(row, self._plan.on(row.command), path, self._scratch)
        return found.sentence if found.complete and found.causes else ""

    def _fails(self, command: Words, *, purer: bool) -> bool:
        plan = self._plan.on(command)
        try:
            judged = list(judge(Job(plan.case.name, (), plan_state(plan)), plan, self._scratch))
        except NbtuiError:
            return False
        for row, log in judged:
            alike = row.check == self._target.row.check and row.answer is self._target.row.answer
            as_wrong = _pixel_differs(row) or not self._needs_gap
            groups = self._groups_of(row, log, plan) if alike and as_wrong else frozenset()
            if self._group in groups and (groups < self._groups if purer else groups <= self._groups):
                self._groups = groups
                self.last[command] = (row, log)
                return True
        return False

    def _groups_of(self, row: SweepRow, log: str, plan: Plan) -> frozenset[str]:
        """The findings that a failing row belongs to, by the causes of the target."""
        if row.check == IMAGE:
            return frozenset({self._group})
        if row.answer is not Answer.DIVERGES:
            return frozenset(Explained(row, (), False, row.detail).groups)
        if not self._target.causes:
            return frozenset({self._group} if set(row.roots) & set(self._target.row.roots) else ())
        path = self._scratch / "shrunk.log"
        path.write_text(log, encoding="utf-8")
        found = explain(row, plan, path, self._scratch, only=self._target.causes)
        if self._group.startswith(UNKNOWN) and found.unknown and set(found.unknown) <= set(self._target.unknown):
            return frozenset({*found.causes, self._group})  # fewer of its fields
        return frozenset(found.groups)

    def _cost_of(self, command: Words) -> tuple[int, int] | None:
        """Pixels and passes of the image; None where the reference cannot take the command line."""
        case = self._plan.on(command).case
        try:
            frame = prepare(case, program_settings(self._plan.c_program))
        except NbtuiError:
            return None
        return frame.shape[0] * frame.shape[1], frame.passes
