"""C's values with true derivatives: numbers that torch rounds differently, or that C computes by another path.

One form serves all of them, :func:`with_value`. It consists of ordinary operations, so that every mode of
differentiation and every nesting of modes sees the derivatives of the smooth form, and no bit of the value is lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

_C_FUNCTIONS: dict[str, Callable[[float], float]] = {"sin": math.sin, "cos": math.cos, "sqrt": math.sqrt}


def with_value(smooth: Tensor, exact: Tensor) -> Tensor:
    """``exact`` to the last bit, signed zeros included, with the derivatives of ``smooth``; finite, one shape."""
    if not is_followed(smooth):
        return exact
    # x - x is +0 for every finite x, and y - (+0) is y for every y
    return exact.detach() - (smooth.detach() - smooth)


def is_followed(tensor: Tensor) -> bool:
    """Whether a derivative with respect to ``tensor`` may be wanted, in any mode; True while compiling."""
    if tensor.requires_grad or _is_traced(tensor):
        return True
    unpack: Callable[[Tensor], Any] = forward_ad.unpack_dual
    return unpack(tensor).tangent is not None


def _is_traced(tensor: Tensor) -> bool:
    """Whether a transform of torch.func or the compiler sees the tensor, whose values are out of reach then."""
    compiling = torch.compiler.is_compiling()
    return compiling or bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))


def _rounded(x: Tensor, name: str) -> Tensor:
    call = _C_FUNCTIONS[name]
    if x.dim() == 0:
        return torch.tensor(call(x.item()), dtype=x.dtype, device=x.device)
    values = [call(value) for value in x.reshape(-1).tolist()]
    return torch.tensor(values, dtype=x.dtype, device=x.device).reshape(x.shape)


# as an operator it is visible to vmap and the compiler; its first call imports the compiler, which takes seconds
_operator = torch.library.custom_op("nbsim::c_library", _rounded, mutates_args=())


@_operator.register_fake
def _(x: Tensor, name: str) -> Tensor:
    return torch.empty_like(x)


@_operator.register_vmap
def _(info: object, in_dims: tuple[int | None, None], x: Tensor, name: str) -> tuple[Tensor, int | None]:
    return _operator(x, name), in_dims[0]


def c_library(x: Tensor, name: str) -> Tensor:
    """``sin``, ``cos`` or ``sqrt`` of ``x``, any shape, as the C library rounds it, with its derivatives.

    torch's vectorised functions differ in the last bit.
    """
    if not is_followed(x):
        return _rounded(x, name)
    plain = x.detach()
    values: Tensor = _operator(plain, name) if _is_traced(plain) else _rounded(plain, name)
    return with_value(getattr(torch, name)(x), values)
