"""Unit vectors and rotation matrices."""

from __future__ import annotations

import math

import numpy as np

from nbtui.live.scene import Array


def unit(vector: Array) -> Array:
    """Unit vectors along the last axis; zero stays zero."""
    size = np.linalg.norm(vector, axis=-1, keepdims=True)
    return np.asarray(vector / np.where(size > 0.0, size, 1.0))


def rotation(axis: Array, angle: float) -> Array:
    """Rotation by ``angle`` [rad] about ``axis`` as given (not normalized), (3, 3)."""
    x, y, z = axis.tolist()
    c, s = math.cos(angle), math.sin(angle)
    t, o = 1.0 - c, 0.0 * c
    # a search turns ten thousand times: numbers are ten times as fast as arrays of nine
    return np.array(
        (
            (x * x * t + c + 0.0 * s, x * y * t + o - z * s, x * z * t + o + y * s),
            (y * x * t + o + z * s, y * y * t + c + 0.0 * s, y * z * t + o - x * s),
            (z * x * t + o - y * s, z * y * t + o + x * s, z * z * t + c + 0.0 * s),
        )
    )


def rotation_xyz(angles: tuple[float, float, float], order: str = "xyz") -> Array:
    """Rotations about the laboratory axes, applied in ``order``, (3, 3); angles [rad] about x, y, z."""
    matrix = np.eye(3)
    for name in order:
        axis = "xyz".index(name)
        matrix = rotation(np.eye(3)[axis], angles[axis]) @ matrix
    return matrix
