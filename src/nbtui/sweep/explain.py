"""The cause of every failing row, each cause searched for in full only once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbtui.diagnosis.answer import Diagnosis, Verdict
from nbtui.diagnosis.diagnose import diagnose
from nbtui.errors import NbtuiError
from nbtui.sweep.engine import Engine
from nbtui.sweep.plan import GRADIENTS, IMAGE, TRACE, Plan
from nbtui.sweep.port_run import reference_of
from nbtui.sweep.rows import Answer, SweepRow
from nbtui.trace.model import TraceError
from nbtui.trace.reading.reader import read_trace
from nbtui.trace.text import clean

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d.e+-]*", re.ASCII)  # not within a word


@dataclass(frozen=True)
class Explained:
    """A failing row with its causes.

    Attributes:
        causes: ids of hypotheses; empty where none was found.
        complete: the causes leave nothing unknown.
        sentence: the causes in words, or the facts of an unknown one.
        unknown: fields that no cause explains.
    """

    row: SweepRow
    causes: tuple[str, ...]
    complete: bool
    sentence: str
    unknown: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """The findings that the row belongs to: one for each cause, else one by its kind of failure."""
        if self.row.answer is not Answer.DIVERGES:
            return (f"{self.row.answer}: {_NUMBER.sub('N', self.row.detail)}",)
        if self.row.check == IMAGE:
            return (IMAGE,)
        if self.row.check == GRADIENTS:
            return (f"{GRADIENTS}: {', '.join(self.row.roots)}",)
        rest = (f"unknown: {', '.join(self.unknown or self.row.roots[:1])}",) if not self.complete else ()
        return (*self.causes, *rest)


def explain(row: SweepRow, plan: Plan, log: Path, scratch: Path, only: Collection[str] | None = None) -> Explained:
    """The causes of a diverging trace; of any other failure, its sentence."""
    if row.answer is not Answer.DIVERGES or row.check != TRACE:
        return Explained(row, (), False, row.detail)
    own = plan.of(row.case)
    case = replace(own.case, argv=row.command, pixel=row.pixel)
    try:
        found = diagnose(case, reference_of(own, case, scratch), read_trace(log), only=only)
    except (NbtuiError, TraceError) as error:
        return Explained(row, (), False, f"not diagnosed: {clean(str(error))}")
    return _of_diagnosis(row, found)


def _of_diagnosis(row: SweepRow, found: Diagnosis) -> Explained:
    complete = found.verdict in (Verdict.EXPLAINED, Verdict.AGREES)
    best = found.hypotheses[0] if found.hypotheses and found.verdict is not Verdict.UNKNOWN else None
    unknown = tuple(one.field for one in found.unknown)
    if best is None:
        return Explained(row, (), complete, found.headline(), unknown)
    return Explained(row, best.ids, complete, best.summary, unknown)


@dataclass(frozen=True)
class _ExplainTask:
    row: SweepRow
    plan: Plan
    log: Path
    only: frozenset[str] | None


def _explained(task: _ExplainTask, scratch: Path) -> Explained:
    return explain(task.row, task.plan, task.log, scratch, task.only)


def explain_all(
    rows: Iterable[SweepRow],
    plan: Plan,
    logs: Path,
    engine: Engine,
    there: Mapping[str, Explained],
    tell: Callable[[Explained], None],
) -> list[Explained]:
    """Every failing row explained, those with the fewest choices first.

    The rows of one choice are searched in full; the others first by the causes found so far, in full only where these
    leave something unknown.

    Args:
        logs: folder of their logs.
        there: rows that are explained already, by key.
        tell: receives every further one.
    """
    failing = sorted((row for row in rows if row.answer.fails), key=lambda row: (len(row.changes), row.key))
    found = [there[row.key] for row in failing if row.key in there]
    simple: list[SweepRow] = []
    others: list[SweepRow] = []
    for row in failing:
        if row.key not in there:
            (simple if len(row.changes) <= 1 else others).append(row)

    def told(one: Explained) -> Explained:
        tell(one)
        return one

    found += [told(one) for one in _each(simple, plan, logs, engine, None)]
    known = _causes(found)
    quick = list(_each(others, plan, logs, engine, known)) if known else []
    left = [one.row for one in quick if not one.complete and _searchable(one.row)] if known else others
    again = {row.key for row in left}
    found += [told(one) for one in quick if one.row.key not in again]
    return found + [told(one) for one in _each(left, plan, logs, engine, None)]


def _searchable(row: SweepRow) -> bool:
    return row.answer is Answer.DIVERGES and row.check == TRACE


def _causes(found: Sequence[Explained]) -> frozenset[str]:
    return frozenset(cause for one in found for cause in one.causes)


def _each(
    rows: Sequence[SweepRow], plan: Plan, logs: Path, engine: Engine, only: frozenset[str] | None
) -> Iterator[Explained]:
    for done in engine.map(_explained, [_ExplainTask(row, plan, logs / f"{row.key}.log", only) for row in rows]):
        yield done.result or Explained(done.task.row, (), False, "not diagnosed: its process died")
