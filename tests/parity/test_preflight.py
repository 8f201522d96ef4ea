"""Preflight: the sentences that say what to know before trusting a comparison."""

from __future__ import annotations

import struct

import pytest

from nbtui.parity.compare import compare
from nbtui.trace.reading.reader import parse_lines
from support.small_traces import both, c_trace, py_trace

BANNER = "nanoBragg nanocrystal diffraction simulator - James Holton and Ken Frankel 5-17-17"


def test_other_pixel_and_exchanged_pixel() -> None:
    c = c_trace("TRACE_CONFIG: tracing pixel (spixel=30, fpixel=61)", "polar 0.9")
    same = py_trace("TRACE_CONFIG: tracing pixel (spixel=30, fpixel=61)", "polar 0.9")
    turned = py_trace("TRACE_CONFIG: tracing pixel (spixel=61, fpixel=30)", "polar 0.9")
    assert not any("pixels" in text for text in compare(c, same).findings)
    first = compare(c, turned).findings[0]
    assert first.startswith("Slow and fast swapped? C slow 30 fast 61, your log slow 61 fast 30: ")
    other = py_trace("TRACE_CONFIG: tracing pixel (spixel=61, fpixel=31)", "polar 0.9")
    assert compare(c, other).findings[0] == "Different pixels: C slow 30 fast 61, your log slow 61 fast 31."


def _at(slow: float, fast: float) -> list[str]:
    """Axes along y and z, detector 0.1 m downstream, pixels of 0.4 mm."""
    place = f"pixel_pos_meters 0.1 {(slow + 0.5) * 4e-4:.15g} {(fast + 0.5) * 4e-4:.15g}"
    return ["pix0_vector_meters 0.1 0 0", "fdet_vec 0 0 1", "sdet_vec 0 1 0", place]


@pytest.mark.parametrize(("slow", "fast", "found"), [(30, 61, (30, 61)), (61, 30, (61, 30)), (30.5, 61.5, None)])
def test_pixel_of_a_log_that_does_not_say_it(slow: float, fast: float, found: tuple[int, int] | None) -> None:
    head = ["TRACE_C:beam_center_m=X:1 Y:1 pixel_mm:0.4", "TRACE_CONFIG: tracing pixel (spixel=30, fpixel=61)"]
    result = compare(c_trace(*head, *_at(30, 61)), py_trace(*_at(slow, fast)))
    assert result.pixel_c == (30, 61) and result.pixel_py == found
    assert any("inferred from its pixel_pos_meters" in text for text in result.findings) == (found == (61, 30))


def test_the_same_trace_twice() -> None:
    trace = c_trace("polar 0.9")
    result = compare(trace, trace)
    assert result.agrees
    assert any("Both sides are the same trace" in text for text in result.findings)
    assert any("Your log holds TRACE_C lines" in text for text in result.findings)
    clean = both(["polar 0.9"], ["polar 0.9"])
    assert clean.agrees and clean.findings == ()


def test_nothing_in_common_is_not_agreement() -> None:
    result = both(["polar 0.9"], ["F_cell 3"])
    assert not result.agrees and result.first_divergence is None
    assert result.findings[0] == "The two logs have no field in common: nothing could be compared."
    narrow = both(["F_cell 3"], ["F_cell 3"], profile="spec")
    assert not narrow.agrees and "No field judged by this profile" in narrow.findings[0]


def test_other_configuration() -> None:
    result = both(["lambda_angstroms 1.1", "steps 10"], ["lambda_angstroms 1.2", "steps 20"])
    assert any("lambda_angstroms: C 1.1, your log 1.2, steps: C 10, your log 20" in text for text in result.findings)


def test_warnings_of_the_c_program() -> None:
    result = compare(c_trace("WARNING: auto-generating odet_vector", "polar 0.9"), py_trace("polar 0.9"))
    assert any("The C program warns: auto-generating odet_vector" in text for text in result.findings)


def test_single_precision_is_named() -> None:
    names = ("R_distance_meters", "polar", "F_latt_a", "I_before_scaling")
    values = (0.100398007948365, 0.996043556592617, 1.40862028424859, 4905348.80912365)
    single = [struct.unpack("<f", struct.pack("<f", value))[0] for value in values]
    c = [f"{name} {value:.15g}" for name, value in zip(names, values, strict=True)]
    py = [f"{name} {value:.15g}" for name, value in zip(names, single, strict=True)]
    assert any("The values of your log are float32 numbers" in text for text in both(c, py).findings)
    assert any("rounded to float32 in: polar." in text for text in both(c, [c[0], py[1], *c[2:]]).findings)
    assert not any("float32" in text for text in both(c, c).findings)


def test_untraceable_lines_reach_nobody_raw() -> None:
    hostile = "TRACE_PY: \x1b]0;title\x07\x1b[2J 1"
    result = compare(c_trace("polar 0.9"), py_trace("polar 0.9", hostile))
    text = "".join(result.findings) + "".join(row.label + row.note for row in result.rows)
    assert "\x1b" not in text and "\x07" not in text


def test_doubts_of_the_reader_are_not_the_program_s_warnings() -> None:
    run = ["TRACE_C: polar 0.9", "TRACE_C: I_pixel_final 1", "TRACE_C: floatimage_accumulated 1"]
    twice = parse_lines([BANNER, *run, BANNER, *run], "c")
    result = compare(twice, py_trace("polar 0.9"))
    assert twice.runs == 2
    about = [text for text in result.findings if "runs in this log" in text]
    assert len(about) == 1 and about[0].startswith("The C log: 2 runs in this log")
    assert not any("program warns" in text for text in result.findings)


def test_trace_lines_without_a_name_are_counted() -> None:
    result = compare(c_trace("polar 0.9", "TRACE_C:my|name=1"), py_trace("polar 0.9"))
    assert any(
        "1 trace lines of the C log were not recognized, the first in line 2" in text for text in result.findings
    )


def test_different_numbers_of_blocks_and_of_phi_lines() -> None:
    phi = "TRACE_{}_PHI phi_tic={} phi_deg=0 k_frac=1.5 F_latt_b=1.5 F_latt=2.5"
    c = c_trace("F_latt 1.5", phi.format("C", 0), phi.format("C", 1), "F_latt 2.5")
    result = compare(c, py_trace("F_latt 1.5", phi.format("PY", 0)))
    assert any("prints its block 2 times, your log once" in text for text in result.findings)
    assert "The C log has 2 phi lines, your log 1." in result.findings
