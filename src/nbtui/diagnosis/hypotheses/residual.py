"""A rotation between the two crystals that no rule explains, and mosaic domains of another generator.

Source: hypotheses.md, causes seen in living ports.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np

from nbtui.diagnosis.hypotheses.changes import Change
from nbtui.diagnosis.hypotheses.log_lines import quoted
from nbtui.diagnosis.hypotheses.record import Form, Hypothesis, Problem
from nbtui.diagnosis.replay.rotation import rotation
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.live.normal_numbers import GENERATORS, Draw
from nbtui.live.scene import Array
from nbtui.trace.model import Trace

PROPER = 2e-6  # of R R^T - 1: vectors in single precision are a rotation to that, another cell is not
SMALLEST = 1e-6  # angle of a rotation [rad]
FREE_ROTATION = 36.0  # bits of three angles that are taken from the suspect
GUESSED_GENERATOR = 8.0

# --- rotation of the printed vectors ---------------------------------------------------------------------------------


def _rows(trace: Trace, pattern: str) -> Array | None:
    """The first printed vectors a, b, c as rows; None if one is missing or the three lie in a plane."""
    rows = []
    for axis in "abc":
        for record in trace.all(pattern.format(axis))[:1]:
            if len(record.values) == 3 and all(not isinstance(value, str) for value in record.values):
                rows.append([float(value) for value in record.values])
    found = np.asarray(rows)
    if found.shape != (3, 3) or not np.isfinite(found).all():
        return None
    sizes = np.linalg.norm(found, axis=1)
    return found if abs(np.linalg.det(found)) > 1e-6 * float(np.prod(sizes)) > 0.0 else None


def between(old: Array, new: Array) -> Array | None:
    """The rotation R with new = R old for every row; None if the two are not related by a proper rotation."""
    turn = np.linalg.solve(old, new).T
    if np.abs(turn @ turn.T - np.eye(3)).max() > PROPER or np.linalg.det(turn) <= 0.0:
        return None
    left, _, right = np.linalg.svd(turn)
    return np.asarray(left @ right)


def angle_and_axis(turn: Array) -> tuple[float, Array]:
    """Angle [rad] and unit axis of a rotation matrix."""
    skew = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    sine = float(np.linalg.norm(skew)) / 2.0
    angle = math.atan2(sine, (float(np.trace(turn)) - 1.0) / 2.0)
    if sine > 1e-9:
        return angle, skew / (2.0 * sine)
    values, vectors = np.linalg.eigh(turn + turn.T)  # half a turn, or none
    return angle, np.asarray(vectors[:, int(np.argmax(values))])


def _turned(turn: Array) -> Change:
    """The crystal turned before phi."""

    def change(setup: PixelSetup) -> PixelSetup:
        here = setup.scene
        return replace(setup, scene=replace(here, direct=here.direct @ turn.T, reciprocal=here.reciprocal @ turn.T))

    return change


def _rotations(problem: Problem) -> Iterator[Form]:
    """Rotations from the printed direct vectors, taken as turned by phi as C's are, or as not turned; and from the
    reciprocal ones, which C prints as set up."""
    here = problem.scene
    seen: list[Array] = []
    for pattern, own, name in (
        ("rot_{}_angstroms", here.direct * 1e10, ""),
        ("rot_{}_star_A_inv", here.reciprocal, "of the reciprocal vectors, "),
    ):
        old, new = _rows(problem.reference, pattern), _rows(problem.suspect, pattern)
        if old is None or new is None:
            continue
        seen_at_phi = between(own, old)  # C's own rotation by phi
        whole, bare = between(old, new), between(own, new)
        if whole is not None and seen_at_phi is not None:
            yield from _residual(name, seen_at_phi.T @ whole @ seen_at_phi, seen)
        if bare is not None:
            yield from _residual(name, bare, seen)


def _residual(name: str, turn: Array, seen: list[Array]) -> Iterator[Form]:
    angle, axis = angle_and_axis(turn)
    if angle < SMALLEST or any(np.abs(turn - other).max() < SMALLEST for other in seen):
        return
    seen.append(turn)
    along = " ".join(f"{value:.5f}" for value in axis)
    yield Form(f"{name}{math.degrees(angle):.6g} degrees about {along}", _turned(turn), FREE_ROTATION)


# --- mosaic domains of another generator -----------------------------------------------------------------------------


def _vectors(draw: Draw, seed: int, count: int, spread: float) -> Array:
    """Rotation vectors (count, 3) [rad] with normal components."""
    return draw(seed, (count, 3)) * spread


def _axes(draw: Draw, seed: int, count: int, spread: float) -> Array:
    """Rotation vectors about uniform axes, by normal angles drawn after them."""
    drawn = draw(seed, (count * 4,))
    axes = drawn[: 3 * count].reshape(count, 3)
    return np.asarray(axes / np.linalg.norm(axes, axis=1, keepdims=True) * (drawn[3 * count :] * spread)[:, None])


_CONSTRUCTIONS = {"normal rotation vectors": _vectors, "normal angles about uniform axes": _axes}


def _drawn(draw: Draw, make: Callable[[Draw, int, int, float], Array], seed: int, *, first: bool) -> Change:
    """The domains of a generator; ``first``: domain 0 as drawn."""

    def change(setup: PixelSetup) -> PixelSetup:
        here = setup.scene
        turns = make(draw, seed, len(here.mosaic), here.mosaic_spread)
        if not first:
            turns[0] = 0.0
        angles = np.linalg.norm(turns, axis=1)
        axes = turns / np.where(angles > 0.0, angles, 1.0)[:, None]
        domains = [rotation(axis, float(angle)) for axis, angle in zip(axes, angles, strict=True)]
        return replace(setup, scene=replace(here, mosaic=np.stack(domains)))

    return change


def _generators(problem: Problem) -> Iterator[Form]:
    """Domains of the usual generators, seeded as typed."""
    here = problem.scene
    if len(here.mosaic) < 2 or here.mosaic_spread <= 0.0:
        return
    seed = abs(here.options.mosaic_seed)
    choices = product(GENERATORS.items(), _CONSTRUCTIONS.items(), (False, True))
    for (generator, draw), (how, make), first in choices:
        name = f"domains of {generator}({seed}), {how}{', domain 0 as drawn' if first else ''}"
        yield Form(name, partial(_drawn, draw, make, seed)(first=first), GUESSED_GENERATOR)


def _residuals(problem: Problem) -> Iterator[Form]:
    yield from _rotations(problem)
    yield from _generators(problem)


ROTATION_RESIDUAL = Hypothesis(
    "rotation_residual",
    "The crystal or its mosaic domains are turned by a rotation that does not follow from the command line.",
    "R from rot_a, rot_b, rot_c of both sides; sums over mosaic domains.",
    "Find where the rotation comes from: another misset, matrix or generator of the mosaic domains.",
    _residuals,
    quoted("misset angles", "mosaic domains", fields=("rot_a_angstroms",)),
)

HYPOTHESES = (ROTATION_RESIDUAL,)
