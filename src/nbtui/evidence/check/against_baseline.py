"""The change against the baseline, recomputed from the two packages, or from the values quoted of the older one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath

from nbtui.errors import UnusableInput
from nbtui.evidence.check.finding import FileFinding, Weight, wrong
from nbtui.evidence.layout import METRICS
from nbtui.evidence.read.folder import mapping, stamp_time, text
from nbtui.evidence.read.package import Package
from nbtui.evidence.write.baseline import WORDS, Baseline, changes, environment_drift, quoted_change, read_baseline
from nbtui.parity.metrics import to_json
from nbtui.trace.model import TraceError

_RUN = ("phi_mode", "quirks", "dtype", "device")


def check_baseline(
    package: Package, metrics: Mapping[str, object], environment: Mapping[str, object]
) -> list[FileFinding]:
    """Every change and every drift; with the older package beside this one, against its files."""
    stated = metrics.get("baseline")
    drift = metrics.get("environment_drift")
    if stated is None:
        return wrong(METRICS, ["environment_drift without a baseline"] if drift else [])
    quoted = mapping(stated)
    name = PurePath(text(quoted.get("path"))).name
    found = list(_quoted(quoted, mapping(metrics.get("factors")), name, package))
    found += _drift(drift, metrics, environment)
    older = _beside(package.path, name)
    if older is None:
        what = f"quotes the baseline {name}, which is not beside this package: its values are not judged"
        return [*wrong(METRICS, found), FileFinding(METRICS, what, Weight.REMARK)]
    run = {key: metrics.get(key) for key in _RUN}
    again = {**changes(older, mapping(metrics.get("factors"))), "drift": environment_drift(older, environment, run)}
    recorded = {"counts": quoted.get("counts"), "factors": quoted.get("factors"), "drift": drift}
    if json.loads(to_json(again)) != recorded:
        found.append(f"the change against {name} is not that of the package beside this one")
    return wrong(METRICS, found)


def _beside(path: Path, name: str) -> Baseline | None:
    if not name or name == path.name:
        return None
    try:
        return read_baseline(path.resolve().parent / name)
    except (UnusableInput, TraceError):
        return None


def _quoted(quoted: Mapping[str, object], factors: Mapping[str, object], name: str, package: Package) -> Iterator[str]:
    stated = stamp_time(name)
    if stated is not None and package.time is not None and stated >= package.time:
        yield f"the baseline {name} is not older than this package"
    listed = mapping(quoted.get("factors"))
    counts = {word: sum(mapping(entry).get("change") == word for entry in listed.values()) for word in WORDS}
    if quoted.get("counts") != counts:
        yield "baseline: counts are not those of its factors"
    for label in dict.fromkeys((*factors, *listed)):
        entry, now = mapping(listed.get(label)), mapping(factors.get(label))
        if entry.get("now") != now.get("rel_delta"):
            yield f"baseline: {label} is now {entry.get('now')}, the logs give {now.get('rel_delta')}"
        elif entry.get("change") not in quoted_change(entry, now):
            yield f"baseline: {label} is called {entry.get('change')}"


def _drift(drift: object, metrics: Mapping[str, object], environment: Mapping[str, object]) -> Iterator[str]:
    for entry in map(mapping, drift if isinstance(drift, list) else []):
        name = text(entry.get("name"))
        now = environment.get(name) if name in environment else metrics.get(name)
        if name != "quirks" and entry.get("now") != now:
            yield f"environment_drift: {name} is now {entry.get('now')}, this run has {now}"
        if entry.get("baseline") == entry.get("now"):
            yield f"environment_drift: {name} did not change"
