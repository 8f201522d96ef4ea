"""One still or one rotation image: beam, flat detector, crystal and spindle in one right-handed laboratory frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]  # (3,)


@dataclass(frozen=True)
class Rotation:
    """The spindle. ``start``, ``width`` of the image in degrees; right-handed about ``axis``."""

    axis: Vector
    start: float
    width: float


@dataclass(frozen=True)
class Geometry:
    """Everything that a command line states of the geometry.

    Attributes:
        wavelength: in Å.
        beam: direction of propagation.
        polarization: fraction of the intensity polarized in the plane with normal ``plane_normal``; None if not stated.
        plane_normal: normal of the polarization plane.
        origin: mm, from the crystal to the outer corner of pixel (0, 0).
        fast, slow: directions of the axes.
        pixel: edge of a pixel in mm.
        size: pixels along (fast, slow).
        real_axes: (3, 3), rows a, b, c in Å at a spindle angle of 0; None without a crystal.
        rotation: None for a still.
    """

    wavelength: float
    beam: Vector
    origin: Vector
    fast: Vector
    slow: Vector
    pixel: float
    size: tuple[int, int]
    real_axes: NDArray[np.float64] | None
    rotation: Rotation | None
    polarization: float | None = None
    plane_normal: Vector | None = None
