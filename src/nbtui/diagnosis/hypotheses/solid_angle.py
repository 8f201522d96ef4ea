"""Distance, solid angle and absorption of the pixel. Source: hypotheses.md, Detector geometry."""

from __future__ import annotations

from collections.abc import Iterator

from nbtui.diagnosis.hypotheses.changes import placing, rule, scene
from nbtui.diagnosis.hypotheses.log_lines import quoted
from nbtui.diagnosis.hypotheses.record import Form, Hypothesis, Problem
from nbtui.diagnosis.replay.corrections import Capture
from nbtui.diagnosis.replay.pixel import SolidAngle


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
    quirks=("ratio_without_twotheta",),
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


def _absolute(problem: Problem) -> Iterator[Form]:
    if problem.scene.thickness > 0.0:
        yield Form("", rule("corrections", abs_parallax=True))


PARALLAX = Hypothesis(
    "abs_parallax",
    "The absorption path uses the absolute value of the parallax.",
    "It has an effect where diffracted_vec . normal is negative; C's capture_fraction is negative there.",
    "Keep the sign for parity.",
    _absolute,
    quoted(fields=("capture_fraction",)),
)


def _captures(problem: Problem) -> Iterator[Form]:
    if problem.scene.thickness > 0.0:
        yield Form("sum over layers", rule("corrections", capture=Capture.TOTAL))
        yield Form("each layer its own", rule("corrections", capture=Capture.EACH))
        yield Form("first layer's", rule("corrections", capture=Capture.FIRST))
        yield Form("mean over layers", rule("corrections", capture=Capture.MEAN), 0.5)


CAPTURE = Hypothesis(
    "capture_all_layers",
    "The capture fraction is summed over the layers, or each layer has its own.",
    "C multiplies the sum over layers once, by the last layer's capture fraction.",
    "Use the last layer's value for parity.",
    _captures,
    quoted(fields=("capture_fraction",)),
    quirks=("last_layer_capture",),
)

HYPOTHESES = (NOMINAL_DISTANCE, NO_OBLIQUITY, POINT_PIXEL, PARALLAX, CAPTURE)
