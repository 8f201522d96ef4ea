"""Merged reflections as an MTZ or CIF file holds them, one row per unique reflection.

Sizes that a file names are checked against the file and the memory before anything is allocated. gemmi is imported on
use.
"""

from __future__ import annotations

import contextlib
import gzip
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt

from nbsim.errors import InputError
from nbsim.factors import mtz_header
from nbsim.memory import check_memory
from nbsim.regular_file import open_regular

Kind = Literal["amplitude", "intensity", "other"]
Cell = tuple[float, float, float, float, float, float]  # A, degrees
Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_MTZ_MAGIC = b"MTZ "
_LARGEST_INDEX = 10**6
_LONGEST_EDGE = 1e5  # A
_OF_GEMMI = (RuntimeError, ValueError, TypeError, IndexError, MemoryError, OverflowError, EOFError)
_GZIP = b"\x1f\x8b"
# Ctrl-C waits for a call into gemmi, which reads about 100 MB of text per second
_LARGEST_CIF = 1 << 29  # bytes
_PIECE = 1 << 20  # bytes
_PER_BYTE = 10  # bytes of memory per byte of a CIF file
_INDICES = 3  # the first columns of an MTZ file
_MTZ_KINDS: dict[str, Kind] = {"F": "amplitude", "G": "amplitude", "J": "intensity", "K": "intensity"}
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
class Column:
    name: str
    kind: Kind
    default: bool  # an amplitude common to both Friedel mates
    values: Callable[[], Floats]


@dataclass(frozen=True)
class Merged:
    """Contents of a file: one row per unique reflection."""

    path: Path
    indices: Indices  # (n, 3)
    columns: tuple[Column, ...]
    cell: Cell
    space_group: Any  # gemmi.SpaceGroup

    def column(self, name: str) -> Column:
        found = [column for column in self.columns if column.name == name]
        if not found:
            raise InputError(f"{self.path}: no column '{name}'; it has {listed(self.columns)}")
        if found[0].kind == "other":
            usable = listed([column for column in self.columns if column.kind != "other"])
            raise InputError(f"{self.path}: column '{name}' holds neither amplitudes nor intensities; usable: {usable}")
        return found[0]


def is_reflection_file(path: Path) -> bool:
    """Whether ``path`` is an MTZ (by name or content) or CIF file (by name), rather than an HKL text."""
    suffixes = path.name.lower().removesuffix(".gz")
    if suffixes.endswith((".mtz", ".cif", ".mmcif", ".ent")):
        return True
    try:
        with open_regular(path) as stream:
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


@lru_cache(maxsize=1)  # read twice: for the cell, then for the reflections
def opened(path: Path, version: tuple[int, int]) -> Merged:
    try:
        import gemmi  # noqa: F401
    except ImportError as error:
        raise InputError(f"{path}: MTZ and CIF files need gemmi (pip install gemmi); or give -hkl a text") from error
    kind = "CIF" if path.name.lower().removesuffix(".gz").endswith(("cif", ".ent")) else "MTZ"
    try:
        with open_regular(path) as stream:
            return _mtz(path, stream) if kind == "MTZ" else _cif(path, stream)
    except OSError as error:
        raise InputError(f"-hkl {path}: cannot be read ({error.strerror or error})") from error
    except _OF_GEMMI as error:
        reason = str(error).strip().split("\n", 1)[0][:200] or type(error).__name__
        raise InputError(f"-hkl {path}: damaged, or not a valid {kind} file ({reason})") from error


def _mtz(path: Path, stream: IO[bytes]) -> Merged:
    import gemmi

    with contextlib.ExitStack() as temporary:
        name, plain = str(path), stream
        if _is_packed(stream):  # gemmi reads from disk only
            copy = temporary.enter_context(tempfile.NamedTemporaryFile(suffix=".mtz"))
            copy.writelines(_pieces(path, stream))
            name, plain = copy.name, copy.file
        size = plain.seek(0, os.SEEK_END)
        plain.seek(0)
        fault = mtz_header.fault_of(plain, size)
        if fault:
            raise InputError(f"-hkl {path}: damaged, or not a valid MTZ file: {fault}")
        check_memory(_PER_BYTE * size, f"-hkl {path}: reading it")
        mtz = gemmi.read_mtz_file(name)
    if len(mtz.batches) > 0:
        raise InputError(f"{path}: unmerged reflections; merge them first")
    if mtz.spacegroup is None:
        raise InputError(f"{path}: names no known space group; it cannot be expanded to P1")

    # gemmi's arrays are views that do not keep the file alive: reading one later returns garbage
    table = np.array(mtz.array, dtype=np.float64)

    def reader(number: int) -> Callable[[], Floats]:
        return lambda: table[:, number]

    columns = [
        Column(c.label, _MTZ_KINDS.get(c.type, "other"), c.type == "F", reader(number))
        for number, c in enumerate(mtz.columns)
        if number >= _INDICES
    ]
    indices = table[:, :_INDICES]
    _check_indices(path, indices)
    return Merged(path, indices.astype(np.int64), tuple(columns), _cell_of(path, mtz.cell.parameters), mtz.spacegroup)


