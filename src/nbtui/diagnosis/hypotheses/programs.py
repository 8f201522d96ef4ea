"""Other C programs: sets of quirks that belong together. Source: c_variants.md."""

from __future__ import annotations

from collections.abc import Iterator

from nbtui.diagnosis.hypotheses.changes import Change, both, rule, scene
from nbtui.diagnosis.hypotheses.log_lines import repeated_phi_step
from nbtui.diagnosis.hypotheses.record import Form, Hypothesis, Problem


def _fixed(problem: Problem) -> dict[str, Change]:
    """What the fixed program does differently in this case."""
    here = problem.scene
    found: dict[str, Change] = {}
    angles = [here.phi_start + here.phi_step * step for step in range(here.n_phi)]
    if 0.0 in angles and any(angles):
        found["fresh vectors at phi = 0"] = rule("crystal", phi_carryover=False)
    if here.oversample_thick or here.oversample_polar or here.oversample_omega:
        found["oversample factors on each term"] = rule("accumulation", running_sum_weights=False)
    return found


def _programs(problem: Problem) -> Iterator[Form]:
    """The programs that differ from the stock one in more than one way here; one way alone has its own hypothesis."""
    here = problem.scene
    fixed = _fixed(problem)
    if len(fixed) > 1:
        first, *rest = fixed.values()
        for more in rest:
            first = both(first, more)
        yield Form(f"fixed ({', '.join(fixed)})", first)
    each_term = here.oversample_thick or here.oversample_polar or here.oversample_omega
    if each_term and here.shape != "SQUARE" and here.fudge != 1.0:
        change = both(rule("accumulation", running_sum_weights=False), scene(fudge=1.0))
        yield Form("cuda (oversample factors on each term, fudge 1)", change)


C_PROGRAM = Hypothesis(
    "c_program",
    "One side is another version of the C program.",
    "At phi = 0, k_frac of step 0 equals that of the last step in the stock program only.",
    "Compare with the program that the port was made from.",
    _programs,
    repeated_phi_step,
)

HYPOTHESES = (C_PROGRAM,)
