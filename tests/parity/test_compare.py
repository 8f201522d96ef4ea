"""Comparing two traces: alignment, what is raised and what is not, printed precision, units, real logs."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from nbtui.parity.compare import compare, raised
from nbtui.parity.model import Status
from nbtui.trace.model import TraceError
from nbtui.trace.reading.reader import parse_lines, read_trace
from support.small_traces import both, c_trace, py_trace


def test_first_divergence_is_the_earliest_field_of_the_earliest_block() -> None:
    block = ["pixel_pos_meters 1 2 3", "hkl_frac 1.5 2.5 3.5", "F_latt 7", "F_cell 10"]
    second = ["pixel_pos_meters 1.1 2 3", "hkl_frac 1.6 2.5 3.5", "F_latt 8", "F_cell 10"]
    end = ["I_before_scaling 100", "polar 0.9"]
    wrong = [*block[:3], "F_cell 11", "pixel_pos_meters 1.2 2 3", *second[1:], "I_before_scaling 120", "polar 0.9"]
    result = both([*block, *second, *end], wrong)
    assert result.first_divergence is not None
    assert result.first_divergence.label == "F_cell"
    assert [row.label for row in result.rows if raised(row)] == ["F_cell", "pixel_pos_meters[1].x", "I_before_scaling"]
    assert result.num_divergent == 3
    assert [row.order for row in result.rows] == list(range(len(result.rows)))


def test_blocks_stay_aligned_when_c_leaves_a_field_out_of_one() -> None:
    lines = ["pixel_pos_meters 1 2 3", "F_latt 0", "pixel_pos_meters 1.1 2 3", "F_latt 2", "F_cell 20"]
    lines += ["pixel_pos_meters 1.2 2 3", "F_latt 3", "F_cell 30"]
    result = both(lines, [*lines[:2], "F_cell 10", *lines[2:]])
    assert result.agrees and result.num_missing == 1
    row = result.row("F_cell", 2)
    assert row is not None and (row.c_value, row.py_value) == (30, 30)
    lone = result.row("F_cell", 0)
    assert lone is not None and lone.status is Status.MISSING and lone.c_value is None


def test_missing_is_counted_apart_and_never_first() -> None:
    result = both(["close_distance_meters 0.1", "polar 0.9"], ["polar 0.8", "F_cell 3"])
    assert (result.num_compared, result.num_missing, result.num_divergent) == (1, 2, 1)
    assert result.first_divergence is not None and result.first_divergence.field == "polar"
    assert any("Only in the C log (1 field): close_distance_meters" in text for text in result.findings)
    assert any("Only in your log (1 field): F_cell" in text for text in result.findings)


def test_a_value_that_an_older_tool_did_not_extract_is_missing() -> None:
    result = both(["polar 0.9", "F_cell 3"], ["polar NOT_EXTRACTED", "F_cell 3"])
    row = result.row("polar")
    assert row is not None and row.status is Status.MISSING
    assert result.agrees


def test_known_false_divergences_are_noted_and_not_raised() -> None:
    result = both(["rot_a_star_A_inv 0.1 0.2 0.3", "F_cell 3"], ["rot_a_star_A_inv 0.1 0.3 0.2", "F_cell 3"])
    row = result.row("rot_a_star_A_inv", 0, "z")
    assert row is not None and row.status is Status.CRITICAL and row.note.startswith("known false divergence: ")
    assert result.agrees and result.num_divergent == 0
    assert any(text.startswith("Known false divergence in rot_a_star_A_inv: ") for text in result.findings)


@pytest.mark.parametrize(
    "printed",
    [
        ("0.0300042 0 0", "0 0.0400056 0", "0 0 0.050007"),  # a common factor: C's sine of gamma*
        ("0.03 0 0", "0.004 0.0398 0", "0 0 0.05"),  # another angle
        ("-0.03 0 0", "0 0.04 0", "0 0 0.05"),  # a mirror image
    ],
)
def test_only_a_rotation_excuses_the_reciprocal_vectors(printed: tuple[str, ...]) -> None:
    names = ("rot_a_star_A_inv", "rot_b_star_A_inv", "rot_c_star_A_inv")
    plain = ("0.03 0 0", "0 0.04 0", "0 0 0.05")
    turned = ("0 0.03 0", "0 0 0.04", "0.05 0 0")
    lines = [[f"{name} {value}" for name, value in zip(names, side, strict=True)] for side in (plain, turned, printed)]
    assert both(lines[0], lines[1]).num_divergent == 0
    result = both(lines[0], lines[2])
    assert result.num_divergent > 0 and "star" in str(result.first_divergence)


def test_phi_lines_are_aligned_by_step_and_repetition() -> None:
    def phi(tag: str, step: int, k: float) -> str:
        return f"TRACE_{tag}_PHI phi_tic={step} phi_deg={step} k_frac={k} F_latt_b=1.5 F_latt=2.5"

    c = ["pixel_pos_meters 1 2 3", *(phi("C", s, s + 0.25) for s in range(3))]
    c += ["pixel_pos_meters 2 2 3", *(phi("C", s, s + 10.25) for s in range(3))]
    py = ["pixel_pos_meters 1 2 3", phi("PY", 2, 2.25), phi("PY", 0, 0.25), phi("PY", 1, 1.25)]
    py += ["pixel_pos_meters 2 2 3", phi("PY", 0, 10.25), phi("PY", 1, 11.35)]
    result = both(c, py)
    assert [row.label for row in result.rows if raised(row)] == ["phi.k_frac[phi 1, block 1]"]
    last = result.row("phi.k_frac", 5)
    assert last is not None and last.status is Status.MISSING and last.label == "phi.k_frac[phi 2, block 1]"


def test_integers_are_exact_at_any_tolerance() -> None:
    result = both(["hkl_rounded 1000 -2 3", "steps 1000"], ["hkl_rounded 1001 -2 3", "steps 1000"], tolerance=0.5)
    assert result.first_divergence is not None
    assert (result.first_divergence.label, result.first_divergence.status) == ("hkl_rounded.h", Status.CRITICAL)


def test_unknown_names_are_compared_behind_all_others() -> None:
    result = both(["my_own_value 1.5", "polar 0.9"], ["my_own_value 1.6", "polar 0.8"])
    assert [row.field for row in result.rows] == ["polar", "my_own_value"]
    assert result.rows[1].status is Status.CRITICAL and result.rows[1].stage == "other"


def test_profiles_limit_what_is_raised_not_what_is_shown() -> None:
    c = ["hkl_frac 1.5 2.5 3.5", "rot_b_angstroms 1 20 3", "I_before_scaling 100", "polar 0.9"]
    py = ["hkl_frac 1.5 2.50001 3.6", "rot_b_angstroms 1 20.00005 3", "I_before_scaling 100.1", "polar 0.9"]
    by_profile = {name: both(c, py, profile=name) for name in ("full", "scaling", "spec", "c-parity")}
    firsts = {name: r.first_divergence.label if r.first_divergence else None for name, r in by_profile.items()}
    assert firsts == {
        "full": "rot_b_angstroms.y",
        "scaling": "I_before_scaling",
        "spec": "rot_b_angstroms.y",
        "c-parity": None,
    }
    assert {len(r.rows) for r in by_profile.values()} == {8}
    assert (by_profile["scaling"].num_compared, by_profile["scaling"].num_divergent) == (2, 1)
    assert by_profile["c-parity"].agrees and by_profile["c-parity"].num_compared == 2


def test_tolerance_is_checked() -> None:
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(TraceError, match="tolerance must be a finite number"):
            both(["polar 0.9"], ["polar 0.9"], tolerance=bad)
    assert both(["polar 0.9"], ["polar 0.90001"], tolerance=1e-4).agrees
    assert not both(["polar 0.9"], ["polar 0.9000000001"], tolerance=0.0).agrees


GEOMETRY = ["diffracted_vec 0.6 0.8 0", "incident_vec 1 0 0", "lambda_meters 1e-10"]


@pytest.mark.parametrize("factor", [1e-10, 2e-10 * math.pi, 2 * math.pi])
def test_scattering_vector_in_another_unit_is_converted(factor: float) -> None:
    q = (-4e9, 8e9, 0.0)  # (d - i) / lambda
    printed = " ".join(f"{value * factor:.15g}" for value in q)
    result = both([*GEOMETRY, "scattering_vec_A_inv -4e9 8e9 0"], [*GEOMETRY, f"scattering_vec_A_inv {printed}"])
    assert result.agrees
    row = result.row("scattering_vec_A_inv", 0, "y")
    assert row is not None and row.py_value == pytest.approx(8e9, rel=1e-14) and "are converted" in row.note
    assert any("despite its label" in text for text in result.findings)


def test_a_wrong_scattering_vector_is_no_unit() -> None:
    result = both([*GEOMETRY, "scattering_vec_A_inv -4e9 8e9 0"], [*GEOMETRY, "scattering_vec_A_inv -4.1e9 8.2e9 0"])
    assert result.first_divergence is not None and result.first_divergence.label == "scattering_vec_A_inv.x"


def test_a_short_print_is_no_low_precision() -> None:
    assert both(["F_cell 190.2"], ["F_cell 190.27"]).first_divergence is not None


def test_a_whole_log_of_six_digits_is_compared_as_far_as_printed(shared: Path) -> None:
    c = read_trace(shared / "golden" / "cases" / "phi_carryover" / "trace_c.log")
    lines = [
        f"TRACE_PY: {r.raw_name} " + " ".join(f"{v:.6g}" for v in r.values) for r in c.records if _numeric(r.values)
    ]
    rounded = compare(c, parse_lines(lines, "six digits"), tolerance=1e-9)
    assert rounded.first_divergence is None
    hkl = rounded.row("hkl_frac", 0, "k")
    assert hkl is not None and hkl.status is Status.PASS and "digits printed" in hkl.note
    assert any("prints only 6 digits" in text for text in rounded.findings)
    # one unit of the sixth digit is a difference, half a unit is not
    wrong = [line.replace("2.68991", "2.68992") for line in lines]
    first = compare(c, parse_lines(wrong, "off"), tolerance=1e-9).first_divergence
    assert first is not None and first.label == "hkl_frac.k"


def test_fixed_decimals_are_compared_as_far_as_printed() -> None:
    c = c_trace("R_distance_meters 0.123456789012", "polar 0.912345678901", "F_cell 0.0000123456789", "F_latt_a 1.5")
    py = py_trace("R_distance_meters 0.123457", "polar 0.912346", "F_cell 0.000012", "F_latt_a 1.500000")
    assert compare(c, py, tolerance=1e-9).agrees
    assert not compare(
        c, py_trace("R_distance_meters 0.123457", "polar 0.912346", "F_cell 0.000014", "F_latt_a 1.500000")
    ).agrees


def _numeric(values: tuple[object, ...]) -> bool:
    return all(not isinstance(value, str) for value in values)


# -- real logs ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_reference_log_agrees_with_itself(shared: Path) -> None:
    logs = sorted((shared / "golden" / "cases").glob("*/trace_c.log"))
    assert len(logs) > 30
    for log in logs:
        trace = read_trace(log)
        for profile in ("full", "scaling"):
            result = compare(trace, trace, profile, tolerance=0.0)
            assert result.agrees and result.num_missing == 0, log


# the first field that each planted fault can touch, from the meaning of the fault (spec/hypotheses.md)
TOUCHED = {
    "002_other_pixel_next": "pixel_pos_meters",
    "004_other_config_lambda": "lambda_meters",
    "011_kahn_1_for_0": "polar",
    "018_source_weights_raw": "I_before_scaling",
    "021_source_count_lambda": "I_before_scaling",
    "022_tap_polar": "I_before_scaling",
    "025_tap_steps": "I_before_scaling",
    "028_tap_phi3": "I_before_scaling",
    "034_unit_q_2pi": None,
    "036_star_rotated": None,
    "039_half_pixel_both": "pix0_vector_meters",
    "044_swap_xy_org": "pix0_vector_meters",
    "046_pivot_beam_custom": "pix0_vector_meters",
    "051_pix0_mm": "pix0_vector_meters",
    "053_odet_typed": "pix0_vector_meters",
    "058_rotation_zyx": "pix0_vector_meters",
    "068_carryover_a": "rot_a_angstroms",
    "074_phi_endpoint_b": "rot_a_angstroms",
    "086_mosaic_seed_default": "I_before_scaling",
    "091_sincg_frac": "F_latt_a",
    "099_rounding_floor": "hkl_rounded",
    "103_hkl_kl_swapped": "F_cell",
    "112_mean_corrections": "polar",
    "116_steps_no_mosaic": "steps",
    "122_float32_miller": "hkl_frac",
    "124_pair_carryover_tap_polar": "rot_a_angstroms",
    "139_pair_interp_tap_polar": "F_cell",
    "144_neg_clean_a": None,
    "147_neg_print32_a": None,
}


def test_first_divergence_of_planted_faults(shared: Path) -> None:
    cases = sorted((shared / "zoo_sample" / "cases").iterdir())
    assert {case.name for case in cases} == set(TOUCHED)
    for case in cases:
        result = compare(read_trace(case / "trace_c.log"), read_trace(case / "trace_py.log"))
        first = result.first_divergence.field if result.first_divergence else None
        assert first == TOUCHED[case.name], case.name


def test_comparing_loads_neither_torch_nor_a_screen() -> None:
    code = "import sys, nbtui.parity.compare, nbtui.parity.render, nbtui.parity.metrics; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "numpy", "textual", "rich", "nbsim"} & {name.split(".")[0] for name in loaded}
