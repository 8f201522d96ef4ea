"""The cause of every failing row, each cause searched for in full only where it shows first.

A fault of the base command shows in every row, and a fault of one flag in every row with that flag. Rows are therefore
explained in the order of their number of choices, with the causes of the simpler ones tried first.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbtui.diagnosis.answer import Diagnosis, Verdict
from nbtui.diagnosis.diagnose import diagnose
from nbtui.diagnosis.explain.causes import Cause
from nbtui.errors import NbtuiError
from nbtui.sweep.engine import Engine
from nbtui.sweep.plan import GRADIENTS, IMAGE, TRACE, Plan
from nbtui.sweep.port_run import reference_of
from nbtui.sweep.rows import Answer, SweepRow
from nbtui.trace.model import TraceError
from nbtui.trace.reading.reader import read_trace
from nbtui.trace.text import clean

UNKNOWN = "unknown"  # begins the group of a failure without a known cause
_MANY = 2  # choices from which not every row is searched in full
_SEARCHES = 2  # full ones for one row, and for rows with the same rest
_RARE = 3  # rows of a cause that the causes of other rows may replace
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d.e+-]*", re.ASCII)  # not within a word


@dataclass(frozen=True)
class Explained:
    """A failing row with its causes.

    Attributes:
        causes: names of hypotheses, with the flag of those about any flag; empty where none was found.
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
        rest = (f"{UNKNOWN}: {', '.join(self.unknown or self.row.roots[:1])}",) if not self.complete else ()
        return (*self.causes, *rest)


def explain(
    row: SweepRow,
    plan: Plan,
    log: Path,
    scratch: Path,
    *,
    only: Collection[str] | None = None,
    known: Collection[str] = (),
    expected: Collection[str] = (),
) -> Explained:
    """The causes of a diverging trace; of any other failure, its sentence.

    Args:
        only: causes to look for; None for all.
        known: causes to try first.
        expected: those to try before: causes of simpler rows.
    """
    if not _searchable(row):
        return Explained(row, (), False, row.detail)
    own = plan.of(row.case)
    case = replace(own.case, argv=row.command, pixel=row.pixel)
    try:
        reference = reference_of(own, case, scratch)
        found = diagnose(case, reference, read_trace(log), only=only, known=known, expected=expected)
    except (NbtuiError, TraceError) as error:
        return Explained(row, (), False, f"not diagnosed: {clean(str(error))}")
    return _of_diagnosis(row, found)


def _of_diagnosis(row: SweepRow, found: Diagnosis) -> Explained:
    complete = found.verdict in (Verdict.EXPLAINED, Verdict.AGREES)
    best = found.hypotheses[0] if found.hypotheses and found.verdict is not Verdict.UNKNOWN else None
    unknown = tuple(one.field for one in found.unknown)
    if best is None:
        return Explained(row, (), complete, found.headline(), unknown)
    return Explained(row, _names(best), complete, best.summary, unknown)


def _names(cause: Cause) -> tuple[str, ...]:
    """The ids of a cause, each as often as it concerns another flag."""
    named = [variant.name for variant in cause.changes]
    return tuple(sorted({*named, *(one for one in cause.ids if not any(name.split()[0] == one for name in named))}))


@dataclass(frozen=True)
class _ExplainTask:
    row: SweepRow
    plan: Plan
    log: Path
    known: frozenset[str]
    expected: frozenset[str]
    whole: bool  # also causes that are not known


def _explained(task: _ExplainTask, scratch: Path) -> Explained:
    only = None if task.whole else task.known
    return explain(task.row, task.plan, task.log, scratch, only=only, known=task.known, expected=task.expected)


def explain_all(
    rows: Iterable[SweepRow],
    plan: Plan,
    logs: Path,
    engine: Engine,
    there: Mapping[str, Explained],
    tell: Callable[[Explained], None],
) -> list[Explained]:
    """Every failing row explained, those with the fewest choices first.

    Args:
        logs: folder of their logs.
        there: rows that are explained already, by key.
        tell: receives every further one.
    """
    failing = sorted((row for row in rows if row.answer.fails), key=lambda row: (len(row.changes), row.key))
    explaining = _Explaining(plan, logs, engine, tell, {row.key: there[row.key] for row in failing if row.key in there})
    for _, level in itertools.groupby(failing, key=lambda row: min(len(row.changes), _MANY)):
        explaining.explain([row for row in level if row.key not in there])
    if len(explaining.found) > len(there):
        explaining.settle()
    return [explaining.found[row.key] for row in failing]


