"""metrics.json recomputed from the bytes of the logs beside it.

spec/evidence_package.md: all of it follows from the parsed values, so that parsing again must reproduce it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nbtui.evidence.ascii_text import spelled
from nbtui.evidence.check.finding import FileFinding, Weight, wrong
from nbtui.evidence.check.limits import FOREIGN, StatedLimits
from nbtui.evidence.layout import METRICS
from nbtui.evidence.read.folder import mapping, number, text
from nbtui.evidence.write.record import record
from nbtui.parity.compare import compare
from nbtui.parity.coverage import ACCEPTED
from nbtui.parity.metrics import SCHEMA_VERSION, WEIGHED, to_json
from nbtui.parity.model import Comparison
from nbtui.parity.profiles import BUILT_IN, Profile
from nbtui.parity.render import verdict
from nbtui.trace.model import Trace
from nbtui.trace.side import LIVE, SIMULATED_C, SUSPECT_LOG, C

PROSE = ("description", "note", "origin", "obstacle")  # keys of metrics.json whose wording another version may have
STATED = re.compile(r"(?<![\w.+-])[\w.+-]*\d[\w+-]*(?:\.\w+)*|(?<!\w)\w+_\w+|(?<![\w-])-\w+")
COUNTS = ("steps", "oversample", "phi_steps", "mosaic_domains", "sources", "thick_steps")
# from the two traces alone, whatever else a package states
_OF_THE_TRACES = (
    "schema",
    "schema_version",
    "units",
    "trace_sha256",
    "first_divergence_detail",
    "first_reaching_detail",
)
_LATER = {2: ("tolerances",), 1: ("tolerances", *WEIGHED)}  # keys that an older schema_version lacks

_SHOWN = 120  # characters of a value
Difference = tuple[str, object, object]  # where, recorded, recomputed


def against_logs(
    metrics: dict[str, object], c: Trace, py: Trace, limits: StatedLimits, *, given: bool, exact: bool
) -> tuple[Comparison, list[FileFinding]]:
    """The two logs compared again, and metrics.json against the outcome, key by key.

    ``given``: the Python log comes from a port. ``exact``: this very version of nbtui wrote the package, so that every
    word must be the same; otherwise sentences count by the numbers and names in them.
    """
    partial = _partial(metrics)
    comparison = _compared(c, py, limits.profile, given=given, partial=partial)
    found = _foreign(c, py, comparison, limits, given=given, partial=partial)
    expected: dict[str, Any] = json.loads(to_json(record(comparison, c, py, more=_stated(metrics))))
    for key in ("case", "schema_version"):  # two logs hold no case; old_formats judges the label
        expected[key] = metrics.get(key)
    version = number(metrics.get("schema_version"))
    if not limits.known or version == 1:
        return comparison, [*found, *_values_only(metrics, expected, version)]
    for key in _LATER.get(int(version or 0), ()) + (() if metrics.get("coverage") else WEIGHED):
        expected.pop(key, None)
        expected["units"].pop(key, None)
    worded = list(differences(metrics, expected))
    if exact:
        return comparison, [*found, *wrong(METRICS, _lines(worded))]
    meant = [*_preflight(metrics, expected), *differences(_plain(metrics), _plain(expected), by_words=True)]
    found += wrong(METRICS, _lines(meant))
    if worded and not meant:
        what = f"sentences of another version of nbtui, compared by their numbers and names: {len(worded)}"
        found.append(FileFinding(METRICS, what, Weight.UNJUDGED))
    return comparison, found


def recompared(metrics: Mapping[str, object], c: Trace, py: Trace, limits: Profile, *, given: bool) -> Comparison:
    """The two logs compared again within ``limits``; ``given``: the Python log comes from a port."""
    return _compared(c, py, limits, given=given, partial=_partial(metrics))


def _partial(metrics: Mapping[str, object]) -> bool:
    """Whether little in common was accepted, or the writer did not weigh the fields."""
    return text(metrics.get("coverage")) in ("", ACCEPTED)


def differences(recorded: object, expected: object, where: str = "", *, by_words: bool = False) -> Iterator[Difference]:
    """Where two JSON values differ; a key of one side only is a difference. ``by_words``: prose by what it states."""
    if isinstance(recorded, Mapping) and isinstance(expected, Mapping):
        for key in dict.fromkeys((*expected, *recorded)):
            place = f"{where}.{key}" if where else str(key)
            pair = recorded.get(key, "nothing"), expected.get(key, "nothing")
            yield from differences(*pair, place, by_words=by_words)
    elif by_words and where.rpartition(".")[2] in PROSE:
        if stated_in(str(recorded)) != stated_in(str(expected)):
            yield where, recorded, expected
    elif _spelled(recorded) != _spelled(expected) or isinstance(recorded, bool) != isinstance(expected, bool):
        yield where, recorded, expected


def stated_in(sentence: str) -> tuple[str, ...]:
    """The numbers, names and flags in a sentence, in order: another version may word the same finding differently."""
    return tuple(STATED.findall(spelled(sentence)))


def _stated(metrics: Mapping[str, object]) -> dict[str, object]:
    """The keys that do not follow from the traces: they are judged elsewhere."""
    simulated = "float64_error" in metrics
    left_out = _OF_THE_TRACES if simulated else (*_OF_THE_TRACES, *COUNTS)
    return {key: value for key, value in metrics.items() if key not in left_out}


def _compared(c: Trace, py: Trace, limits: Profile, *, given: bool, partial: bool) -> Comparison:
    own = BUILT_IN.get(limits.name)
    typed = limits.tolerance if own is not None and own.tolerance != limits.tolerance else None
    named = SIMULATED_C if c.simulated else C, SUSPECT_LOG if given else LIVE
    return compare(c, py, limits.name, typed, {limits.name: limits}, named=named, allow_partial=partial)


def _foreign(
    c: Trace, py: Trace, comparison: Comparison, limits: StatedLimits, *, given: bool, partial: bool
) -> list[FileFinding]:
    """Tolerances of somebody else, with the verdict under nbtui's own."""
    if not limits.foreign and limits.known:
        return []
    name = limits.profile.name if limits.profile.name in BUILT_IN else "full"
    own = _compared(c, py, BUILT_IN[name], given=given, partial=partial)
    judged = f"by nbtui's own profile: {verdict(own)}"
    if not limits.known:
        return [FileFinding(METRICS, judged, Weight.REMARK)]
    what = f"{FOREIGN}: profile {limits.profile.name}, relative {limits.profile.tolerance}; {judged}"
    return [FileFinding(METRICS, what, Weight.REMARK)]


