"""Structure factors from MTZ and CIF files: the asymmetric unit expanded to the dense P1 table of the simulator.

The column holds amplitudes in electrons, used unscaled. Reflections that the space group forbids are 0; those
missing from the file are ``default_F``, like holes of an HKL text. gemmi is imported on use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nbsim.errors import InputError
from nbsim.factors.index_box import index_box
from nbsim.factors.reflection_file import Cell, Column, Floats, Indices, Merged, file_version, listed, opened
from nbsim.model import StructureFactors

_LOW_RESOLUTION = 10.0  # A
_MOST_EXPECTED = 10_000_000  # indices tried for the count of missing reflections
_ALTERED = 0.01  # relative difference of cell edges, or of angles in radians, that triggers a notice
_MATES = (("(+)", "(-)"), ("_plus", "_minus"))


def cell_of_file(path: Path) -> Cell:
    """The cell that an MTZ or CIF file names [A, degrees].

    Raises:
        InputError: unreadable, or without a valid cell.
    """
    return opened(path, file_version(path)).cell


def read_reflections(
    path: Path, default_f: float, column: str | None = None, cell: Sequence[float] | None = None
) -> tuple[StructureFactors, list[str]]:
    """The P1 table of an MTZ or CIF file, and notices.

    Args:
        path: the file.
        default_f: F of reflections missing from the file [electrons].
        column: name of the column; default: the only amplitude column. Intensities are used only when
            named, as square roots (0 where negative). An anomalous column, ``F(+)``, brings its mate ``F(-)``.
        cell: cell of the simulated crystal [A, degrees]; a different one in the file gives a notice.

    Raises:
        InputError: unreadable, no or an ambiguous column, no space group, or too large for memory.
    """
    merged = opened(path, file_version(path))
    chosen = _choose(merged, column)
    notices = [f"{path}: column {chosen.name} used unscaled, as amplitudes in electrons; expanded to P1"]
    plus = _amplitudes(merged, chosen, notices)
    mate = next((c for c in merged.columns if c.name == _mate(chosen.name)), None)
    minus = plus if mate is None else _amplitudes(merged, mate, notices)
    plus, minus = np.where(np.isnan(plus), minus, plus), np.where(np.isnan(minus), plus, minus)
    known = ~np.isnan(plus)
    if not known.any():
        raise InputError(f"{path}: column '{chosen.name}' holds no value")
    if not known.all():
        notices.append(f"{path}: {int((~known).sum())} reflections without a value in column {chosen.name} left out")
    grid, low = _expanded(merged, merged.indices[known], plus[known], minus[known])
    n_known = int(np.count_nonzero(~np.isnan(grid)))
    notices += _missing(merged, grid, low, default_f)
    holes = _fill(grid, low, merged.space_group, default_f)
    if cell is not None and len(cell) == 6 and not same_cell(merged.cell, cell):
        theirs, ours = (" ".join(f"{x:.6g}" for x in values) for values in (merged.cell, cell))
        notices.append(f"{path}: its cell {theirs} is not the one simulated, {ours}: -cell or -mat says otherwise")
    made = StructureFactors(
        torch.from_numpy(grid),
        *low,
        torch.tensor(default_f, dtype=torch.float64),
        f"hkl:{path}",
        n_known,
        torch.from_numpy(holes),
    )
    return made, notices


def _choose(merged: Merged, name: str | None) -> Column:
    if name is not None:
        return merged.column(name)
    candidates = [column for column in merged.columns if column.default]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise InputError(f"{merged.path}: several amplitude columns, {listed(candidates)}; choose with --column NAME")
    usable = [column for column in merged.columns if column.kind != "other"]
    if usable:
        raise InputError(f"{merged.path}: no plain amplitude column; choose with --column NAME from {listed(usable)}")
    raise InputError(f"{merged.path}: no column of amplitudes or intensities; it has {listed(merged.columns)}")


def _mate(name: str) -> str | None:
    """The column of the other Friedel mate, for an anomalous column."""
    for plus, minus in _MATES:
        if name.endswith(plus):
            return name.removesuffix(plus) + minus
    if any(name.endswith(minus) for _, minus in _MATES):
        raise InputError(f"--column {name}: name the column of F(+); its mate is found beside it")
    return None


def _amplitudes(merged: Merged, column: Column, notices: list[str]) -> Floats:
    """|F| of every row, NaN where unknown."""
    values = column.values()
    if np.isinf(values).any():
        raise InputError(f"{merged.path}: column '{column.name}' holds infinite values")
    if column.kind == "intensity":
        negative = int((values < 0.0).sum())
        notices.append(f"{merged.path}: {column.name}: square roots of intensities ({negative} negative ones are 0)")
        roots: Floats = np.sqrt(np.maximum(values, 0.0))
        return roots
    return values


def _expanded(merged: Merged, indices: Indices, plus: Floats, minus: Floats) -> tuple[Floats, tuple[int, int, int]]:
    """Dense table of ``indices`` expanded by symmetry and Friedel's law, NaN where unknown, and its lowest indices."""
    operations = merged.space_group.operations().sym_ops
    # a reflection h of x' = R x + t is as strong as h R
    rotations = [np.array(op.rot, dtype=np.int64) // op.DEN for op in operations]
    reach = np.max([np.abs(indices @ rotation).max(axis=0) for rotation in rotations], axis=0)
    low, shape = index_box(np.stack([-reach, reach]), merged.path)
    grid = np.full(shape, np.nan)
    # listed values come last, so that they override values derived by symmetry
    for values, sign in ((minus, -1), (plus, 1)):
        for rotation in reversed(rotations):
            h, k, l = (sign * (indices @ rotation) - np.array(low)).T
            grid[h, k, l] = values
    return grid, low


def _fill(grid: Floats, low: tuple[int, int, int], space_group: Any, default_f: float) -> npt.NDArray[np.bool_]:
    """Fill unknown cells: 0 where the space group forbids the reflection, ``default_f`` elsewhere; these, as bool."""
    holes = np.isnan(grid)
    operations = space_group.operations()
    for h, (plane, values) in enumerate(zip(holes, grid, strict=True), start=low[0]):  # one at a time: less memory
        at = np.argwhere(plane)
        if at.size:
            indices = np.column_stack((np.full(len(at), h), at + np.array(low[1:]))).astype(np.int32)
            absent = operations.systematic_absences(indices)
            plane[tuple(at[absent].T)] = False
            values[tuple(at.T)] = np.where(absent, 0.0, default_f)
    return holes


def _missing(merged: Merged, grid: Floats, low: tuple[int, int, int], default_f: float) -> list[str]:
    """Notices on F000 and on low-resolution reflections missing from the file."""
    import gemmi

    limit = min(_LOW_RESOLUTION, max(merged.cell[:3]) / 2.0)
    box = 8.0 * math.prod(merged.cell[:3])  # indices up to edge / limit in both directions along three axes
    limit = max(limit, math.cbrt(box / _MOST_EXPECTED))
    expected = gemmi.make_miller_array(gemmi.UnitCell(*merged.cell), merged.space_group, limit, 1e9, True)
    expected = expected[(expected != 0).any(axis=1)]
    lacking = sum(1 for row in expected.tolist() if not _known(grid, low, row))
    notices = []
    if not _known(grid, low, (0, 0, 0)):
        notices.append(f"{merged.path}: F000 is missing: {default_f:g} is used for it")
    if lacking:
        notices.append(
            f"{merged.path}: {lacking} of {len(expected)} unique reflections beyond {limit:g} A are missing "
            f"(beam stop, overloads?): {default_f:g} is used for them"
        )
    return notices


def _known(grid: Floats, low: tuple[int, int, int], index: Sequence[int]) -> bool:
    at = tuple(i - lo for i, lo in zip(index, low, strict=True))
    return all(0 <= i < n for i, n in zip(at, grid.shape, strict=True)) and not bool(np.isnan(grid[at]))


def same_cell(one: Sequence[float], two: Sequence[float]) -> bool:
    edges = all(abs(a - b) <= _ALTERED * b for a, b in zip(one[:3], two[:3], strict=True))
    angles = all(abs(np.radians(a - b)) <= _ALTERED for a, b in zip(one[3:], two[3:], strict=True))
    return edges and angles


@lru_cache(maxsize=4)
def read_once(
    path: Path, version: tuple[int, int], default_f: float, column: str | None, cell: tuple[float, ...] | None
) -> tuple[StructureFactors, tuple[str, ...]]:
    """:func:`read_reflections`, cached while the file stays at ``version`` (time, size)."""
    table, notices = read_reflections(path, default_f, column, cell)
    return table, tuple(notices)
