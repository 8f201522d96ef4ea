"""Random numbers of the mosaic domains (specification of the set-up, sections 4.4 to 4.6)."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

MODULUS = 2147483647


class Shuffled:
    """Park and Miller's generator behind a shuffled table of 32 numbers."""

    def __init__(self, seed: int) -> None:
        self.state = max(-seed, 1)
        drawn = [self._step() for _ in range(40)]
        self.table = drawn[:7:-1]
        self.last = self.table[0]

    def _step(self) -> int:
        self.state = 16807 * self.state % MODULUS
        return self.state

    def uniform(self) -> float:
        """The next number between 0 and 1, of single precision."""
        fresh = self._step()
        place = self.last // 67108864
        self.last, self.table[place] = self.table[place], fresh
        return float(np.float32(min(self.last * (1.0 / MODULUS), 1.0 - 1.2e-7)))


def cap_rotation(spread: float, deviates: tuple[float, float, float]) -> Tensor:
    """A rotation [3, 3] by at most ``spread`` radians about a random axis."""
    r1, r2, r3 = (2.0 * value - 1.0 for value in deviates)
    rho = math.sqrt(1.0 - r2 * r2)
    axis = (rho * math.sin(math.pi * r1), rho * math.cos(math.pi * r1), r2)
    power = np.float32(float(np.float32(1.0 - r3 * r3)) ** float(np.float32(1.0 / 3.0)))
    angle = float(np.float32(spread) * power)
    c, s, t = math.cos(angle), math.sin(angle), 1.0 - math.cos(angle)
    x, y, z = axis
    rows = [
        [c + t * x * x, t * x * y - s * z, t * x * z + s * y],
        [t * x * y + s * z, c + t * y * y, t * y * z - s * x],
        [t * x * z - s * y, t * y * z + s * x, c + t * z * z],
    ]
    return torch.tensor(rows, dtype=torch.float64)


def domain_rotations(spread: float, count: int, seed: int, *, first_is_identity: bool = True) -> Tensor:
    """Orientations [count, 3, 3] of the mosaic domains."""
    source = Shuffled(seed)
    rotations = [cap_rotation(spread, (source.uniform(), source.uniform(), source.uniform())) for _ in range(count)]
    if first_is_identity:
        rotations[0] = torch.eye(3, dtype=torch.float64)
    return torch.stack(rotations)


def gaussian_rotations(spread: float, count: int, seed: int) -> Tensor:
    """Orientations from torch's own generator: rotation vectors of a normal distribution."""
    generator = torch.Generator().manual_seed(abs(seed))
    turns = torch.randn((count, 3), generator=generator, dtype=torch.float64) * spread
    turns[0] = 0.0
    zero = torch.zeros(count, dtype=torch.float64)
    x, y, z = turns.unbind(-1)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).reshape(count, 3, 3)
    return torch.linalg.matrix_exp(skew)
