"""``commands.txt`` from the commands in metrics.json. Source: spec/evidence_package.md, Files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nbtui.evidence.ascii_text import shell_line
from nbtui.evidence.layout import EXTRA_LOG, FROM_SETTINGS, RUN_AT, STATUS


def commands_text(entries: Iterable[Mapping[str, object]]) -> str:
    """Every command, replayable as pasted: above it its UTC time and directory, below it its exit status."""
    lines: list[str] = []
    for entry in entries:
        lines.append(f"{RUN_AT}{entry['utc']} in {entry['directory']}")
        settings = entry["settings"]
        if isinstance(settings, list) and settings:
            lines.append(f"{FROM_SETTINGS}{shell_line(settings)}")
        lines.append(str(entry["command"]))
        lines.append(f"{STATUS}{entry['status']}" + (f"{EXTRA_LOG}{entry['log']}" if entry["log"] else ""))
    return "\n".join(lines) + "\n"
