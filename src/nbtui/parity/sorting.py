"""Different values of large arrays, and orders by several columns.

numpy's own `unique` keeps all other threads, and so the screen, waiting meanwhile; sorting does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_ROOM = 1 << 61


def distinct(values: Array) -> Array:
    """The different values, ascending."""
    ordered = np.sort(values)
    return np.asarray(ordered[_new(ordered)])


def coded(values: Array) -> tuple[Array, Array, NDArray[np.int32]]:
    """The different values ascending, where each stands first, and for every value its place among them."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(_new(ordered))
    codes = np.empty(len(values), dtype=np.int32)
    counts = np.diff(np.append(starts, len(values)))
    codes[order] = np.repeat(np.arange(len(starts), dtype=np.int32), counts)
    return ordered[starts], order[starts], codes


def _new(ordered: Array) -> NDArray[np.bool_]:
    """Where an ascending array has another value than the one before."""
    new = np.ones(len(ordered), dtype=bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return new


def folded(*sides: Sequence[Array]) -> list[NDArray[np.int64]]:
    """The columns of each side as one number each that sorts as they do, comparable between the sides."""
    keys = [np.zeros(len(columns[0]), dtype=np.int64) for columns in sides]
    width = 1
    for number in range(len(sides[0])):
        column = [np.asarray(columns[number], dtype=np.int64) for columns in sides]
        lowest = min((int(values.min()) for values in column if len(values)), default=0)
        highest = max((int(values.max()) for values in column if len(values)), default=0)
        span = highest - lowest + 1
        if span > _ROOM:
            column, span, lowest = *_dense(column), 0
        if width * span > _ROOM:
            keys, width = _dense(keys)
        for key, values in zip(keys, column, strict=True):
            key *= span
            key += values - lowest
        width *= span
    return keys


def _dense(columns: list[NDArray[np.int64]]) -> tuple[list[NDArray[np.int64]], int]:
    """The same order in numbers without gaps, and how many there are."""
    known, _, codes = coded(np.concatenate(columns))
    edges = np.cumsum([len(values) for values in columns])[:-1]
    return np.split(codes.astype(np.int64), edges), len(known)
