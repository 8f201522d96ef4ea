"""Packages of older tools: their values against whichever logs they hold, and their own arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from nbtui.evidence.check.finding import FileFinding, Weight, wrong
from nbtui.evidence.layout import METRICS
from nbtui.evidence.read.folder import mapping, number, text
from nbtui.parity.compare import compare
from nbtui.parity.metrics import SCHEMA
from nbtui.parity.numbers import relative_status
from nbtui.parity.profiles import GATE
from nbtui.parity.render import verdict
from nbtui.trace.fields import catalogue
from nbtui.trace.model import Trace

OURS = frozenset(
    {
        *("schema", "schema_version", "stamp", "commands", "tolerances", "tolerance_profile", "trace_sha256"),
        *("python_trace", "sides", "command_hash", "verdict", "verdict_text", "first_new_divergence", "other_fields"),
    }
)  # keys that only nbtui writes
SINCE = {
    "tolerances": 3,
    "stamp": 3,
    "commands": 3,
    "files": 3,
    "n_cells": 3,
    "first_reaching_divergence": 2,
}  # schema_version


def is_ours(metrics: Mapping[str, object], environment: Mapping[str, object]) -> bool:
    """Whether nbtui wrote a package, whatever label it has."""
    return bool(OURS & metrics.keys()) or text(environment.get("schema")).startswith("nbtui")


def format_label(metrics: Mapping[str, object]) -> list[FileFinding]:
    """The label of the format is that of its keys."""
    if not metrics:
        return []
    version = number(metrics.get("schema_version")) or 0
    found = []
    if metrics.get("schema") != SCHEMA or not version:
        found.append("has the keys of nbtui without the label of its format: schema and schema_version")
    late = [key for key, since in SINCE.items() if key in metrics and since > version]
    if late and version:
        found.append(f"has schema_version {version:g} with keys of a later one: {', '.join(late)}")
    lacking = [key for key, since in SINCE.items() if since > version]
    if version and lacking:
        what = f"schema_version {version:g} has no {', '.join(lacking)}"
        return [*wrong(METRICS, found), FileFinding(METRICS, what, Weight.UNJUDGED)]
    return wrong(METRICS, found)


def against_logs(metrics: Mapping[str, object], c: Trace | None, py: Trace | None) -> list[FileFinding]:
    """Values of every factor against the logs, and the verdict against a comparison of both."""
    factors = mapping(metrics.get("factors"))
    found = []
    for key, side, trace in (("c_value", "C", c), ("py_value", "Python", py)):
        for name, entry in factors.items() if trace is not None else ():
            assert trace is not None
            recorded = number(mapping(entry).get(key))
            values = [record.values[0] for record in trace.all(catalogue.canonical(name)) if len(record.values) == 1]
            if recorded is not None and values and recorded not in values:
                found.append(f"{name}: {key} {recorded!r}, the {side} log has {values[0]!r}")
    if c is not None and py is not None:
        comparison = compare(c, py, "scaling", allow_partial=True)
        agrees = metrics.get("first_divergence") in (None, "none", "None", "")
        if not factors and comparison.num_compared:
            found.append(f"has no factors; the logs give: {verdict(comparison)}")
        elif factors and comparison.num_compared and agrees != (comparison.first_divergence is None):
            found.append(f"first_divergence {metrics.get('first_divergence')}; the logs give: {verdict(comparison)}")
    return wrong(METRICS, found)


def arithmetic(metrics: Mapping[str, object]) -> list[FileFinding]:
    """Deltas and statuses of every factor from its two values; counts and first divergence from these."""
    factors = mapping(metrics.get("factors"))
    tolerance = number(metrics.get("tolerance_rel"))
    found: list[str] = []
    divergent = 0
    for name, value in factors.items():
        entry = mapping(value)
        divergent += text(entry.get("status")) in ("MINOR", "DIVERGENT", "CRITICAL")
        found += _factor(name, entry, GATE if tolerance is None else tolerance)
    count = number(metrics.get("num_divergent"))
    if count is not None and (divergent > count if metrics.get("left_out") else count != divergent):
        found.append(f"num_divergent {count:g}, but {divergent} factors differ")
    first = text(metrics.get("first_divergence"))
    if first in factors and text(mapping(factors[first]).get("status")) == "PASS":
        found.append(f"first_divergence {first} has status PASS")
    if divergent and first in ("", "none", "None") and "first_divergence" in metrics:
        found.append(f"first_divergence is none, but {divergent} factors differ")
    return wrong(METRICS, found)


def _factor(name: str, entry: Mapping[str, object], tolerance: float) -> Iterator[str]:
    c, py = number(entry.get("c_value")), number(entry.get("py_value"))
    if c is None or py is None or not (math.isfinite(c) and math.isfinite(py)):
        return
    relative = (py - c) / abs(c) if c else None
    for key, expected in (("abs_delta", py - c), ("rel_delta", relative)):
        recorded = number(entry.get(key))
        if expected is not None and recorded is not None and not math.isclose(recorded, expected, rel_tol=1e-9):
            yield f"{name}: {key} {recorded!r}, its values give {expected!r}"
    status = text(entry.get("status"))
    if relative is not None and status in ("PASS", "MINOR", "DIVERGENT", "CRITICAL"):
        expected_status = relative_status(relative, tolerance).value
        if status != expected_status:
            yield f"{name}: status {status}, a relative difference of {relative:.3g} is {expected_status}"
