"""Random rotations: mosaic domains and the random orientation, bit for bit.

Source: nanobragg_setup.md sections 3.3, 4.5, 4.6 and quirks S17, S23.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import math
from collections.abc import Callable

import torch
from torch import Tensor

from .rng import Stream, float32

Rows = tuple[tuple[float, float, float], ...]

DEFAULT_SEED = 12345678  # S3: the C program's help quotes another one
_RANDOM_ORIENTATION_RADIANS = 90.0  # S17: meant as degrees, used as radians
_THIRD = float32(1.0 / 3.0)
_IDENTITY: Rows = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def _library_powf() -> Callable[[float, float], float]:
    """float32 power of the C library; a rounded float64 power where there is no such library."""
    name = ctypes.util.find_library("m")
    if name is None:
        return lambda base, exponent: float32(base**exponent)
    powf = ctypes.CDLL(name).powf
    powf.argtypes = (ctypes.c_float, ctypes.c_float)
    powf.restype = ctypes.c_float
    return lambda base, exponent: float(powf(base, exponent))


_powf = _library_powf()


def cap_rotation(stream: Stream, limit: float) -> Rows:
    """Rotation about a uniform axis by limit * (1 - r^2)^(1/3), r uniform in (-1, 1); limit in rad, three deviates."""
    r1, r2, r3 = (2.0 * stream.draw() - 1.0 for _ in range(3))
    rho = math.sqrt(1.0 - r2 * r2)
    x, y, z = rho * math.sin(math.pi * r1), rho * math.cos(math.pi * r1), r2
    angle = float32(float32(limit) * _powf(float32(1.0 - r3 * r3), _THIRD))
    c, s = math.cos(angle), math.sin(angle)
    t = 1.0 - c
    return (
        (c + t * (x * x), t * x * y - s * z, t * x * z + s * y),
        (t * x * y + s * z, c + t * (y * y), t * y * z - s * x),
        (t * x * z - s * y, t * y * z + s * x, c + t * (z * z)),
    )


def _unit_row(row: tuple[float, float, float]) -> tuple[float, float, float]:
    size = math.sqrt(row[0] * row[0] + row[1] * row[1] + row[2] * row[2])
    return row[0] / size, row[1] / size, row[2] / size


def angles_of(rotation: Rows) -> tuple[float, float, float]:
    """Angles [rad] about lab x, y, z (in that order) that make up ``rotation``."""
    # C normalises the rows twice; the second time can still change the last bit
    u = [_unit_row(_unit_row(row)) for row in rotation]
    if u[2][0] * u[2][0] < 1.0:
        return (
            math.atan2(u[2][1], u[2][2]),
            math.atan2(-u[2][0], math.sqrt(u[2][1] * u[2][1] + u[2][2] * u[2][2])),
            math.atan2(u[1][0], u[0][0]),
        )
    return math.pi, math.pi / 2.0, math.atan2(u[0][1], -u[1][1])


def random_misset(stream: Stream) -> tuple[float, float, float]:
    """The angles [rad] of ``-misset random`` about lab x, y, z; not uniform over orientations (S17)."""
    return angles_of(cap_rotation(stream, _RANDOM_ORIENTATION_RADIANS))


def domain_rotations(stream: Stream, spread: float, count: int, *, first_identity: bool) -> Tensor:
    """U_m of ``count`` domains, (count, 3, 3), float64; ``spread`` [rad] is the largest angle (S23).

    ``first_identity``: domain 0 is unrotated, though its deviates are drawn, as in C.
    """
    drawn = [cap_rotation(stream, spread) for _ in range(count)]
    if first_identity:
        drawn[0] = _IDENTITY
    return torch.tensor(drawn, dtype=torch.float64)
