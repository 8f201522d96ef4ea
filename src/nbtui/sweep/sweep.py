"""A sweep from its plan to its findings; everything on disk, so that it can stop and go on at any time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from nbtui.errors import NotWritten
from nbtui.runs.sources import source_state
from nbtui.sweep.coverage import SpaceCoverage, coverage, occurring
from nbtui.sweep.engine import Engine
from nbtui.sweep.explain import Explained, explain_all
from nbtui.sweep.findings import SweepFinding, findings
from nbtui.sweep.judge import Job, judge, plan_state, row_key
from nbtui.sweep.kept import KeptResults
from nbtui.sweep.matrix import MatrixLine, matrix, suite_matrix
from nbtui.sweep.modes import combinations
from nbtui.sweep.plan import TRACE, Plan
from nbtui.sweep.record import record_of, write_record
from nbtui.sweep.rows import LOGS, ROWS, Answer, RowFile, SweepRow, changes_of
from nbtui.sweep.smallest import Smallest, smallest_of
from nbtui.trace.text import clean


@dataclass(frozen=True)
class Part:
    """Part ``number`` of ``of``, from 1: every ``of``-th command line."""

    number: int = 1
    of: int = 1


WHOLE = Part()


@dataclass(frozen=True)
class Swept:
    """The result of a sweep.

    Attributes:
        rows: of this plan, in the order of the plan's command lines.
        found: the findings.
        smallest: by group of the finding.
        covered: the share of the option space.
        planned: command lines of the plan.
    """

    rows: tuple[SweepRow, ...]
    found: tuple[SweepFinding, ...]
    smallest: dict[str, Smallest]
    covered: SpaceCoverage
    planned: int

    @property
    def judged(self) -> int:
        """Rows in which the port's numbers were compared."""
        return sum(row.answer.judged for row in self.rows)

    @property
    def matrix(self) -> tuple[MatrixLine, ...]:
        """Flags against findings: the varied ones of a sweep, those of the command lines of a suite."""
        varied = matrix(self.rows, self.found)
        return varied or suite_matrix(self.covered.flags, self.rows, self.found)

    @property
    def failing(self) -> int:
        """Rows in which the port fails."""
        return sum(row.answer.fails for row in self.rows)


@dataclass(frozen=True)
class SweepProgress:
    """The state of a sweep, for whoever shows it."""

    phase: str  # "judging", "explaining", "reducing"
    done: int
    of: int
    failing: int = 0


Tell = Callable[[SweepProgress], None]


def sweep(plan: Plan, folder: Path, engine: Engine, tell: Tell) -> Swept:
    """Judge every command line of the plan, explain the failures and reduce one of each finding.

    Rows that ``folder`` already holds are not judged again.

    Raises:
        UnusableInput: the plan's command lines or commands are unusable.
        NotWritten: a file cannot be written.
    """
    jobs = jobs_of(plan)
    listed = tuple(judge_all(plan, jobs, folder, engine, tell))
    failing = sum(row.answer.fails for row in listed)
    kept = KeptResults(folder)
    there = kept.explained({row.key: row for row in listed})
    counted = itertools.count(len(there) + 1)

    def explained(one: Explained) -> None:
        kept.keep_explained(one)
        tell(SweepProgress("explaining", min(next(counted), failing), failing, failing))

    found = findings(explain_all(listed, plan, (folder / LOGS).absolute(), engine, there, explained))
    smallest = {one.group: small for one in found if (small := kept.smallest(one.simplest.row.key, one.group))}
    for made in smallest_of([one for one in found if one.group not in smallest], plan, engine):
        kept.keep_smallest(made)
        smallest[made.finding] = made
        tell(SweepProgress("reducing", len(smallest), len(found), failing))
    judged = [row for row in listed if row.answer.judged]
    covered = coverage(plan.axes, (row.choices for row in judged))
    if plan.is_suite:
        covered = occurring(row.command for row in judged)
    return Swept(listed, found, smallest, covered, len(jobs))


