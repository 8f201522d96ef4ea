"""Structure factors from a table of single precision (set-up section 5.1, pixel loop section 8)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from port.faults import Faults
from port.settings import Settings


@cache
def _rows(path: Path) -> np.ndarray:
    """Rows h, k, l, F of a text file."""
    return np.array(path.read_text().split(), dtype=np.float64).reshape(-1, 4)


class StructureFactors:
    """Looks up F_cell; ``interpolating`` goes off at the first index too near to the table's edge."""

    def __init__(self, settings: Settings, faults: Faults) -> None:
        self.faults = faults
        self.default = 0.0 if "default_f_zero" in faults else settings.default_f
        self.grid: Tensor | None = None
        if settings.hkl is not None:
            self._read(settings.folder / settings.hkl)
        self.interpolating = bool(settings.interpolate) and self.grid is not None and "nearest_only" not in faults

    def _read(self, path: Path) -> None:
        rows = _rows(path)
        indices = rows[:, :3].astype(int)
        low, high = indices.min(axis=0), indices.max(axis=0)
        grid = np.full(high - low + 1, self.default, dtype=np.float32)
        values = rows[:, 3].astype(np.float32)
        if "table_of_intensities" in self.faults:
            values = np.sqrt(np.abs(values))
        grid[tuple((indices - low).T)] = values
        self.grid = torch.from_numpy(grid)
        self.low, self.high = torch.from_numpy(low), torch.from_numpy(high)

    def nearest(self, indices: Tensor) -> Tensor:
        """F [...] of whole indices [..., 3]."""
        if self.grid is None:
            return torch.full(indices.shape[:-1], self.default, dtype=torch.float64)
        if "mirror_lookup" in self.faults:
            indices = indices * torch.tensor([1, 1, -1])
        whole = indices.to(torch.int64)
        inside = ((whole >= self.low) & (whole <= self.high)).all(dim=-1)
        at = torch.minimum(torch.maximum(whole, self.low), self.high) - self.low
        found = self.grid[at[..., 0], at[..., 1], at[..., 2]].to(torch.float64)
        return torch.where(inside, found, torch.full_like(found, self.default))

    def in_range(self, indices: Tensor) -> Tensor:
        """Whether the table holds the 64 neighbours of real indices [..., 3]."""
        if self.grid is None:
            return torch.zeros(indices.shape[:-1], dtype=torch.bool)
        return ((indices >= self.low + 2) & (indices <= self.high - 2)).all(dim=-1)

    def tricubic(self, indices: Tensor) -> Tensor:
        """Interpolated F [...] at real indices [..., 3] inside the range."""
        assert self.grid is not None
        floor = torch.floor(indices)
        offset = torch.arange(-1, 3)
        at = (floor.to(torch.int64) - self.low)[..., None] + offset
        block = self.grid[at[..., 0, :, None, None], at[..., 1, None, :, None], at[..., 2, None, None, :]]
        weights = _lagrange(indices - floor)
        return torch.einsum("...hkl,...h,...k,...l->...", block.to(torch.float64), *weights.unbind(dim=-2))

    def look_up(self, indices: Tensor, whole: Tensor, used: Tensor) -> Tensor:
        """F [passes] in the order of the loop; ``used`` marks the passes that look one up."""
        found = self.nearest(whole)
        if not self.interpolating:
            return found
        inside = self.in_range(indices)
        outside = torch.nonzero(used & ~inside)
        stop = int(outside[0]) if len(outside) else len(indices)
        self.interpolating = not len(outside)
        smooth = inside.clone()
        smooth[stop:] = False
        found[smooth] = self.tricubic(indices[smooth])
        return found


def _lagrange(fraction: Tensor) -> Tensor:
    """Weights [..., 4] of the nodes -1, 0, 1, 2."""
    x = fraction
    return torch.stack(
        [
            -x * (x - 1) * (x - 2) / 6,
            (x + 1) * (x - 1) * (x - 2) / 2,
            -(x + 1) * x * (x - 2) / 2,
            (x + 1) * x * (x - 1) / 6,
        ],
        dim=-1,
    )
