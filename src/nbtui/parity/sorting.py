"""Different values of large arrays. numpy's own `unique` keeps all other threads, and so the screen, waiting meanwhile;
sorting does not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


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
