"""Lines of ports that C prints under another name, and lines that differ in their label alone."""

from __future__ import annotations

from nbtui.parity.compare import compare
from support.small_traces import c_trace, py_trace

TERMS = ("term_fast 0 0 -0.05125", "term_slow 0 0.05125 0", "term_beam 0.1 0 0", "pix0_vector 0.1 0.05125 -0.05125")
ANGLES = "TRACE_C:angles_rad=rotx:0.1 roty:0.2 rotz:0.3 twotheta:0.4"


def test_single_angles_are_the_components_of_the_angles() -> None:
    names = ("detector_rotx_rad", "detector_roty_rad", "detector_rotz_rad", "detector_twotheta_rad")
    lines = [f"{name} {value}" for name, value in zip(names, (0.1, 0.2, 0.3, 0.4), strict=True)]
    found = compare(c_trace(ANGLES), py_trace(*lines))
    assert found.agrees and found.num_compared == 4 and found.num_missing == 0
    other = compare(c_trace(ANGLES), py_trace(*lines[:2], "detector_rotz_rad 0.31"))
    assert other.first_divergence is not None and other.first_divergence.label == "angles_rad.rotz"
    assert other.num_compared == 3


def test_short_names_are_those_of_c() -> None:
    found = compare(c_trace("Fbeam_m 0.05125", "distance_m 0.1"), py_trace("Fbeam 0.05125", "distance 0.1"))
    assert found.agrees and found.num_compared == 2


def test_a_difference_of_the_label_alone_is_no_divergence() -> None:
    found = compare(c_trace("Fbeam_m 0.05125", *TERMS), py_trace("Fbeam 512.5", *TERMS))
    assert found.agrees
    assert [text for text in found.findings if "Fbeam_m: a difference of the label alone: term_fast" in text]
    row = found.row("Fbeam_m")
    assert row is not None and row.status.differs


def test_a_label_whose_followers_are_not_printed_is_held_against_the_next_ones() -> None:
    assert compare(c_trace("Fbeam_m 0.05125", TERMS[3]), py_trace("Fbeam 512.5", TERMS[3])).agrees


def test_a_difference_that_something_follows_is_a_divergence() -> None:
    wrong = ("term_fast 0 0 -0.05126", *TERMS[1:3], "pix0_vector 0.1 0.05125 -0.05126")
    found = compare(c_trace("Fbeam_m 0.05125", *TERMS), py_trace("Fbeam 0.05126", *wrong))
    assert found.first_divergence is not None and found.first_divergence.label == "Fbeam_m"
    alone = compare(c_trace("Fbeam_m 0.05125"), py_trace("Fbeam 512.5"))
    assert alone.first_divergence is not None and alone.first_divergence.label == "Fbeam_m"
