"""The checks of two traces: one for each judged field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from nbtui.ci.checks import Check, CheckList
from nbtui.parity.model import Comparison, Tally
from nbtui.parity.preflight import show
from nbtui.parity.render import verdict
from nbtui.parity.standing import relative
from nbtui.trace.model import Trace
from nbtui.trace.text import clean


def of_traces(comparison: Comparison, suspect: Trace, name: str) -> CheckList:
    """A check for every judged field, grouped by stage; fields on one side only are skipped."""
    found = tuple(_fields(comparison))
    if not comparison.agrees and not any(check.failure for check in found):
        found = (Check("verdict", "coverage", verdict(comparison)), *found)
    file = suspect.origin if not suspect.simulated and Path(suspect.origin).is_file() else ""
    row = comparison.principal
    principal = "" if row is None else clean(row.field)
    return CheckList(name, verdict(comparison), comparison.agrees, found, comparison.findings, principal, file)


def of_run(
    comparison: Comparison | None, suspect: Trace | None, failure: str, told: tuple[str, ...], name: str
) -> CheckList:
    """The checks of a run of a port: that it ran, and those of its trace. ``told``: more sentences on the run."""
    ran = Check("run", "the command of the port", failure=clean(failure))
    if comparison is None or suspect is None:
        return CheckList(name, f"FAILED  {clean(failure)}", False, (ran,), told, ran.name)
    found = of_traces(comparison, suspect, name)
    found = replace(found, checks=(ran, *found.checks), findings=(*told, *found.findings))
    return (
        found if not failure else replace(found, verdict=f"FAILED  {clean(failure)}", agrees=False, principal=ran.name)
    )


def _fields(comparison: Comparison) -> Iterator[Check]:
    tallies: dict[str, list[Tally]] = {}
    for tally in comparison.overview.tallies:
        if tally.judged:
            tallies.setdefault(tally.field, []).append(tally)
    mine, theirs = comparison.named
    for field, of_field in tallies.items():
        group, name = of_field[0].stage.value, clean(field)
        raised = [tally for tally in of_field if tally.raised]
        if raised:
            row = comparison.rows[min(tally.first_raised for tally in raised)]
            values = f"{mine.name} {show(row.c_value)}, {theirs.name} {show(row.py_value)} {row.unit}".rstrip()
            count, of = sum(tally.raised for tally in raised), sum(tally.counted for tally in of_field)
            text = f"{clean(row.label)}: {values}, {relative(row)}; {count:,} of {of:,} values differ"
            yield Check(group, name, failure=text, line=row.py_line)
        elif not any(tally.both for tally in of_field):
            side = theirs if any(tally.only_c for tally in of_field) else mine
            yield Check(group, name, skipped=f"missing in {side.noun}")
        else:
            yield Check(group, name)
