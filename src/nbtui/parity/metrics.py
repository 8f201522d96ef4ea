"""The metrics.json object of one comparison.

Source: spec/evidence_package.md, metrics.json. Facts from outside the comparison (git, command, inputs, device)
are passed as ``extra`` and null without it; every key is always present.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import PurePath

from nbtui.parity import align, inheritance, tolerances
from nbtui.parity.compare import counts
from nbtui.parity.coverage import ACCEPTED, TOO_LITTLE
from nbtui.parity.excerpt import all_listed, excerpt
from nbtui.parity.model import Comparison, Row
from nbtui.parity.preflight import show
from nbtui.parity.render import verdict
from nbtui.trace.columns import tics
from nbtui.trace.fields import catalogue
from nbtui.trace.loop_counts import loop_counts
from nbtui.trace.model import Trace, Value
from nbtui.trace.text import clean

SCHEMA = "nbtui.metrics"
SCHEMA_VERSION = 3  # 2: without tolerances; 1: without first_reaching_divergence
WEIGHED = ("fields_common", "fields_judged", "coverage", "stock_log")  # not in packages of earlier writers
_BY_SIDE = ("F_cell", "F_latt_a", "F_latt_b", "F_latt_c", "F_latt")


def metrics(
    comparison: Comparison, c: Trace, py: Trace, *, case: str, extra: Mapping[str, object] | None = None
) -> dict[str, object]:
    """The comparison as an object with the keys of the specification.

    Of very many rows an excerpt is recorded, and ``left_out`` says of what (see `nbtui.parity.excerpt`).
    ``factors`` holds the rows that the profile judges, ``other_fields`` the rest and the known false divergences; both
    are keyed by the row's label. ``extra`` fills or adds keys that do not come from the traces and never replaces
    compared values. Values are plain Python numbers; ``to_json`` makes strict JSON of them.
    """
    first, new = comparison.first_divergence, inheritance.first_new(comparison)
    sides = _sides(comparison, c, py)
    rows = [comparison.rows[at] for at in excerpt(comparison)]
    found: dict[str, object] = {
        "case": clean(case),
        "pixel": _pixel(comparison.pixel_c or comparison.pixel_py),
        "pixel_c": _pixel(comparison.pixel_c),
        "pixel_py": _pixel(comparison.pixel_py),
        "tolerance": comparison.tolerance,
        "tolerance_rel": comparison.tolerance,
        "tolerance_profile": comparison.profile,
        "tolerances": tolerances.as_object(comparison.limits),
        "verdict": _verdict(comparison),
        "verdict_text": verdict(comparison),
        "first_divergence": first.field if first else None,
        "first_divergence_label": first.label if first else None,
        "first_divergence_inherited_from": _label(inheritance.inherited_from(comparison, first)) if first else None,
        "first_new_divergence": _label(new),
        "first_reaching_divergence": comparison.first_reaching.field if comparison.first_reaching else None,
        "first_reaching_divergence_label": _label(comparison.first_reaching),
        "num_divergent": comparison.num_divergent,
        "num_compared": comparison.num_compared,
        "num_missing": comparison.num_missing,
        "fields_common": comparison.fields_common,
        "fields_judged": comparison.fields_judged,
        "coverage": _coverage(comparison),
        "stock_log": comparison.stock or None,
        **sides,
        "relative_delta": _relative_delta(sides),
        "factors": {row.label: _factor(comparison, row) for row in rows if counts(row)},
        "other_fields": {row.label: _factor(comparison, row) for row in rows if not counts(row)},
        "preflight": list(comparison.findings),
    }
    if not all_listed(comparison):
        found["left_out"] = _left_out(comparison, len(rows))
    extra = extra or {}
    result = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **_unknown(), **_counts(c, py), **extra, **found}
    result["units"] = _units(result)
    return result


def _coverage(comparison: Comparison) -> str:
    """Whether the common fields suffice for a verdict."""
    if comparison.covered:
        return "sufficient"
    return ACCEPTED if comparison.allow_partial else "too little"


def _verdict(comparison: Comparison) -> str:
    if comparison.first_divergence is not None:
        return "diverge"
    if not comparison.num_compared:
        return "nothing compared"
    return TOO_LITTLE if comparison.too_little else "agree"


def _left_out(comparison: Comparison, recorded: int) -> dict[str, object]:
    """The number of rows, and the tally of every component."""
    return {
        "rows": len(comparison.rows),
        "recorded": recorded,
        "components": {
            tally.field + (f".{tally.component}" if tally.component else ""): {
                "rows": tally.rows,
                "missing": tally.only_c + tally.only_py,
                "divergent": tally.raised,
                "first_divergence": _label(comparison.rows[tally.first_raised]) if tally.raised else None,
                "worst_divergence": _label(comparison.rows[tally.worst]) if tally.raised else None,
            }
            for tally in comparison.overview.tallies
        },
    }


def to_json(obj: object) -> str:
    """Strict JSON: ASCII, two spaces, one newline at the end; NaN and infinities as "nan", "inf", "-inf"."""
    return json.dumps(_strict(obj), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _strict(obj: object) -> object:
    if isinstance(obj, Mapping):
        return {str(key): _strict(value) for key, value in obj.items()}
    if isinstance(obj, list | tuple):
        return [_strict(value) for value in obj]
    if isinstance(obj, float) and not math.isfinite(obj):
        return "nan" if math.isnan(obj) else "inf" if obj > 0 else "-inf"
    return str(obj) if isinstance(obj, PurePath) else obj


def _unknown() -> dict[str, object]:
    """The keys that only ``extra`` can fill."""
    empty: tuple[str, ...] = ("phi_mode", "dtype", "device", "git_sha", "branch", "command", "command_hash")
    return {**dict.fromkeys(empty), "inputs": [], "environment_drift": [], "baseline": None, "diagnosis": None}


def _counts(c: Trace, py: Trace) -> dict[str, object]:
    """Steps of every loop, from C's summary lines; null where the log does not say it."""
    result: dict[str, object] = {"steps": _first_value(c, "steps") or _first_value(py, "steps")}
    result |= loop_counts(c)
    if result["phi_steps"] is None and (c.phi or py.phi):
        result["phi_steps"] = len(set(tics(c.phi or py.phi)))
    return result