def _check_indices(path: Path, indices: Floats) -> None:
    # NaN counts as different
    bad = ~((indices == np.rint(indices)) & (np.abs(indices) <= _LARGEST_INDEX)).all(axis=1)
    if bad.any():
        words = " ".join(f"{value:g}" for value in indices[bad][0])
        raise InputError(f"{path}: {words} are not valid Miller indices")


def _cif(path: Path, stream: IO[bytes]) -> Merged:
    from gemmi import cif

    for block in cif.read_string(b"".join(_pieces(path, stream, _LARGEST_CIF))):
        for prefix in ("_refln.", "_refln_"):
            loop = block.find_loop(f"{prefix}index_h").get_loop()
            if loop is not None:
                return _cif_block(path, block, prefix, loop)
    raise InputError(f"{path}: no reflections in it (no _refln.index_h); coordinates are not structure factors")


def _is_packed(stream: IO[bytes]) -> bool:
    start = stream.read(len(_GZIP))
    stream.seek(0)
    return start == _GZIP


def _pieces(path: Path, stream: IO[bytes], most: float = math.inf) -> Iterator[bytes]:
    """The content of an open file, compressed with gzip or not, at most ``most`` bytes and as the memory allows."""
    size = 0
    with gzip.open(stream) if _is_packed(stream) else stream as source:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > most:
                raise InputError(f"-hkl {path}: more than {most / 2**20:g} MiB of text; an MTZ file takes less")
            check_memory(_PER_BYTE * size, f"-hkl {path}: reading it")
            yield piece


def _cif_block(path: Path, block: Any, prefix: str, loop: Any) -> Merged:
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
            columns.append(Column(name, kind, name in _CIF_AMPLITUDES, reader(name)))
    indices = np.stack([numbers(f"index_{axis}") for axis in "hkl"], axis=1)
    _check_indices(path, indices)
    mark = prefix[-1]
    keys = [f"_cell{mark}{name}" for name in ("length_a", "length_b", "length_c")]
    keys += [f"_cell{mark}angle_{name}" for name in ("alpha", "beta", "gamma")]
    cell = _cell_of(path, [cif.as_number(block.find_value(key) or "?") for key in keys])
    return Merged(path, indices.astype(np.int64), tuple(columns), cell, _space_group(path, block, cell))


def _space_group(path: Path, block: Any, cell: Cell) -> Any:
    import gemmi
    from gemmi import cif

    for tag in _SPACE_GROUP_TAGS:
        text = cif.as_string(block.find_value(tag) or "?")
        by_number = gemmi.find_spacegroup_by_number(int(text)) if text.isdecimal() and len(text) <= 3 else None
        found = by_number or (gemmi.find_spacegroup_by_name(text, cell[3], cell[5]) if text else None)
        if found is not None:
            return found
    raise InputError(f"{path}: names no known space group; it cannot be expanded to P1")


def _cell_of(path: Path, values: Sequence[float]) -> Cell:
    a, b, c, alpha, beta, gamma = (float(value) for value in values)
    edges = min(a, b, c) > 0.0 and max(a, b, c) <= _LONGEST_EDGE
    if not (edges and min(alpha, beta, gamma) > 0.0 and max(alpha, beta, gamma) < 180.0):
        raise InputError(f"{path}: its cell {' '.join(f'{float(v):g}' for v in values)} cannot be")
    return a, b, c, alpha, beta, gamma


def listed(columns: Sequence[Column]) -> str:
    return ", ".join(column.name for column in columns) or "none"
