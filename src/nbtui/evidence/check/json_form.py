"""JSON files of a package, read without trusting them: one value per key, and the form that the writer gives them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbtui.evidence.check.finding import FileFinding, wrong
from nbtui.evidence.read.folder import read_bytes, read_json
from nbtui.parity.metrics import to_json


@dataclass(frozen=True)
class JsonFile:
    """The object in a JSON file, empty if unreadable, and the faults of the file."""

    value: dict[str, object]
    findings: tuple[FileFinding, ...]


def read_strictly(path: Path) -> JsonFile:
    """The object in the file, with a finding for every key that is there twice and for any other form than ours."""
    value, problem = read_json(path)
    if problem:
        return JsonFile(value, (FileFinding(path.name, problem),))
    raw = read_bytes(path) or b""
    found = [f"the key {key} is there twice" for key in repeated_keys(raw)]
    try:
        if not found and to_json(value).encode("ascii") != raw:
            found.append("is not in the form of nbtui: other spaces, escapes or spelling of numbers")
    except ValueError as error:  # an infinite number
        found.append(f"holds a value outside strict JSON ({error})")
    return JsonFile(value, tuple(wrong(path.name, found)))


def repeated_keys(raw: bytes) -> list[str]:
    """Keys that one object of a JSON text has more than once."""
    found: list[str] = []

    def pairs(items: Iterable[tuple[str, object]]) -> dict[str, object]:
        seen: dict[str, object] = {}
        for key, value in items:
            if key in seen:
                found.append(repr(key))
            seen[key] = value
        return seen

    json.loads(raw.decode("utf-8"), object_pairs_hook=pairs)
    return list(dict.fromkeys(found))