def _sides(comparison: Comparison, c: Trace, py: Trace) -> dict[str, object]:
    """Index, factors and sum of both sides, at the first block on both (phi step 0, domain 0, source 0)."""
    result: dict[str, object] = {}
    for side, trace in (("C", c), ("Py", py)):
        for name in ("hkl_frac", "hkl_rounded"):
            values = [_value(comparison, trace, name, axis, side) for axis in "hkl"]
            result[f"{name}_{side}"] = None if None in values else dict(zip("hkl", values, strict=True))
        for name in (*_BY_SIDE, "I_before_scaling"):
            result[f"{name}_{side}"] = _value(comparison, trace, name, "", side)
    return result


def _value(comparison: Comparison, trace: Trace, name: str, component: str, side: str) -> Value | None:
    """A value of one side in the first block that both have; else in the first block of its trace."""
    for at in comparison.overview.of(name, component):
        row = comparison.rows[at]
        if row.c_value is not None and row.py_value is not None:
            return row.c_value if side == "C" else row.py_value
    values = _values(trace, name)
    at_axis = "hkl".index(component) if component else 0
    return values[at_axis] if len(values) == (3 if component else 1) and align.NOT_THERE not in values else None


def _values(trace: Trace, name: str) -> tuple[Value, ...]:
    """The values of a field in block 0."""
    record = align.first_of(trace, name)
    return record.values if record is not None else ()


def _first_value(trace: Trace, name: str) -> Value | None:
    values = _values(trace, name)
    return values[0] if values and values[0] != align.NOT_THERE else None


def _relative_delta(sides: Mapping[str, object]) -> float | None:
    """(Python - C) / |C| of I_before_scaling."""
    c, py = sides["I_before_scaling_C"], sides["I_before_scaling_Py"]
    if not isinstance(c, int | float) or not isinstance(py, int | float) or c == 0:
        return None
    return (py - c) / abs(c)


def _factor(comparison: Comparison, row: Row) -> dict[str, object]:
    """One row; a row that agrees has no ``reaches_pixel``."""
    differs = row.status.differs
    reach = {"reaches_pixel": comparison.overview.reaches(row.order)} if differs else {}
    return {
        "description": row.description,
        "unit": row.unit,
        "c_value": _plain(row.c_value),
        "py_value": _plain(row.py_value),
        "abs_delta": row.abs_delta,
        "rel_delta": row.rel_delta,
        "ulp": row.ulp,
        "tolerance": row.tolerance,
        "status": row.status.value,
        "note": row.note,
        **reach,
    }


def _plain(value: Value | None) -> Value | None:
    return show(value) if isinstance(value, str) else value


def _pixel(pixel: tuple[int, int] | None) -> dict[str, int] | None:
    return {"slow": pixel[0], "fast": pixel[1]} if pixel else None


def _label(row: Row | None) -> str | None:
    return row.label if row else None


def _units(result: Mapping[str, object]) -> dict[str, str]:
    """Unit of every numeric key: from the catalogue; counts and ratios are pure numbers."""
    units: dict[str, str] = {}
    for key, value in result.items():
        known = catalogue.field(re.sub(r"_(C|Py)$", "", key))
        if known is not None:
            units[key] = known.unit
        elif isinstance(value, int | float) and not isinstance(value, bool):
            units[key] = "1"
    units |= {"pixel": "1", "pixel_c": "1", "pixel_py": "1", "relative_delta": "1"}
    units |= {"hkl_frac": "1", "hkl_rounded": "1", "scattering_vector": "m^-1"}
    units |= dict.fromkeys(("oversample", "phi_steps", "mosaic_domains", "sources", "thick_steps", "steps"), "1")
    return units