def _values_only(metrics: dict[str, Any], expected: dict[str, Any], version: float | None) -> list[FileFinding]:
    """The part of a comparison that does not depend on a tolerance: the values of every row and their differences."""
    old, new = _values(metrics), _values(expected)
    if version != SCHEMA_VERSION:  # whose rows may have other names
        old, new = ({label: side[label] for label in old.keys() & new.keys()} for side in (old, new))
    found = wrong(METRICS, _lines(differences(old, new)))
    what = f"schema_version {version:g}: statuses are not recomputed by the rules of its time"
    return [*found, FileFinding(METRICS, what, Weight.UNJUDGED)]


def _values(metrics: dict[str, Any]) -> dict[str, object]:
    rows = {**mapping(metrics.get("factors")), **mapping(metrics.get("other_fields"))}
    keys = ("c_value", "py_value", "abs_delta", "rel_delta", "ulp")
    return {label: {key: mapping(entry).get(key) for key in keys} for label, entry in sorted(rows.items())}


def _lines(found: Iterable[Difference]) -> list[str]:
    return [f"{key}: {_short(old)} recorded, the logs give {_short(new)}" for key, old, new in found]


def _short(value: object) -> str:
    shown = str(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def _plain(metrics: Mapping[str, object]) -> dict[str, object]:
    left_out = ("schema_version", "preflight", "units")
    return {key: value for key, value in metrics.items() if key not in left_out}


def _preflight(metrics: Mapping[str, object], expected: Mapping[str, object]) -> list[Difference]:
    """Every recorded finding is found again, and the other way round, whatever the words."""
    old, new = metrics.get("preflight"), expected.get("preflight")
    pairs = ([stated_in(str(finding)) for finding in side] if isinstance(side, list) else [] for side in (old, new))
    before, after = pairs
    return [("preflight", old, new)] if sorted(before) != sorted(after) else []


def _spelled(value: object) -> object:
    """Our logs spell out what is not ASCII, metrics.json escapes it."""
    if isinstance(value, list):
        return [_spelled(entry) for entry in value]
    return spelled(value) if isinstance(value, str) else value
