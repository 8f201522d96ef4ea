"""Equality, hashes and copies of dataclasses that hold tensors: by value, to the last bit."""

from __future__ import annotations

import copy
from dataclasses import fields, is_dataclass
from typing import Any, Self

import torch
from torch import Tensor


def _same_tensors(one: Tensor, other: Tensor) -> bool:
    alike = one.shape == other.shape and one.dtype == other.dtype and one.device == other.device
    if not alike:
        return False
    return torch.equal(one, other) or bool(((one == other) | (one.isnan() & other.isnan())).all())


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal: tensors in dtype, device, shape and every number, nan equal to nan."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return _same_tensors(one.detach(), other.detach())
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return False
    return bool(one == other)


def _hashable(value: Any) -> Any:
    if isinstance(value, Tensor):
        plain = value.detach().cpu()
        # 0 is equal to -0, and must have its hash
        return value.dtype, tuple(value.shape), (plain + torch.zeros((), dtype=plain.dtype)).numpy().tobytes()
    return tuple(value.items()) if isinstance(value, dict) else value


class ByValue:
    """Base of frozen dataclasses, declared with ``eq=False``, whose fields may be tensors.

    Equal: the same class, and equal compared fields. A deep copy holds values: tensors computed from others lose
    their graph, leaves keep ``requires_grad``.
    """

    def _compared(self) -> tuple[str, ...]:
        assert is_dataclass(self)
        return tuple(item.name for item in fields(self) if item.compare)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self is other or all(same(getattr(self, name), getattr(other, name)) for name in self._compared())

    def __hash__(self) -> int:
        return hash((type(self).__name__, *(_hashable(getattr(self, name)) for name in self._compared())))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        made = copy.copy(self)
        for name, value in vars(self).items():
            held = value.detach() if isinstance(value, Tensor) and not value.is_leaf else value
            object.__setattr__(made, name, copy.deepcopy(held, memo))
        memo[id(self)] = made
        return made
