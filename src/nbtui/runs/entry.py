"""One run in the list of runs: its facts, to and from a line of JSON, and as words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, NamedTuple

from nbtui.parity.model import Comparison
from nbtui.parity.percent import percent
from nbtui.parity.render import fields_differing
from nbtui.trace.text import clean

FORMAT = 1
GAP_FIELD = "I_pixel_final"


class RunVerdict(StrEnum):
    """The outcome of a run."""

    AGREES = "agrees"
    DIVERGES = "diverges"
    FAILED = "failed"  # the command failed, or its log holds no trace


@dataclass(frozen=True)
class RunEntry:
    """One run.

    Attributes:
        number: in the list of its case, from 1.
        when: UTC, ISO 8601.
        pixel: (slow, fast).
        command: text of the suspect command.
        status: exit status of the suspect as a shell gives it.
        seconds: elapsed time of the suspect.
        failure: one sentence; empty where the command succeeded with a trace.
        reference: origin of the reference: a path, a command, or the name of the simulation.
        first: label of the first divergence that reaches the pixel, else of the first one.
        stage: heading of its pipeline stage.
        gap: (Python - C) / abs(C) of I_pixel_final; None where a log lacks it.
        differing: fields that differ.
        shared: fields in both logs.
        cause: headline of the diagnosis; empty without one.
        log_hash: SHA-256 of the log.
        sources: hash of the source files; empty without any.
        changed: source files with another content than in the run before.
    """

    number: int
    when: str
    case: str
    pixel: tuple[int, int]
    command: str
    status: int
    seconds: float
    verdict: RunVerdict
    failure: str = ""
    reference: str = ""
    first: str = ""
    stage: str = ""
    gap: float | None = None
    differing: int = 0
    shared: int = 0
    cause: str = ""
    log_hash: str = ""
    sources: str = ""
    changed: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the command failed or made no trace."""
        return self.verdict is RunVerdict.FAILED

    @property
    def compared(self) -> bool:
        """Whether the log was compared; that of a failed command may be."""
        return self.shared > 0


class ComparisonFacts(NamedTuple):
    """What a list keeps of a comparison; the fields are those of RunEntry."""

    first: str
    stage: str
    gap: float | None
    differing: int
    shared: int


def facts_of(comparison: Comparison) -> ComparisonFacts:
    """The facts of a comparison for a list."""
    first, gap = comparison.principal, comparison.row(GAP_FIELD)
    return ComparisonFacts(
        first.label if first is not None else "",
        first.stage.label if first is not None else "",
        gap.rel_delta if gap is not None else None,
        fields_differing(comparison)[0],
        comparison.fields_common,
    )


def judged(entry: RunEntry, comparison: Comparison) -> RunEntry:
    """The entry with the facts of the comparison of its log."""
    verdict = RunVerdict.AGREES if comparison.agrees else RunVerdict.DIVERGES
    facts = facts_of(comparison)._asdict()
    return replace(entry, verdict=RunVerdict.FAILED if entry.failure else verdict, **facts)


def to_line(entry: RunEntry) -> str:
    """One line of JSON; a gap that is not finite is a string."""
    gap = entry.gap
    finite = gap is None or (gap == gap and abs(gap) != float("inf"))
    return json.dumps({"format": FORMAT, **asdict(entry), "gap": gap if finite else str(gap)}, allow_nan=False)


def from_object(content: Mapping[str, Any]) -> RunEntry | None:
    """An entry from its JSON object; None for any other."""
    known = {item.name for item in fields(RunEntry)}
    try:
        values = {name: value for name, value in content.items() if name in known}
        gap = values.get("gap")
        slow, fast = (int(index) for index in values["pixel"])
        return RunEntry(
            **{
                **values,
                "number": int(values["number"]),
                "pixel": (slow, fast),
                "verdict": RunVerdict(values["verdict"]),
                "gap": None if gap is None else float(gap),
                "changed": tuple(str(name) for name in values.get("changed", ())),
            }
        )
    except (KeyError, TypeError, ValueError):
        return None


# --- as words --------------------------------------------------------------------------------------------------------


def divergence(entry: RunEntry) -> str:
    """The first divergence with its stage, such as ``rot_a (Crystal)``; empty without one."""
    return clean(f"{entry.first} ({entry.stage})") if entry.first else ""


def outcome(entry: RunEntry) -> str:
    """The run in one line: failure, agreement or first divergence, gap and cause."""
    facts = _facts(entry)
    if entry.failed:
        return clean(f"failed, {entry.failure}") + (f"; its log: {facts}" if facts else "")
    return facts


def _facts(entry: RunEntry) -> str:
    if not entry.compared:
        return ""
    parts = [f"first divergence {divergence(entry)}" if entry.first else "agrees"]
    if entry.verdict is not RunVerdict.AGREES and not entry.first:
        parts = ["too few common fields for a verdict"]
    parts += [f"gap {percent(entry.gap)}"] if entry.gap is not None else []
    parts += [f"{entry.differing} of {entry.shared} fields differ"] if entry.differing else []
    parts += [f"cause {clean(entry.cause)}"] if entry.cause else []
    return "; ".join(parts)
