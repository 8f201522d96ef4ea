"""A difference reaches the pixel by an unbroken chain of differing values, or it is of the print."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtui.parity import render, standing
from nbtui.parity.compare import compare
from nbtui.parity.model import Comparison
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines, read_trace

LINES = {
    "pixel_pos_meters": "0.1 0.02 0.03",
    "R_distance_meters": "0.11",
    "diffracted_vec": "0.6 0.8 0",
    "incident_vec": "1 0 0",
    "hkl_frac": "1.01 2.02 3.03",
    "F_latt": "7",
    "F_cell": "11",
    "I_before_scaling": "5929",
    "polar": "0.9",
    "omega_pixel": "1e-6",
    "cos_2theta": "0.8",
    "I_pixel_final": "42",
    "floatimage_accumulated": "42",
}


def trace(side: str, **changed: str | None) -> Trace:
    """The lines, some with other values, some missing."""
    values = {**LINES, **changed}
    return parse_lines([f"TRACE_{side}: {name} {value}" for name, value in values.items() if value is not None])


def against(**changed: str | None) -> Comparison:
    return compare(trace("C"), trace("PY", **changed))


def labels(result: Comparison) -> list[str]:
    return [result.rows[at].label for at in result.overview.reaching]


def test_what_made_an_agreeing_value_does_not_reach_the_pixel() -> None:
    result = against(
        hkl_frac="1.02 2.02 3.03", F_latt="8", polar="0.8", I_pixel_final="40", floatimage_accumulated="40"
    )
    assert result.first_divergence is not None and result.first_divergence.label == "hkl_frac.h"
    assert result.first_reaching is not None and result.first_reaching.label == "polar"
    assert labels(result) == ["polar", "I_pixel_final", "floatimage_accumulated"]
    why = "of the print: F_cell, I_before_scaling, made from it, agree"
    assert standing.obstacle(result, result.first_divergence) == why
    final = result.row("I_pixel_final")
    assert final is not None and result.overview.cause(final.order) == result.first_reaching.order


def test_the_sum_passes_on_what_made_it() -> None:
    result = against(hkl_frac="1.02 2.02 3.03", F_latt="8", I_before_scaling="7744", I_pixel_final="50")
    assert labels(result) == ["hkl_frac.h", "F_latt", "I_before_scaling", "I_pixel_final"]
    assert result.first_reaching is result.first_divergence
    assert "REACHING" not in render.verdict(result)


def test_a_value_that_one_side_does_not_print_stops_nothing() -> None:
    changed = {"hkl_frac": "1.02 2.02 3.03", "F_latt": "8", "I_pixel_final": "50"}
    assert labels(against(**changed, I_before_scaling=None)) == ["hkl_frac.h", "F_latt", "I_pixel_final"]
    assert labels(against(**changed)) == ["I_pixel_final"]


def test_nothing_reaches_a_pixel_that_agrees() -> None:
    result = against(hkl_frac="1.02 2.02 3.03", I_before_scaling="6000")
    assert not result.agrees and result.first_reaching is None and labels(result) == []
    assert "does not reach the pixel" in render.verdict(result)


def test_without_the_pixels_value_a_difference_may_reach_it() -> None:
    result = against(I_before_scaling="6000", I_pixel_final=None, floatimage_accumulated=None)
    assert labels(result) == ["I_before_scaling"]


def test_nothing_is_made_from_the_scattering_angle() -> None:
    result = against(cos_2theta="0.7", polar="0.8", I_pixel_final="40")
    assert result.first_divergence is not None and labels(result) == ["polar", "I_pixel_final"]
    angle = result.row("cos_2theta")
    assert angle is not None and standing.obstacle(result, angle) == "nothing in the pixel is made from it"


def test_a_line_that_shows_an_unprinted_input_stands_for_it() -> None:
    """The wavelength in metres is on neither side; the one in Angstroms shows its difference."""
    c = parse_lines(["TRACE_C: lambda_angstroms 1.0", "TRACE_C: I_pixel_final 1"])
    py = parse_lines(["TRACE_PY: lambda_angstroms 1.1", "TRACE_PY: I_pixel_final 2"])
    assert labels(compare(c, py)) == ["lambda_angstroms", "I_pixel_final"]
    both = [(f"TRACE_{side}: lambda_meters 1e-10", trace) for side, trace in (("C", c), ("PY", py))]
    told = [parse_lines([line, *(record.text for record in trace.records)]) for line, trace in both]
    assert labels(compare(*told)) == ["I_pixel_final"]


def test_nothing_upstream_differs_is_said_only_where_it_is_true() -> None:
    result = against(hkl_frac="1.02 2.02 3.03", polar="0.8", I_pixel_final="40")
    polar = result.row("polar")
    assert polar is not None and standing.origin(result, polar) == "New here: nothing upstream differs."
    final = result.row("I_pixel_final")
    assert final is not None and standing.origin(result, final) == "Inherited from polar (-11.111 %)."
    sum_only = against(hkl_frac="1.02 2.02 3.03", F_latt="7", I_before_scaling="6000", I_pixel_final="40")
    total = sum_only.row("I_before_scaling")
    assert total is not None
    # F_latt agrees, so that the index is of the print; it is upstream all the same
    assert standing.origin(sum_only, total) == "New here: no difference upstream explains it."


def test_a_log_of_one_number_says_how_little_it_shows(tmp_path: Path) -> None:
    log = tmp_path / "py.log"
    log.write_text("Final intensity = 4.1e+01\n", encoding="utf-8")
    result = compare(trace("C"), read_trace(log))
    assert labels(result) == ["I_pixel_final"] and result.first_reaching is not None
    told = standing.origin(result, result.first_reaching)
    assert told == "New here: nothing upstream was compared."


def test_blocks_have_their_own_chains() -> None:
    """In block 1 the lattice factor agrees: there the index is of the print; in block 0 it is not."""

    def lines(side: str, first: str, second: str, factor: str, total: str) -> Trace:
        block = [f"hkl_frac {first} 2 3", f"F_latt {factor}", "F_cell 1"]
        block += [f"hkl_frac {second} 2 3", "F_latt 7", "F_cell 1"]
        return parse_lines(
            [f"TRACE_{side}: {line}" for line in (*block, f"I_before_scaling {total}", f"I_pixel_final {total}")]
        )

    result = compare(lines("C", "1", "1", "7", "98"), lines("PY", "1.1", "1.1", "8", "113"))
    assert labels(result) == ["hkl_frac.h", "F_latt", "I_before_scaling", "I_pixel_final"]


# case -> first divergence that reaches the pixel; what truth.json names must be at or after it
LIVE = {
    "adxv_misset": "omega_pixel_sr[4]",  # solid angle and polarization of another sub-pixel
    "adxv_misset_asis": "omega_pixel_sr[4]",
    "custom_vectors_pix0": "pix0_vector_meters.x",  # pivot
    "dials_orgxy_oversample1": "pix0_vector_meters.x",  # beam centre ignored
    "polar_half_dmin_oversample1": "I_before_scaling",  # everything culled
    "sourcefile_weights_oversample1": "incident_vec.y",  # of the sources
    "stale_fdump_asis": "F_cell",  # of another crystal
    "thick_absorption_oversample1": "I_before_scaling",  # one layer
    "water_background_oversample1": "I_before_scaling",  # without the background
}


@pytest.mark.parametrize(("name", "label"), LIVE.items())
def test_logs_of_a_real_port(shared: Path, name: str, label: str) -> None:
    case = shared / "live_sample" / "cases" / name
    result = compare(read_trace(case / "trace_c.log"), read_trace(case / "trace_py.log"))
    assert result.first_reaching is not None and result.first_reaching.label == label
