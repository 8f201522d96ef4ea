"""metrics.json for an index of thousands of packages: only the factors of the scaling chain and the first divergences.

Most of a metrics.json are other factors. In a file laid out as nbtui writes it the wanted ones are found by their names
before anything is parsed; any other file is parsed whole.
"""

from __future__ import annotations

import functools
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from itertools import takewhile

from nbtui.evidence.layout import METRICS
from nbtui.evidence.read.contents import Contents
from nbtui.evidence.read.folder import object_in, text
from nbtui.trace.fields import catalogue

FIRST = ("first_divergence_label", "first_reaching_divergence_label")
_TABLES = ("factors", "other_fields")
_CLOSED = b"\n    },"  # the end of a factor before another one
_INDENTED = _CLOSED.index(b"}")
_HEAD = re.compile(_CLOSED + rb'\n    "([^"\\\n]+)": ')  # up to the brace of a factor
_END = b"\n    }\n  }"  # of the last factor and its table; no string of a JSON file holds a line break
_ABSENT = -1
_CUT = secrets.token_hex()  # in the place of a table; no file can contain it


def chain_metrics(contents: Contents) -> tuple[dict[str, object], str]:
    """As `Contents.json` of a metrics.json; of a file that can be read in parts with the factors of the index alone.

    The other factors are then not checked for valid JSON; ``nbtui verify`` reads all of them.
    """
    raw = contents.bytes(METRICS)
    found = None if raw is None else _in_parts(raw)
    return contents.json(METRICS) if found is None else (found, "")


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
    tables: dict[str, _Table] = {}
    for name in _TABLES:
        head = f'\n  "{name}": {{\n'.encode()
        start = raw.find(head)
        if start == _ABSENT:
            continue
        table = _table_in(raw[start + len(head) - 1 :])
        if table is None:
            return None
        tables[name] = table
        # a valid file stays valid without this balanced part
        raw = raw[: start + len(head) - 2] + f'"{_CUT}"'.encode() + table.rest
    metrics, problem = object_in(raw)
    if problem or any(metrics.get(name) != _CUT for name in tables):
        return None
    labels = first_labels(metrics)
    for name, table in tables.items():
        metrics[name], problem = object_in(table.wanted(labels))
        if problem:
            return None
    return metrics


@dataclass(frozen=True)
class _Table:
    """The factors of a table: their names, and the text behind the brace of each; ``rest``: that behind the table."""

    names: list[str]
    values: list[bytes]
    rest: bytes

    def wanted(self, labels: Collection[str]) -> bytes:
        """JSON of the factors of the scaling chain, and of those with these labels."""
        found = [at for at, name in enumerate(self.names) if in_chain(name) or name in labels]
        return b"{%b}" % b",".join(b'"%b":{%b' % (self.names[at].encode(), self._value(at)) for at in found)

    def _value(self, at: int) -> bytes:
        text = self.values[at]
        return text[: text.rfind(b"}") + 1]


def _table_in(text: bytes) -> _Table | None:
    """The table that this text begins with; None for one of another layout.

    Only braces are searched, the quickest way through a long text: before each stands the name of a factor.
    """
    before, *values = text.split(b"{")
    tails = [value[value.rfind(b"}") - _INDENTED :] for value in values]  # each up to the next brace
    names: list[str] = list(takewhile(bool, map(_name_in, (_CLOSED + before, *tails))))
    last, end, rest = values[len(names) - 1].partition(_END) if names else (b"", b"", b"")
    if not end:
        return None
    values[len(names) - 1], behind = last + b"}", values[len(names) :]
    return _Table(names, values, b"{".join((rest, *behind)))


@functools.lru_cache(maxsize=4096)
def _name_in(head: bytes) -> str:
    """The name of a factor in the text between its brace and the one before; empty for any other text."""
    found = _HEAD.fullmatch(head)
    try:
        return "" if found is None else found[1].decode()
    except UnicodeDecodeError:
        return ""
