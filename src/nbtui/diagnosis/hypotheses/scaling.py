"""Variants of scaling and of the place where a line is taken. Source: hypotheses.md."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

from nbtui.diagnosis.hypotheses.variant import Problem, Variant, rule
from nbtui.diagnosis.replay.rules import Setup

MOST_DOMAINS = 200


def scaling(problem: Problem) -> Iterator[Variant]:
    """Corrections, running sum, steps, background."""
    here = problem.scene
    for omega, polar in product(("first", "last", "mean"), repeat=2):
        if (omega, polar) != ("first", "first"):
            same = omega == polar or "first" in (omega, polar)
            form = f"solid angle {omega}, polarisation {polar}"
            yield Variant("last_value_corrections", form, rule(omega_of=omega, polar_of=polar), 0.0 if same else 1.0)
    if here.oversample_thick or here.oversample_polar or here.oversample_omega:
        yield Variant("running_sum_weights", "", rule(running_sum=False))
    sizes = {
        "sources": len(here.sources),
        "mosaic": len(here.mosaic),
        "phi": here.n_phi,
        "oversample": here.oversample**2,
    }
    parts = [name for name, size in sizes.items() if size > 1]
    for count in range(1, len(parts) + 1):
        for names in combinations(parts, count):
            form = "without " + ", ".join(names)
            yield Variant("steps_factor", form, rule(steps_without=names), 0.5 * (count - 1))
            hidden = rule(steps_without=names, steps_shown=False)
            yield Variant("steps_factor", form + ", steps line unchanged", hidden, 0.5 * count)
    if here.water > 0.0:
        yield Variant("background_twice", "whole background", rule(background="once"))
        yield Variant("background_twice", "divided by steps", rule(background="once_shared"))


def _included(name: str) -> Variant:
    def change(setup: Setup) -> Setup:
        return rule(i_factors=(*setup.rules.i_factors, name))(setup)

    return Variant(f"tap_after_{name}", "", change)


def taps(problem: Problem) -> Iterator[Variant]:
    """Places where I_before_scaling and the blocks are taken."""
    here = problem.scene
    for name in ("polar", "omega", "capture", "steps", "scale"):
        yield _included(name)
    if here.n_phi > 1:
        for j in range(here.n_phi):
            yield Variant("tap_single_phi", f"phi step {j}", rule(single_phi=j))
    if 1 < len(here.mosaic) <= MOST_DOMAINS:
        for m in range(len(here.mosaic)):
            yield Variant("tap_single_mosaic", f"domain {m}", rule(single_mosaic=m))
    if here.oversample > 1 or here.n_layers > 1:
        yield Variant("tap_last_subpixel", "block only", rule(last_block_only=True))
    if here.oversample > 1:
        for which, form in (("all_layers", "last subpixel"), ("last_layer", "last subpixel of the last layer")):
            yield Variant("tap_last_subpixel", form, rule(last_subpixel=which))
            yield Variant(
                "tap_last_subpixel", form + " and block", rule(last_subpixel=which, last_block_only=True), 0.5
            )
    for kind in ("nominal", "carried"):
        yield Variant("tap_unrotated_reciprocal", f"rotated ({kind} phi)", rule(rotated_star=kind))


PLANTERS = (scaling, taps)
