"""metrics.json recomputed from the logs beside it.

spec/evidence_package.md: all of it follows from the parsed values, so that parsing again must reproduce it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbtui.evidence.ascii_text import spelled
from nbtui.evidence.check.finding import FileFinding, Weight, first_few
from nbtui.evidence.layout import C_LOG, METRICS, PER_PHI
from nbtui.evidence.read.folder import mapping, number, text
from nbtui.evidence.read.package import python_logs, stand_in_of
from nbtui.evidence.write.record import record
from nbtui.parity.compare import compare
from nbtui.parity.coverage import ACCEPTED
from nbtui.parity.metrics import SCHEMA_VERSION, WEIGHED, to_json
from nbtui.parity.model import Comparison
from nbtui.parity.profiles import profile
from nbtui.trace.fields import catalogue
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import read_phi, read_trace, with_phi
from nbtui.trace.side import SIMULATED_C, SUSPECT_LOG, C

PROSE = ("description", "note", "origin", "obstacle")  # keys of metrics.json whose wording another version may have
_WARNS = f"{SUSPECT_LOG.program[0].upper()}{SUSPECT_LOG.program[1:]} warns"
STATED = re.compile(r"(?<![\w.+-])[\w.+-]*\d[\w+-]*(?:\.\w+)*|(?<!\w)\w+_\w+|(?<![\w-])-\w+")


def traces(folder: Path, files: tuple[str, ...]) -> tuple[Trace | None, Trace | None, list[FileFinding]]:
    """The C and the Python trace of a package (phi lines joined), and findings on those that cannot be read."""
    found: list[FileFinding] = []

    def load(name: str) -> Trace | None:
        try:
            return read_trace(folder / name)
        except (TraceError, OSError) as error:
            found.append(FileFinding(name, f"holds no readable trace: {error}"))
            return None

    c = load(C_LOG) if C_LOG in files else None
    logs = python_logs(list(files))
    py = load(logs[0]) if logs else None
    per_phi = next((name for name in files if name.endswith(PER_PHI)), "")
    if py is not None and per_phi:  # stands for the log's own phi lines, as at the export
        try:
            py = with_phi(py, read_phi(folder / per_phi))
        except (TraceError, OSError) as error:
            found.append(FileFinding(per_phi, f"holds no readable phi lines: {error}"))
    return c, py, found


def against_logs(metrics: dict[str, object], c: Trace, py: Trace) -> list[FileFinding]:
    """metrics.json against a new comparison of the two logs, key by key."""
    stand_in = stand_in_of(metrics)
    c = replace(c, simulated=True, origin=stand_in) if stand_in else c
    name = text(metrics.get("tolerance_profile"))
    expected: dict[str, Any] = {}
    notes, own = [], False
    try:
        profile(name)
    except TraceError:
        own = True
        notes.append(
            FileFinding(
                METRICS, f"tolerance profile {name!r} is the user's own: statuses are not recomputed", Weight.REMARK
            )
        )
    older = number(metrics.get("schema_version")) != SCHEMA_VERSION
    if older:
        notes.append(
            FileFinding(
                METRICS,
                "an older schema_version, judged by the rules of its time: statuses are not recomputed",
                Weight.UNJUDGED,
            )
        )
    stated = text(metrics.get("coverage"))
    partial = stated in ("", ACCEPTED)  # accepted, or of a writer that did not weigh the fields
    for tolerance in (None, number(metrics.get("tolerance"))):  # the profile's own, or one the user gave
        found_now = _compared(c, py, "full" if own else name, tolerance, allow_partial=partial)
        expected = json.loads(to_json(record(found_now, c, py)))
        if not any(differences(metrics.get("factors"), expected["factors"], "factors")):
            break
    if notes:
        old, new = _values(metrics), _values(expected)
        if older:  # whose rows may have other names
            old, new = ({label: side[label] for label in old.keys() & new.keys()} for side in (old, new))
        lines = _lines(differences(old, new))
        return [*notes, *(FileFinding(METRICS, what) for what in first_few(lines))]
    for key in ("case", "trace_sha256"):  # two logs hold no case; a live trace has its phi lines among the others
        del expected[key]
    if not stated:
        for key in WEIGHED:
            expected.pop(key, None)
            expected["units"].pop(key, None)
    found = [f"{key} is missing" for key in expected if key not in metrics]
    wrong = _preflight(metrics.get("preflight"), expected.pop("preflight"))
    determined = {key: value for key, value in expected.items() if key in metrics and _determined(key, value)}
    recorded = {key: metrics[key] for key in determined}
    # metrics.json also has the units of keys that the logs do not determine
    recorded["units"] = {key: unit for key, unit in mapping(metrics.get("units")).items() if key in expected["units"]}
    wrong += differences(recorded, determined)
    return [FileFinding(METRICS, what) for what in first_few(found + _lines(wrong))]


def _compared(c: Trace, py: Trace, name: str, tolerance: float | None, *, allow_partial: bool) -> Comparison:
    return compare(
        c, py, name, tolerance, named=(SIMULATED_C if c.simulated else C, SUSPECT_LOG), allow_partial=allow_partial
    )


def _lines(wrong: Iterable[tuple[str, object, object]]) -> list[str]:
    return [f"{key}: {old} recorded, the logs give {new}" for key, old, new in wrong]


def _values(metrics: dict[str, Any]) -> dict[str, object]:
    """The part of a comparison that does not depend on a tolerance: the values of every row and their differences."""
    rows = {**mapping(metrics.get("factors")), **mapping(metrics.get("other_fields"))}
    keys = ("c_value", "py_value", "abs_delta", "rel_delta", "ulp")
    return {label: {key: mapping(entry).get(key) for key in keys} for label, entry in sorted(rows.items())}


def _preflight(recorded: object, expected: object) -> list[tuple[str, object, object]]:
    """Every recorded finding is found again; the log also holds the run's own warnings, recorded as notices."""
    old, new = (value if isinstance(value, list) else [] for value in (recorded, expected))
    own = [stated_in(str(finding)) for finding in new if not str(finding).startswith(_WARNS)]
    before, after = ([stated_in(str(finding)) for finding in findings] for findings in (old, new))
    lost = [stated for stated in own if stated not in before] + [stated for stated in before if stated not in after]
    return [("preflight", old, new)] if lost or len(old) < len(own) else []


