"""Rotations and lengths of 3-vectors, summed in C's order so that float64 results agree to the last bit.

All functions are differentiable to any order, in reverse and forward mode; vectors have shape (..., 3). Source:
nanobragg_setup.md section 0.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nbsim.exact import c_library, with_value


def sin(angle: Tensor) -> Tensor:
    """Sine of finite angles [rad], any shape."""
    return c_library(angle, "sin")


def cos(angle: Tensor) -> Tensor:
    """Cosine of finite angles [rad], any shape."""
    return c_library(angle, "cos")


def sqrt(x: Tensor) -> Tensor:
    """Square root of numbers >= 0, any shape."""
    return c_library(x, "sqrt")


def dot(v: Tensor, w: Tensor) -> Tensor:
    """v . w, shape (...)."""
    x, y, z = (v * w).unbind(-1)
    return x + y + z


def cross_components(v: Tensor, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The components of v x w, each (...)."""
    (a, b, c), (x, y, z) = v.unbind(-1), w.unbind(-1)
    return b * z - c * y, c * x - a * z, a * y - b * x


def cross(v: Tensor, w: Tensor) -> Tensor:
    """v x w, shape (..., 3)."""
    return torch.stack(cross_components(v, w), dim=-1)


def length(v: Tensor) -> Tensor:
    """|v|, shape (...)."""
    return sqrt(dot(v, v))


def unit(v: Tensor) -> Tensor:
    """v / |v|; a zero vector stays zero."""
    size = length(v)[..., None]
    return v / torch.where(size > 0, size, torch.ones_like(size))


def rotate_xyz(v: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Active right-handed rotations about the fixed lab axes x, then y, then z; angles [rad], scalars.

    A zero angle leaves the vector untouched, as in C; the derivative there is that of the rotation.
    """
    angles = torch.stack((x, y, z))
    for axis, (angle, c, s) in enumerate(zip(angles, cos(angles), sin(angles), strict=True)):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        parts = list(v.unbind(-1))
        parts[first], parts[second] = (
            parts[first] * c - parts[second] * s,
            parts[first] * s + parts[second] * c,
        )
        turned = torch.stack(parts, dim=-1)
        v = with_value(turned, torch.where(angle == 0.0, v, turned))
    return v


def rotate_about(v: Tensor, axis: Tensor, angle: Tensor) -> Tensor:
    """Rotation of v (..., 3) about ``axis`` (3,), not normalised, by ``angle`` (...) [rad]."""
    c, s = cos(angle)[..., None], sin(angle)[..., None]
    along = dot(axis, v)[..., None] * (1.0 - c)
    return axis * along + v * c + cross(axis.expand_as(v), v) * s
