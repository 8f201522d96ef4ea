"""A trace is recomputed from its own values: by hand here, and with the logs of the C program."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from nbtui.parity.cell_counts import cell_counts
from nbtui.parity.compare import compare
from nbtui.parity.own_values import contradictions
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines, read_trace
from nbtui.trace.side import YOUR_LOG
from nbtui.trace.side import C as C_LOG
from support.small_traces import py_trace

# 3-4-5 triangle: R = 5, obliquity 3/5; one term: F = 2, factors 3 x 1 x -2
BLOCK = [
    "pixel_pos_meters 3 4 0",
    "R_distance_meters 5",
    "close_distance_meters 3",
    "obliquity_factor 0.6",
    "diffracted_vec 0.6 0.8 0",
    "incident_vec 1 0 0",
    "lambda_meters 1e-10",
    "lambda_angstroms 1",
    "scattering_vec_A_inv -4000000000 8000000000 0",
    "rot_a_angstroms 1 0 0",
    "rot_b_angstroms 0 1 0",
    "rot_c_angstroms 0 0 1",
    "hkl_frac -0.4 0.8 0",
    "hkl_rounded 0 1 0",
]
SUM = ["F_latt_a 3", "F_latt_b 1", "F_latt_c -2", "F_latt -6", "F_cell 2", "I_before_scaling_pre_polar 144"]
SCALED = [
    "I_before_scaling_post_polar 72",
    "r_e_sqr 2",
    "fluence_photons_per_m2 10",
    "steps 1",
    "oversample_thick 0",
    "oversample_polar 0",
    "oversample_omega 0",
    "capture_fraction 1",
    "polar 0.5",
    "omega_pixel 0.25",
    "I_pixel_final 360",  # 144 x 2 x 10 x 0.5 x 0.25
    "floatimage_accumulated 360",
]


def trace(lines: list[str], side: str = "PY", **changed: str) -> Trace:
    """A trace of these lines, some with other values."""
    for name, values in changed.items():
        lines = [f"{name} {values}" if line.split()[0] == name else line for line in lines]
    return parse_lines([f"TRACE_{side}: {line}" for line in lines])


def test_a_consistent_trace_has_no_contradiction() -> None:
    assert contradictions(trace(BLOCK + SUM + SCALED), YOUR_LOG) == ()


@pytest.mark.parametrize(
    ("name", "wrong", "expected"),
    [
        ("R_distance_meters", "5.0001", (5.0,)),
        ("scattering_vec_A_inv", "-4000000000 8000000000 10", (-4e9, 8e9, 0.0)),
        ("hkl_frac", "-0.4 0.8 0.001", (-0.4, 0.8, 0.0)),
        ("hkl_rounded", "0 0 0", (0.0, 1.0, 0.0)),
        ("F_latt", "-6.00001", (-6.0,)),
        ("lambda_angstroms", "1e-10", (1.0,)),
        ("floatimage_accumulated", "360.01", (360.0,)),
    ],
)
def test_a_line_off_its_formula_is_found(name: str, wrong: str, expected: tuple[float, ...]) -> None:
    found = {entry.field: entry for entry in contradictions(trace(BLOCK + SUM + SCALED, **{name: wrong}), YOUR_LOG)}
    assert found[name].expected == pytest.approx(expected, abs=1e-9)
    assert found[name].sentence.startswith(f"Your log: {name} is ")


def test_the_last_printed_digit_decides_not_a_constant() -> None:
    """1/3 to 4 digits: 0.3333 is off by 3e-5, within half a unit; 0.3335 is not."""
    coarse = ["close_distance_meters 0.8333", "R_distance_meters 2.5", "obliquity_factor 0.3333"]
    coarse += ["polar 0.1234", "omega_pixel 0.2345", "capture_fraction 0.9876"]
    assert contradictions(trace(coarse), C_LOG) == ()
    off = contradictions(trace(coarse, obliquity_factor="0.3335"), C_LOG)
    assert [entry.field for entry in off] == ["obliquity_factor"]
    fine = [*coarse, "r_e_meters 2.81794117756025e-15"]  # a log of 15 digits, where 0.3333 is exact
    assert [entry.field for entry in contradictions(trace(fine), C_LOG)] == ["obliquity_factor"]


def test_polarization_before_and_after_it_outweighs_the_line() -> None:
    (found,) = contradictions(trace(BLOCK + SUM + SCALED, polar="1"), YOUR_LOG)
    assert (found.field, found.expected, found.rederived) == ("polar", (0.5,), True)
    c = trace(BLOCK + ["I_before_scaling 144" if "pre_polar" in line else line for line in SUM] + SCALED, "C")
    row = compare(c, trace(BLOCK + SUM + SCALED, polar="1")).row("polar")
    assert row is not None and row.py_value == 0.5 and not row.status.differs
    assert row.note == "print_rederived: your log prints 1"


def test_a_factor_of_another_formula_is_no_matter_of_the_print() -> None:
    """The product of the factors has the same wrong sign: it was made from the line."""
    wrong = trace(BLOCK + SUM + SCALED, F_latt_b="-1", F_latt="6")
    found = contradictions(wrong, YOUR_LOG, (3, 1, 2))
    assert {entry.field: entry.rederived for entry in found if entry.field == "F_latt_b"} == {"F_latt_b": False}


def test_the_only_term_is_the_sum_and_water_adds_to_it() -> None:
    more = trace(BLOCK + SUM + SCALED, I_before_scaling_pre_polar="150", polar="0.48", I_pixel_final="360")
    assert "I_before_scaling" not in {entry.field for entry in contradictions(more, YOUR_LOG)}
    black = trace(BLOCK + SUM + SCALED, I_before_scaling_pre_polar="0")
    assert "I_before_scaling" in {entry.field for entry in contradictions(black, YOUR_LOG)}


def test_indices_made_from_vectors_in_metres_are_put_right() -> None:
    """The print multiplies metres by 1/A: h, k, l are 1e-10 of the truth, F_latt its largest value."""
    counts = (2, 3, 1)
    factors = [math.sin(n * math.pi * x) / math.sin(math.pi * x) for n, x in ((2, 0.4), (3, 0.8))]
    total = (2 * math.prod(factors)) ** 2
    slip = {
        "rot_a_angstroms": "1e-10 0 0",
        "rot_b_angstroms": "0 1e-10 0",
        "rot_c_angstroms": "0 0 1e-10",
        "hkl_frac": "-4e-11 8e-11 0",
        "hkl_rounded": "0 0 0",
        "F_latt_a": "2",
        "F_latt_b": "3",
        "F_latt_c": "1",
        "F_latt": "6",
        "I_before_scaling_pre_polar": f"{total:.15g}",
    }  # fmt: skip
    found = {entry.field: entry for entry in contradictions(trace(BLOCK + SUM + SCALED, **slip), YOUR_LOG, counts)}
    assert found["hkl_frac"].rederived and found["hkl_frac"].expected == pytest.approx((-0.4, 0.8, 0.0))
    assert "1e-10 times that: another unit" in found["hkl_frac"].sentence
    assert found["F_latt"].expected == pytest.approx((math.prod(factors),))
    assert found["F_cell"].rederived and found["F_cell"].expected == pytest.approx((2.0,))


def test_the_c_program_never_contradicts_itself(shared: Path) -> None:
    logs = sorted((shared / "golden" / "cases").glob("*/trace_c.log"))
    assert len(logs) > 30
    for log in logs:
        c = read_trace(log)
        assert contradictions(c, C_LOG, cell_counts(c, c)) == (), log.parent.name


def test_cells_are_counted_from_lattice_factors_where_no_line_names_them() -> None:
    rows = [(0.31, 0.27, -1.42), (0.11, -0.39, 2.2)]
    lines = []
    for hkl in rows:
        lines.append("hkl_frac " + " ".join(map(str, hkl)))
        for axis, (index, count) in enumerate(zip(hkl, (7, 12, 31), strict=True)):
            value = math.sin(math.pi * count * index) / math.sin(math.pi * index)
            lines.append(f"F_latt_{'abc'[axis]} {value:.15g}")
    assert cell_counts(trace(lines, "C"), trace(lines)) == (7, 12, 31)


ORIGIN = ("term_fast 0 0 -0.05", "term_slow 0 0.04 0")


@pytest.mark.parametrize("third", ["term_beam", "term_close"])
@pytest.mark.parametrize("origin", ["pix0_vector", "pix0_vector_meters"])
def test_the_detector_origin_is_the_sum_of_its_terms(third: str, origin: str) -> None:
    right = py_trace(*ORIGIN, f"{third} 0.1 0 0", f"{origin} 0.1 0.04 -0.05")
    assert not contradictions(right, YOUR_LOG)
    (found,) = contradictions(py_trace(*ORIGIN, f"{third} 0.1 0 0", f"{origin} 0.1 0.04 0.05"), YOUR_LOG)
    assert found.field == origin and f"term_fast + term_slow + {third}" in found.sentence
