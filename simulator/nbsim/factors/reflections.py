"""Structure factors from MTZ and CIF files: the asymmetric unit expanded to the dense P1 table of the simulator.

The column holds amplitudes in electrons, used unscaled. Reflections that the space group forbids are 0; those
missing from the file are ``default_F``, like holes of an HKL text. gemmi is imported on use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from nbsim.errors import InputError
from nbsim.factors.index_box import index_box
from nbsim.model import StructureFactors

Kind = Literal["amplitude", "intensity", "other"]
Cell = tuple[float, float, float, float, float, float]  # A, degrees
Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_LOW_RESOLUTION = 10.0  # A
_MTZ_MAGIC = b"MTZ "
_LARGEST_INDEX = 10**6
_INDICES = 3  # the first columns of an MTZ file
_ALTERED = 0.01  # relative difference of cell edges, or of angles in radians, that triggers a notice
_MTZ_KINDS: dict[str, Kind] = {"F": "amplitude", "G": "amplitude", "J": "intensity", "K": "intensity"}
_MATES = (("(+)", "(-)"), ("_plus", "_minus"))
_CIF_AMPLITUDES = ("F_meas", "F_meas_au", "F_calc", "F_calc_au", "pdbx_F_calc_with_solvent")
_CIF_ANOMALOUS = ("pdbx_F_plus", "pdbx_F_minus")
_CIF_INTENSITIES = (
    "intensity_meas", "intensity_calc", "F_squared_meas", "F_squared_calc", "pdbx_I_plus", "pdbx_I_minus",
)  # fmt: skip
_SPACE_GROUP_TAGS = (
    "_symmetry.space_group_name_H-M", "_symmetry_space_group_name_H-M", "_space_group.name_H-M_alt",
    "_space_group_name_H-M_alt", "_symmetry.Int_Tables_number", "_symmetry_Int_Tables_number",
    "_space_group.IT_number", "_space_group_IT_number",
)  # fmt: skip


@dataclass(frozen=True)
class _Column:
    name: str
    kind: Kind
    default: bool  # an amplitude common to both Friedel mates
    values: Callable[[], Floats]


@dataclass(frozen=True)
class _Merged:
    """Contents of a file: one row per unique reflection."""

    path: Path
    indices: Indices  # (n, 3)
    columns: tuple[_Column, ...]
    cell: Cell
    space_group: Any  # gemmi.SpaceGroup

    def column(self, name: str) -> _Column:
        found = [column for column in self.columns if column.name == name]
        if not found:
            raise InputError(f"{self.path}: no column '{name}'; it has {_listed(self.columns)}")
        if found[0].kind == "other":
            usable = _listed([column for column in self.columns if column.kind != "other"])
            raise InputError(f"{self.path}: column '{name}' holds neither amplitudes nor intensities; usable: {usable}")
        return found[0]


def is_reflection_file(path: Path) -> bool:
    """Whether ``path`` is an MTZ (by name or content) or CIF file (by name), rather than an HKL text."""
    suffixes = path.name.lower().removesuffix(".gz")
    if suffixes.endswith((".mtz", ".cif", ".mmcif", ".ent")):
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(len(_MTZ_MAGIC)) == _MTZ_MAGIC
    except OSError:
        return False


def file_version(path: Path) -> tuple[int, int]:
    """Modification time and size of a file, the key of its cached contents.

    Raises:
        InputError: the file does not exist.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"-hkl {path}: cannot be read ({error.strerror})") from error
    return status.st_mtime_ns, status.st_size


def cell_of_file(path: Path) -> Cell:
    """The cell that an MTZ or CIF file names [A, degrees].

    Raises:
        InputError: unreadable, or without a valid cell.
    """
    return _open(path, file_version(path)).cell


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
    merged = _open(path, file_version(path))
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


@lru_cache(maxsize=1)  # read twice: for the cell, then for the reflections
def _open(path: Path, version: tuple[int, int]) -> _Merged:
    try:
        import gemmi  # noqa: F401
    except ImportError as error:
        raise InputError(f"{path}: MTZ and CIF files need gemmi (pip install gemmi); or give -hkl a text") from error
    if not path.is_file():
        raise InputError(f"-hkl {path}: not a file but {'a directory' if path.is_dir() else 'a device or a pipe'}")
    kind = "CIF" if path.name.lower().removesuffix(".gz").endswith(("cif", ".ent")) else "MTZ"
    try:
        with path.open("rb"):
            pass
        return _mtz(path) if kind == "MTZ" else _cif(path)
    except OSError as error:
        raise InputError(f"-hkl {path}: cannot be read ({error.strerror or error})") from error
    except (RuntimeError, ValueError, IndexError, MemoryError, OverflowError) as error:  # gemmi raises any of these
        reason = str(error).strip().split("\n", 1)[0][:200] or type(error).__name__
        raise InputError(f"-hkl {path}: damaged, or not a valid {kind} file ({reason})") from error


def _mtz(path: Path) -> _Merged:
    import gemmi

    mtz = gemmi.read_mtz_file(str(path))
    if len(mtz.batches) > 0:
        raise InputError(f"{path}: unmerged reflections; merge them first")
    if mtz.spacegroup is None:
        raise InputError(f"{path}: names no known space group; it cannot be expanded to P1")

    # gemmi's arrays are views that do not keep the file alive: reading one later returns garbage
    table = np.array(mtz.array, dtype=np.float64)

    def reader(number: int) -> Callable[[], Floats]:
        return lambda: table[:, number]

    columns = [
        _Column(c.label, _MTZ_KINDS.get(c.type, "other"), c.type == "F", reader(number))
        for number, c in enumerate(mtz.columns)
        if number >= _INDICES
    ]
    indices = table[:, :_INDICES]
    _check_indices(path, indices)
    return _Merged(path, indices.astype(np.int64), tuple(columns), _cell_of(path, mtz.cell.parameters), mtz.spacegroup)


