"""Process an image in blocks of rows, to bound the memory of intermediate arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy.typing as npt

_PIXELS = 1 << 15  # their intermediates stay in the cache


def row_blocks(image: npt.NDArray[Any]) -> Iterator[slice]:
    """Slices over the rows of ``image`` (n_slow, n_fast), in order, of about thirty thousand pixels each."""
    rows, columns = image.shape
    together = max(1, _PIXELS // max(columns, 1))
    for start in range(0, rows, together):
        yield slice(start, min(start + together, rows))
