"""Other C programs: sets of quirks that belong together, from the simulator's table. Source: c_variants.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce

from nbtui.diagnosis.hypotheses.changes import Change, both, reconfigured, rule
from nbtui.diagnosis.hypotheses.log_lines import repeated_phi_step
from nbtui.diagnosis.hypotheses.record import Form, Hypothesis, Problem
from nbtui.live.model import CProgram, Quirks
from nbtui.live.programs import PROGRAMS, STOCK, accepts

# bits off the price where the C log follows from a known program and not from the assumed one, and where the named one
# is not the stock program: more likely than a single fault of the same effect
KNOWN_PROGRAM = -4.0
OTHER_PROGRAM = 2.0  # less likely than another number of threads


@dataclass(frozen=True)
class _Difference:
    """A difference between two programs: the quirks that make it, its effect in a case, its change of the set-up."""

    quirks: tuple[str, ...]
    matters: Callable[[Problem], bool]
    change: Callable[[Problem, Quirks], Change]
    words: Callable[[Quirks], str]
    known_alone: bool = False  # another hypothesis names it
    rebuilds: bool = False  # makes the set-up again


def _turns_through_zero(problem: Problem) -> bool:
    here = problem.scene
    angles = [here.phi_start + here.phi_step * step for step in range(here.n_phi)]
    return 0.0 in angles and any(angles)


def _weighs_terms(problem: Problem) -> bool:
    here = problem.scene
    return here.oversample_thick or here.oversample_polar or here.oversample_omega


def _ends_curved(problem: Problem) -> bool:
    argv = problem.case.argv
    return bool(argv) and argv[-1].startswith("-curved_det")


_DIFFERENCES = (
    _Difference(
        ("phi_carryover",),
        _turns_through_zero,
        lambda problem, state: rule("crystal", phi_carryover=state.phi_carryover),
        lambda state: "vectors of the last step at phi = 0" if state.phi_carryover else "fresh vectors at phi = 0",
        known_alone=True,
    ),
    _Difference(
        ("running_sum_weights", "background_weighted"),
        _weighs_terms,
        lambda problem, state: rule(
            "accumulation",
            running_sum_weights=state.running_sum_weights,
            background_weighted=state.background_weighted and not state.running_sum_weights,
        ),
        lambda state: f"oversample factors on {'the running sum' if state.running_sum_weights else 'each term'}",
        known_alone=True,
    ),
    _Difference(
        ("last_curved_det_ignored",),
        _ends_curved,
        lambda problem, state: reconfigured(problem.workdir, {"curved": not state.last_curved_det_ignored}),
        lambda state: f"-curved_det as the last word {'ignored' if state.last_curved_det_ignored else 'counts'}",
        rebuilds=True,
    ),
    _Difference(
        ("thick_flag_zeroes",),
        lambda problem: problem.scene.oversample_thick and problem.scene.thickness == 0.0,
        lambda problem, state: rule("corrections", thick_flag_zeroes=state.thick_flag_zeroes),
        lambda state: f"-oversample_thick without thickness gives {'zero' if state.thick_flag_zeroes else 'all'}",
        known_alone=True,
    ),
)


def _always(problem: Problem, base: CProgram, program: CProgram) -> tuple[list[Change], list[str]]:
    """What the command line cannot change in ``program`` and says otherwise here."""
    here, wanted = problem.scene, dict(program.always)
    if base.always or not wanted:
        return [], []
    layers = here.thickness > 0.0 and here.n_layers * here.oversample**2 > 1
    changed = {
        "oversample_omega": not here.oversample_omega and here.n_layers * here.oversample**2 > 1,
        "oversample_thick": not here.oversample_thick and layers,
        "interpolate": bool(here.interpolate),
    }
    options = {name: value for name, value in wanted.items() if changed.get(name)}
    words = {
        "oversample_omega": "solid angle on each term",
        "oversample_thick": "absorption on each term",
        "interpolate": "nearest structure factor",
    }
    if not options:
        return [], []
    each_term = rule("accumulation", running_sum_weights=False, background_weighted=False)
    return [both(reconfigured(problem.workdir, options), each_term)], [words[name] for name in options]


def _programs(problem: Problem) -> Iterator[Form]:
    """Every other program that differs in this case.

    One difference alone has a hypothesis of its own; it is a program only where the C log does not follow from the
    assumed one.
    """
    base = problem.case.c_program or STOCK
    for program in PROGRAMS:
        if program.name == base.name or not accepts(program, problem.scene.options):
            continue
        states, assumed = program.switches, base.switches
        differing = [
            item
            for item in _DIFFERENCES
            if any(getattr(states, name) != getattr(assumed, name) for name in item.quirks) and item.matters(problem)
        ]
        first, words = _always(problem, base, program)
        changes = [*first, *(item.change(problem, states) for item in differing)]
        words += [item.words(states) for item in differing]
        alone = len(words) == 1 and all(item.known_alone for item in differing)
        if not changes or (alone and base.name == STOCK.name and not problem.explains_c):
            continue
        yield Form(
            f"{_sides(problem, base.name, program.name)} ({', '.join(words)})",
            reduce(both, changes),
            _price(problem, base, alone=alone and states.phi_carryover is False),
            rebuilds=bool(first) or any(item.rebuilds for item in differing),
            quirks=tuple(
                (name, getattr(states, name))
                for item in differing
                for name in item.quirks
                if getattr(states, name) != getattr(assumed, name)
            ),
        )


def _price(problem: Problem, base: CProgram, *, alone: bool) -> float:
    """``alone``: fresh vectors at phi = 0 are the only difference; in the first pixel of a thread every program has
    them."""
    if base.name == STOCK.name and alone and problem.may_begin_thread:
        return OTHER_PROGRAM
    return KNOWN_PROGRAM if problem.explains_c or base.name != STOCK.name else 0.0


def _sides(problem: Problem, base: str, program: str) -> str:
    """Which program each side behaves as, as far as it is known."""
    if not problem.explains_c:
        return f"the reference is the {base} C program, the suspect behaves as {program}"
    other = f", the suspect behaves as {base}" if problem.follows else ""
    return f"the reference is the {program} C program{other}"


C_PROGRAM = Hypothesis(
    "c_program",
    "The two sides follow different C programs.",
    "At phi = 0, k_frac of step 0 equals that of the last step in the stock program only.",
    "Compare with the program that the port was made from; --c-program NAME says which one made the C log.",
    _programs,
    repeated_phi_step,
)

HYPOTHESES = (C_PROGRAM,)
