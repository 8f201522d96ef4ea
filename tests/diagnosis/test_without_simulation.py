"""A diagnosis of two logs whose case cannot be simulated, each on a handful of lines made by hand."""

from __future__ import annotations

import pytest

from nbtui.diagnosis.answer import Diagnosis, Verdict
from nbtui.diagnosis.without_simulation import ALONE, diagnose_from_logs
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines

GOOD = {
    "pix0_vector_meters": "0.1 0.02 -0.02",
    "pixel_pos_meters": "0.1 -0.0042 0.0074",
    "lambda_meters": "1.1e-10",
    "rot_a_angstroms": "28.4 -8.8 -3.7",
    "hkl_frac": "-0.01 -1.047 3.0163",
    "F_latt": "186.19599745624",
    "I_before_scaling": "7376350606.95359",
    "fluence_photons_per_m2": "1e+24",
    "steps": "12",
    "polar": "0.912",
    "I_pixel_final": "9529.23060889",
}


def log(tag: str, values: dict[str, str]) -> Trace:
    return parse_lines([f"TRACE_{tag}: {name} {value}" for name, value in values.items()])


def found(**changed: str) -> Diagnosis:
    return diagnose_from_logs(log("C", GOOD), log("PY", GOOD | changed), "the file is missing")


def ids(diagnosis: Diagnosis) -> list[tuple[str, ...]]:
    return [cause.ids for cause in diagnosis.hypotheses]


def test_the_reason_comes_first() -> None:
    assert found(F_latt="3").preflight[0] == f"No simulation: the file is missing. {ALONE}"


def test_equal_logs_agree() -> None:
    same = found()
    assert same.verdict is Verdict.AGREES
    assert same.certain == (f"All {len(GOOD)} compared fields agree exactly.",)
    assert same.hypotheses == same.unknown == ()


def test_a_difference_without_proof_has_no_cause() -> None:
    diagnosis = found(F_latt="150", I_before_scaling="4787000000", I_pixel_final="6184")
    assert diagnosis.verdict is Verdict.UNKNOWN
    assert diagnosis.hypotheses == ()
    assert [item.field for item in diagnosis.unknown] == ["F_latt"]
    assert diagnosis.new_divergence == "F_latt"
    assert "Everything up to hkl_frac agrees exactly." in diagnosis.certain


@pytest.mark.parametrize(
    ("total", "cause"),
    [(7376350606.95359 * 0.912, "tap_after_polar"), (7376350606.95359 / 12, "tap_after_steps")],
)
def test_a_sum_taken_after_a_printed_factor_is_a_tap_when_the_pixel_agrees(total: float, cause: str) -> None:
    diagnosis = found(I_before_scaling=f"{total:.17g}")
    assert ids(diagnosis) == [(cause,)]
    assert diagnosis.verdict is Verdict.EXPLAINED


def test_the_same_sum_is_no_tap_when_the_pixel_differs() -> None:
    diagnosis = found(I_before_scaling=f"{7376350606.95359 * 0.912:.17g}", I_pixel_final="8690.65831530768")
    assert diagnosis.hypotheses == ()


def test_a_line_in_another_unit_is_a_label_when_a_value_made_from_it_agrees() -> None:
    diagnosis = found(rot_a_angstroms="28.4e-10 -8.8e-10 -3.7e-10")
    assert ids(diagnosis) == [("unit_label",)]
    assert diagnosis.hypotheses[0].forms == ("unit_label: rot_a_angstroms x 1e-10",)
    assert diagnosis.verdict is Verdict.EXPLAINED


def test_a_factor_of_ten_at_the_end_is_no_label() -> None:
    assert found(I_pixel_final="95292.3060889").hypotheses == ()


def test_two_proven_causes_are_one_answer() -> None:
    diagnosis = found(rot_a_angstroms="28.4e-10 -8.8e-10 -3.7e-10", I_before_scaling=f"{7376350606.95359 / 12:.17g}")
    assert ids(diagnosis) == [("tap_after_steps", "unit_label")]


def test_the_default_fluence_explains_what_follows_from_it_and_no_more() -> None:
    default = 125932015286227086360700780544.0
    pixel = f"{9529.23060889 * default / 1e24:.17g}"
    diagnosis = found(fluence_photons_per_m2=f"{default:.15g}", I_pixel_final=pixel)
    assert ids(diagnosis) == [("default_fluence",)]
    assert diagnosis.verdict is Verdict.EXPLAINED
    worse = found(fluence_photons_per_m2=f"{default:.15g}", I_pixel_final=pixel, F_latt="3", I_before_scaling="7")
    assert worse.verdict is Verdict.PARTLY
    assert [item.field for item in worse.unknown] == ["F_latt"]


def test_logs_of_two_pixels_are_not_explained_otherwise() -> None:
    head = "TRACE_CONFIG: tracing pixel (spixel={}, fpixel={})"
    c = parse_lines([head.format(4, 7), *(f"TRACE_C: {name} {value}" for name, value in GOOD.items())])
    other = GOOD | {"pixel_pos_meters": "0.1 -0.0041 0.0074", "F_latt": "20", "I_pixel_final": "3"}
    py = parse_lines([head.format(4, 8), *(f"TRACE_PY: {name} {value}" for name, value in other.items())])
    diagnosis = diagnose_from_logs(c, py, "no command line")
    assert ids(diagnosis) == [("other_pixel",)]
    assert diagnosis.hypotheses[0].forms == ("other_pixel: slow 4 fast 8 instead of slow 4 fast 7",)


def test_one_common_number_shows_a_size_and_no_place() -> None:
    pixel = {"I_pixel_final": "12"}
    diagnosis = diagnose_from_logs(log("C", GOOD), log("PY", pixel), "no command line")
    assert diagnosis.verdict is Verdict.UNKNOWN
    assert diagnosis.notes[0].startswith("The two logs have 1 field in common (I_pixel_final)")
    assert len(diagnosis.unknown) == 1


def test_logs_without_a_common_value_leave_everything_open() -> None:
    diagnosis = diagnose_from_logs(log("C", {"F_cell": "3"}), log("PY", {"polar": "1"}), "no command line")
    assert diagnosis.verdict is Verdict.UNKNOWN
    assert diagnosis.certain == diagnosis.unknown == ()
    assert diagnosis.notes == ("The two logs have no value in common: nothing can be said about their difference.",)


def test_phi_lines_alone_are_compared_step_by_step() -> None:
    def steps(tag: str, last: str) -> Trace:
        rows = [f"TRACE_{tag}_PHI phi_tic={n} phi_deg={n} k_frac=1.{n} F_latt_b=3 F_latt=5" for n in range(2)]
        return parse_lines([*rows, f"TRACE_{tag}_PHI phi_tic=2 phi_deg=2 k_frac={last} F_latt_b=3 F_latt=5"])

    diagnosis = diagnose_from_logs(steps("C", "1.2"), steps("PY", "1.25"), "no command line")
    assert [item.field for item in diagnosis.unknown] == ["phi.k_frac"]
    assert "(phi step 2)" in diagnosis.unknown[0].sentence
