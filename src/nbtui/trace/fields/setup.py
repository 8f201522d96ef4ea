"""Fields of the set-up: lines printed once, before the first pixel.

Source: nanobragg_setup section 6 and nanobragg_pixel_loop section 12.6.
"""

from __future__ import annotations

from functools import partial

from nbtui.trace.fields.field import Field, Loop, Shape, Stage, Tap, Tolerance

_FIXED = "With the detector pivoting around the direct beam, C prints fixed MOSFLM values here for every convention."
_FINAL_AXIS = (
    "With the detector pivoting around the direct beam, C prints the final axis here, after the two-theta rotation."
)
_BEAM_CENTER = (
    "C divides by 1000 once too often in this line, so it shows km instead of m, and it prints Xclose, Yclose when "
    "the detector pivots around the sample; the image depends on neither."
)
_MAPPING = "A fixed text: the program prints the MOSFLM mapping for every convention."
_BEAM_FLAGS = "the beam centre (-Xbeam -Ybeam, -ORGX -ORGY, -Xclose -Yclose), as the convention reads it"
_DISTANCE = "-distance or -close_distance"
_CONVENTION = "the convention, or explicit vectors"

_setup = partial(Field, tolerance=Tolerance.SETUP, in_c=Loop.PLACEMENT)
_detector = partial(_setup, stage=Stage.DETECTOR, simulated=True)
_sample = partial(_detector, tap=Tap.SAMPLE_PIVOT)
_beam = partial(_detector, tap=Tap.BEAM_PIVOT)
_both = partial(_detector, tap=Tap.PLACEMENT)
_placed = partial(_detector, tap=Tap.PLACED)
_spindle = partial(_setup, stage=Stage.CRYSTAL, tap=Tap.SPINDLE)

