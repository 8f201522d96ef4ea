"""Distinct values of large arrays, and orders by several columns.

numpy's `unique` blocks all other threads, and with them the screen; sorting does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_ROOM = 1 << 61


def distinct(values: Array) -> Array:
    """The distinct values, ascending."""
    ordered = np.sort(values)
    return np.asarray(ordered[_new(ordered)])


def coded(values: Array) -> tuple[Array, Array, NDArray[np.int32]]:
    """The distinct values ascending, the first index of each, and the rank of every value."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(_new(ordered))
    codes = np.empty(len(values), dtype=np.int32)
    counts = np.diff(np.append(starts, len(values)))
    codes[order] = np.repeat(np.arange(len(starts), dtype=np.int32), counts)
    return ordered[starts], order[starts], codes


def _new(ordered: Array) -> NDArray[np.bool_]:
    """True where an ascending array has a new value."""
    new = np.ones(len(ordered), dtype=bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return new


def folded(*sides: Sequence[Array]) -> list[NDArray[np.int64]]:
    """One number per row of each side that sorts as its columns do, comparable between the sides."""
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
    """The ranks of the values, and their number."""
    known, _, codes = coded(np.concatenate(columns))
    edges = np.cumsum([len(values) for values in columns])[:-1]
    return np.split(codes.astype(np.int64), edges), len(known)
