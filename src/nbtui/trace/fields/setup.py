"""Catalogue entries of the set-up: lines printed once, before the first pixel.

Source: nanobragg_setup section 6 and nanobragg_pixel_loop section 12.6.
"""

from __future__ import annotations

from nbtui.trace.fields.field import Field, block

_HARD_CODED = (
    "With the detector pivoting around the direct beam, C prints fixed MOSFLM values here whatever the convention is."
)
_FINAL_AXIS = (
    "With the detector pivoting around the direct beam, C prints the final axis here, after the two-theta rotation."
)
_BEAM_CENTER = (
    "C divides metres by 1000 once too often in this line (it shows km), and prints Xclose, Yclose when the detector "
    "pivots around the sample; the image does not depend on it."
)
_MAPPING = "A constant text of the program: it says the MOSFLM mapping whatever the convention is."

_SAMPLE = "set-up, detector pivoting around the sample"
_BEAM = "set-up, detector pivoting around the direct beam"
_BOTH = "set-up, while the detector is placed"

HEAD = block(
    _BOTH,
    Field(
        "detector_convention",
        "detector",
        "",
        "text",
        "Axis convention of the detector",
        log_only_beam=_HARD_CODED,
    ),
    Field("angles_rad", "detector", "rad", "angles", "Detector rotations about x, y, z and two-theta"),
    Field("twotheta_axis", "detector", "1", "vector", "Axis of the two-theta rotation"),
    Field(
        "beam_center_m",
        "detector",
        "km",
        "beam",
        "Beam centre and pixel size; the label says metres",
        log_only=_BEAM_CENTER,
        component_units=(("pixel_mm", "mm"),),
    ),
    Field(
        "initial_fdet",
        "detector",
        "1",
        "vector",
        "Fast axis before any rotation",
        log_only_beam=_HARD_CODED,
    ),
    Field(
        "initial_sdet",
        "detector",
        "1",
        "vector",
        "Slow axis before any rotation",
        log_only_beam=_HARD_CODED,
    ),
    Field(
        "initial_odet",
        "detector",
        "1",
        "vector",
        "Detector normal before any rotation",
        log_only_beam=_HARD_CODED,
    ),
    origin="setup",
    tolerance_class="setup",
)

SAMPLE_PIVOT = block(
    _SAMPLE,
    Field("Fclose_m", "detector", "m", "scalar", "Point of closest approach along the fast axis"),
    Field("Sclose_m", "detector", "m", "scalar", "Point of closest approach along the slow axis"),
    Field("close_distance_m", "detector", "m", "scalar", "Shortest distance from the sample to the detector plane"),
    Field("ratio", "detector", "1", "scalar", "Cosine between the beam and the detector normal, without two-theta"),
    Field(
        "term_fast_before_rot",
        "detector",
        "m",
        "vector",
        "Fast-axis part of the detector origin",
        depends_on=("initial_fdet", "Fclose_m"),
    ),
    Field(
        "term_slow_before_rot",
        "detector",
        "m",
        "vector",
        "Slow-axis part of the detector origin",
        depends_on=("initial_sdet", "Sclose_m"),
    ),
    Field(
        "term_close_before_rot",
        "detector",
        "m",
        "vector",
        "Normal part of the detector origin",
        depends_on=("initial_odet", "close_distance_m"),
    ),
    Field(
        "pix0_before_rotation",
        "detector",
        "m",
        "vector",
        "Detector origin before the rotations",
        depends_on=("term_fast_before_rot", "term_slow_before_rot", "term_close_before_rot"),
    ),
    Field(
        "pix0_after_rotz",
        "detector",
        "m",
        "vector",
        "Detector origin after the rotations about x, y and z",
        depends_on=("pix0_before_rotation", "angles_rad"),
    ),
    Field(
        "pix0_after_twotheta",
        "detector",
        "m",
        "vector",
        "Detector origin after the two-theta rotation",
        depends_on=("pix0_after_rotz", "twotheta_axis"),
    ),
    origin="setup",
    tolerance_class="setup",
)

ROTATIONS = block(
    _BEAM,
    Field("Rx", "detector", "1", "matrix", "Rotation about x", depends_on=("angles_rad",)),
    Field("Ry", "detector", "1", "matrix", "Rotation about y", depends_on=("angles_rad",)),
    Field("Rz", "detector", "1", "matrix", "Rotation about z", depends_on=("angles_rad",)),
    Field("R_total", "detector", "1", "matrix", "Rz Ry Rx, rebuilt from the angles", depends_on=("Rx", "Ry", "Rz")),
    origin="setup",
    tolerance_class="setup",
)

