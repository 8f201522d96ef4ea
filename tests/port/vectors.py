"""Rotations as 3 x 3 matrices that act on columns, in float64."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def vector(values: Sequence[float]) -> Tensor:
    """A vector [3] in float64."""
    return torch.tensor(list(values), dtype=torch.float64)


def unit(value: Tensor) -> Tensor:
    """The vectors [..., 3] at length 1; zero stays zero."""
    length = value.norm(dim=-1, keepdim=True)
    return torch.where(length > 0, value / length.clamp_min(1e-300), value)


def about_axes(x: float, y: float, z: float, order: str = "xyz") -> Tensor:
    """Rotation about the fixed axes of the laboratory; ``order`` lists the first rotation first."""
    angles = {"x": x, "y": y, "z": z}
    axes = {"x": vector((1, 0, 0)), "y": vector((0, 1, 0)), "z": vector((0, 0, 1))}
    total = torch.eye(3, dtype=torch.float64)
    for name in order:
        total = about_axis(axes[name], angles[name]) @ total
    return total


def about_axis(axis: Tensor, angle: float) -> Tensor:
    """Rotation [3, 3] about ``axis``, used as given: a length other than 1 scales and shears."""
    x, y, z = axis.tolist()
    cross = torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=torch.float64)
    identity = torch.eye(3, dtype=torch.float64)
    return torch.outer(axis, axis) * (1 - math.cos(angle)) + identity * math.cos(angle) + cross * math.sin(angle)
