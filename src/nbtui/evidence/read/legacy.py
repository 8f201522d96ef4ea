"""Facts in packages older than the schema: from commands, run metadata, per-phi files and the summary table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from nbtui.evidence.layout import COMMANDS, METRICS, STAMP_FORMAT, SUMMARY
from nbtui.evidence.read.contents import Contents
from nbtui.evidence.read.folder import mapping, number, stamp_time, text
from nbtui.evidence.read.gap import Gap, Subject, of_file

Cell = float | str | None
TableRow = tuple[str, str, str, Cell, Cell, float | None, float | None, str]
FOLD = re.compile(r"\\[^\S\n]*\n\s*")
PIXEL = re.compile(r"pixel\D{0,12}?\(?(\d{1,6})(?:\s*,\s*|\s+)(\d{1,6})\)?")
STATUSES = frozenset({"PASS", "MINOR", "DIVERGENT", "CRITICAL", "MISSING"})


@dataclass(frozen=True)
class Facts:
    """Facts from every file but metrics.json; empty where none states them."""

    case: str = ""
    pixel: tuple[int, int] | None = None
    phi_mode: str = ""
    dtype: str = ""
    device: str = ""
    time: datetime | None = None
    first_divergence: str = ""
    table: tuple[TableRow, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()


def facts(contents: Contents, metrics: dict[str, object]) -> Facts:
    """Gather the facts of an old package, the most recent source first. Never raises."""
    gaps: list[Gap] = []
    if metrics:
        part = "has the old format (no schema, case, pixel, phi mode, inputs)"
        gaps.append(of_file(Subject.OLD_FORMAT, METRICS, part))
    commands = FOLD.sub(" ", contents.text(COMMANDS))
    summary = contents.text(SUMMARY)
    run, _ = contents.json("run_metadata.json")
    per_phi = next((contents.json(name)[0] for name in contents.names if name.endswith("_per_phi.json")), {})
    pixel = mapping(per_phi.get("pixel"))
    slow, fast = number(pixel.get("slow")), number(pixel.get("fast"))
    found = PIXEL.search(commands) or PIXEL.search(summary)
    where = (int(slow), int(fast)) if _whole(slow) and _whole(fast) and slow is not None and fast is not None else None
    if where is None and found:
        where = int(found[1]), int(found[2])
    mode = flag(commands, "phi-mode")
    if not mode:
        mode = phi_mode_of(per_phi)
        if mode:
            gaps.append(Gap(Subject.STATEMENT, f"phi mode is not stated; {mode} is inferred from the per-phi values"))
    when, note = run_time(contents.path.name, text(run.get("timestamp")))
    gaps.extend([Gap(Subject.TIME, note)] if note else [])
    usable = any(isinstance(entry, dict) for entry in mapping(metrics.get("factors")).values())
    table = () if usable else tuple(summary_table(summary))
    if table:
        gaps.append(Gap(Subject.STATEMENT, "the factors are read from summary.md, where they are rounded"))
    environment = {"git_sha": text(run.get("git_sha")), "torch": text(run.get("torch_version"))}
    return Facts(
        case=flag(commands, "config") or text(per_phi.get("config")) or _summary_case(summary),
        pixel=where,
        phi_mode=mode,
        dtype=flag(commands, "dtype") or text(per_phi.get("dtype")),
        device=flag(commands, "device") or text(per_phi.get("device")) or _device_of(contents.names),
        time=when,
        first_divergence=_first_of(summary) if table else "",
        table=table,
        environment=tuple((key, value) for key, value in environment.items() if value),
        gaps=tuple(gaps),
    )


def flag(commands: str, name: str) -> str:
    """Value of ``--name VALUE`` in the first command that has it, comments ignored."""
    for line in commands.splitlines():
        if not line.lstrip().startswith("#"):
            found = re.search(rf"--{re.escape(name)}[= ]\s*([\w.+-]+)", line)
            if found:
                return found[1]
    return ""


def run_time(stamp: str, recorded: str) -> tuple[datetime | None, str]:
    """The true UTC time of a run from its own record, and a sentence if the stamp differs.

    Half an hour is allowed: the stamp is taken at the start, the record at the end of a run.
    """
    try:
        when = datetime.fromisoformat(recorded)
    except ValueError:
        return None, ""
    if when.tzinfo is None:
        return None, ""
    try:
        when = when.astimezone(UTC)
    except (OverflowError, ValueError):
        return None, ""
    stated = stamp_time(stamp)
    if stated is None or abs((when - stated).total_seconds()) < 1800:
        return when, ""
    return when, f"the stamp is not UTC: the run ended at {when:{STAMP_FORMAT}} according to its own record"


def phi_mode_of(per_phi: dict[str, object]) -> str:
    """``c-parity`` if the first phi step repeats the value of the last, ``spec`` if it has its own.

    The phi carry-over of the C program causes that repetition in a scan of several steps.
    """
    entries = per_phi.get("per_phi_entries")
    if not isinstance(entries, list) or len(entries) < 2:
        return ""
    ends = [number(mapping(entry).get("k_frac")) for entry in (entries[0], entries[-1])]
    if None in ends:
        return ""
    return "c-parity" if ends[0] == ends[1] else "spec"


def summary_table(summary: str) -> list[TableRow]:
    """The factor rows of an old summary: name, C, Python, absolute, relative, status (values rounded)."""
    rows: list[TableRow] = []
    for line in summary.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 6 and cells[5] in STATUSES:
            values = [number(cell) for cell in cells[1:5]]
            rows.append((cells[0], "", "", values[0], values[1], values[2], values[3], cells[5]))
    return rows


def _first_of(summary: str) -> str:
    found = re.search(r"^## First Divergence\s+\*\*([^*\n]+)\*\*", summary, re.MULTILINE)
    return found[1] if found else ""


def _summary_case(summary: str) -> str:
    found = re.search(r"factors for (\w+) command", summary)
    return found[1] if found else ""


def _device_of(files: Iterable[str]) -> str:
    names = (re.fullmatch(r"trace_py_scaling_([a-z0-9]+)\.log", name) for name in files)
    return next((found[1] for found in names if found), "")


def _whole(value: float | None) -> bool:
    return value is not None and value.is_integer()
