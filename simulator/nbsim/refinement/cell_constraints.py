"""Unit cells with the freedom that a crystal system leaves them.

Source: International Tables for Crystallography A, section 2.1.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nbsim.errors import InputError
from nbsim.parameters import Value, as_parameter, as_shaped
from nbsim.refinement.space_groups import space_group
from nbsim.values import ByValue

EDGES = ("a", "b", "c", "alpha", "beta", "gamma")

# per constant of the cell: the free one that it equals, or its fixed value
_Row = tuple[str | float, str | float, str | float, str | float, str | float, str | float]
_SYSTEMS: dict[str, _Row] = {
    "triclinic": ("a", "b", "c", "alpha", "beta", "gamma"),
    "monoclinic a": ("a", "b", "c", "alpha", 90.0, 90.0),
    "monoclinic": ("a", "b", "c", 90.0, "beta", 90.0),
    "monoclinic c": ("a", "b", "c", 90.0, 90.0, "gamma"),
    "orthorhombic": ("a", "b", "c", 90.0, 90.0, 90.0),
    "tetragonal": ("a", "a", "c", 90.0, 90.0, 90.0),
    "hexagonal": ("a", "a", "c", 90.0, 90.0, 120.0),
    "rhombohedral": ("a", "a", "a", "alpha", "alpha", "alpha"),
    "cubic": ("a", "a", "a", 90.0, 90.0, 90.0),
}
_TOLERANCE = 1e-6  # A or degrees


@dataclass(frozen=True, eq=False, repr=False)
class CellConstraint(ByValue):
    """A cell (6,) [A, degrees] as a linear function of its free constants (n,), and back."""

    system: str
    names: tuple[str, ...]  # of the free constants
    matrix: Tensor  # (6, n)
    fixed: Tensor  # (6,), angles that the system fixes, elsewhere 0

    def __repr__(self) -> str:
        return f"CellConstraint({self.system}: {', '.join(self.names)})"

    @classmethod
    def of_system(cls, system: str) -> CellConstraint:
        """The constraint of a crystal system by name.

        ``monoclinic`` has the unique axis b; ``monoclinic a`` and ``monoclinic c`` the others; trigonal crystals are
        ``hexagonal`` or ``rhombohedral``, as their axes are.

        Raises:
            InputError: an unknown name.
        """
        if system not in _SYSTEMS:
            raise InputError(f"crystal system {system!r}: must be one of {', '.join(_SYSTEMS)}")
        row = _SYSTEMS[system]
        names = tuple(name for name in EDGES if name in row)
        matrix = [[1.0 if entry == name else 0.0 for name in names] for entry in row]
        fixed = [0.0 if isinstance(entry, str) else entry for entry in row]
        return cls(system, names, torch.tensor(matrix).double(), torch.tensor(fixed).double())

    @classmethod
    def of_space_group(cls, name: str) -> CellConstraint:
        """The constraint of a space group by its Hermann-Mauguin name (``R 3:R``, ``P 1 1 2``) or number.

        Raises:
            InputError: an unknown space group, or gemmi is not installed.
        """
        group = space_group(name)
        system: str = group.crystal_system_str()
        if system == "trigonal":
            system = "rhombohedral" if group.ext == "R" else "hexagonal"
        axis = group.monoclinic_unique_axis()
        return cls.of_system(system if axis in ("b", "\0") else f"{system} {axis}")

    def cell(self, free: Value) -> Tensor:
        """The cell (6,) [A, degrees] of its free constants (n,).

        Raises:
            InputError: another number of constants.
        """
        free = as_shaped(", ".join(self.names), free, (len(self.names),))
        if free.dim() != 1:
            raise InputError(f"{', '.join(self.names)}: one cell at a time, not the shape {tuple(free.shape)}")
        return self.matrix.to(free) @ free + self.fixed.to(free)

    def free(self, cell: Value) -> Tensor:
        """The free constants (n,) of a cell (6,); those that the system holds equal are averaged first.

        Raises:
            InputError: the cell does not obey the system.
        """
        cell = as_parameter("cell", cell, (6,))
        matrix = self.matrix.to(cell)
        free = matrix.T @ cell / matrix.sum(dim=0)
        off = (self.cell(free) - cell).detach().abs()
        if bool(off.max() > _TOLERANCE):
            words = " ".join(f"{value:g}" for value in cell.tolist())
            raise InputError(f"cell {words}: not {self.system}; {EDGES[int(off.argmax())]} differs from its constraint")
        return free


torch.serialization.add_safe_globals([CellConstraint])  # plain data, for torch.load with weights_only
