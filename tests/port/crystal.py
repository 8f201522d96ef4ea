"""The crystal: cell, orientation, φ, mosaic domains, lattice factor (set-up section 3, pixel loop sections 3 and 7)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from port.faults import Faults
from port.randomness import domain_rotations, gaussian_rotations
from port.settings import DEGREE, Settings
from port.vectors import about_axes, about_axis

SPHERE = 0.723601254558268
WIDTH = 0.63


class Crystal:
    """Direct vectors in metres (rows of [3, 3]), reciprocal vectors in Å⁻¹, cells along each axis."""

    def __init__(self, settings: Settings, spindle: Tensor, faults: Faults) -> None:
        self.settings, self.faults, self.spindle = settings, faults, spindle
        reciprocal, lengths, volume = self._unoriented()
        order = faults.either("misset_reversed", "zyx", "xyz")
        reciprocal = reciprocal @ about_axes(*settings.misset, order=order).T
        direct, inverse_volume = self._direct(reciprocal, lengths, volume)
        self.reciprocal = inverse_volume * _crosses(direct)
        self.direct = direct * 1e-10
        self.cells = [self._count(axis) for axis in range(3)]
        self._plan_phi()
        self._plan_mosaic()

    def _unoriented(self) -> tuple[Tensor, list[float] | None, float]:
        """Reciprocal vectors before the missetting, the typed cell's lengths and volume."""
        reciprocal, lengths, volume = torch.zeros(3, 3, dtype=torch.float64), None, 0.0
        if self.settings.cell is not None:
            reciprocal, lengths, volume = _from_cell(self.settings.cell)
        if self.settings.matrix is not None:
            words = (self.settings.folder / self.settings.matrix).read_text().split()[:9]
            table = torch.tensor([float(word) for word in words], dtype=torch.float64).reshape(3, 3)
            reciprocal = table if "matrix_by_rows" in self.faults else table.T.contiguous()
            if "matrix_unscaled" not in self.faults:
                reciprocal = reciprocal * (1e-10 / self.settings.wavelength)
        return reciprocal, lengths, volume

    @staticmethod
    def _direct(reciprocal: Tensor, lengths: list[float] | None, volume: float) -> tuple[Tensor, float]:
        """Direct vectors in Å and the inverse volume; a typed cell forces both, whatever the vectors say."""
        crosses = _crosses(reciprocal)
        inverse = float(reciprocal[0] @ crosses[0])
        if lengths is not None:
            scale = torch.tensor(lengths, dtype=torch.float64) / volume
            crosses = crosses / crosses.norm(dim=-1, keepdim=True) * scale[:, None]
            inverse = 1.0 / volume
        return crosses / inverse, inverse

    def _count(self, axis: int) -> int:
        size, count = self.settings.crystal_size[axis], self.settings.cells[axis]
        if size > 0:
            count = math.ceil(size / float(self.direct[axis].norm()))
        return max(count, 1)

    def _plan_phi(self) -> None:
        """Start, step and number of φ steps (section 2.6)."""
        asked = self.settings
        span, step, count = asked.osc, asked.phi_step, asked.phi_steps
        if count < 0:
            if span < 0:
                span, step, count = (step, step, 2) if step > 0 else (0.0, 0.0, 1)
            elif step <= 0:
                step, count = span / 2, 2
            else:
                count = math.ceil(span / step)
        else:
            count = max(count, 1)
            if span < 0 and step > 0:
                span, count = step, 2
            elif span < 0:
                span, step = DEGREE, DEGREE / count
            elif step < 0:
                step = span / count
        first = asked.phi + self.faults.either("phi_midpoint", step / 2, 0.0)
        sense = self.faults.either("phi_reversed", -1.0, 1.0)
        self.phi = [sense * (first + step * j) for j in range(count)]

    def _plan_mosaic(self) -> None:
        spread, count = self.settings.mosaic, self.settings.domains
        if count <= 0:
            count = 10 if spread > 0 else 1
        elif spread <= 0:
            count = 1
        self.spread = max(spread, 0.0)
        if self.spread == 0.0:
            self.domains = torch.eye(3, dtype=torch.float64)[None]
            return
        seed = self.faults.either("default_mosaic_seed", -12345678, self.settings.mosaic_seed)
        if "torch_mosaic" in self.faults:
            self.domains = gaussian_rotations(self.spread, count, seed)
        else:
            identity = "first_domain_drawn" not in self.faults
            self.domains = domain_rotations(self.spread, count, seed, first_is_identity=identity)

    def turned(self, phi: float) -> Tensor:
        """Direct vectors [3, 3] at the angle ``phi``."""
        return self.direct @ about_axis(self.spindle, phi).T

    def nearest(self, indices: Tensor) -> Tensor:
        """The nearest Miller indices; a half goes down."""
        return torch.floor(indices) if "index_floor" in self.faults else torch.ceil(indices - 0.5)

    def lattice_factors(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Factors [..., 3] of the three axes, and their product [...]; the shapes have a product only."""
        counts = torch.tensor(self.cells, dtype=indices.dtype)
        if self.settings.shape == "SQUARE":
            factors = self._gratings(indices, counts)
            return factors, factors[..., 0] * factors[..., 1] * factors[..., 2]
        away = indices - self.nearest(indices)
        total = counts.prod()
        if self.settings.shape == "ROUND":
            x = math.pi * ((away * counts).square().sum(-1) * self.settings.fudge).sqrt()
            safe = torch.where(x == 0, torch.ones_like(x), x)
            sphere = 3.0 * (torch.sin(safe) / safe - torch.cos(safe)) / safe / safe
            product = total * SPHERE * torch.where(x == 0, torch.ones_like(x), sphere)
        else:
            gap = (away @ self.reciprocal.to(indices.dtype)).square().sum(-1) * total**2
            if self.settings.shape == "GAUSS":
                product = total * torch.exp(-(gap / WIDTH * self.settings.fudge))
            else:
                product = total * (gap * self.settings.fudge < WIDTH**2)
        return torch.ones_like(away), product

    def _gratings(self, indices: Tensor, counts: Tensor) -> Tensor:
        x = math.pi * indices
        below = torch.sin(x)
        if "lattice_continuous" in self.faults:
            below = math.pi * (indices - self.nearest(indices))
            x = below
        safe = torch.where(below == 0, torch.ones_like(below), below)
        grating = torch.where(below == 0, counts.expand_as(x), torch.sin(x * counts) / safe)
        return torch.where(counts > 1, grating, torch.ones_like(grating))


def _crosses(vectors: Tensor) -> Tensor:
    """b × c, c × a, a × b."""
    return torch.stack([torch.linalg.cross(vectors[i - 2], vectors[i - 1]) for i in range(3)])


def _from_cell(cell: tuple[float, ...]) -> tuple[Tensor, list[float], float]:
    """Reciprocal vectors of a cell: a* along x, b* in the plane of x and y (section 3.1)."""
    a, b, c = (value if value > 0 else cell[0] for value in (*cell[:3], 0.0, 0.0)[:3])
    angles = [value * DEGREE if value > 0 else math.pi / 2 for value in (*cell[3:6], 0.0, 0.0, 0.0)[:3]]
    ca, cb, cg = map(math.cos, angles)
    sa, sb, sg = map(math.sin, angles)
    half = sum(angles) / 2
    skew = math.sin(half) * math.sin(half - angles[0]) * math.sin(half - angles[1]) * math.sin(half - angles[2])
    volume = 2 * a * b * c * math.sqrt(abs(skew))
    long_a, long_b, long_c = b * c * sa / volume, c * a * sb / volume, a * b * sg / volume
    sin_gamma = max(-1.0, min(1.0, c / volume / (long_a * long_b)))
    cos_alpha, cos_beta, cos_gamma = (cb * cg - ca) / (sb * sg), (cg * ca - cb) / (sg * sa), (ca * cb - cg) / (sa * sb)
    rows = [
        [long_a, 0.0, 0.0],
        [long_b * cos_gamma, long_b * sin_gamma, 0.0],
        [
            long_c * cos_beta,
            long_c * (cos_alpha - cos_beta * cos_gamma) / sin_gamma,
            long_c * volume / (a * b * c * sin_gamma),
        ],
    ]
    return torch.tensor(rows, dtype=torch.float64), [a, b, c], volume
