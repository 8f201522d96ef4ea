"""Rotations as vectors: the direction is the axis, the length the angle.

Smooth at the rotation by zero, in every order and mode of differentiation: the start of most refinements.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nbsim.parameters import Value, as_shaped


def rotation_matrix(vector: Value) -> Tensor:
    """Right-handed rotation about ``vector`` (..., 3) by its length [rad], (..., 3, 3).

    The exponential of the cross-product matrix; d/d vector at zero gives the three generators of rotations.

    Raises:
        InputError: no vector of three numbers.
    """
    x, y, z = as_shaped("rotation vector", vector, (3,)).unbind(-1)
    zero = torch.zeros_like(x)
    rows = ((zero, -z, y), (z, zero, -x), (-y, x, zero))
    made: Tensor = torch.linalg.matrix_exp(torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2))
    return made
