"""metrics.json for an index of thousands of packages: only the factors of the scaling chain and the first divergences.

Most of a metrics.json are other factors. In a file laid out as nbtui writes it the wanted ones are found by their names
before anything is parsed; any other file is parsed whole.
"""

from __future__ import annotations

import functools
import re
import secrets
from collections.abc import Collection
from pathlib import Path

from nbtui.evidence.layout import METRICS
from nbtui.evidence.read.folder import object_in, read_bytes, read_json, text
from nbtui.trace.fields import catalogue

FIRST = ("first_divergence_label", "first_reaching_divergence_label")
_TABLES = ("factors", "other_fields")
_END = b"\n  }"  # of a table; no string of a JSON file holds a line break
_ABSENT = -1
_CUT = secrets.token_hex()  # in the place of a table; no file can contain it


def chain_metrics(folder: Path) -> tuple[dict[str, object], str]:
    """As `read_json` of a metrics.json; of a file that can be read in parts with the factors of the index alone.

    The other factors are then not checked for valid JSON; ``nbtui verify`` reads all of them.
    """
    raw = read_bytes(folder / METRICS)
    found = None if raw is None else _in_parts(raw)
    return read_json(folder / METRICS) if found is None else (found, "")


@functools.lru_cache(maxsize=4096)
def in_chain(label: str) -> bool:
    """Whether a factor belongs to the scaling chain (spec/evidence_package.md, summary item 3)."""
    known = catalogue.field(label.partition("[")[0].partition(".")[0])
    return known is not None and known.scaling


def first_labels(metrics: dict[str, object]) -> frozenset[str]:
    """The labels of the first divergences, which an index shows as well."""
    return frozenset(text(metrics.get(key)) for key in FIRST) - {""}


def _in_parts(raw: bytes) -> dict[str, object] | None:
    """The object in a file laid out as nbtui writes it; None for any other file."""
    tables: dict[str, bytes] = {}
    for name in _TABLES:
        head = f'\n  "{name}": {{\n'.encode()
        start = raw.find(head)
        if start == _ABSENT:
            continue
        end = raw.find(_END, start)
        if end == _ABSENT:
            return None
        tables[name] = raw[start + len(head) - 1 : end]
        # a valid file stays valid without this balanced part
        raw = raw[: start + len(head) - 2] + f'"{_CUT}"'.encode() + raw[end + len(_END) :]
    metrics, problem = object_in(raw)
    if problem or any(metrics.get(name) != _CUT for name in tables):
        return None
    wanted = _wanted(first_labels(metrics))
    for name, table in tables.items():
        found = wanted.findall(table)
        factors, problem = object_in(b"{%b}" % b",".join(name + value for name, value in found))
        if problem or not all(value for _, value in found):
            return None
        metrics[name] = factors
    return metrics


@functools.lru_cache(maxsize=256)
def _wanted(labels: Collection[str]) -> re.Pattern[bytes]:
    """A factor of the scaling chain, or one of these labels: name, and value without braces inside, else nothing."""
    scaling = (name for entry in catalogue.FIELDS if entry.scaling for name in (entry.name, *entry.aliases))
    chain = "|".join(re.escape(name) for name in scaling if "." not in name)
    names = "|".join((rf"(?:{chain})(?:[.\[][^\"\\\n]*)?", *map(re.escape, labels)))
    return re.compile(rf'\n    ("(?:{names})": )(\{{[^{{}}]*\}}|)'.encode())
