"""Recomputing what metrics.json and summary.md say from the logs and terms that lie beside them.

spec/evidence_package.md: everything in the two is made from parsed values, so parsing again must give it again.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nbtui.evidence.ascii_text import spelled
from nbtui.evidence.check.checksums import Finding
from nbtui.evidence.read.folder import mapping, number, regular_size, text
from nbtui.evidence.read.package import python_logs
from nbtui.evidence.write.record import record
from nbtui.parity.compare import compare
from nbtui.parity.metrics import to_json
from nbtui.parity.profiles import profile
from nbtui.trace.fields import catalogue
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import read_phi, read_trace, with_phi

C_LOG = "trace_c.log"
TERMS = "terms.csv"
COLUMNS = (
    *("thick", "sub_slow", "sub_fast", "source", "phi_step", "mosaic_domain"),
    *("h", "k", "l", "h0", "k0", "l0", "F_latt", "F_cell", "F_cell2_F_latt2"),
)
ROUNDING = {"float64": 1e-9, "float32": 1e-4}  # of a sum of terms, relative; of one product likewise
WEIGHTING = ("-oversample_thick", "-oversample_polar", "-oversample_omega")  # the sum is then not of bare terms
SHOWN = 6  # mismatches named one by one


def traces(folder: Path, files: tuple[str, ...]) -> tuple[Trace | None, Trace | None, list[Finding]]:
    """The C and the Python trace of a package (phi lines joined), and why one of them cannot be read."""
    found: list[Finding] = []

    def load(name: str) -> Trace | None:
        try:
            return read_trace(folder / name)
        except (TraceError, OSError) as error:
            found.append(Finding(name, f"holds no readable trace: {error}"))
            return None

    c = load(C_LOG) if C_LOG in files else None
    logs = python_logs(list(files))
    py = load(logs[0]) if logs else None
    per_phi = next((name for name in files if name.endswith("_per_phi.log")), "")
    if py is not None and per_phi and not py.phi:
        try:
            py = with_phi(py, read_phi(folder / per_phi))
        except (TraceError, OSError) as error:
            found.append(Finding(per_phi, f"holds no readable phi lines: {error}"))
    return c, py, found


def against_logs(metrics: dict[str, object], c: Trace, py: Trace) -> list[Finding]:
    """metrics.json against a new comparison of the two logs, key by key."""
    name = text(metrics.get("tolerance_profile"))
    expected: dict[str, Any] = {}
    notes = []
    try:
        profile(name)
    except TraceError:
        notes.append(
            Finding(
                "metrics.json", f"tolerance profile {name!r} is the user's own: statuses are not judged again", False
            )
        )
    for tolerance in (None, number(metrics.get("tolerance"))):  # the profile's own, or one the user gave
        fresh = compare(c, py, "full" if notes else name, tolerance)
        expected = json.loads(to_json(record(fresh, c, py)))
        if expected["factors"] == metrics.get("factors"):
            break
    if notes:
        lines = _lines(differences(_values(metrics), _values(expected)))
        return [*notes, *(Finding("metrics.json", what) for what in first_few(lines))]
    for key in ("case", "trace_sha256"):  # two logs know no case; a live trace has its phi lines among the others
        del expected[key]
    found = [f"{key} is missing" for key in expected if key not in metrics]
    wrong = _preflight(metrics.get("preflight"), expected.pop("preflight"))
    told = {key: value for key, value in expected.items() if key in metrics and _told(key, value)}
    recorded = {key: metrics[key] for key in told}
    # the units of what the logs do not tell are there as well
    recorded["units"] = {key: unit for key, unit in mapping(metrics.get("units")).items() if key in expected["units"]}
    wrong += differences(recorded, told)
    return [Finding("metrics.json", what) for what in first_few(found + _lines(wrong))]


def _lines(wrong: Iterable[tuple[str, object, object]]) -> list[str]:
    return [f"{key}: {old} recorded, the logs give {new}" for key, old, new in wrong]


def _values(metrics: dict[str, Any]) -> dict[str, object]:
    """What of a comparison does not depend on a tolerance: the values of every row and their differences."""
    rows = {**mapping(metrics.get("factors")), **mapping(metrics.get("other_fields"))}
    keys = ("c_value", "py_value", "abs_delta", "rel_delta", "ulp")
    return {label: {key: mapping(entry).get(key) for key in keys} for label, entry in sorted(rows.items())}


def _preflight(recorded: object, expected: object) -> list[tuple[str, object, object]]:
    """Every finding recorded is found again; the log also holds the run's own warnings, which are told elsewhere."""
    old, new = (value if isinstance(value, list) else [] for value in (recorded, expected))
    told = [found for found in new if not str(found).startswith("The Python program warns")]
    lost = [found for found in told if found not in old] + [found for found in old if found not in new]
    return [("preflight", old, new)] if lost else []


