"""Faults planted by the simulator's own switches and flags, or by editing its log: the cause must be named.

The replay of the diagnosis has no part in making these traces.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from nbtui.diagnosis.answer import Verdict
from nbtui.diagnosis.hypotheses.record import CauseKind
from nbtui.parity.compare import compare
from nbtui.trace.reading.reader import parse_lines
from support.diagnosis_traces import causes, changed, demo_log, edited, ids, lines_of, value


def test_nothing_is_wrong() -> None:
    diagnosis = causes(lines_of())
    assert not diagnosis.differs
    assert diagnosis.hypotheses == ()
    assert diagnosis.consistency == ()


def test_carry_over_is_the_phi_mode() -> None:
    diagnosis = causes(lines_of(phi_mode="spec"))
    assert ids(diagnosis) == ("phi_carryover",)
    assert diagnosis.hypotheses[0].explained == pytest.approx(1.0, abs=1e-6)
    assert diagnosis.hypotheses[0].residual < 1e-9
    assert diagnosis.faulty_side == "PY"
    assert diagnosis.new_divergence == "rot_a_angstroms"
    by_phi = next(share for share in diagnosis.attribution if share.axis == "phi step")
    assert by_phi.parts[0][0] == "0"
    assert by_phi.parts[0][1] == pytest.approx(by_phi.gap, rel=1e-9)


def test_a_known_false_divergence_is_never_the_first_new_one() -> None:
    """Reciprocal vectors printed at another spindle angle, a rotation about x, say nothing about the pixel."""
    lines = []
    for entry in lines_of():
        if "_star_A_inv " in entry:
            head, x, y, z = entry.rsplit(" ", 3)
            v, w = float(y), float(z)
            cosine, sine = math.cos(0.01), math.sin(0.01)
            entry = f"{head} {x} {v * cosine - w * sine:.15g} {v * sine + w * cosine:.15g}"
        lines.append(entry)
    assert any("known false divergence" in row.note for row in compare(demo_log(), parse_lines(lines)).rows)
    diagnosis = causes(lines)
    assert diagnosis.new_divergence == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"-polar": ["1"]}, "kahn_default"),
        ({"-nopolar": []}, "kahn_default"),
        ({"-polar": ["0.7"]}, "kahn_default"),
        ({"-Na": ["8"], "-Nb": ["9"]}, "n_cells_permuted"),
        ({"-Nb": ["11"]}, "other_config"),
        ({"-lambda": ["1.2003"]}, "other_config"),
        ({"-distance": ["121"]}, "other_config"),
        ({"-osc": ["0.62"]}, "other_config"),
        ({"-misset": ["11", "-7.2", "23"]}, "other_config"),
        ({"-mosaic_seed": ["12345679"]}, "mosaic_seed"),
        ({"-round_xtal": []}, "xtal_shape"),
        ({"-fluence": ["125932015286227086360700780544"]}, "default_fluence"),
        ({"-denzo": []}, "half_pixel_beam"),
        ({"-point_pixel": []}, "point_pixel"),
        ({"-phi": ["0.025"]}, "phi_midpoint"),
    ],
)
def test_another_flag(flags: dict[str, list[str]], expected: str) -> None:
    assert ids(causes(lines_of(changed(flags)))) == (expected,)


@pytest.mark.slow
def test_the_value_of_another_configuration_is_named() -> None:
    best = causes(lines_of(changed({"-lambda": ["1.2003"]}))).hypotheses[0]
    assert "wavelength 1.2003 A instead of 1.2" in best.summary


def test_first_domain_as_drawn() -> None:
    assert ids(causes(lines_of(quirks=(("mosaic_first_identity", False),)))) == ("mosaic_first_not_identity",)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tap", "factors"),
    [
        ("tap_after_polar", ("polar",)),
        ("tap_after_omega", ("omega_pixel",)),
        ("tap_after_scale", ("r_e_sqr", "fluence_photons_per_m2")),
    ],
)
def test_an_edited_tap(tap: str, factors: tuple[str, ...]) -> None:
    lines = lines_of()
    factor = math.prod(value(lines, name) for name in factors)
    diagnosis = causes(edited(lines, "I_before_scaling", lambda x: x * factor))
    assert ids(diagnosis) == (tap,)
    assert {finding.field for finding in diagnosis.consistency} == {"I_pixel_final"}
    assert [match.field for match in diagnosis.ratios] == ["I_before_scaling"]


def test_steps_divided_out_early() -> None:
    lines = lines_of()
    steps = value(lines, "steps")
    assert ids(causes(edited(lines, "I_before_scaling", lambda x: x / steps))) == ("tap_after_steps",)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "factor"),
    [("scattering_vec_A_inv", 1e-10), ("pixel_pos_meters", 1e3), ("scattering_vec_A_inv", 2e-10 * math.pi)],
)
def test_an_edited_unit(name: str, factor: float) -> None:
    diagnosis = causes(edited(lines_of(), name, lambda x: x * factor))
    assert ids(diagnosis) == ("unit_label",)
    assert name in diagnosis.hypotheses[0].summary


@pytest.mark.slow
def test_lines_rounded_to_single_precision_are_not_blamed_on_physics() -> None:
    lines: list[str] = list(lines_of())
    for name in ("pix0_vector_meters", "scattering_vec_A_inv", "hkl_frac", "F_latt", "I_before_scaling", "polar"):
        lines = edited(lines, name, lambda x: float(np.float32(x)))
    assert ids(causes(lines)) in {("float32",), ()}


@pytest.mark.slow
def test_a_float32_run() -> None:
    diagnosis = causes(lines_of(dtype="float32"))
    assert ids(diagnosis) == ("float32",)


def test_low_printed_precision_is_not_a_difference() -> None:
    short = [_rounded(line) for line in lines_of() if line.startswith(("TRACE_PY: ", "TRACE_PY_PHI "))]
    assert not causes(short).differs


def _rounded(line: str) -> str:
    def six(word: str) -> str:
        try:
            return f"{float(word):.6g}"
        except ValueError:
            key, sep, number = word.partition("=")
            return f"{key}={float(number):.6g}" if sep and number else word

    return " ".join(six(word) for word in line.split(" "))


@pytest.mark.slow
def test_a_pair() -> None:
    lines = lines_of(changed({"-polar": ["1"]}), phi_mode="spec")
    assert ids(causes(lines)) == ("kahn_default", "phi_carryover")


@pytest.mark.slow
def test_a_triple() -> None:
    lines = lines_of(changed({"-polar": ["1"]}), phi_mode="spec")
    factor = value(lines, "omega_pixel")
    diagnosis = causes(edited(lines, "I_before_scaling", lambda x: x * factor))
    assert ids(diagnosis) == ("kahn_default", "phi_carryover", "tap_after_omega")


def test_interpolation_on_one_side() -> None:
    # the traced pixel of the demo lies behind the first one out of range: only a rule per point interpolates it
    lines = lines_of(changed({"-interpolate": []}), quirks=(("interpolation_switch_off", False),))
    assert ids(causes(lines)) == ("interpolation",)


def test_a_fault_on_the_c_side_is_reported_there() -> None:
    from nbtui.trace.reading.reader import parse_lines

    c = parse_lines([line.replace("TRACE_PY", "TRACE_C") for line in lines_of(changed({"-polar": ["1"]}))])
    diagnosis = causes(lines_of(), c=c)
    assert ids(diagnosis) == ("kahn_default",)
    assert diagnosis.faulty_side == "C"
    assert any("C log does not follow" in note for note in diagnosis.notes)


@pytest.mark.slow
def test_an_unexplained_difference_is_admitted() -> None:
    lines = lines_of()
    for name in ("I_before_scaling", "I_pixel_final", "floatimage_accumulated"):
        lines = edited(lines, name, lambda x: x * 1.2345678)
    diagnosis = causes(lines)
    assert diagnosis.verdict is Verdict.UNKNOWN
    assert diagnosis.hypotheses == ()
    assert [item.field for item in diagnosis.unknown] == ["I_before_scaling"]
    assert diagnosis.new_divergence == "I_before_scaling"


def test_a_line_that_the_pixel_contradicts_is_of_the_print() -> None:
    diagnosis = causes(edited(lines_of(), "I_before_scaling", lambda x: x * 1.2345678))
    assert diagnosis.verdict is Verdict.EXPLAINED
    assert ids(diagnosis) == ("print_rederived",)
    assert diagnosis.hypotheses[0].kind is CauseKind.PRINT
