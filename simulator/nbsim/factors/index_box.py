"""The box of Miller indices that a dense structure-factor table covers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from nbsim.memory import check_memory

_PER_CELL = 9  # bytes: a value, and whether it is a hole

Triple = tuple[int, int, int]


def index_box(indices: npt.NDArray[np.int64], path: Path) -> tuple[Triple, Triple]:
    """Lowest indices and shape of the inclusive box around ``indices`` (n, 3); ``path`` is named in errors.

    Raises:
        InputError: a dense table of this size would not fit into memory.
    """
    h, k, l = (int(v) for v in indices.min(axis=0))
    n_h, n_k, n_l = (int(v) - lo + 1 for v, lo in zip(indices.max(axis=0), (h, k, l), strict=True))
    check_memory(_PER_CELL * n_h * n_k * n_l, f"{path}: the dense table of its index box {n_h} x {n_k} x {n_l}")
    return (h, k, l), (n_h, n_k, n_l)
