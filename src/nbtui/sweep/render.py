"""A sweep as text, as Markdown and as one JSON object."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtui.parity.percent import percent
from nbtui.runs.known import SIMULATED
from nbtui.schemas import labelled
from nbtui.sweep.findings import SweepFinding
from nbtui.sweep.plan import STORED, Plan
from nbtui.sweep.rows import Answer, to_object
from nbtui.sweep.smallest import Smallest
from nbtui.sweep.suite_table import HEAD as CASE_HEAD
from nbtui.sweep.suite_table import (
    NARROWEST,
    case_counts,
    case_lines,
    cause_words,
    fitted,
    named_words,
    suite_lines,
)
from nbtui.sweep.sweep import Swept
from nbtui.trace.text import clean


@dataclass(frozen=True)
class FindingFolder:
    """Where a finding is kept, relative to the folder of the sweep.

    Attributes:
        case: its case folder.
        package: its evidence package, if any.
        why: why it has none; empty for a failure without a log to keep.
    """

    case: Path
    package: Path | None = None
    why: str = ""


_UNTRIED = "untried    "
_CONTINUED = " \\"  # for a shell
_MOST_UNTRIED = 2  # lines
_MOST_NEEDED = 24  # columns of the flags that a finding needs
_LEAST_SAID = 20  # columns of the last cell, whatever the others take
Folders = Mapping[str, FindingFolder]  # by group of the finding
HEAD = ("finding", "rows", "needs", "worst gap", "what")


def summary_lines(plan: Plan, swept: Swept, folders: Folders, width: int) -> Iterator[str]:
    """The findings with their smallest command lines, for a terminal; of a suite, the findings and every case.

    A finding without an evidence package states the reason.

    Lines are broken between words at ``width`` (at least NARROWEST), command lines as in a shell.
    """
    width = max(width, NARROWEST)
    for line in verdict_lines(plan, swept):
        yield from _untried_lines(line, width) if line.startswith(_UNTRIED) else _wrapped(line, width)
    if plan.is_suite:
        yield ""
        whys = {group: _no_package(folder) for group, folder in folders.items()}
        yield from suite_lines(swept, width, whys)
        return
    refused = [one for one in swept.found if one.answer is Answer.REFUSED]
    if refused:
        flags = dict.fromkeys(flag for one in refused for flag in one.flags)
        yield from _wrapped(f"refused    by the port: {' '.join(flags) or 'every command line'}", width)
    found = [one for one in swept.found if one.answer is not Answer.REFUSED]
    if found:
        yield ""
        yield from _table_lines(found, width)
    for one in found:
        yield ""
        name, command = _smallest_lines(one, swept.smallest.get(one.group))
        yield from _wrapped(name, width)
        lines = _wrapped(command, width - len(_CONTINUED), 4)
        yield from (f"{line}{_CONTINUED}" for line in lines[:-1])
        yield lines[-1]
        if why := _no_package(folders.get(one.group)):
            yield from _wrapped(f"  {why}", width, 4)


def _wrapped(line: str, width: int, indent: int = len(_UNTRIED)) -> list[str]:
    """A line in several, broken between words, with ``indent`` before all but the first."""
    wrap = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False, subsequent_indent=" " * indent)
    return wrap.wrap(line) or [""]


def _untried_lines(line: str, width: int) -> list[str]:
    """Two lines of flags, which may be a hundred and would hide the findings."""
    lines = _wrapped(line, width)
    words = line.split()
    for cut in range(len(words) - 1, 1, -1):
        if len(lines) <= _MOST_UNTRIED:
            break
        lines = _wrapped(f"{_UNTRIED}{' '.join(words[1:cut])} and {len(words) - cut} more: report.md", width)
    return lines


def _table_lines(found: Sequence[SweepFinding], width: int) -> Iterator[str]:
    rows = [HEAD, *(_cells(one) for one in found)]
    sizes = [max(len(row[column]) for row in rows) for column in range(len(HEAD) - 1)]
    sizes[2] = min(sizes[2], _MOST_NEEDED)
    start = sum(sizes) + 2 * len(sizes)
    for row in rows:
        cells = "  ".join(fitted(cell, size) for cell, size in zip(row, sizes, strict=False))
        yield from _wrapped(f"{cells}  {row[-1]}", max(width, start + _LEAST_SAID), start)


def verdict_lines(plan: Plan, swept: Swept) -> Iterator[str]:
    """What was swept, and how much of it fails."""
    yield f"port       {plan.port_name}"
    yield f"reference  {_reference(plan)}"
    counts = {answer: sum(row.answer is answer for row in swept.rows) for answer in Answer}
    if plan.is_suite:
        yield f"cases      {case_counts(case_lines(swept))}"
    else:
        yield "rows       " + ", ".join(f"{count} {answer}" for answer, count in counts.items() if count)
    yield f"coverage   {swept.covered.sentence()}"
    if swept.covered.never and not plan.is_suite:
        yield f"{_UNTRIED}{' '.join(swept.covered.never)}"
    groups = len(swept.found)
    of_base = [one.group for one in swept.found if not one.flags]
    if of_base and not plan.is_suite:
        yield f"base       fails without any choice: {', '.join(map(clean, of_base))}; correct this first"
    if plan.is_suite:
        failing = len({row.case for row in swept.rows if row.answer.fails})
        yield f"findings   {groups}, in {failing} of {len(plan.cases)} cases" if groups else "findings   none"
        return
    yield (
        f"findings   {groups}, in {swept.failing} failing rows of {len(swept.rows)}"
        if groups
        else f"findings   none in {len(swept.rows)} rows"
    )


def _reference(plan: Plan) -> str:
    words = {SIMULATED: f"nbsim as {plan.c_program} C", STORED: "the C logs of the cases"}
    return words.get(plan.reference) or clean(plan.reference)


def _cells(found: SweepFinding) -> tuple[str, ...]:
    gap = "-" if found.worst_gap is None else percent(found.worst_gap)
    needs = " ".join(found.flags) or "nothing"
    return (clean(found.group), str(len(found.members)), needs, gap, clean(_first_sentence(cause_words(found)[0])))


def _first_sentence(text: str) -> str:
    return text.split(". ")[0].split(" [")[0].rstrip(".") if text else ""


def _smallest_lines(found: SweepFinding, smallest: Smallest | None) -> Iterator[str]:
    yield clean(found.group)
    if smallest is None:
        yield f"  {clean(' '.join(found.simplest.row.command))}"
        return
    pixel = smallest.row.pixel
    traced = f" -trace_pixel {pixel[0]} {pixel[1]}" if pixel is not None else ""
    yield f"  {clean(' '.join(smallest.command))}{traced}"


def markdown_lines(plan: Plan, swept: Swept, folders: Folders) -> Iterator[str]:
    """The same as a page of Markdown, with the matrix of flags and findings."""
    yield f"# Sweep of {_code(plan.port_name)}"
    yield ""
    for line in verdict_lines(plan, swept):
        name, _, rest = line.partition(" ")
        yield f"- {name}: {_escaped(rest.strip())}"
    if not swept.found:
        return
    yield ""
    head = (*HEAD[:2], "such as", *HEAD[3:]) if plan.is_suite else HEAD
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for one in swept.found:
        cells = _cells(one)
        cells = (*cells[:2], clean(one.simplest.row.case), *cells[3:]) if plan.is_suite else cells
        yield f"| {' | '.join(map(_escaped, cells))} |"
    for one in swept.found:
        yield ""
        yield f"## {_escaped(one.group)}"
        yield ""
        yield _escaped(" ".join((*cause_words(one), *named_words(swept.smallest.get(one.group)))))
        yield ""
        yield "```"
        yield from (line.strip() for line in list(_smallest_lines(one, swept.smallest.get(one.group)))[1:])
        yield "```"
        yield from _link_lines(folders.get(one.group))
    if plan.is_suite:
        yield from _case_table(swept)
    yield ""
    yield "## Flags and findings"
    yield ""
    yield from _matrix_lines(swept)


def _no_package(folder: FindingFolder | None) -> str:
    return f"No evidence package: {clean(folder.why)}" if folder is not None and folder.why else ""


def _link_lines(folder: FindingFolder | None) -> Iterator[str]:
    if folder is None:
        return
    yield ""
    yield f"Case: [{folder.case}]({folder.case})"
    if folder.package is not None:
        yield f"Evidence package: [{folder.package}]({folder.package})"
    elif folder.why:
        yield _escaped(_no_package(folder))


def _case_table(swept: Swept) -> Iterator[str]:
    yield ""
    yield "## Cases"
    yield ""
    yield f"| {' | '.join(CASE_HEAD)} |"
    yield f"| {' | '.join('---' for _ in CASE_HEAD)} |"
    for line in case_lines(swept):
        yield f"| {' | '.join(_escaped(cell) for cell in line.cells)} |"


def _matrix_lines(swept: Swept) -> Iterator[str]:
    table = swept.matrix
    yield f"| flag | judged | {' | '.join(_escaped(one.group) for one in swept.found)} |"
    yield f"| --- | --- |{' --- |' * len(swept.found)}"
    for line in table:
        cells = (str(count) if count else "" for count in line.failing)
        yield f"| {_code(line.flag)} | {line.judged} | {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return clean(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _code(text: str) -> str:
    return f"`{clean(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def as_object(plan: Plan, swept: Swept, folders: Folders) -> dict[str, Any]:
    """The whole result as a JSON object."""
    content: dict[str, object] = {
        "port": plan.port_name,
        "reference": _reference(plan),
        "mode": str(plan.mode),
        "coverage": {
            "flags": list(swept.covered.flags),
            "never": list(swept.covered.never),
            "values": list(swept.covered.values),
            "pairs": list(swept.covered.pairs),
        },
        "planned": swept.planned,
        "judged": swept.judged,
        "failing": swept.failing,
        "findings": [
            _finding_object(one, swept.smallest.get(one.group)) | _folder_object(folders.get(one.group))
            for one in swept.found
        ],
        "rows": [to_object(row) for row in swept.rows],
    }
    return labelled("sweep", content)


def _folder_object(folder: FindingFolder | None) -> dict[str, Any]:
    package = folder.package if folder is not None else None
    return {
        "case": None if folder is None else str(folder.case),
        "package": None if package is None else str(package),
    }


def _finding_object(found: SweepFinding, smallest: Smallest | None) -> dict[str, Any]:
    return {
        "group": found.group,
        "sentence": found.sentence,
        "answer": str(found.answer),
        "rows": [one.row.key for one in found.members],
        "flags": list(found.flags),
        "worst_gap": found.worst_gap,
        "smallest": None
        if smallest is None
        else {
            "command": list(smallest.command),
            "pixel": smallest.row.pixel,
            "runs": smallest.runs,
            "named": smallest.named,
        },
    }
