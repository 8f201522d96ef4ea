"""Crystal orientations per phi step and mosaic domain, and the steps that inherit a rotation in C.

C does not touch its rotated vectors at phi = 0, so that step inherits those of the step executed before it,
possibly in another pixel. One *pass* is one traversal of the phi loop (fixed pixel, layer, subpixel, source).
Source: nanobragg_pixel_loop.md section 3 (quirk L2).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nbsim.model import ExperimentData
from nbsim.pixel.rays import rotate
from nbsim.values import ByValue


@dataclass(frozen=True, eq=False)
class Orientations(ByValue):
    """Real-space vectors a, b, c [m] with axes [..., phi, mosaic, 3]; leading axes broadcast over passes."""

    a: Tensor
    b: Tensor
    c: Tensor


def inherited_steps(experiment: ExperimentData) -> tuple[tuple[int | None, ...], tuple[int | None, ...]]:
    """The phi step from which each phi step takes its rotation: in the first pass, and in every later one.

    None stands for the unrotated vectors. "Zero" is an exact test on the angle formed in double.
    """
    angles = experiment.sampling.phi_values()
    if not experiment.quirks.phi_carryover:
        fresh = tuple(step if angle != 0.0 else None for step, angle in enumerate(angles))
        return fresh, fresh
    first: list[int | None] = []
    last: int | None = None
    for step, angle in enumerate(angles):
        last = step if angle != 0.0 else last
        first.append(last)
    later = tuple(last if step is None else step for step in first)
    return tuple(first), later


def depends_on_first_pass(experiment: ExperimentData) -> bool:
    """Whether a run's very first pass differs from the same pass anywhere else."""
    first, later = inherited_steps(experiment)
    return first != later


def orientations(experiment: ExperimentData, *, first_pass: bool = False) -> Orientations:
    """Vectors of every (phi, mosaic), each (n_phi, n_mosaic, 3) [m]: rotated by phi, then by the domain, as in C.

    Domains that turn with phi rotate the vectors before it.
    """
    crystal, sampling = experiment.crystal, experiment.sampling
    steps = inherited_steps(experiment)[0 if first_pass else 1]
    # a step without inheritance rotates by its own angle, zero: same vectors, derivative of a rotation
    at = [own if step is None else step for own, step in enumerate(steps)]
    sine, cosine = (torch.cat([x[j : j + 1] for j in at]) for x in (sampling.phi_sine, sampling.phi_cosine))
    domains, n_mosaic = crystal.mosaic_matrices, crystal.mosaic_matrices.shape[0]
    vectors: list[Tensor] = []
    for start in (crystal.a, crystal.b, crystal.c):
        if crystal.mosaic_turns_with_phi:
            vector = rotate(_in_domains(start, domains), crystal.spindle, sine[:, None], cosine[:, None])
        else:
            vector = rotate(start, crystal.spindle, sine, cosine)[:, None, :]
            # several domains are rotated at a spread of zero as well: the derivative there is not zero
            if crystal.mosaic_spread > 0.0 or n_mosaic > 1:
                vector = _in_domains(vector, domains)
        vectors.append(vector.expand(-1, n_mosaic, -1))
    return Orientations(*vectors)


def _in_domains(vector: Tensor, m: Tensor) -> Tensor:
    """``vector`` (..., 3) rotated by the matrices ``m`` (M, 3, 3); they take the last but one axis, (..., M, 3)."""
    return vector[..., 0, None] * m[..., 0] + vector[..., 1, None] * m[..., 1] + vector[..., 2, None] * m[..., 2]


def pass_orientations(experiment: ExperimentData, kept: Tensor, *, holds_first_pass: bool) -> Orientations:
    """Vectors for passes ``kept`` (P, T, B, Q), bool.

    With ``holds_first_pass`` the first kept pass of each pixel is the first of a run; the result has all
    axes (P, T, B, Q, phi, mosaic, 3); otherwise (phi, mosaic, 3) serves every pass.
    """
    later = orientations(experiment)
    if not (holds_first_pass and depends_on_first_pass(experiment)):
        return later
    flat = kept.flatten(1)
    is_first = (flat & (flat.cumsum(1) == 1)).reshape(*kept.shape, 1, 1, 1)
    first = orientations(experiment, first_pass=True)
    return Orientations(*(torch.where(is_first, getattr(first, x), getattr(later, x)) for x in "abc"))
