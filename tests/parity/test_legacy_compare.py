"""The three real packages against the C log they were made for; numbers from their own metrics.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbtui.parity import inheritance, render
from nbtui.parity.compare import compare, raised
from nbtui.parity.metrics import metrics, to_json
from nbtui.trace.reading.reader import read_phi, read_trace, with_phi

PACKAGES = ("20251007T222548Z", "20251008T043438Z", "20251008T044933Z")
# I_before_scaling before the polarization factor: the first package prints both, its metrics used this one
GAPS = {"20251007T222548Z": -0.2073, "20251008T043438Z": -21.926, "20251008T044933Z": -8.7256}


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("c_log", ["c_trace_scaling.log", "trace_c.log"])
def test_gap_of_the_scaling_chain(shared: Path, package: str, c_log: str) -> None:
    log = shared / "seed_case" / c_log
    if not log.exists():
        log = shared / "seed_case" / "c_trace_scaling.log"
    old = shared / "legacy_bundles" / package
    c, py = read_trace(log), read_trace(old / "trace_py_scaling_cpu.log")
    result = compare(c, py, profile="scaling")
    first = result.first_divergence
    assert first is not None and first.field == "I_before_scaling"
    assert 100 * (first.rel_delta or 0) == pytest.approx(GAPS[package], rel=2.5e-4)

    theirs = json.loads((old / "metrics.json").read_text(encoding="utf-8"))
    assert result.num_divergent == theirs["num_divergent"]
    ours = json.loads(to_json(metrics(result, c, py, case="seed")))
    assert ours["first_divergence"] == theirs["first_divergence"]
    assert ours["tolerance_rel"] == theirs["tolerance_rel"]
    for name, factor in theirs["factors"].items():
        mine = ours["factors"][name]
        assert (mine["c_value"], mine["py_value"]) == (factor["c_value"], factor["py_value"]), name
        assert mine["status"] == factor["status"], name
        assert mine["rel_delta"] == pytest.approx(factor["rel_delta"], rel=1e-9, abs=1e-18), name


@pytest.mark.parametrize("package", PACKAGES)
def test_what_the_packages_did_not_see(shared: Path, package: str) -> None:
    c = read_trace(shared / "seed_case" / "c_trace_scaling.log")
    py = read_trace(shared / "legacy_bundles" / package / "trace_py_scaling_cpu.log")
    result = compare(c, py)
    assert result.pixel_c == (685, 1039)
    assert any("The values of your log are float32 numbers" in text for text in result.findings)
    assert any("auto-generating odet_vector" in text for text in result.findings)
    # seed_case/README: the maximum 446.25412 lies at (slow 1039, fast 685)
    assert any(
        "mixed up? The image maximum (446.254) is at the exchanged pixel, slow 1039 fast 685" in text
        for text in result.findings
    )
    # the gap is inherited: the detector of the Python side is elsewhere
    gap = result.row("I_before_scaling")
    assert gap is not None and raised(gap)
    root = inheritance.inherited_from(result, gap)
    assert root is not None and root.field == "pixel_pos_meters"
    assert not [row for row in result.rows if row.field.startswith("rot_") and "star" in row.field and raised(row)]


def test_carryover_shows_in_the_cell_and_in_the_phi_lines(shared: Path) -> None:
    """The second package was made in spec mode: its phi = 0 has fresh vectors, C's has those of the last step."""
    c = read_trace(shared / "seed_case" / "c_trace_scaling.log")
    old = shared / "legacy_bundles" / "20251008T043438Z"
    py = with_phi(read_trace(old / "trace_py_scaling_cpu.log"), read_phi(old / "trace_py_scaling_cpu_per_phi.log"))
    result = compare(c, py, profile="c-parity")
    labels = [row.label for row in result.rows if raised(row)]
    assert labels == ["rot_b_angstroms.y", "hkl_frac.k", "phi.k_frac[phi 0]"]
    assert "AGREE" not in render.verdict(result)