SETUP = (
    _both(
        "detector_convention",
        "",
        Shape.TEXT,
        "Axis convention of the detector",
        tolerance=Tolerance.TEXT,
        flags="-mosflm, -xds, -adxv, -denzo, -dials, or explicit vectors",
        log_only_beam=_FIXED,
    ),
    _both(
        "angles_rad",
        "rad",
        Shape.ANGLES,
        "Detector rotations about x, y, z and two-theta",
        flags="-detector_rotx -detector_roty -detector_rotz, -twotheta",
    ),
    _both(
        "twotheta_axis", "1", Shape.VECTOR, "Axis of the two-theta rotation", flags="-twotheta_axis, or the convention"
    ),
    _both(
        "beam_center_m",
        "km",
        Shape.BEAM,
        "Beam centre and pixel size, labelled as metres",
        flags=_BEAM_FLAGS,
        log_only=_BEAM_CENTER,
        component_units=(("pixel_mm", "mm"),),
    ),
    _both("initial_fdet", "1", Shape.VECTOR, "Fast axis before any rotation", flags=_CONVENTION, log_only_beam=_FIXED),
    _both("initial_sdet", "1", Shape.VECTOR, "Slow axis before any rotation", flags=_CONVENTION, log_only_beam=_FIXED),
    _both(
        "initial_odet",
        "1",
        Shape.VECTOR,
        "Detector normal before any rotation",
        flags=_CONVENTION,
        log_only_beam=_FIXED,
    ),
    _sample(
        "Fclose_m",
        "m",
        Shape.SCALAR,
        "Point of closest approach along the fast axis",
        flags=_BEAM_FLAGS,
        aliases=("Fclose",),
    ),
    _sample(
        "Sclose_m",
        "m",
        Shape.SCALAR,
        "Point of closest approach along the slow axis",
        flags=_BEAM_FLAGS,
        aliases=("Sclose",),
    ),
    _sample(
        "close_distance_m",
        "m",
        Shape.SCALAR,
        "Shortest distance from the sample to the detector plane",
        flags=_DISTANCE,
        aliases=("close_distance",),
    ),
    _sample("ratio", "1", Shape.SCALAR, "Cosine between the beam and the detector normal, without two-theta"),
    _sample(
        "term_fast_before_rot",
        "m",
        Shape.VECTOR,
        "Fast-axis part of the detector origin",
        depends_on=("initial_fdet", "Fclose_m"),
    ),
    _sample(
        "term_slow_before_rot",
        "m",
        Shape.VECTOR,
        "Slow-axis part of the detector origin",
        depends_on=("initial_sdet", "Sclose_m"),
    ),
    _sample(
        "term_close_before_rot",
        "m",
        Shape.VECTOR,
        "Normal part of the detector origin",
        depends_on=("initial_odet", "close_distance_m"),
    ),
    _sample(
        "pix0_before_rotation",
        "m",
        Shape.VECTOR,
        "Detector origin before the rotations",
        depends_on=("term_fast_before_rot", "term_slow_before_rot", "term_close_before_rot"),
    ),
    _sample(
        "pix0_after_rotz",
        "m",
        Shape.VECTOR,
        "Detector origin after the rotations about x, y and z",
        depends_on=("pix0_before_rotation", "angles_rad"),
    ),
    _sample(
        "pix0_after_twotheta",
        "m",
        Shape.VECTOR,
        "Detector origin after the two-theta rotation",
        depends_on=("pix0_after_rotz", "twotheta_axis"),
    ),
    _beam("Rx", "1", Shape.MATRIX, "Rotation about x", depends_on=("angles_rad",)),
    _beam("Ry", "1", Shape.MATRIX, "Rotation about y", depends_on=("angles_rad",)),
    _beam("Rz", "1", Shape.MATRIX, "Rotation about z", depends_on=("angles_rad",)),
    _beam("R_total", "1", Shape.MATRIX, "Product Rz Ry Rx of the rotations", depends_on=("Rx", "Ry", "Rz")),
    _both(
        "fdet_after_rotz",
        "1",
        Shape.VECTOR,
        "Fast axis after the rotations about x, y and z",
        depends_on=("initial_fdet", "angles_rad"),
        log_only_beam=_FINAL_AXIS,
    ),
    _both(
        "sdet_after_rotz",
        "1",
        Shape.VECTOR,
        "Slow axis after the rotations about x, y and z",
        depends_on=("initial_sdet", "angles_rad"),
        log_only_beam=_FINAL_AXIS,
    ),
    _both(
        "odet_after_rotz",
        "1",
        Shape.VECTOR,
        "Detector normal after the rotations about x, y and z",
        depends_on=("initial_odet", "angles_rad"),
        log_only_beam=_FINAL_AXIS,
    ),
    _both(
        "fdet_after_twotheta",
        "1",
        Shape.VECTOR,
        "Final fast axis",
        depends_on=("fdet_after_rotz", "twotheta_axis", "angles_rad"),
    ),
    _both(
        "sdet_after_twotheta",
        "1",
        Shape.VECTOR,
        "Final slow axis",
        depends_on=("sdet_after_rotz", "twotheta_axis", "angles_rad"),
    ),
    _both(
        "odet_after_twotheta",
        "1",
        Shape.VECTOR,
        "Final detector normal",
        depends_on=("odet_after_rotz", "twotheta_axis", "angles_rad"),
    ),
    _beam(
        "convention_mapping",
        "",
        Shape.TEXT,
        "How the beam centre maps to the axes",
        tolerance=Tolerance.TEXT,
        log_only=_MAPPING,
    ),
    _beam("Fbeam_m", "m", Shape.SCALAR, "Beam centre along the fast axis", flags=_BEAM_FLAGS, aliases=("Fbeam",)),
    _beam("Sbeam_m", "m", Shape.SCALAR, "Beam centre along the slow axis", flags=_BEAM_FLAGS, aliases=("Sbeam",)),
    _both(
        "distance_m",
        "m",
        Shape.SCALAR,
        "Distance from the sample to the beam centre",
        flags=_DISTANCE,
        aliases=("distance",),
    ),
    _beam(
        "term_fast",
        "m",
        Shape.VECTOR,
        "Fast-axis part of the detector origin",
        depends_on=("Fbeam_m", "fdet_after_twotheta"),
    ),
    _beam(
        "term_slow",
        "m",
        Shape.VECTOR,
        "Slow-axis part of the detector origin",
        depends_on=("Sbeam_m", "sdet_after_twotheta"),
    ),
    _beam("term_beam", "m", Shape.VECTOR, "Beam part of the detector origin", depends_on=("distance_m",)),
    _beam(
        "pix0_vector_calculated",
        "m",
        Shape.VECTOR,
        "Detector origin as the sum of the three terms",
        depends_on=("term_fast", "term_slow", "term_beam"),
        simulated=False,
    ),
    _beam("pix0_vector", "m", Shape.VECTOR, "Detector origin", depends_on=("term_fast", "term_slow", "term_beam")),
    _placed("DETECTOR_FAST_AXIS", "1", Shape.VECTOR, "Final fast axis", depends_on=("fdet_after_twotheta",)),
    _placed("DETECTOR_SLOW_AXIS", "1", Shape.VECTOR, "Final slow axis", depends_on=("sdet_after_twotheta",)),
    _placed("DETECTOR_NORMAL_AXIS", "1", Shape.VECTOR, "Final detector normal", depends_on=("odet_after_twotheta",)),
    _placed(
        "DETECTOR_PIX0_VECTOR",
        "m",
        Shape.VECTOR,
        "Detector origin, the corner of the first pixel",
        depends_on=("pix0_vector", "pix0_after_twotheta"),
    ),
    _spindle("spindle_axis_raw", "1", Shape.VECTOR, "Rotation axis as given"),
    _spindle("spindle_magnitude", "1", Shape.SCALAR, "Length of the rotation axis as given"),
    _spindle(
        "spindle_axis_normalized", "1", Shape.VECTOR, "Rotation axis, unit length", depends_on=("spindle_axis_raw",)
    ),
)
