"""Smooth background of a shot: a plane over the pixels of a box, as in the integration of spots."""

from __future__ import annotations

import torch
from torch import Tensor

from nbsim.parameters import Value, as_shaped


def background_plane(coefficients: Value, shape: tuple[int, int]) -> Tensor:
    """Photons of a plane over ``shape`` (n_slow, n_fast), (..., n_slow, n_fast).

    ``coefficients`` (..., 3): the mean [photons per pixel], and half the rise from the first to the last row and
    column.
    An image of scale s and this background is ``s * photons + plane``.

    Raises:
        InputError: not three coefficients.
    """
    coefficients = as_shaped("coefficients", coefficients, (3,))
    rows, columns = (_centred(n, coefficients) for n in shape)
    mean, rise_slow, rise_fast = (x[..., None, None] for x in coefficients.unbind(-1))
    return mean + rise_slow * rows[:, None] + rise_fast * columns


def _centred(count: int, like: Tensor) -> Tensor:
    """``count`` numbers from -1 to 1; 0 for one."""
    if count == 1:
        return torch.zeros(1, dtype=like.dtype, device=like.device)
    return torch.linspace(-1.0, 1.0, count, dtype=like.dtype, device=like.device)
