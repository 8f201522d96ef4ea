"""The OpenMP threads of a C run, where they explain every pixel in which a simulation differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nbtui.images.findings import threads
from nbtui.images.metrics import ImageComparison, beyond_tolerance
from nbtui.images.read import Picture

# numbers of threads with which a simulation has the values of an image in all pixels that depend on them; from the
# image and the pixels that differ
Counts = Callable[[npt.NDArray[np.float64], npt.NDArray[np.bool_]], tuple[int, ...]]


def with_threads(comparison: ImageComparison, c: Picture, simulated: Picture, counts: Counts) -> ImageComparison:
    """``comparison`` of two pictures, with the number of threads as its first finding."""
    if not comparison.beyond:
        return comparison
    theirs = c.as_floats()
    differing = beyond_tolerance(theirs, simulated.as_floats(), np.isfinite(theirs))
    found = counts(theirs, differing)
    if not found:
        return comparison
    finding = threads(found, int(differing.sum()), c.size[0])
    return replace(comparison, findings=(finding, *comparison.findings))
