"""Standard errors of refined parameters from the Fisher information.

Counts are independent and Poisson distributed, or normally distributed with known variances. Source: Kay (1993),
Fundamentals of Statistical Signal Processing: Estimation Theory, chapter 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nbsim.errors import InputError

_SINGULAR = 1e-12  # smallest sensible eigenvalue of the scaled information, relative to the largest


def fisher_information(jacobian: Tensor, variance: Tensor) -> Tensor:
    """J' V^-1 J, (n, n).

    Args:
        jacobian: d expected / d parameter, (pixels..., n), as ``torch.func.jacfwd`` returns it.
        variance: of each pixel, (pixels...): the expected photons themselves for Poisson counts.

    Raises:
        InputError: the shapes differ, or a variance is not positive.
    """
    if jacobian.shape[:-1] != variance.shape:
        raise InputError(
            f"jacobian: its shape {tuple(jacobian.shape)} must be that of variance, {tuple(variance.shape)}, "
            "and one axis of parameters"
        )
    if not bool((variance > 0.0).all()):
        raise InputError("variance: every pixel needs a positive one; leave the others out, or add a background")
    columns = jacobian.reshape(-1, jacobian.shape[-1])
    return columns.T @ (columns / variance.reshape(-1, 1))


def covariance(information: Tensor, names: Sequence[str] = ()) -> Tensor:
    """The Cramer-Rao bound: inverse of ``information`` (n, n), the covariance of efficient estimates.

    Standard errors are the square roots of its diagonal. ``names`` of the parameters make the error message readable.

    Raises:
        InputError: no square matrix of finite numbers; the data do not determine a parameter, or only a combination of
            several.
    """
    if information.dim() != 2 or information.shape[0] != information.shape[1] or not len(information):
        raise InputError(f"information: a square matrix is needed, not the shape {tuple(information.shape)}")
    if names and len(names) != len(information):
        raise InputError(f"names: {len(names)} for {len(information)} parameters")
    if not bool(information.isfinite().all()):
        raise InputError("information: not every number is finite")
    scale = information.diagonal().clamp(min=0.0).sqrt()
    known = list(names) or [f"parameter {n}" for n in range(len(scale))]
    dead = [known[n] for n in (scale == 0.0).nonzero().flatten().tolist()]
    if dead:
        raise InputError(f"{', '.join(dead)}: without effect on these pixels; leave out, or add pixels")
    values, vectors = torch.linalg.eigh(information / scale / scale[:, None])
    if bool(values[0] <= _SINGULAR * values[-1]):
        shares = vectors[:, 0].abs()
        mixed = [known[n] for n in (shares > 0.1 * shares.max()).nonzero().flatten().tolist()]
        raise InputError(
            f"{', '.join(mixed)}: these pixels determine only a combination; fix one of them, or add pixels"
        )
    inverse: Tensor = (vectors / values) @ vectors.T / scale / scale[:, None]
    return inverse
