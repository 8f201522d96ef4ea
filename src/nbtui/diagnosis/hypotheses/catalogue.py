"""Every hypothesis, in the order in which their variants are tried and applied."""

from __future__ import annotations

from nbtui.diagnosis.hypotheses import (
    absorption,
    crystal,
    cut_off,
    detector,
    inputs,
    lattice,
    options,
    programs,
    residual,
    scaling,
    solid_angle,
    tables,
    taps,
)
from nbtui.diagnosis.hypotheses.record import Hypothesis, Problem, Variant

GROUPS = (
    inputs,
    tables,
    options,
    programs,
    detector,
    solid_angle,
    absorption,
    cut_off,
    crystal,
    residual,
    lattice,
    scaling,
    taps,
)
CATALOGUE: dict[str, Hypothesis] = {item.id: item for group in GROUPS for item in group.HYPOTHESES}


def variants_of(problem: Problem) -> list[Variant]:
    """Every form of every hypothesis that the case allows, those that make the set-up again first."""
    found = [variant for item in CATALOGUE.values() for variant in item.variants(problem)]
    return sorted(found, key=lambda variant: not variant.form.rebuilds)
