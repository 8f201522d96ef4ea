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
    x, y, z = (float(value) for value in axis)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(
        np.outer(axis, axis) * (1.0 - math.cos(angle)) + np.eye(3) * math.cos(angle) + cross * math.sin(angle)
    )


def rotation_xyz(angles: tuple[float, float, float], order: str = "xyz") -> Array:
    """Rotations about the laboratory axes, applied in ``order``, (3, 3); angles [rad] about x, y, z."""
    matrix = np.eye(3)
    for name in order:
        axis = "xyz".index(name)
        matrix = rotation(np.eye(3)[axis], angles[axis]) @ matrix
    return matrix
