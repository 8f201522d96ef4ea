"""Random rotations: mosaic domains and the random orientation, bit for bit.

Source: nanobragg_setup.md sections 3.3, 4.5, 4.6 and quirks S17, S23.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from nbsim.exact import with_value
from nbsim.model import Caps
from nbsim.rng import Stream, float32
from nbsim.rotations import rotation_matrix
from nbsim.vectors import cos, sin

Rows = Sequence[Sequence[float]]

_RANDOM_ORIENTATION_RADIANS = 90.0  # S17: meant as degrees, used as radians
_THIRD = float32(1.0 / 3.0)


def _library_powf() -> Callable[[float, float], float]:
    """float32 power of the C library if available, else a rounded float64 power."""
    name = ctypes.util.find_library("m")
    if name is None:
        return lambda base, exponent: float32(base**exponent)
    powf = ctypes.CDLL(name).powf
    powf.argtypes = (ctypes.c_float, ctypes.c_float)
    powf.restype = ctypes.c_float
    return lambda base, exponent: float(powf(base, exponent))


_powf = _library_powf()


def draw_caps(stream: Stream, count: int) -> Caps:
    """Uniform axes and shares (1 - r^2)^(1/3), r uniform in (-1, 1); three deviates each (section 4.5)."""
    axes: list[tuple[float, float, float]] = []
    shares: list[tuple[float, float]] = []
    for _ in range(count):
        r1, r2, r3 = (2.0 * stream.draw() - 1.0 for _ in range(3))
        rho = math.sqrt(1.0 - r2 * r2)
        axes.append((rho * math.sin(math.pi * r1), rho * math.cos(math.pi * r1), r2))
        rest = 1.0 - r3 * r3
        shares.append((_powf(float32(rest), _THIRD), rest ** (1.0 / 3.0)))
    made = torch.tensor(shares, dtype=torch.float64).reshape(-1, 2)
    return Caps(torch.tensor(axes, dtype=torch.float64).reshape(-1, 3), made[:, 0], made[:, 1])


def _through_float32(x: Tensor) -> Tensor:
    """``x`` rounded to float32, still in float64. The derivative is that of x itself: the rounding is
    flat except at its jumps, and the gradient of interest is that of the exact value."""
    return with_value(x, x.to(torch.float32).to(x.dtype))


def cap_rotations(caps: Caps, limit: Tensor, *, single: bool = True) -> Tensor:
    """Rotations about the axes by ``limit`` [rad], scalar, times the shares, (count, 3, 3), float64.

    ``single``: the angle goes through float32, as in C (S23).
    """
    angle = _through_float32(_through_float32(limit) * caps.shares) if single else limit * caps.exact_shares
    c, s = cos(angle), sin(angle)
    t = 1.0 - c
    x, y, z = caps.axes.unbind(1)
    rows = (
        (c + t * (x * x), t * x * y - s * z, t * x * z + s * y),
        (t * x * y + s * z, c + t * (y * y), t * y * z - s * x),
        (t * x * z - s * y, t * y * z + s * x, c + t * (z * z)),
    )
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


def _unit_row(row: Sequence[float]) -> tuple[float, float, float]:
    size = math.sqrt(row[0] * row[0] + row[1] * row[1] + row[2] * row[2])
    return row[0] / size, row[1] / size, row[2] / size


def angles_of(rotation: Rows) -> tuple[float, float, float]:
    """Angles [rad] about lab x, y, z (in that order) of ``rotation``."""
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
    limit = torch.tensor(_RANDOM_ORIENTATION_RADIANS, dtype=torch.float64)
    return angles_of(cap_rotations(draw_caps(stream, 1), limit)[0].tolist())


def domain_rotations(caps: Caps, spread: Tensor, *, first_identity: bool, single: bool = True) -> Tensor:
    """U_m of every domain, (count, 3, 3), float64; ``spread`` [rad], scalar, is the largest angle (S23).

    ``first_identity``: domain 0 is unrotated, though its deviates are drawn, as in C. ``single`` as for
    :func:`cap_rotations`.
    """
    drawn = cap_rotations(caps, spread, single=single)
    if not first_identity:
        return drawn
    return torch.cat((torch.eye(3, dtype=torch.float64)[None], drawn[1:]))


def anisotropic_rotations(caps: Caps, spreads: Tensor, frame: Tensor, *, first_identity: bool) -> Tensor:
    """U_m of every domain, (count, 3, 3), float64, with an own spread about each axis of the crystal; beyond C.

    The rotation vector of a domain is that of :func:`cap_rotations`, stretched along the rows of ``frame`` (3, 3),
    unit vectors, by ``spreads`` (3,) [rad]. Equal spreads give the rotations of an isotropic crystal.
    """
    along = caps.exact_shares[:, None] * (caps.axes @ frame.T) * spreads
    drawn = rotation_matrix(along @ frame)
    if not first_identity:
        return drawn
    return torch.cat((torch.eye(3, dtype=torch.float64)[None], drawn[1:]))