def judge_part(plan: Plan, folder: Path, engine: Engine, tell: Tell, part: Part) -> list[SweepRow]:
    """Judge every ``of``-th command line, and nothing more. Raises as :func:`sweep`."""
    return judge_all(plan, jobs_of(plan)[part.number - 1 :: part.of], folder, engine, tell)


def jobs_of(plan: Plan) -> list[Job]:
    """Every command line of the plan once, in its order."""
    made = list(dict.fromkeys(combinations(plan.mode, plan.axes, plan.number, plan.seed)))
    jobs: list[Job] = []
    hashes: dict[tuple[Path, tuple[str, ...]], str] = {}  # of source files, which cases share
    for one in plan.cases:
        base, patterns = one.port.sources_base, one.port.sources
        if (base, patterns) not in hashes:
            hashes[base, patterns] = source_state(patterns, base).hash if patterns else ""
        state = plan_state(plan.of(one.case.name), hashes[base, patterns])
        jobs += [Job(one.case.name, choices, state) for choices in made]
    return jobs


def jobs_left(plan: Plan, jobs: Iterable[Job], folder: Path) -> list[Job]:
    """The jobs without rows in ``folder``."""
    known = {row.key: row for row in RowFile(folder / ROWS).read()}
    return [job for job in jobs if not _rows_of(job, plan, known)]


def judge_all(plan: Plan, jobs: Iterable[Job], folder: Path, engine: Engine, tell: Tell) -> list[SweepRow]:
    """The rows of all jobs, from ``folder`` where they are there already, in the order of the jobs."""
    listed = list(jobs)
    write_record(record_of(plan, listed), folder)
    file = RowFile(folder / ROWS)
    known = {row.key: row for row in file.read()}
    done = {job: rows for job in listed if (rows := _rows_of(job, plan, known))}
    failing = sum(row.answer.fails for rows in done.values() for row in rows)
    tell(SweepProgress("judging", len(done), len(listed), failing))
    for finished in engine.map(_judged, [_JudgeTask(job, plan.of(job.case)) for job in listed if job not in done]):
        job = finished.task.job
        made = finished.result if finished.result is not None else _lost(job, plan)
        for row, log in made:
            if log:
                _keep(folder / LOGS / f"{row.key}.log", log)
        file.append(row for row, _ in made)
        done[job] = [row for row, _ in made]
        failing += sum(row.answer.fails for row, _ in made)
        tell(SweepProgress("judging", len(done), len(listed), failing))
    return [row for job in listed for row in done[job]]


@dataclass(frozen=True)
class _JudgeTask:
    job: Job
    plan: Plan


def _judged(task: _JudgeTask, scratch: Path) -> list[tuple[SweepRow, str]]:
    return list(judge(task.job, task.plan, scratch))


def _rows_of(job: Job, plan: Plan, known: dict[str, SweepRow]) -> list[SweepRow]:
    """The rows of a job that are there already, in the order of the judge; empty where one is missing."""
    first = [row_key(job, check, 0) for check in plan.checks]
    if not known.keys() >= set(first):
        return []
    further = range(1, plan.pixels.most if TRACE in plan.checks else 1)
    keys = (*first, *(row_key(job, TRACE, rank) for rank in further))
    return [known[key] for key in keys if key in known]


def _lost(job: Job, plan: Plan) -> list[tuple[SweepRow, str]]:
    """The row of a job whose process died."""
    detail = "the judging process died: out of memory, or a signal"
    row = SweepRow(
        key="",
        case=job.case,
        check="",
        changes=changes_of(job.choices),
        command=plan.of(job.case).case.argv,
        pixel=None,
        answer=Answer.CRASHED,
        detail=detail,
    )
    return [(replace(row, key=row_key(job, check, 0), check=check), "") for check in plan.checks]


def _keep(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NotWritten(f"{clean(str(path))}: {error.strerror or error}") from error
