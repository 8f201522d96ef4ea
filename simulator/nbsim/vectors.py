"""Rotations and lengths of 3-vectors, summed in C's order so that float64 results agree to the last bit.

All functions are differentiable; vectors have shape (..., 3). Source: nanobragg_setup.md section 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function


class _Exact(Function):
    """sin, cos or sqrt as the C library rounds them; torch's vectorised versions differ in the last bit."""

    @staticmethod
    def forward(x: Tensor, name: str) -> Tensor:
        call: Callable[[float], float] = {"sin": math.sin, "cos": math.cos, "sqrt": math.sqrt}[name]
        values = [call(value) for value in x.detach().reshape(-1).tolist()]
        return torch.tensor(values, dtype=x.dtype, device=x.device).reshape(x.shape)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, str], output: Tensor) -> None:
        x, ctx.name = inputs
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return grads[0] * _slope(x, ctx.name), None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        (x,) = ctx.saved_tensors
        change: Tensor = tangents[0] * _slope(x, ctx.name)
        return change

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, None], x: Tensor, name: str) -> tuple[Tensor, int | None]:
        return _exact(x, name), in_dims[0]


def _slope(x: Tensor, name: str) -> Tensor:
    """Derivative of the function of this name."""
    if name == "sin":
        return cos(x)
    return -sin(x) if name == "cos" else 0.5 / sqrt(x)


_differentiable: Callable[[Tensor, str], Tensor] = _Exact.apply


def _exact(x: Tensor, name: str) -> Tensor:
    """sin, cos or sqrt; in inference mode without Function.apply, which would take half of a set-up."""
    return _Exact.forward(x, name) if torch.is_inference_mode_enabled() else _differentiable(x, name)


def sin(angle: Tensor) -> Tensor:
    """Sine of finite angles [rad], any shape."""
    return _exact(angle, "sin")


def cos(angle: Tensor) -> Tensor:
    """Cosine of finite angles [rad], any shape."""
    return _exact(angle, "cos")


def sqrt(x: Tensor) -> Tensor:
    """Square root of numbers >= 0, any shape."""
    return _exact(x, "sqrt")


def dot(v: Tensor, w: Tensor) -> Tensor:
    """v . w, shape (...)."""
    return v[..., 0] * w[..., 0] + v[..., 1] * w[..., 1] + v[..., 2] * w[..., 2]


def cross(v: Tensor, w: Tensor) -> Tensor:
    """v x w, shape (..., 3)."""
    return torch.stack(
        [
            v[..., 1] * w[..., 2] - v[..., 2] * w[..., 1],
            v[..., 2] * w[..., 0] - v[..., 0] * w[..., 2],
            v[..., 0] * w[..., 1] - v[..., 1] * w[..., 0],
        ],
        dim=-1,
    )


def length(v: Tensor) -> Tensor:
    """|v|, shape (...)."""
    return sqrt(dot(v, v))


def unit(v: Tensor) -> Tensor:
    """v / |v|; a zero vector stays zero."""
    size = length(v)[..., None]
    return v / torch.where(size > 0, size, torch.ones_like(size))


def rotate_xyz(v: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Active right-handed rotations about the fixed lab axes x, then y, then z; angles [rad], scalars.

    A zero angle leaves the vector untouched, as in C.
    """
    for axis, angle in enumerate((x, y, z)):
        if angle.item() == 0.0 and not angle.requires_grad:
            continue
        first, second = (axis + 1) % 3, (axis + 2) % 3
        c, s = cos(angle), sin(angle)
        parts = list(v.unbind(-1))
        parts[first], parts[second] = (
            parts[first] * c - parts[second] * s,
            parts[first] * s + parts[second] * c,
        )
        v = torch.stack(parts, dim=-1)
    return v


def rotate_about(v: Tensor, axis: Tensor, angle: Tensor) -> Tensor:
    """Rotation of v (..., 3) about ``axis`` (3,), not normalised, by ``angle`` (...) [rad]."""
    c, s = cos(angle)[..., None], sin(angle)[..., None]
    along = dot(axis, v)[..., None] * (1.0 - c)
    return axis * along + v * c + cross(axis.expand_as(v), v) * s
