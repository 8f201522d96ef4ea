"""Structure factors by hkl, and by the asymmetric unit of a space group.

Values are amplitudes in electrons, as in the table of ``-hkl``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nbsim.api import Experiment
from nbsim.errors import InputError
from nbsim.refinement.space_groups import space_group
from nbsim.values import ByValue

Indices = npt.NDArray[np.int64]
_SAME_F = 1e-6  # relative difference between equivalent reflections


def _grid(experiment: Experiment) -> tuple[Tensor, tuple[int, int, int]]:
    """The table in float64, (n_h, n_k, n_l), and its lowest indices."""
    table, grid = experiment.structure_factors, experiment.parameters.structure_factors
    if grid is None:
        raise InputError("this experiment has no table of structure factors; give -hkl")
    return grid, (table.h_min, table.k_min, table.l_min)


def _cells(indices: Tensor, grid: Tensor, low: tuple[int, int, int]) -> tuple[Tensor, ...]:
    """Positions of ``indices`` (n, 3) in the grid."""
    if indices.dim() != 2 or indices.shape[1] != 3 or indices.is_floating_point() or indices.dtype == torch.bool:
        raise InputError(
            f"indices: whole numbers of shape (n, 3) are needed, not {indices.dtype} {tuple(indices.shape)}"
        )
    cells = indices.cpu().to(torch.int64) - torch.tensor(low)
    outside = ((cells < 0) | (cells >= torch.tensor(grid.shape))).any(dim=1)
    if bool(outside.any()):
        first = " ".join(str(i) for i in indices[int(outside.int().argmax())].tolist())
        high = ", ".join(f"{name} {lo} to {lo + n - 1}" for name, lo, n in zip("hkl", low, grid.shape, strict=True))
        raise InputError(f"reflection {first}: outside the table ({high}); it has -default_F")
    return cells.unbind(1)


def reflections_at(experiment: Experiment, indices: Tensor) -> Tensor:
    """F [electrons] of reflections ``indices`` (n, 3), whole numbers, (n,).

    Raises:
        InputError: no table, or a reflection outside it.
    """
    grid, low = _grid(experiment)
    return grid[_cells(indices, grid, low)]


def with_reflections(experiment: Experiment, indices: Tensor, values: Tensor) -> Experiment:
    """The run with F ``values`` (n,) [electrons] at ``indices`` (n, 3); gradients reach the values.

    Friedel mates and symmetry mates are reflections of their own here; see :class:`AsymmetricUnit`.

    Raises:
        InputError: no table, a reflection outside it or listed twice, or numbers that do not fit.
    """
    grid, low = _grid(experiment)
    cells = _cells(indices, grid, low)
    if tuple(values.shape) != (indices.shape[0],):
        raise InputError(f"values: {indices.shape[0]} reflections need as many, not the shape {tuple(values.shape)}")
    if len(torch.unique(indices, dim=0)) < len(indices):
        raise InputError("indices: a reflection is listed twice")
    changed = grid.index_put(cells, values.to(device="cpu", dtype=torch.float64))
    return experiment.with_parameters(structure_factors=changed)


@dataclass(frozen=True, eq=False, repr=False)
class AsymmetricUnit(ByValue):
    """The unique reflections of a table, and the way back to the whole table in P1."""

    indices: Tensor  # one reflection of each set of equivalent ones, int64 (n, 3)
    start: Tensor  # their F in the table [electrons], (n,)
    numbers: Tensor  # of the unique reflection of each cell of the table, int64 (n_h, n_k, n_l); n where absent

    def __repr__(self) -> str:
        return f"AsymmetricUnit({len(self.indices)} of {self.numbers.numel()} reflections)"

    @classmethod
    def of(cls, experiment: Experiment, name: str, *, anomalous: bool = False) -> AsymmetricUnit:
        """The unit of the space group ``name`` for the table of ``experiment``.

        Systematically absent reflections are 0. ``anomalous`` keeps Friedel mates apart.

        Raises:
            InputError: no table, one without this symmetry, an unknown space group, or gemmi is not installed.
        """
        grid, low = _grid(experiment)
        group = space_group(name).operations()
        every = np.indices(tuple(grid.shape)).reshape(3, -1).T + np.array(low)
        mates, ranks = _representatives(every, group, anomalous)
        _, first, inverse = np.unique(ranks, return_index=True, return_inverse=True)
        keys = mates[first]
        absent = group.systematic_absences(keys.astype(np.int32))
        count = int((~absent).sum())
        number_of_key = np.where(absent, count, np.cumsum(~absent) - 1)
        numbers = torch.from_numpy(number_of_key[inverse]).reshape(tuple(grid.shape))
        start = _means(grid.detach(), numbers, count)
        made = cls(torch.from_numpy(keys[~absent]), start, numbers)
        _check_symmetry(made, grid.detach(), low, name)
        return made

    def table(self, values: Tensor) -> Tensor:
        """The whole table (n_h, n_k, n_l) of ``values`` (n,), for ``with_parameters(structure_factors=...)``.

        Raises:
            InputError: another number of values.
        """
        if tuple(values.shape) != (len(self.indices),):
            raise InputError(
                f"values: the unit has {len(self.indices)} reflections, not the shape {tuple(values.shape)}"
            )
        padded = torch.cat((values, values.new_zeros(1)))
        return padded[self.numbers.to(values.device)]


def _representatives(indices: Indices, group: Any, anomalous: bool) -> tuple[Indices, Indices]:
    """The equivalent of each of ``indices`` (n, 3) that comes last in the order of h, k, l, and its rank, (n,)."""
    # a reflection h of x' = R x + t is as strong as h R
    rotations = [np.array(operation.rot, dtype=np.int64) // operation.DEN for operation in group.sym_ops]
    signs = (1,) if anomalous else (1, -1)
    reach = 3 * int(np.abs(indices).max()) + 1  # h R has up to three terms
    best = np.full(len(indices), -1, dtype=np.int64)
    found = np.empty_like(indices)
    for rotation in rotations:
        for sign in signs:
            mates = sign * (indices @ rotation)
            rank = ((mates[:, 0] + reach) * (2 * reach + 1) + mates[:, 1] + reach) * (2 * reach + 1) + mates[:, 2]
            better = rank > best
            best[better], found[better] = rank[better], mates[better]
    return found, best


def _means(grid: Tensor, numbers: Tensor, count: int) -> Tensor:
    """Mean F of the cells of each unique reflection, (count,)."""
    totals = torch.zeros(count + 1, dtype=grid.dtype).index_add(0, numbers.flatten(), grid.flatten())
    sizes = torch.bincount(numbers.flatten(), minlength=count + 1)
    return totals[:count] / sizes[:count]


def _check_symmetry(unit: AsymmetricUnit, grid: Tensor, low: tuple[int, int, int], name: str) -> None:
    off = (unit.table(unit.start) - grid).abs()
    if bool(off.max() <= _SAME_F * grid.abs().max()):
        return
    cell = np.unravel_index(int(off.argmax()), tuple(grid.shape))
    index = " ".join(str(int(i) + lo) for i, lo in zip(cell, low, strict=True))
    raise InputError(
        f"the table does not have the symmetry of {name}: F of {index} is {float(grid[cell]):g}, its equivalents have "
        "another mean; expand it first (an MTZ or CIF file with -hkl), or choose another space group"
    )


torch.serialization.add_safe_globals([AsymmetricUnit])  # plain data, for torch.load with weights_only
