"""Sentences on two logs that need no cause, each on a handful of lines made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nbtui.diagnosis.explain.certain import certain
from nbtui.diagnosis.explain.unknown import unexplained
from nbtui.diagnosis.search.rows import Rows, common_rows
from nbtui.trace.reading.reader import parse_lines
from nbtui.trace.side import YOUR_LOG, C

GOOD = {
    "pix0_vector_meters": "0.1 0.02 -0.02",
    "pixel_pos_meters": "0.1 -0.0042 0.0074",
    "lambda_meters": "1.1e-10",
    "rot_a_angstroms": "28.4 -8.8 -3.7",
    "rot_a_star_A_inv": "0.03 0.04 0",
    "hkl_frac": "-0.01 -1.047 3.0163",
    "F_latt": "186.19599745624",
    "I_before_scaling": "7376350606.95359",
    "fluence_photons_per_m2": "1e+24",
    "capture_fraction": "0.0819142401319296",
    "I_pixel_final": "9529.23060889",
}

OFF = {"I_before_scaling": "4787000000", "I_pixel_final": "6184"}


def rows_of(crystal: float = 1.0, **changed: str) -> Rows:
    reference = parse_lines([f"TRACE_C: {name} {value}" for name, value in GOOD.items()])
    suspect = parse_lines([f"TRACE_PY: {name} {changed.get(name, value)}" for name, value in GOOD.items()])
    return common_rows(reference, suspect, tuple(GOOD), crystal)


def facts(rows: Rows, *print_fields: str, block: str = "") -> list[str]:
    return list(certain(rows, print_fields=print_fields, block=block, named=(C, YOUR_LOG)))


def test_equal_logs_agree_exactly() -> None:
    assert facts(rows_of()) == [f"All {len(GOOD)} compared fields agree exactly."]


def test_sums_of_background_say_little_about_their_terms() -> None:
    reach = "I_pixel_final agrees to 1.1e-11, so the difference of F_latt does not reach it."
    near = {"F_latt": "150", "I_pixel_final": "9529.2306089899999"}
    assert reach in facts(rows_of(**near))
    assert reach in facts(rows_of(1e-3, **near))  # 1e-8 of the terms, and stated as a part of the value
    assert not any("I_pixel_final agrees" in told for told in facts(rows_of(1e-6, **near)))  # 1e-5 of the terms
    for sums in ({}, near):  # below the rounding of the sum
        assert not any("reach" in told for told in facts(rows_of(1e-11, **{**sums, "F_latt": "150"})))


def test_the_agreeing_beginning_is_stated_with_its_precision() -> None:
    told = facts(rows_of(hkl_frac="-0.01 -1.0470001 3.0163", F_latt="150", **OFF))
    assert told[0] == "Everything up to hkl_frac agrees to 3.2e-08."  # 1e-7 of a vector of length 3.193
    assert told[1] == (
        "F_latt is the first difference on the way to the pixel: "
        "C prints 186.19599745624, your log 150, a factor of 0.805603."
    )


def test_a_number_of_the_command_line_that_both_print_is_named_with_both_values() -> None:
    told = facts(rows_of(F_latt="150", fluence_photons_per_m2="1.25932015286227e+29", **OFF))
    assert (
        "fluence_photons_per_m2 differs too, without a differing input: "
        "C prints 1e+24, your log 1.25932015286227e+29, a factor of 125932."
    ) in told


def test_an_agreeing_sum_shows_that_differences_before_it_do_not_reach_it() -> None:
    changed = {"hkl_frac": "0.2 -1.5 2.5", "F_latt": "150", "I_before_scaling": "7376344219.0"}
    told = facts(rows_of(**changed, I_pixel_final="9600"), "hkl_frac", "F_latt")
    assert (
        "I_before_scaling agrees to 8.7e-07, so the differences of hkl_frac and F_latt do not reach it: "
        "they are of the print."
    ) in told
    assert "hkl_frac is the first" not in " ".join(told)


def test_lines_of_the_print_are_left_aside_but_not_called_certain() -> None:
    told = facts(rows_of(hkl_frac="0.2 -1.5 2.5", F_latt="150", **OFF), "hkl_frac")
    assert told[1].startswith("Apart from lines of the print, F_latt is the first difference on the way to the pixel: ")
    assert not any("of the print" in sentence for sentence in told[:1] + told[2:])


def test_without_proof_the_print_is_not_blamed() -> None:
    told = " ".join(facts(rows_of(hkl_frac="0.2 -1.5 2.5", F_latt="150", I_pixel_final="9600")))
    assert "do not reach it." in told
    assert "print." not in told


def test_a_sum_of_zero_on_both_sides_proves_nothing_about_its_inputs() -> None:
    zero = {"I_before_scaling": "0", "I_pixel_final": "0"}
    reference = parse_lines([f"TRACE_C: {name} {zero.get(name, value)}" for name, value in GOOD.items()])
    suspect = parse_lines(
        [f"TRACE_PY: {name} {zero.get(name, value)}" for name, value in (GOOD | {"F_latt": "3"}).items()]
    )
    told = facts(common_rows(reference, suspect, tuple(GOOD)))
    assert told[0].startswith("I_pixel_final is zero on both sides")
    assert not any("reach it" in sentence for sentence in told)


def test_a_line_in_another_unit_is_named_with_its_factor() -> None:
    told = facts(rows_of(rot_a_angstroms="28.4e-10 -8.8e-10 -3.7e-10"), "rot_a_angstroms")
    assert "Your log prints rot_a_angstroms in another unit: 1e-10 times the value of the C log." in told
    assert (
        "I_pixel_final agrees exactly, so the difference of rot_a_angstroms does not reach it: it is of the print."
        in told
    )


def test_a_factor_near_a_conversion_is_no_unit() -> None:
    printed = " ".join(f"{value * 5.05e-7:.15g}" for value in (28.4, -8.8, -3.7))
    told = facts(rows_of(rot_a_angstroms=printed, I_pixel_final="9000"), "rot_a_angstroms")
    assert not any("unit" in sentence for sentence in told)


def test_the_trace_block_comes_first() -> None:
    told = facts(rows_of(F_latt="3"), block="the block of your log is that of the pixel's centre; C has 9 blocks")
    assert told[0] == "The block of your log is that of the pixel's centre; C has 9 blocks."


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("0 0.05 0", "a rotation: the length agrees"),
        ("0.0300042 0.0400056 0", "not a rotation: the length differs by a factor of 1.00014"),  # C's sine of gamma*
    ],
)
def test_only_a_rotation_excuses_reciprocal_vectors(printed: str, words: str) -> None:
    told = facts(rows_of(rot_a_star_A_inv=printed, F_latt="150", **OFF))
    assert told[0] == "Everything up to hkl_frac agrees exactly, apart from rot_a_star_A_inv."
    assert told[-1] == f"Nothing in the pixel is made from rot_a_star_A_inv; the difference is {words}."


def left_by(rows: Rows, *differing: str, **tried: float) -> list[str]:
    others = [(name, rows.reference * factor) for name, factor in tried.items()]
    return [item.sentence for item in unexplained(rows, rows.reference, differing, others)]


def test_an_unknown_factor_is_stated_with_the_nearest_cause() -> None:
    rows = rows_of(I_before_scaling="1411843153.81335", I_pixel_final="1786.5")
    told = left_by(rows, "I_before_scaling", "I_pixel_final", steps_factor=0.25, polar_missing=0.9)
    assert told == [
        "I_before_scaling is off by a factor of 0.19140: no known ratio, no known cause; "
        "nearest: steps_factor would give 0.25; I_pixel_final, made from it, differs as well."
    ]


def test_a_named_factor_is_given_though_no_cause_makes_it() -> None:
    rows = rows_of(I_before_scaling=f"{7376350606.95359 * 0.0819142401319296:.15g}")
    assert left_by(rows, "I_before_scaling") == [
        "I_before_scaling is off by a factor of 0.081914: equal to capture, yet no known cause produces it."
    ]


def test_a_factor_does_not_lack_itself() -> None:
    rows = rows_of(capture_fraction="1")
    assert "no known ratio" in left_by(rows, "capture_fraction")[0]


def test_a_cause_that_hardly_helps_is_not_the_nearest() -> None:
    rows = rows_of(I_before_scaling="1411843153.81335")
    assert "nearest" not in left_by(rows, "I_before_scaling", other=0.95)[0]


def test_a_vector_is_described_by_length_and_angle() -> None:
    rows = rows_of(pix0_vector_meters="0.1 -0.02 0.02")
    expected = 2.0 * np.degrees(np.arctan(np.hypot(0.02, 0.02) / 0.1))
    told = left_by(rows, "pix0_vector_meters")[0]
    assert f"length x 1, turned by {expected:.2g} degrees" in told


@pytest.mark.parametrize("value", ["0", "nan"])
def test_a_missing_number_is_stated_beside_the_expected_one(value: str) -> None:
    rows = rows_of(I_before_scaling=value)
    found = unexplained(rows, rows.reference, ("I_before_scaling",), ())
    assert found[0].sentence == f"I_before_scaling is {value} where 7.37635061e+09 is expected: no known cause."


def test_nothing_left_means_nothing_unknown() -> None:
    rows = rows_of()
    assert unexplained(rows, rows.reference, (), ()) == ()


def test_a_cell_in_metres_and_its_indices_are_in_another_unit() -> None:
    metres = {"rot_a_angstroms": "28.4e-10 -8.8e-10 -3.7e-10", "hkl_frac": "-0.01e-10 -1.047e-10 3.0163e-10"}
    told = facts(rows_of(**metres, F_latt="150", **OFF))
    unit = "Your log prints rot_a_angstroms and hkl_frac in another unit: 1e-10 times the value of the C log."
    assert unit in told
    assert any("F_latt is the first difference on the way to the pixel" in text for text in told)
    indices = facts(rows_of(hkl_frac=metres["hkl_frac"], F_latt="150", **OFF))
    assert any(text.startswith("hkl_frac is the first difference on the way to the pixel") for text in indices)