def _check_indices(path: Path, indices: Floats) -> None:
    # NaN counts as different
    bad = ~((indices == np.rint(indices)) & (np.abs(indices) <= _LARGEST_INDEX)).all(axis=1)
    if bad.any():
        words = " ".join(f"{value:g}" for value in indices[bad][0])
        raise InputError(f"{path}: {words} are not valid Miller indices")


def _cif(path: Path) -> _Merged:
    from gemmi import cif

    for block in cif.read(str(path)):
        for prefix in ("_refln.", "_refln_"):
            loop = block.find_loop(f"{prefix}index_h").get_loop()
            if loop is not None:
                return _cif_block(path, block, prefix, loop)
    raise InputError(f"{path}: no reflections in it (no _refln.index_h); coordinates are not structure factors")


def _cif_block(path: Path, block: Any, prefix: str, loop: Any) -> _Merged:
    from gemmi import cif

    def numbers(name: str) -> Floats:
        return np.array([cif.as_number(word) for word in block.find_loop(prefix + name)], dtype=np.float64)

    def reader(name: str) -> Callable[[], Floats]:
        return lambda: numbers(name)

    columns = []
    for name in (tag.removeprefix(prefix) for tag in loop.tags):
        amplitude = name in (*_CIF_AMPLITUDES, *_CIF_ANOMALOUS)
        kind: Kind = "amplitude" if amplitude else "intensity" if name in _CIF_INTENSITIES else "other"
        if not name.startswith("index_"):
            columns.append(_Column(name, kind, name in _CIF_AMPLITUDES, reader(name)))
    indices = np.stack([numbers(f"index_{axis}") for axis in "hkl"], axis=1)
    _check_indices(path, indices)
    mark = prefix[-1]
    keys = [f"_cell{mark}{name}" for name in ("length_a", "length_b", "length_c")]
    keys += [f"_cell{mark}angle_{name}" for name in ("alpha", "beta", "gamma")]
    cell = _cell_of(path, [cif.as_number(block.find_value(key) or "?") for key in keys])
    return _Merged(path, indices.astype(np.int64), tuple(columns), cell, _space_group(path, block, cell))


def _space_group(path: Path, block: Any, cell: Cell) -> Any:
    import gemmi
    from gemmi import cif

    for tag in _SPACE_GROUP_TAGS:
        text = cif.as_string(block.find_value(tag) or "?")
        by_number = gemmi.find_spacegroup_by_number(int(text)) if text.isdecimal() else None
        found = by_number or (gemmi.find_spacegroup_by_name(text, cell[3], cell[5]) if text else None)
        if found is not None:
            return found
    raise InputError(f"{path}: names no known space group; it cannot be expanded to P1")


def _cell_of(path: Path, values: Sequence[float]) -> Cell:
    a, b, c, alpha, beta, gamma = (float(value) for value in values)
    if not (min(a, b, c) > 0.0 and min(alpha, beta, gamma) > 0.0 and max(alpha, beta, gamma) < 180.0):
        raise InputError(f"{path}: its cell {' '.join(f'{float(v):g}' for v in values)} cannot be")
    return a, b, c, alpha, beta, gamma


def _choose(merged: _Merged, name: str | None) -> _Column:
    if name is not None:
        return merged.column(name)
    candidates = [column for column in merged.columns if column.default]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise InputError(f"{merged.path}: several amplitude columns, {_listed(candidates)}; choose with --column NAME")
    usable = [column for column in merged.columns if column.kind != "other"]
    if usable:
        raise InputError(f"{merged.path}: no plain amplitude column; choose with --column NAME from {_listed(usable)}")
    raise InputError(f"{merged.path}: no column of amplitudes or intensities; it has {_listed(merged.columns)}")


def _listed(columns: Sequence[_Column]) -> str:
    return ", ".join(column.name for column in columns) or "none"


def _mate(name: str) -> str | None:
    """The column of the other Friedel mate, for an anomalous column."""
    for plus, minus in _MATES:
        if name.endswith(plus):
            return name.removesuffix(plus) + minus
    if any(name.endswith(minus) for _, minus in _MATES):
        raise InputError(f"--column {name}: name the column of F(+); its mate is found beside it")
    return None


def _amplitudes(merged: _Merged, column: _Column, notices: list[str]) -> Floats:
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


def _expanded(merged: _Merged, indices: Indices, plus: Floats, minus: Floats) -> tuple[Floats, tuple[int, int, int]]:
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
    at = np.argwhere(holes)
    if at.size:
        absent = space_group.operations().systematic_absences((at + np.array(low)).astype(np.int32))
        holes[tuple(at[absent].T)] = False
        grid[tuple(at.T)] = np.where(absent, 0.0, default_f)
    return holes


def _missing(merged: _Merged, grid: Floats, low: tuple[int, int, int], default_f: float) -> list[str]:
    """Notices on F000 and on low-resolution reflections missing from the file."""
    import gemmi

    limit = min(_LOW_RESOLUTION, max(merged.cell[:3]) / 2.0)
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
