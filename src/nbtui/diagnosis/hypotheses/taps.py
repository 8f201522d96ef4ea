"""Tap position: the simulations agree, the trace line was taken elsewhere. Source: hypotheses.md, Tap position."""

from __future__ import annotations

from collections.abc import Iterator

from nbtui.diagnosis.hypotheses.changes import Change, rule
from nbtui.diagnosis.hypotheses.log_lines import quoted
from nbtui.diagnosis.hypotheses.record import CauseKind, Form, Forms, Hypothesis, Problem
from nbtui.diagnosis.replay.lines import BlockPoint, LastSubpixel, StarRotation
from nbtui.diagnosis.replay.scaling import ScalingFactor
from nbtui.diagnosis.replay.setup import PixelSetup, with_rules

MOST_DOMAINS = 200

# --- I_before_scaling taken after a factor ---------------------------------------------------------------------------


def _including(factor: ScalingFactor) -> Forms:
    def change(setup: PixelSetup) -> PixelSetup:
        return with_rules(setup, "lines", i_factors=(*setup.rules.lines.i_factors, factor))

    def forms(problem: Problem) -> Iterator[Form]:
        yield Form("", change)

    return forms


AFTER_POLARIZATION = Hypothesis(
    "tap_after_polar",
    "I_before_scaling was taken after the polarization factor had been applied.",
    "C's line is printed before any factor; the ratio of the two values is C's 'polar' to all digits.",
    "Move the trace line in front of the multiplication.",
    _including(ScalingFactor.POLAR),
    quoted(fields=("I_before_scaling", "polar")),
    CauseKind.PRINT,
)
AFTER_SOLID_ANGLE = Hypothesis(
    "tap_after_omega",
    "I_before_scaling was taken after the solid angle had been applied.",
    "The ratio of the two values is C's omega_pixel.",
    "Move the trace line in front of the multiplication.",
    _including(ScalingFactor.OMEGA),
    quoted(fields=("I_before_scaling", "omega_pixel")),
    CauseKind.PRINT,
)
AFTER_CAPTURE = Hypothesis(
    "tap_after_capture",
    "I_before_scaling was taken after the capture fraction had been applied.",
    "The ratio of the two values is C's capture_fraction.",
    "Move the trace line in front of the multiplication.",
    _including(ScalingFactor.CAPTURE),
    quoted(fields=("I_before_scaling", "capture_fraction")),
    CauseKind.PRINT,
)
AFTER_STEPS = Hypothesis(
    "tap_after_steps",
    "I_before_scaling was taken after the division by steps.",
    "The ratio of the two values is 1/steps.",
    "Move the trace line in front of the division.",
    _including(ScalingFactor.STEPS),
    quoted(fields=("I_before_scaling", "steps")),
    CauseKind.PRINT,
)
AFTER_SCALE = Hypothesis(
    "tap_after_scale",
    "I_before_scaling was taken after the factor r_e^2 x fluence had been applied.",
    "The ratio of the two values is r_e_sqr x fluence_photons_per_m2.",
    "Move the trace line in front of the multiplication.",
    _including(ScalingFactor.SCALE),
    quoted(fields=("I_before_scaling",)),
    CauseKind.PRINT,
)

# --- part of a sum ---------------------------------------------------------------------------------------------------


def _phi_steps(problem: Problem) -> Iterator[Form]:
    count = problem.scene.n_phi
    for j in range(count) if count > 1 else ():
        yield Form(f"phi step {j}", rule("lines", single_phi=j))


SINGLE_PHI = Hypothesis(
    "tap_single_phi",
    "I_before_scaling shows one phi step instead of the sum over all.",
    "I_pixel_final agrees; the value is that step's sum in the terms table.",
    "Print the accumulated sum, after the phi loop.",
    _phi_steps,
    kind=CauseKind.PRINT,
)


def _domains(problem: Problem) -> Iterator[Form]:
    count = len(problem.scene.mosaic)
    for m in range(count) if 1 < count <= MOST_DOMAINS else ():
        yield Form(f"domain {m}", rule("lines", single_mosaic=m))


SINGLE_DOMAIN = Hypothesis(
    "tap_single_mosaic",
    "I_before_scaling shows one mosaic domain instead of the sum over all.",
    "I_pixel_final agrees; the value is that domain's sum in the terms table.",
    "Print the accumulated sum, after the mosaic loop.",
    _domains,
    kind=CauseKind.PRINT,
)


