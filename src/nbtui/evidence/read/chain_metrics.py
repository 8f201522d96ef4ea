"""metrics.json for an index of thousands of packages: only the factors of the scaling chain and the first divergences.

Most of a metrics.json are other factors. In a file laid out as nbtui writes it the wanted ones are found by their names
before anything is parsed; any other file is parsed whole. Tables with the same factors in the same order, as most
packages of a case have, are recognised by the text between their values and need no further search.
"""

from __future__ import annotations

import functools
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile

from nbtui.evidence.layout import METRICS
from nbtui.evidence.read.contents import Contents
from nbtui.evidence.read.folder import object_in, text
from nbtui.trace.fields import catalogue

FIRST = ("first_divergence_label", "first_reaching_divergence_label")
_TABLES = {name: f'\n  "{name}": {{\n'.encode() for name in ("factors", "other_fields")}  # with the start of each
_CLOSED = b"\n    },"  # the end of a factor before another one
_INDENTED = _CLOSED.index(b"}")
_NAMED = b'\n    "%b": '  # up to the brace of a factor
_HEAD = re.compile(_CLOSED + _NAMED.replace(b"%b", rb'([^"\\\n]+)'))
_END = b"\n    }\n  }"  # of the last factor and its table; no string of a JSON file holds a line break
_ABSENT = -1
MOST_LAYOUTS = 64
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
    for name, head in _TABLES.items():
        start = raw.find(head)
        if start == _ABSENT:
            continue
        table = _table_in(raw[start + len(head) - 1 :])
        if table is None:
            return None
        tables[name] = table
        # a valid file stays valid without this balanced part
        raw = b'%b"%b"%b' % (raw[: start + len(head) - 2], _CUT.encode(), table.rest)
    metrics, problem = object_in(raw)
    if problem or any(metrics.get(name) != _CUT for name in tables):
        return None
    labels = first_labels(metrics)
    for name, table in tables.items():
        metrics[name], problem = object_in(table.wanted(labels))
        if problem:
            return None
    return metrics


class _Layout:
    """The factors of a table by their names, and the text around the braces before their values.

    Attributes:
        last: the place of the last factor.
    """

    def __init__(self, names: Sequence[str]) -> None:
        heads = [_NAMED % name.encode() for name in names]
        self.last = len(names) - 1
        self._first, self._joints = heads[0], [_CLOSED + head for head in heads[1:]]
        self._starts = [head + b"{" for head in heads]
        self._ends = [*(-len(joint) for joint in self._joints), None]
        self._chain = [at for at, name in enumerate(names) if in_chain(name)]
        self._places: dict[str, list[int]] = {}  # a name may stand twice
        for at, name in enumerate(names):
            self._places.setdefault(name, []).append(at)

    def fits(self, before: bytes, values: Sequence[bytes]) -> bool:
        """Whether a table has these factors; ``values``: the text behind each brace, up to the next one."""
        return before == self._first and all(map(bytes.endswith, values, self._joints)) and _END in values[self.last]

    def factors(self, values: Sequence[bytes], labels: Collection[str]) -> bytes:
        """JSON of the factors of the scaling chain, and of those with these labels.

        The last of ``values`` ends with its factor.
        """
        places = {*self._chain, *(at for label in labels for at in self._places.get(label, ()))}
        found = [self._starts[at] + values[at][: self._ends[at]] for at in sorted(places)]
        return b"{%b}" % b",".join([factor + b"}" for factor in found])


@dataclass(frozen=True)
class _Table:
    """A table in parts, as `_Layout.factors` takes them; ``rest``: the text behind the table."""

    layout: _Layout
    values: list[bytes]
    rest: bytes

    def wanted(self, labels: Collection[str]) -> bytes:
        """JSON of the factors that an index shows."""
        return self.layout.factors(self.values, labels)


_LAYOUTS: dict[int, _Layout] = {}  # the latest, by the number of braces


def _table_in(text: bytes) -> _Table | None:
    """The table that this text begins with; None for one of another layout.

    Only braces are searched, the quickest way through a long text: before each stands the name of a factor.
    """
    before, *values = text.split(b"{")
    layout = _LAYOUTS.get(len(values))
    if layout is None or not layout.fits(before, values):
        names = _names_in(before, values)
        if not names or _END not in values[len(names) - 1]:
            return None
        if len(_LAYOUTS) >= MOST_LAYOUTS:
            _LAYOUTS.clear()
        layout = _LAYOUTS[len(values)] = _Layout(names)
    last, _, rest = values[layout.last].partition(_END)
    behind = b"{".join((rest, *values[layout.last + 1 :]))
    return _Table(layout, [*values[: layout.last], last], behind)


def _names_in(before: bytes, values: Sequence[bytes]) -> list[str]:
    """The names of the factors of a table; ``before``: its text up to the first brace."""
    tails = (value[value.rfind(b"}") - _INDENTED :] for value in values)  # each up to the next brace
    return list(takewhile(bool, map(_name_in, (_CLOSED + before, *tails))))


@functools.lru_cache(maxsize=4096)
def _name_in(head: bytes) -> str:
    """The name of a factor in the text between its brace and the one before; empty for any other text."""
    found = _HEAD.fullmatch(head)
    try:
        return "" if found is None else found[1].decode()
    except UnicodeDecodeError:
        return ""
