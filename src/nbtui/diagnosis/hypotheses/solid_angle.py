"""Distance and solid angle of the pixel, and the curved detector. Source: hypotheses.md, Detector geometry."""

from __future__ import annotations

from collections.abc import Iterator

from nbtui.diagnosis.hypotheses.changes import placing, rule, scene
from nbtui.diagnosis.hypotheses.log_lines import quoted
from nbtui.diagnosis.hypotheses.record import Form, Hypothesis, Problem
from nbtui.diagnosis.replay.pixel import Curvature, SolidAngle
from nbtui.diagnosis.replay.placement import Ratio


def _nominal(problem: Problem) -> Iterator[Form]:
    here, own = problem.scene, problem.base.frame
    for value, which in ((own.distance, "as typed"), (here.distance, "final")):
        yield Form(f"solid angle, distance {which}", rule("pixel", omega_distance=value))
        yield Form(f"everywhere, distance {which}", scene(close_distance=value), 0.5)
    yield Form("origin", placing(nominal_close=True), 0.5)


NOMINAL_DISTANCE = Hypothesis(
    "nominal_distance",
    "The nominal distance replaces the close distance.",
    "close_distance_meters against distance_m in the C log.",
    "Use the distance along the detector normal in the solid angle and in the origin.",
    _nominal,
    quoted("distance=", fields=("close_distance_meters",)),
)


def _no_obliquity(problem: Problem) -> Iterator[Form]:
    if not problem.scene.point_pixel:
        yield Form("", rule("pixel", omega=SolidAngle.NO_OBLIQUITY))


NO_OBLIQUITY = Hypothesis(
    "omega_no_obliquity",
    "The solid angle lacks the factor close_distance/R.",
    "omega_pixel_sr divided by obliquity_factor gives the other side's value.",
    "Multiply by close_distance/R unless -point_pixel is given.",
    _no_obliquity,
    quoted(fields=("obliquity_factor", "omega_pixel_sr")),
)


def _areas(problem: Problem) -> Iterator[Form]:
    if problem.scene.point_pixel:
        yield Form("flag ignored", scene(point_pixel=False))
        yield Form("with the pixel's area", rule("pixel", omega=SolidAngle.NO_OBLIQUITY))
    else:
        yield Form("1/R^2", rule("pixel", omega=SolidAngle.POINT))
        yield Form("without the pixel's area", rule("pixel", omega=SolidAngle.NO_AREA))


POINT_PIXEL = Hypothesis(
    "point_pixel",
    "The solid angle is that of a point pixel, or lacks the pixel's area.",
    "C's omega is 1/R^2 only with -point_pixel.",
    "Use pixel^2/R^2 x close_distance/R.",
    _areas,
    quoted(fields=("omega_pixel_sr",)),
    quirks=("point_pixel_without_area",),
)


def _with_twotheta(problem: Problem) -> Iterator[Form]:
    if problem.base.frame.swing != 0.0:
        yield Form("", placing(swing_in_ratio=Ratio.ALWAYS))
        yield Form("in the final distance only", placing(swing_in_ratio=Ratio.AT_THE_END), 0.5)


CLOSE_DISTANCE_WITH_TWOTHETA = Hypothesis(
    "close_distance_with_twotheta",
    "The ratio of close distance to distance includes two-theta.",
    "C's close_distance_meters does not depend on two-theta where the detector turns about the sample.",
    "Take the ratio from the rotations about x, y and z alone.",
    _with_twotheta,
    quoted("distance=", fields=("close_distance_meters", "pix0_vector_meters")),
    quirks=("ratio_without_twotheta",),
)


def _far_side(problem: Problem) -> Iterator[Form]:
    if problem.scene.curved:
        yield Form("", rule("pixel", curvature=Curvature.FAR_SIDE))


CURVED_FAR_SIDE = Hypothesis(
    "curved_far_side",
    "The pixels of the curved detector lie on the other side of the sample.",
    "C's pixel_pos_meters has a positive component along the beam.",
    "Start from the point at the distance downstream of the sample, distance x beam vector.",
    _far_side,
    quoted(fields=("pixel_pos_meters", "diffracted_vec")),
)


def _arcs_along_axes(problem: Problem) -> Iterator[Form]:
    if problem.scene.curved:
        yield Form("", rule("pixel", curvature=Curvature.AXES))


CURVED_TRANSPOSED = Hypothesis(
    "curved_transposed",
    "The arcs of the curved detector run along its axes; C takes y and z of the laboratory for arc lengths.",
    "C's pixel_pos_meters of a curved detector in a convention other than MOSFLM and DENZO.",
    "Emulate C (quirk curved_transposed).",
    _arcs_along_axes,
    quoted(fields=("pixel_pos_meters",)),
    quirks=("curved_transposed",),
)

HYPOTHESES = (
    NOMINAL_DISTANCE,
    NO_OBLIQUITY,
    POINT_PIXEL,
    CLOSE_DISTANCE_WITH_TWOTHETA,
    CURVED_FAR_SIDE,
    CURVED_TRANSPOSED,
)