def _subpixels(problem: Problem) -> Iterator[Form]:
    here = problem.scene
    if here.oversample > 1 or here.n_layers > 1:
        yield Form("block only", rule("lines", last_block_only=True))
    if here.oversample > 1:
        for which, name in (
            (LastSubpixel.ALL_LAYERS, "last subpixel"),
            (LastSubpixel.LAST_LAYER, "last subpixel of the last layer"),
        ):
            yield Form(name, rule("lines", last_subpixel=which))
            yield Form(name + " and block", rule("lines", last_subpixel=which, last_block_only=True), 0.5)


LAST_SUBPIXEL = Hypothesis(
    "tap_last_subpixel",
    "The trace shows the last subpixel's share, or its block only.",
    "C repeats the block for every subpixel and layer; the sum is over all of them.",
    "Print one block for every subpixel, and the sum over all of them.",
    _subpixels,
    quoted("oversample steps"),
    CauseKind.PRINT,
)

# --- the block evaluated on its own ----------------------------------------------------------------------------------


def _pixel_center(problem: Problem) -> Iterator[Form]:
    if problem.scene.oversample > 1:
        yield Form("", rule("lines", block_at=BlockPoint.CENTER))


PIXEL_CENTER = Hypothesis(
    "tap_pixel_centre",
    "The trace block is evaluated at the centre of the pixel.",
    "C prints one block for every subpixel; with an even -oversample none of them is at the centre.",
    "Print the block of a subpixel, or compare with -oversample 1 on both sides.",
    _pixel_center,
    quoted("oversample steps", fields=("pixel_pos_meters",)),
    CauseKind.PRINT,
)


def _rederived(problem: Problem) -> Iterator[Form]:
    here = problem.scene
    yield Form("at the corner of the pixel", rule("lines", block_at=BlockPoint.CORNER), 2.0)
    if here.n_phi > 1 and not here.first_pixel:
        yield Form("with fresh vectors at phi = 0", rule("lines", block_fresh=True), 2.0)
        if here.oversample > 1:
            change = rule("lines", block_fresh=True, block_at=BlockPoint.CENTER)
            yield Form("at the centre of the pixel, with fresh vectors at phi = 0", change, 2.0)


REDERIVED = Hypothesis(
    "print_rederived",
    "The trace hook recomputes a line instead of printing the value that the pixel is made from.",
    "A value downstream of the line agrees although the line does not.",
    "Print the variable that the pixel is made from.",
    _rederived,
    kind=CauseKind.PRINT,
)

# --- other lines -----------------------------------------------------------------------------------------------------


def _rotated(problem: Problem) -> Iterator[Form]:
    for phi in StarRotation:
        yield Form(f"rotated ({phi} phi)", rule("lines", rotated_star=phi))


ROTATED_STARS = Hypothesis(
    "tap_unrotated_reciprocal",
    "The reciprocal vectors are printed after the phi rotation on one side, before it on the other.",
    "C prints them as set up, not rotated by phi; hkl_frac agrees.",
    "Nothing needs fixing: no value of the image depends on these lines.",
    _rotated,
    kind=CauseKind.PRINT,
    own_lines=("rot_a_star_A_inv", "rot_b_star_A_inv", "rot_c_star_A_inv"),
)


def shown_times(field: str, factor: float) -> Change:
    """A line that prints ``factor`` times its value."""

    def change(setup: PixelSetup) -> PixelSetup:
        return with_rules(setup, "lines", shown=(*setup.rules.lines.shown, (field, factor)))

    return change


UNIT_LABEL = Hypothesis(  # its forms come from the ratios of the compared lines: search/units.py
    "unit_label",
    "A value is printed in another unit than on the other side.",
    "The ratio is exactly a power of ten, 2 pi or 180/pi, and nothing downstream changes.",
    "Print both in one unit, or rename the line; C's scattering_vec_A_inv is in 1/m.",
    kind=CauseKind.PRINT,
)

HYPOTHESES = (
    AFTER_POLARIZATION,
    AFTER_SOLID_ANGLE,
    AFTER_CAPTURE,
    AFTER_STEPS,
    AFTER_SCALE,
    SINGLE_PHI,
    SINGLE_DOMAIN,
    LAST_SUBPIXEL,
    PIXEL_CENTER,
    REDERIVED,
    ROTATED_STARS,
    UNIT_LABEL,
)
