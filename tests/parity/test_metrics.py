"""metrics.json: every key of the specification, strict JSON, nothing invented."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from nbtui.parity.compare import compare
from nbtui.parity.metrics import metrics, to_json
from nbtui.trace.reading.reader import read_trace
from support.small_traces import c_trace, py_trace

# spec/evidence_package.md, metrics.json
KEYS = [
    "schema",
    "schema_version",
    "units",
    "case",
    "pixel",
    "phi_mode",
    "dtype",
    "device",
    "tolerance",
    "tolerance_profile",
    "verdict",
    "first_divergence",
    "first_new_divergence",
    "num_divergent",
    "num_compared",
    "num_missing",
    "I_before_scaling_C",
    "I_before_scaling_Py",
    "relative_delta",
    "steps",
    "oversample",
    "phi_steps",
    "mosaic_domains",
    "sources",
    "thick_steps",
    "factors",
    "git_sha",
    "branch",
    "command",
    "command_hash",
    "inputs",
    "environment_drift",
    "baseline",
    "diagnosis",
    "tolerance_rel",
]
BY_SIDE = ("hkl_frac", "hkl_rounded", "F_cell", "F_latt_a", "F_latt_b", "F_latt_c", "F_latt")
FACTOR = ["description", "unit", "c_value", "py_value", "abs_delta", "rel_delta", "ulp", "tolerance", "status"]


def test_every_key_of_the_specification_is_there() -> None:
    c, py = c_trace("polar 0.9"), py_trace("polar 0.8")
    result = metrics(compare(c, py), c, py, case="tiny")
    assert list(result)[:2] == ["schema", "schema_version"]
    assert set(KEYS) <= set(result)
    assert {f"{name}_{side}" for name in BY_SIDE for side in ("C", "Py")} <= set(result)
    factors = result["factors"]
    assert isinstance(factors, dict) and set(FACTOR) <= set(factors["polar"])
    assert result["first_divergence"] == result["first_new_divergence"] == "polar"
    assert result["verdict"] == "diverge"
    # what nobody told is null, not a guess
    assert all(result[key] is None for key in ("git_sha", "phi_mode", "dtype", "device", "oversample", "hkl_frac_C"))


def test_extra_fills_and_never_overrules_the_comparison() -> None:
    c, py = c_trace("polar 0.9"), py_trace("polar 0.8")
    extra = {
        "dtype": "float64",
        "num_divergent": 0,
        "git_sha": "abc",
        "oversample": 3,
        "inputs": [{"path": Path("p.hkl")}],
    }
    result = json.loads(to_json(metrics(compare(c, py), c, py, case="tiny", extra=extra)))
    assert (result["dtype"], result["git_sha"], result["oversample"]) == ("float64", "abc", 3)
    assert result["num_divergent"] == 1
    assert result["inputs"] == [{"path": "p.hkl"}]


def test_numbers_of_a_reference_case(shared: Path) -> None:
    case = shared / "golden" / "cases" / "phi_carryover"
    c = read_trace(case / "trace_c.log")
    result = metrics(compare(c, c), c, c, case="phi_carryover")
    # read off command.txt and the log: -trace_pixel 30 61 -phisteps 10 -oversample 1
    assert result["pixel"] == {"slow": 30, "fast": 61}
    counts = {key: result[key] for key in ("steps", "oversample", "phi_steps", "mosaic_domains", "sources")}
    assert counts == {"steps": 10, "oversample": 1, "phi_steps": 10, "mosaic_domains": 1, "sources": 1}
    assert result["hkl_frac_C"] == {"h": -0.846720416955581, "k": 2.68991165110762, "l": 2.03734574744404}
    assert result["hkl_rounded_Py"] == {"h": -1, "k": 3, "l": 2}
    assert (result["F_cell_C"], result["F_latt_Py"]) == (128.294, 6.50553148509126)
    assert (result["verdict"], result["relative_delta"]) == ("agree", 0.0)
    units = result["units"]
    assert isinstance(units, dict)
    assert units["I_before_scaling_C"] == "e^2" and units["hkl_frac"] == "1" and units["scattering_vector"] == "m^-1"


def test_units_name_every_numeric_key(shared: Path) -> None:
    case = shared / "zoo_sample" / "cases" / "068_carryover_a"
    c, py = read_trace(case / "trace_c.log"), read_trace(case / "trace_py.log")
    result = metrics(compare(c, py), c, py, case="zoo")
    numeric = {k for k, v in result.items() if isinstance(v, int | float) and k != "schema_version"}
    assert isinstance(result["units"], dict)
    assert numeric <= set(result["units"])


def test_factors_are_what_the_profile_judges_and_the_counts_follow_from_them(shared: Path) -> None:
    case = shared / "zoo_sample" / "cases" / "036_star_rotated"
    c, py = read_trace(case / "trace_c.log"), read_trace(case / "trace_py.log")
    for profile in ("full", "scaling", "spec"):
        result = json.loads(to_json(metrics(compare(c, py, profile), c, py, case="zoo")))
        differing = [f for f in result["factors"].values() if f["status"] in ("MINOR", "DIVERGENT", "CRITICAL")]
        assert len(differing) == result["num_divergent"] == 0
        missing = sum(f["status"] == "MISSING" for f in result["factors"].values())
        assert (missing, len(result["factors"]) - missing) == (result["num_missing"], result["num_compared"])
        assert any(name.startswith("rot_a_star_A_inv") for name in result["other_fields"])


def test_inherited_divergence_names_its_origin(shared: Path) -> None:
    case = shared / "zoo_sample" / "cases" / "068_carryover_a"
    c, py = read_trace(case / "trace_c.log"), read_trace(case / "trace_py.log")
    result = metrics(compare(c, py, "scaling"), c, py, case="zoo")
    assert result["first_divergence"] == "I_before_scaling"
    assert result["first_divergence_inherited_from"] == "rot_a_angstroms.y"
    assert result["first_new_divergence"] == "rot_a_angstroms.y"


def test_json_is_strict_ascii_and_ends_with_one_newline() -> None:
    text = to_json({"a": math.nan, "b": [math.inf, -math.inf], "c": "\u03c6", "d": {"e": (1, 2.5)}, "f": Path("x/y")})
    assert text.isascii() and text.endswith("}\n") and text.startswith('{\n  "a": "nan",\n')
    assert json.loads(text, parse_constant=_refuse) == {
        "a": "nan",
        "b": ["inf", "-inf"],
        "c": "\u03c6",
        "d": {"e": [1, 2.5]},
        "f": "x/y",
    }


def test_values_that_are_no_numbers_survive() -> None:
    c, py = c_trace("polar nan", "F_cell inf"), py_trace("polar nan", "F_cell 3")
    result = json.loads(to_json(metrics(compare(c, py), c, py, case="odd")), parse_constant=_refuse)
    assert result["factors"]["polar"]["c_value"] == "nan" and result["factors"]["polar"]["status"] == "PASS"
    assert result["factors"]["F_cell"]["c_value"] == "inf" and result["factors"]["F_cell"]["status"] == "CRITICAL"


def _refuse(name: str) -> None:
    pytest.fail(f"not strict JSON: {name}")