@dataclass
class _Explaining:
    plan: Plan
    logs: Path
    engine: Engine
    tell: Callable[[Explained], None]
    found: dict[str, Explained]
    partly: dict[str, Explained] = field(default_factory=dict)  # searched in full, with a rest
    searches: Counter[str] = field(default_factory=Counter)  # full ones, of each row

    def explain(self, rows: Sequence[SweepRow]) -> None:
        """Explain rows of about the same number of choices, by known causes first.

        The others are searched in full: every one of up to one choice, else a few of those in which the same fields are
        left. A new cause among them is tried on all that are left.
        """
        left = self._unsettled(rows)
        tried: list[Explained] = []  # since the last new cause
        while chosen := self._chosen(left, tried):
            before = self._known()
            tried += chosen
            for one in self._made([one.row for one in chosen], whole=True):
                self.searches[one.row.key] += 1
                self.partly[one.row.key] = one
                if one.complete:
                    self._keep(one)
            left = [one for one in left if one.row.key not in self.found]
            if self._known() - before:
                left, tried = self._unsettled([one.row for one in left]), []
        for one in left:
            self._keep(self.partly.get(one.row.key, one))

    def settle(self) -> None:
        """Explain the rows of each rare cause by the other causes: one that they can do without is not a finding.

        The search of a row takes the first cause that helps; only the rows together tell which ones the port has.
        """
        counts = Counter(cause for one in self.found.values() for cause in one.causes)
        for cause, count in sorted(counts.items(), key=lambda counted: (counted[1], counted[0])):
            if count > _RARE:
                break
            others = self._known() - {cause}
            rows = [one.row for one in self.found.values() if one.complete and cause in one.causes]
            for one in self._made(rows, whole=False, without=frozenset({cause})) if others else ():
                if one.complete and others.issuperset(one.causes):
                    self._keep(one)

    def _chosen(self, left: Sequence[Explained], tried: Sequence[Explained]) -> list[Explained]:
        """The rows to search in full."""
        keys = {one.row.key for one in tried}
        tries = Counter(map(_signature, tried))
        chosen = []
        for one in left:
            fresh = one.row.key not in keys and self.searches[one.row.key] < _SEARCHES
            if fresh and (len(one.row.changes) < _MANY or tries[_signature(one)] < _SEARCHES):
                tries[_signature(one)] += 1
                chosen.append(one)
        return chosen

    def _unsettled(self, rows: Sequence[SweepRow]) -> list[Explained]:
        """The rows that need a full search; the others are kept."""
        left = []
        known = self._known()
        for one in self._made(rows, whole=False):
            suffices = one.complete and known.issuperset(one.causes)
            if suffices or not _searchable(one.row) or self._inherited(one):
                self._keep(one)
            else:
                left.append(one)
        return left

    def _inherited(self, one: Explained) -> bool:
        """Whether a row with some of the same choices leaves the same fields unexplained."""
        fields, changes = set(one.unknown), set(one.row.changes)
        simpler = (
            other
            for other in self.found.values()
            if other.row.case == one.row.case and set(other.row.changes) < changes
        )
        return bool(fields) and any(fields <= set(other.unknown) for other in simpler)

    def _keep(self, one: Explained) -> None:
        self.found[one.row.key] = one
        self.tell(one)

    def _known(self) -> frozenset[str]:
        """Causes of rows that are explained as a whole; what explains a part may be wrong."""
        return frozenset(cause for one in self.found.values() if one.complete for cause in one.causes)

    def _expected(self, row: SweepRow) -> frozenset[str]:
        """Causes of the rows with no other axes than ``row``."""
        axes = {axis for axis, _ in row.changes}
        simpler = (one for one in self.found.values() if one.row.case == row.case and one.complete)
        fitting = (one for one in simpler if axes.issuperset(axis for axis, _ in one.row.changes))
        return frozenset(cause for one in fitting for cause in one.causes)

    def _made(
        self, rows: Sequence[SweepRow], *, whole: bool, without: frozenset[str] = frozenset()
    ) -> Iterator[Explained]:
        known = self._known() - without
        tasks = [
            _ExplainTask(row, self.plan, self.logs / f"{row.key}.log", known, self._expected(row) - without, whole)
            for row in rows
        ]
        for done in self.engine.map(_explained, tasks):
            yield done.result or Explained(done.task.row, (), False, "not diagnosed: its process died")


def _signature(one: Explained) -> tuple[str, ...]:
    """Rows with the same signature probably have the same unknown cause."""
    return one.unknown or one.row.roots


def _searchable(row: SweepRow) -> bool:
    return row.answer is Answer.DIVERGES and row.check == TRACE
