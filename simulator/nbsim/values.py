"""Equality, hashes and copies of objects that hold tensors: by value, to the last bit."""

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
    """Whether two values are equal: tensors in dtype, device, shape and every number, nan equal to nan.

    Tuples and dicts are compared item by item.
    """
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return _same_tensors(one.detach(), other.detach())
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return False
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def _hashable(value: Any) -> Any:
    if isinstance(value, Tensor):
        plain = value.detach().cpu()
        # 0 is equal to -0, and must have its hash
        return value.dtype, tuple(value.shape), (plain + torch.zeros((), dtype=plain.dtype)).numpy().tobytes()
    if isinstance(value, tuple):
        return tuple(map(_hashable, value))
    return frozenset((key, _hashable(item)) for key, item in value.items()) if isinstance(value, dict) else value


def _without_graph(value: Any) -> Any:
    """``value`` with the numbers of its tensors alone, in tuples and dicts as well; leaves stay leaves."""
    if isinstance(value, Tensor):
        return value if value.is_leaf else value.detach()
    if isinstance(value, tuple):
        return tuple(map(_without_graph, value))
    return {key: _without_graph(item) for key, item in value.items()} if isinstance(value, dict) else value


class ByValue:
    """Base of frozen dataclasses, declared with ``eq=False``, whose fields may be tensors.

    Equal: the same class, and equal compared fields; a class that is no dataclass names them. A deep copy holds values:
    tensors computed from others lose their graph, leaves keep ``requires_grad``.
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
            object.__setattr__(made, name, copy.deepcopy(_without_graph(value), memo))
        memo[id(self)] = made
        return made