AXES = block(
    _BOTH,
    Field(
        "fdet_after_rotz",
        "detector",
        "1",
        "vector",
        "Fast axis after the rotations about x, y and z",
        log_only_beam=_FINAL_AXIS,
        depends_on=("initial_fdet", "angles_rad"),
    ),
    Field(
        "sdet_after_rotz",
        "detector",
        "1",
        "vector",
        "Slow axis after the rotations about x, y and z",
        log_only_beam=_FINAL_AXIS,
        depends_on=("initial_sdet", "angles_rad"),
    ),
    Field(
        "odet_after_rotz",
        "detector",
        "1",
        "vector",
        "Detector normal after the rotations about x, y and z",
        log_only_beam=_FINAL_AXIS,
        depends_on=("initial_odet", "angles_rad"),
    ),
    Field(
        "fdet_after_twotheta",
        "detector",
        "1",
        "vector",
        "Final fast axis",
        depends_on=("fdet_after_rotz", "twotheta_axis", "angles_rad"),
    ),
    Field(
        "sdet_after_twotheta",
        "detector",
        "1",
        "vector",
        "Final slow axis",
        depends_on=("sdet_after_rotz", "twotheta_axis", "angles_rad"),
    ),
    Field(
        "odet_after_twotheta",
        "detector",
        "1",
        "vector",
        "Final detector normal",
        depends_on=("odet_after_rotz", "twotheta_axis", "angles_rad"),
    ),
    origin="setup",
    tolerance_class="setup",
)

BEAM_PIVOT = block(
    _BEAM,
    Field("convention_mapping", "detector", "", "text", "How the beam centre maps to the axes", log_only=_MAPPING),
    Field("Fbeam_m", "detector", "m", "scalar", "Beam centre along the fast axis"),
    Field("Sbeam_m", "detector", "m", "scalar", "Beam centre along the slow axis"),
    Field("distance_m", "detector", "m", "scalar", "Distance from the sample to the beam centre", tap=_BOTH),
    Field(
        "term_fast",
        "detector",
        "m",
        "vector",
        "Fast-axis part of the detector origin",
        depends_on=("Fbeam_m", "fdet_after_twotheta"),
    ),
    Field(
        "term_slow",
        "detector",
        "m",
        "vector",
        "Slow-axis part of the detector origin",
        depends_on=("Sbeam_m", "sdet_after_twotheta"),
    ),
    Field("term_beam", "detector", "m", "vector", "Beam part of the detector origin", depends_on=("distance_m",)),
    Field(
        "pix0_vector_calculated",
        "detector",
        "m",
        "vector",
        "Detector origin as the sum of the three terms",
        depends_on=("term_fast", "term_slow", "term_beam"),
    ),
    Field(
        "pix0_vector",
        "detector",
        "m",
        "vector",
        "Detector origin",
        depends_on=("term_fast", "term_slow", "term_beam"),
    ),
    origin="setup",
    tolerance_class="setup",
)

FINAL = block(
    "set-up, after the detector is placed; printed by every build",
    Field(
        "DETECTOR_FAST_AXIS",
        "detector",
        "1",
        "vector",
        "Final fast axis",
        depends_on=("fdet_after_twotheta",),
    ),
    Field(
        "DETECTOR_SLOW_AXIS",
        "detector",
        "1",
        "vector",
        "Final slow axis",
        depends_on=("sdet_after_twotheta",),
    ),
    Field(
        "DETECTOR_NORMAL_AXIS",
        "detector",
        "1",
        "vector",
        "Final detector normal",
        depends_on=("odet_after_twotheta",),
    ),
    Field(
        "DETECTOR_PIX0_VECTOR",
        "detector",
        "m",
        "vector",
        "Detector origin, the corner of the first pixel",
        depends_on=("pix0_vector", "pix0_after_twotheta"),
    ),
    origin="setup",
    tolerance_class="setup",
)

SPINDLE = block(
    "set-up of the crystal (Python logs)",
    Field("spindle_axis_raw", "crystal", "1", "vector", "Rotation axis as given"),
    Field("spindle_magnitude", "crystal", "1", "scalar", "Length of the rotation axis as given"),
    Field(
        "spindle_axis_normalized",
        "crystal",
        "1",
        "vector",
        "Rotation axis, unit length",
        depends_on=("spindle_axis_raw",),
    ),
    origin="setup",
    tolerance_class="setup",
)

DETECTOR_FIELDS: tuple[Field, ...] = HEAD + SAMPLE_PIVOT + ROTATIONS + AXES + BEAM_PIVOT + FINAL
