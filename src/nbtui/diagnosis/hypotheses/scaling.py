"""Scaling and precision. Source: hypotheses.md, Scaling and precision."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, product

from nbtui.diagnosis.hypotheses.changes import both, rule
from nbtui.diagnosis.hypotheses.log_lines import quoted
from nbtui.diagnosis.hypotheses.record import CauseKind, DecisiveSetting, Form, Hypothesis, Problem
from nbtui.diagnosis.replay.accumulation import Background, loop_sizes
from nbtui.diagnosis.replay.corrections import Taken
from nbtui.diagnosis.replay.scaling import ScalingFactor
from nbtui.live.constants import R_E_SQR


def _later_values(problem: Problem) -> Iterator[Form]:
    """Other values of solid angle and polarization, alone and together, and the capture fraction with them."""
    here = problem.scene
    points = here.oversample**2 * here.n_layers
    if points * len(here.sources) == 1:
        return
    choices = [kind for kind in Taken if here.n_layers > 1 or kind not in (Taken.FRONT_LAST, Taken.DEEP_CENTER)]
    for omega, polar in product(choices, repeat=2):
        if (omega, polar) == (Taken.FIRST, Taken.FIRST) or (points == 1 and omega is not Taken.FIRST):
            continue
        same = omega is polar or Taken.FIRST in (omega, polar)
        name = f"solid angle {omega}, polarization {polar}"
        yield Form(name, rule("corrections", omega_of=omega, polar_of=polar), 0.0 if same else 1.0)
        if omega is polar and here.thickness > 0.0:
            change = rule("corrections", omega_of=omega, polar_of=polar, capture_of=omega)
            yield Form(f"solid angle, polarization and capture fraction {omega}", change, 0.5)
    if here.thickness > 0.0:
        for ray in choices:
            if ray not in (Taken.FIRST, Taken.MEAN, Taken.WEIGHTED):
                yield Form(f"capture fraction {ray}", rule("corrections", capture_of=ray), 0.5)


LAST_VALUES = Hypothesis(
    "last_value_corrections",
    "Solid angle, polarization or capture fraction are not those of the first subpixel and source.",
    "C's polar and omega_pixel are those of the first subpixel and source unless the oversample flags are on.",
    "Use the first value for parity.",
    _later_values,
    quoted("oversample steps", fields=("polar", "omega_pixel")),
    quirks=("cached_corrections",),
)


def _weights_per_term(problem: Problem) -> Iterator[Form]:
    here = problem.scene
    if not (here.oversample_thick or here.oversample_polar or here.oversample_omega):
        return
    if not problem.base.rules.accumulation.running_sum_weights:  # of a C program other than the stock one
        change = rule("accumulation", running_sum_weights=True)
        yield Form("the running sum", change, quirks=(("running_sum_weights", True),))
    else:
        yield Form("", rule("accumulation", running_sum_weights=False))
        if here.water > 0.0:
            change = rule("accumulation", running_sum_weights=False, background_weighted=True)
            yield Form("and their means to the background", change)


RUNNING_SUM = Hypothesis(
    "running_sum_weights",
    "One side applies the oversample factors to each term, the other to the running sum.",
    "-oversample_thick, -oversample_polar or -oversample_omega are on; the stock C program multiplies the whole "
    "running sum, the fixed one each term.",
    "Emulate the running sum (quirk running_sum_weights), compare with the fixed C program, or leave the flags off.",
    _weights_per_term,
    quoted(fields=("oversample_thick", "oversample_polar", "oversample_omega")),
    quirks=("running_sum_weights",),
)


def _missing_steps(problem: Problem) -> Iterator[Form]:
    parts = [loop for loop, size in loop_sizes(problem.scene).items() if size > 1]
    for count in range(1, len(parts) + 1):
        for loops in combinations(parts, count):
            name = "without " + ", ".join(loops)
            change = rule("accumulation", steps_without=loops)
            yield Form(name, change, 0.5 * (count - 1))
            hidden = both(change, rule("lines", steps_shown=False))
            yield Form(name + ", steps line unchanged", hidden, 0.5 * count)


STEPS = Hypothesis(
    "steps_factor",
    "steps lacks one of sources, mosaic domains, phi steps, oversample^2.",
    "C's steps line is the product of the four.",
    "Divide by the product of all four.",
    _missing_steps,
    quoted("oversample steps", fields=("steps",)),
)


def _backgrounds(problem: Problem) -> Iterator[Form]:
    if problem.scene.water > 0.0:
        yield Form("whole background", rule("accumulation", background=Background.ONCE))
        yield Form("divided by steps", rule("accumulation", background=Background.SHARED))


BACKGROUND = Hypothesis(
    "background_twice",
    "The water background is scaled once instead of twice.",
    "C's I_before_scaling already holds r_e^2 x fluence in its background.",
    "Emulate C (quirk background_twice).",
    _backgrounds,
    quoted(fields=("I_before_scaling",)),
)

_CORRECTIONS = (ScalingFactor.OMEGA, ScalingFactor.POLAR, ScalingFactor.CAPTURE)


def _backgrounds_afterwards(problem: Problem) -> Iterator[Form]:
    """The background added to the pixel, with any of the factors that C's has, but not all."""
    here = problem.scene
    if here.water <= 0.0:
        return
    ones = {
        ScalingFactor.CAPTURE: here.thickness == 0.0 and not here.oversample_thick,
        ScalingFactor.STEPS: math.prod(loop_sizes(here).values()) == 1,
        ScalingFactor.SCALE: math.isclose(R_E_SQR * here.fluence, 1.0, rel_tol=1e-9),
        ScalingFactor.POLAR: here.nopolar and not here.oversample_polar,
        ScalingFactor.OMEGA: False,
    }
    effective = [name for name in ScalingFactor if not ones[name]]
    corrections = tuple(name for name in _CORRECTIONS if name in effective)
    for count in range(len(effective)):
        for chosen in combinations(effective, count):
            afterwards = rule("accumulation", background=Background.AFTERWARDS)
            change = both(afterwards, rule("scaling", background_with=chosen))
            usual = not chosen or set(chosen) == set(corrections)
            yield Form(f"with {', '.join(chosen)}" if chosen else "as it is", change, 0.0 if usual else 1.0)


BACKGROUND_AFTERWARDS = Hypothesis(
    "background_after_scaling",
    "The water background is added to the scaled pixel, without all factors of the other terms.",
    "C's I_before_scaling holds the background: solid angle, polarization, steps and a second r_e^2 x fluence "
    "multiply it.",
    "Start the sum with the background, as C does.",
    _backgrounds_afterwards,
    quoted(fields=("I_before_scaling", "I_pixel_final")),
    quirks=("background_twice",),
)

FLOAT32 = Hypothesis(  # found from the printed digits, not by a search: search/single.py
    "float32",
    "A stage is computed in single precision.",
    "The values are float32 numbers to all printed digits where C's are not.",
    "Compute the trace in float64 (--dtype float64).",
    kind=CauseKind.PRECISION,
    setting=DecisiveSetting("dtype", as_c="float64"),
)

HYPOTHESES = (LAST_VALUES, RUNNING_SUM, STEPS, BACKGROUND, BACKGROUND_AFTERWARDS, FLOAT32)
