"""Runs as text and as JSON objects: one run, the list, and two runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nbtui.errors import UnusableInput
from nbtui.parity.model import Comparison
from nbtui.parity.percent import percent
from nbtui.parity.render import table_lines
from nbtui.runs.entry import RunEntry, divergence, outcome
from nbtui.runs.moved import moved, since_before
from nbtui.runs.run_list import RunList
from nbtui.runs.sources import difference
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import read_trace
from nbtui.trace.side import Pair, Role, SideName
from nbtui.trace.text import clean

CompareNamed = Callable[[Trace, Trace, Pair], Comparison]

HEAD = ("run", "time", "pixel", "seconds", "verdict", "first divergence", "gap", "since the run before")
_HASH = 12


def run_lines(entry: RunEntry, moves: str) -> tuple[str, ...]:
    """One run in at most two lines."""
    first = f"run {entry.number}: {outcome(entry)}"
    return (first, f"  since before: {moves}") if moves else (first,)


def as_object(runs: RunList, entry: RunEntry, moves: str) -> dict[str, Any]:
    """One run as a JSON object; ``log``: the path of its log, null once it is removed."""
    log = runs.log(entry.number)
    files = runs.files(entry.number)
    gap = entry.gap
    return {
        "run": entry.number,
        "when": entry.when,
        "case": entry.case,
        "pixel": {"slow": entry.pixel[0], "fast": entry.pixel[1]},
        "command": entry.command,
        "status": entry.status,
        "seconds": entry.seconds,
        "verdict": str(entry.verdict),
        "failure": entry.failure or None,
        "reference": entry.reference or None,
        "first_divergence": entry.first or None,
        "stage": entry.stage or None,
        "gap": gap if gap is None or abs(gap) < float("inf") else str(gap),
        "fields_differing": entry.differing,
        "fields_common": entry.shared,
        "cause": entry.cause or None,
        "moved": moves or None,
        "sources": entry.sources or None,
        "changed_sources": list(entry.changed),
        "log": str(log) if log is not None else None,
        "files": str(files) if files.is_dir() else None,
    }


def list_lines(entries: Sequence[RunEntry]) -> tuple[str, ...]:
    """The list of runs as a table, oldest first."""
    rows = [HEAD, *(_row(entries, entry) for entry in entries)]
    sizes = [max(len(row[column]) for row in rows) for column in range(len(HEAD) - 1)]
    return tuple(
        "  ".join([*(cell.ljust(size) for cell, size in zip(row, sizes, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def _row(entries: Sequence[RunEntry], entry: RunEntry) -> tuple[str, ...]:
    gap = "-" if entry.gap is None else percent(entry.gap)
    first = divergence(entry) or "-"
    slow, fast = entry.pixel
    moves = clean(entry.failure) if entry.failed else since_before(entries, entry)
    seconds = f"{entry.seconds:.1f}"
    return (str(entry.number), entry.when, f"{slow} {fast}", seconds, str(entry.verdict), first, gap, moves or "-")


def between_lines(
    runs: RunList, before: RunEntry, now: RunEntry, compare: CompareNamed, width: int, *, colour: bool = False
) -> tuple[str, ...]:
    """Two runs of a case: what moved, the change of the sources, and their logs compared with each other."""
    lines = [f"run {one.number}  {one.when}  {outcome(one)}" for one in (before, now)]
    lines += ["", moved(before, now), "", *_source_lines(runs, before, now), ""]
    traces = [_trace(runs, one) for one in (before, now)]
    missing = [sentence for sentence in traces if isinstance(sentence, str)]
    if missing:
        return (*lines, *missing)
    first, second = traces
    assert isinstance(first, Trace) and isinstance(second, Trace)
    comparison = compare(first, second, (_side(before), _side(now)))
    return (*lines, *table_lines(comparison, width, colour, True, False))


def _side(entry: RunEntry) -> SideName:
    name = f"run {entry.number}"
    return SideName(Role.SUSPECT, name, f"the log of {name}", name)


def _trace(runs: RunList, entry: RunEntry) -> Trace | str:
    path = runs.log(entry.number)
    if path is None:
        return f"the log of run {entry.number} is not kept any more"
    try:
        return read_trace(path)
    except Exception as error:
        return f"run {entry.number}: {clean(str(error))}"


def _source_lines(runs: RunList, before: RunEntry, now: RunEntry) -> list[str]:
    if not (before.sources and now.sources):
        return ["no source files are known: sources = [...] in nbtui.toml, or --sources PATTERN"]
    if before.sources == now.sources:
        return [f"sources: unchanged, {now.sources[:_HASH]}"]
    head = f"sources: {before.sources[:_HASH]} -> {now.sources[:_HASH]}"
    old, new = runs.sources(before.number), runs.sources(now.number)
    if isinstance(old, str) or isinstance(new, str):
        return [f"{head}; {old if isinstance(old, str) else new}"]
    changes = difference(old, new, (f"run {before.number}", f"run {now.number}"))
    return [head, *(clean(line) for line in changes)]


def chosen_pair(runs: RunList, numbers: tuple[int, int]) -> tuple[RunEntry, RunEntry]:
    """Two runs by number. Raises UnusableInput for a number without a run."""
    if numbers[0] == numbers[1]:
        raise UnusableInput(f"--between {numbers[0]} {numbers[1]}: give two different runs")
    return runs.entry(numbers[0]), runs.entry(numbers[1])