def _determined(key: str, value: object) -> bool:
    """Whether two logs determine this key (null and empty values are those that they cannot)."""
    return value not in (None, [], {}) or key.startswith(("first_", "factors", "other_fields", "relative_delta"))


def differences(recorded: object, expected: object, where: str = "") -> Iterator[tuple[str, object, object]]:
    """Where two JSON values differ: (path, recorded, expected); keys only one side has are differences."""
    if isinstance(recorded, dict) and isinstance(expected, dict):
        for key in [*expected, *(key for key in recorded if key not in expected and where)]:
            place = f"{where}.{key}" if where else str(key)
            yield from differences(recorded.get(key, "nothing"), expected.get(key, "nothing"), place)
    elif _comparable(recorded, where) != _comparable(expected, where):
        yield where, recorded, expected


def _comparable(value: object, where: str) -> object:
    """Our logs spell out what is not ASCII, metrics.json escapes it; prose counts by the numbers and names in it."""
    if isinstance(value, list):
        return [_comparable(entry, where) for entry in value]
    if not isinstance(value, str):
        return value
    return stated_in(value) if where.rpartition(".")[2] in PROSE else spelled(value)


def stated_in(sentence: str) -> tuple[str, ...]:
    """The numbers, names and flags in a sentence, in order: another version may word the same finding differently."""
    return tuple(STATED.findall(spelled(sentence)))


def blocked(metrics: dict[str, object]) -> bool:
    """Whether the simulation of this package failed, so that it holds neither Python trace nor terms."""
    return bool(metrics.get("blocked")) and metrics.get("verdict") == "nothing compared"


def python_side(metrics: dict[str, object], py: Trace) -> list[FileFinding]:
    """Python values of an old metrics.json against the Python log beside it (old packages have no C log)."""
    found = []
    for name, entry in mapping(metrics.get("factors")).items():
        recorded = number(mapping(entry).get("py_value"))
        values = [record.values[0] for record in py.all(catalogue.canonical(name)) if len(record.values) == 1]
        if recorded is not None and values and recorded not in values:
            found.append(FileFinding(METRICS, f"{name}: py_value {recorded!r}, the Python log has {values[0]!r}"))
    return found


def arithmetic(metrics: dict[str, object]) -> list[FileFinding]:
    """Deltas and statuses of every factor recomputed from its two values; counts and first divergence from these."""
    found, divergent = [], 0
    factors = mapping(metrics.get("factors"))
    for name, value in factors.items():
        entry = mapping(value)
        c, py = number(entry.get("c_value")), number(entry.get("py_value"))
        divergent += text(entry.get("status")) in ("MINOR", "DIVERGENT", "CRITICAL")
        if c is None or py is None or not (math.isfinite(c) and math.isfinite(py)):
            continue
        wanted = {"abs_delta": py - c, "rel_delta": (py - c) / abs(c) if c else None}
        for key, expected in wanted.items():
            recorded = number(entry.get(key))
            if expected is not None and recorded is not None and not math.isclose(recorded, expected, rel_tol=1e-9):
                found.append(FileFinding(METRICS, f"{name}: {key} {recorded!r}, its values give {expected!r}"))
    count = number(metrics.get("num_divergent"))
    if count is not None and (divergent > count if metrics.get("left_out") else count != divergent):
        found.append(FileFinding(METRICS, f"num_divergent {count:g}, but {divergent} factors differ"))
    first = text(metrics.get("first_divergence"))
    if first in factors and text(mapping(factors[first]).get("status")) == "PASS":
        found.append(FileFinding(METRICS, f"first_divergence {first} has status PASS"))
    return found
