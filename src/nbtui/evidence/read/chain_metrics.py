"""metrics.json for a list of thousands of packages: what it shows, of the factors those of the scaling chain alone.

Most of a metrics.json are other factors. They are checked for valid JSON, and no value is made of them.
"""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from nbtui.evidence.layout import METRICS
from nbtui.evidence.read.contents import Contents
from nbtui.evidence.read.folder import text
from nbtui.trace.fields import catalogue

FIRST = ("first_divergence_label", "first_reaching_divergence_label")
TABLES = ("factors", "other_fields")
ENTRIES = (  # what `package_of` asks for
    *("schema", "schema_version", "phi_mode", "dtype", "device", "git_sha", "branch", "phi_steps", "trace_sha256"),
    *("quirks", "sides", "case", "pixel", "verdict", "first_divergence", "first_reaching_divergence", *FIRST),
    *("relative_delta", "port commit", "port torch", "python", "torch", "numpy", "nbtui", "platform", "cpu"),
    *("cuda_device", "cuda_devices"),
)


def chain_metrics(contents: Contents) -> tuple[dict[str, object], str]:
    """As `Contents.json` of a metrics.json; of a file with a schema only `ENTRIES`, and of `TABLES` the factors of the
    scaling chain and the first divergences.

    A file that is old or faulty in any way is read whole.
    """
    raw = contents.bytes(METRICS)
    found = None if raw is None else _listed(raw)
    return contents.json(METRICS) if found is None else (found, "")


@functools.lru_cache(maxsize=4096)
def in_chain(label: str) -> bool:
    """Whether a factor belongs to the scaling chain (spec/evidence_package.md, summary item 3)."""
    known = catalogue.field(label.partition("[")[0].partition(".")[0])
    return known is not None and known.scaling


def first_labels(metrics: dict[str, object]) -> frozenset[str]:
    """The labels of the first divergences, which an index shows as well."""
    return frozenset(text(metrics.get(key)) for key in FIRST) - {""}


_NONE = msgspec.UNSET
_Metrics = msgspec.defstruct(
    "_Metrics",
    [
        *((f"of_{at}", Any, msgspec.field(default=_NONE, name=name)) for at, name in enumerate(ENTRIES)),
        *((name, dict[str, msgspec.Raw] | msgspec.UnsetType, _NONE) for name in TABLES),
    ],
    gc=False,
)
_METRICS, _FACTOR = msgspec.json.Decoder(_Metrics), msgspec.json.Decoder()


def _listed(raw: bytes) -> dict[str, object] | None:
    """What a list shows of a file with a schema; None for any other file."""
    try:
        if not raw.isascii():
            raw.decode("utf-8")  # the decoder skips texts unseen
        values = msgspec.structs.astuple(_METRICS.decode(raw))
        metrics = {name: value for name, value in zip((*ENTRIES, *TABLES), values, strict=True) if value is not _NONE}
        if "schema" not in metrics:
            return None
        labels = first_labels(metrics)
        for name in metrics.keys() & TABLES:
            table = metrics[name]
            metrics[name] = {label: _FACTOR.decode(table[label]) for label in _shown(tuple(table), labels)}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return metrics


@functools.lru_cache(maxsize=64)  # packages of a case have the same factors
def _shown(labels: tuple[str, ...], first: frozenset[str]) -> tuple[str, ...]:
    """The factors of a table that a list shows."""
    return tuple(label for label in labels if in_chain(label) or label in first)
