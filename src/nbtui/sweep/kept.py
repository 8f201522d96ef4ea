"""What a sweep has found out about its failing rows, kept beside them, so that nothing is searched for twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbtui.sweep.explain import Explained
from nbtui.sweep.rows import SweepRow, append_lines, from_object, objects_in, to_object
from nbtui.sweep.smallest import Smallest

EXPLAINED, SMALLEST = "explained.jsonl", "smallest.jsonl"


@dataclass(frozen=True)
class KeptResults:
    """Causes of rows, and smallest command lines of findings, below ``folder``."""

    folder: Path

    def explained(self, rows: dict[str, SweepRow]) -> dict[str, Explained]:
        """The rows that are explained already, by key."""
        found: dict[str, Explained] = {}
        for content in self._objects(EXPLAINED):
            row = rows.get(str(content.get("key")))
            if row is not None:
                found[row.key] = explained_from(content, row)
        return found

    def keep_explained(self, one: Explained) -> None:
        """Keep the causes of a row. Raises NotWritten."""
        content = {key: value for key, value in asdict(one).items() if key != "row"}
        append_lines(self.folder / EXPLAINED, [json.dumps({"key": one.row.key, **content})])

    def smallest(self, target: str, group: str) -> Smallest | None:
        """The smallest command line of a finding whose simplest row has the key ``target``."""
        for content in self._objects(SMALLEST):
            if content.get("target") == target and content.get("finding") == group:
                return smallest_from(content)
        return None

    def keep_smallest(self, one: Smallest) -> None:
        """Keep the smallest command line of a finding. Raises NotWritten."""
        content = {**asdict(one), "row": to_object(one.row)}
        append_lines(self.folder / SMALLEST, [json.dumps(content)])

    def _objects(self, name: str) -> Iterator[dict[str, Any]]:
        """The lines of a file that hold an object of the expected form."""
        checks: dict[str, Callable[[dict[str, Any]], bool]] = {
            EXPLAINED: lambda content: {"key", "causes", "complete", "sentence", "unknown"} <= set(content),
            SMALLEST: lambda content: {"finding", "target", "row", "command", "runs", "log"} <= set(content),
        }
        return (content for content in objects_in(self.folder / name) if checks[name](content))


def explained_from(content: Mapping[str, Any], row: SweepRow) -> Explained:
    """The causes of a row from their JSON object. Raises KeyError or TypeError for any other."""
    return Explained(
        row,
        tuple(map(str, content["causes"])),
        bool(content["complete"]),
        str(content["sentence"]),
        tuple(map(str, content["unknown"])),
    )


def smallest_from(content: Mapping[str, Any]) -> Smallest:
    """A smallest command line from its JSON object. Raises KeyError, TypeError or ValueError for any other."""
    return Smallest(
        str(content["finding"]),
        str(content["target"]),
        from_object(content["row"]),
        tuple(map(str, content["command"])),
        int(content["runs"]),
        str(content["log"]),
        str(content.get("named", "")),
        str(content.get("no_evidence", "")),
    )