def _told(key: str, value: object) -> bool:
    """Whether two logs tell this key (null and empty are what they cannot tell)."""
    return value not in (None, [], {}) or key.startswith(("first_", "factors", "other_fields", "relative_delta"))


def differences(recorded: object, expected: object, where: str = "") -> Iterator[tuple[str, object, object]]:
    """Where two JSON values differ: (path, recorded, expected); keys only one side has are differences."""
    if isinstance(recorded, dict) and isinstance(expected, dict):
        for key in [*expected, *(key for key in recorded if key not in expected and where)]:
            place = f"{where}.{key}" if where else str(key)
            yield from differences(recorded.get(key, "nothing"), expected.get(key, "nothing"), place)
    elif _plain(recorded) != _plain(expected):
        yield where, recorded, expected


def _plain(value: object) -> object:
    """Our logs spell out what is not ASCII, metrics.json escapes it."""
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return spelled(value) if isinstance(value, str) else value


def blocked(metrics: dict[str, object]) -> bool:
    """Whether the simulation of this package failed: then there is no Python trace and there are no terms."""
    return bool(metrics.get("blocked")) and metrics.get("verdict") == "nothing compared"


def python_side(metrics: dict[str, object], py: Trace) -> list[Finding]:
    """Python values of an old metrics.json against the Python log beside it (old packages have no C log)."""
    found = []
    for name, entry in mapping(metrics.get("factors")).items():
        recorded = number(mapping(entry).get("py_value"))
        values = [record.values[0] for record in py.all(catalogue.canonical(name)) if len(record.values) == 1]
        if recorded is not None and values and recorded not in values:
            found.append(Finding("metrics.json", f"{name}: py_value {recorded!r}, the Python log has {values[0]!r}"))
    return found


def arithmetic(metrics: dict[str, object]) -> list[Finding]:
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
                found.append(Finding("metrics.json", f"{name}: {key} {recorded!r}, its values give {expected!r}"))
    count = number(metrics.get("num_divergent"))
    if count is not None and (divergent > count if metrics.get("left_out") else count != divergent):
        found.append(Finding("metrics.json", f"num_divergent {count:g}, but {divergent} factors differ"))
    first = text(metrics.get("first_divergence"))
    if first in factors and text(mapping(factors[first]).get("status")) == "PASS":
        found.append(Finding("metrics.json", f"first_divergence {first} has status PASS"))
    return found


def terms(folder: Path, metrics: dict[str, object]) -> list[Finding]:
    """terms.csv: columns, every product, and the sum against I_before_scaling of the Python side."""
    if regular_size(folder / TERMS) is None:
        return [Finding(TERMS, "cannot be read")]
    try:
        with (folder / TERMS).open(newline="", encoding="utf-8", errors="replace") as lines:  # there may be millions
            return _terms(lines, metrics)
    except (OSError, csv.Error) as error:
        return [Finding(TERMS, f"cannot be read: {error}")]


def _terms(lines: Iterable[str], metrics: dict[str, object]) -> list[Finding]:
    tolerance = ROUNDING.get(text(metrics.get("dtype")), ROUNDING["float64"])
    reader = csv.reader(lines)
    if tuple(next(reader, ())) != COLUMNS:
        return [Finding(TERMS, f"the first line must be {','.join(COLUMNS)}")]
    found: list[Finding] = []
    total = 0.0
    for at, row in enumerate(reader, start=2):
        values = [number(cell) for cell in row]
        if len(values) != len(COLUMNS) or None in values:
            return [Finding(TERMS, f"line {at} does not hold {len(COLUMNS)} numbers")]
        f_latt, f_cell, product = (value or 0.0 for value in values[-3:])
        total += product
        if not math.isclose(f_cell**2 * f_latt**2, product, rel_tol=tolerance, abs_tol=1e-300) and len(found) < SHOWN:
            found.append(Finding(TERMS, f"line {at}: F_cell^2 F_latt^2 is {f_cell**2 * f_latt**2!r}, not {product!r}"))
    if text(metrics.get("python_trace")) == "a given log":
        return [*found, Finding(TERMS, "the Python trace is a given log, the terms are not its own", fatal=False)]
    stated = number(metrics.get("I_before_scaling_Py"))
    command = f" {text(metrics.get('command'))} "
    if stated is None or any(f" {flag} " in command for flag in WEIGHTING) or " -water " in command:
        return [*found, Finding(TERMS, "the sum of terms is weighted in this run: not compared", fatal=False)]
    if not math.isclose(total, stated, rel_tol=tolerance, abs_tol=1e-300):
        found.append(Finding(TERMS, f"the terms add up to {total!r}, I_before_scaling_Py is {stated!r}"))
    return found


def first_few(lines: list[str]) -> list[str]:
    """The first ones and how many more there are."""
    return lines if len(lines) <= SHOWN else [*lines[:SHOWN], f"and {len(lines) - SHOWN} more values"]
