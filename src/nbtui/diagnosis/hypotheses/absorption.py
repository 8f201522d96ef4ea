"""Absorption in the layers of the detector. Source: hypotheses.md, Detector geometry, and causes in living ports."""

from __future__ import annotations

from collections.abc import Iterator

from nbtui.diagnosis.hypotheses.changes import Change, both, rule, scene
from nbtui.diagnosis.hypotheses.log_lines import quoted
from nbtui.diagnosis.hypotheses.record import Form, Hypothesis, Problem
from nbtui.diagnosis.replay.corrections import Capture
from nbtui.diagnosis.replay.setup import PixelSetup


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
        yield Form("each layer its own, after the sum", rule("corrections", capture=Capture.WEIGHTED), 0.5)


CAPTURE = Hypothesis(
    "capture_all_layers",
    "The capture fraction is summed over the layers, or each layer has its own.",
    "C multiplies the sum over layers once, by the last layer's capture fraction.",
    "Use the last layer's value for parity.",
    _captures,
    quoted(fields=("capture_fraction",)),
    quirks=("last_layer_capture",),
)


def _one_layer(summed: int, captured: int | None) -> Change:
    """The loop over layer ``summed`` alone, with the capture fraction of layer ``captured``; None: of the whole."""
    alone = both(scene(n_layers=1), rule("pixel", first_layer=summed))
    return both(alone, rule("corrections", capture_layer=summed if captured is None else captured))


def _shared_thickness(setup: PixelSetup) -> PixelSetup:
    """n layers that are together as thick as the detector; C's are n/(n - 1) times as thick (S15)."""
    return scene(layer=setup.scene.thickness / setup.scene.n_layers)(setup)


def _single_layers(problem: Problem) -> Iterator[Form]:
    last = problem.scene.n_layers - 1
    if problem.scene.thickness <= 0.0 or last < 1:
        return
    alone = rule("accumulation", layer=0)
    forms = (
        ("first layer, last capture fraction", _one_layer(0, last), 0.0),
        ("first layer, last capture fraction at its depth", alone, 0.5),
        ("first layer, its own capture fraction", _one_layer(0, 0), 0.0),
        ("first layer, total capture fraction", both(alone, rule("corrections", capture=Capture.TOTAL)), 1.0),
        ("first layer, mean capture fraction", both(alone, rule("corrections", capture=Capture.MEAN)), 1.0),
        ("last layer", _one_layer(last, last), 0.0),
        ("last layer, first capture fraction", _one_layer(last, 0), 1.0),
    )
    for name, change, price in forms:
        yield Form(name, change, price)
        yield Form(f"{name}, layers thickness/n apart", both(_shared_thickness, change), price + 1.0)


LAYERS_NOT_SUMMED = Hypothesis(
    "layers_not_summed",
    "One absorption layer stands for the sum over all of them.",
    "C repeats the block for every layer, and adds all of them before the last capture fraction multiplies the sum.",
    "Sum over the layers, then multiply by the last layer's capture fraction.",
    _single_layers,
    quoted(fields=("I_before_scaling", "capture_fraction")),
)


def _shared(problem: Problem) -> Iterator[Form]:
    if problem.scene.thickness > 0.0 and problem.scene.options.thick_steps > 1:
        yield Form("", _shared_thickness)


LAYER_THICKNESS = Hypothesis(
    "layer_thickness",
    "n absorption layers are together as thick as the detector; C's stack is n/(n - 1) times as thick.",
    "C divides the thickness by n - 1 where -thicksteps n is given (S15).",
    "Divide by n - 1 for parity.",
    _shared,
    quoted(fields=("capture_fraction",)),
)


def _thin(problem: Problem) -> Iterator[Form]:
    if problem.scene.thickness == 0.0 and problem.scene.oversample_thick:
        yield Form("", rule("corrections", thick_flag_zeroes=False))


THICK_FLAG = Hypothesis(
    "thick_flag_zeroes",
    "A detector without thickness absorbs everything; C's pixel is zero with -oversample_thick.",
    "-oversample_thick without -detector_thick: C's capture_fraction is 0.",
    "Give a thickness, or emulate C (quirk thick_flag_zeroes).",
    _thin,
    quoted(fields=("capture_fraction", "I_pixel_final")),
    quirks=("thick_flag_zeroes",),
)

HYPOTHESES = (PARALLAX, CAPTURE, LAYERS_NOT_SUMMED, LAYER_THICKNESS, THICK_FLAG)
