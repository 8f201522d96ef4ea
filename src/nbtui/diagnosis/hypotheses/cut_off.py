"""The resolution cut. Source: hypotheses.md, causes seen in living ports; quirk L7."""

from __future__ import annotations

from collections.abc import Iterator

from nbtui.diagnosis.hypotheses.changes import both, rule, scene
from nbtui.diagnosis.hypotheses.log_lines import quoted
from nbtui.diagnosis.hypotheses.record import Form, Hypothesis, Problem

_ANGSTROM = 1e-10  # [m]


def _other_cuts(problem: Problem) -> Iterator[Form]:
    """The limit in another unit, and compared with half or twice the scattering vector; C's is a spacing 1/|S|."""
    here = problem.scene
    if here.dmin <= 0.0:
        return
    kept = rule("corrections", culled_polar_zero=False)
    everything = scene(dmin=here.dmin / _ANGSTROM)
    yield Form("everything is culled", everything)
    yield Form("everything is culled, polarization as without the cut", both(everything, kept))
    yield Form("nothing is culled", scene(dmin=here.dmin * _ANGSTROM))
    for factor, what in ((2.0, "sin(theta)/lambda against 1/d"), (0.5, "|S| against 1/(2 d)")):
        yield Form(what, scene(dmin=here.dmin * factor), 0.5)
        yield Form(f"{what}, polarization as without the cut", both(scene(dmin=here.dmin * factor), kept), 1.0)


DMIN_UNIT = Hypothesis(
    "dmin_unit",
    "The resolution cut compares lengths in other units, or sin(theta)/lambda with 1/d: too much or too little is "
    "culled.",
    "C culls a term where dmin exceeds 1/|scattering_vec|, both in metres.",
    "Convert -dmin and the scattering vector to one unit.",
    _other_cuts,
    quoted(fields=("scattering_vec_A_inv", "I_before_scaling")),
)


def _lit_background(problem: Problem) -> Iterator[Form]:
    if problem.scene.dmin > 0.0:
        yield Form("", rule("corrections", culled_polar_zero=False))


CULLED_POLARIZATION = Hypothesis(
    "culled_polar_zero",
    "A pixel beyond the resolution cut keeps its polarization; C's is zero, and the background with it.",
    "C's polar is 0 where all sources are culled.",
    "Emulate C (quirk culled_polar_zero).",
    _lit_background,
    quoted(fields=("polar",)),
    quirks=("culled_polar_zero",),
)

HYPOTHESES = (DMIN_UNIT, CULLED_POLARIZATION)
