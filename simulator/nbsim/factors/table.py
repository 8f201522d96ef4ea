"""Structure factors: dense tables of texts and of the binary cache, and the two kinds of lookup.

Source: nanobragg_setup.md sections 5.1 and 5.2, nanobragg_pixel_loop.md section 8.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nbsim.errors import InputError
from nbsim.factors.hkl_text import LARGEST_F, read_rows
from nbsim.factors.index_box import index_box
from nbsim.factors.reflection_file import file_version, is_reflection_file
from nbsim.factors.reflections import read_once
from nbsim.memory import check_memory
from nbsim.model import StructureFactors
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.parameters import Parameters
from nbsim.regular_file import open_regular
from nbsim.whole_file import write_whole

_CACHE_MARK = b"\n\x0c"
_CACHE_HEAD = 512  # bytes
_CACHE_INDEX = re.compile(rb"[+-]?[0-9]{1,10}").fullmatch
_WHITE_SPACE = b"\t\n\v\f\r "
_NODES = 4  # of a cubic along an axis


def read_hkl(path: Path, default_f: float, quirks: Quirks) -> tuple[StructureFactors, list[str]]:
    """Dense table of a text file of ``h k l F``; holes hold ``default_f``.

    Raises:
        InputError: unreadable, or without a single valid row.
    """
    rows = read_rows(path, quirks)
    low, shape = index_box(rows.indices, path)
    grid, holes = np.full(shape, default_f, dtype=np.float64), np.ones(shape, dtype=np.bool_)
    h, k, l = (index[: rows.used] - lo for index, lo in zip(rows.indices.T, low, strict=True))
    at = (h * shape[1] + k) * shape[2] + l
    grid.reshape(-1)[at] = rows.values[: rows.used]
    holes.reshape(-1)[at] = False
    made = StructureFactors(
        torch.from_numpy(grid),
        *low,
        torch.tensor(default_f, dtype=torch.float64),
        f"hkl:{path}",
        len(rows.values),
        torch.from_numpy(holes),
    )
    return made, rows.notices


def read_cache(path: Path, default_f: float) -> StructureFactors:
    """Table of ``Fdump.bin``; its padding planes are dropped. Exactly two bytes end the header (not S25).

    Raises:
        InputError: unreadable, or not a cache.
    """
    try:
        with open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            head, mark, _ = stream.read(_CACHE_HEAD).partition(_CACHE_MARK)
            words = head.split()
            if len(words) != 6 or not all(map(_CACHE_INDEX, words)):
                raise InputError(f"{path}: not a structure-factor cache (no six integers in front)")
            check_memory(3 * size, f"{path}: reading it")
            stream.seek(len(head) + len(mark))
            body = stream.read(size)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    h_min, h_max, k_min, k_max, l_min, l_max = map(int, words)
    shape = (h_max - h_min + 1, k_max - k_min + 1, l_max - l_min + 1)
    padded = tuple(n + 1 for n in shape)
    cells = padded[0] * padded[1] * padded[2]
    if not mark or min(shape) < 1 or len(body) < 8 * cells:
        raise InputError(f"{path}: {len(body)} bytes of data where the index ranges need {8 * cells}")
    values = np.frombuffer(body, dtype=np.float64, count=cells).reshape(padded)
    inside = values[:-1, :-1, :-1]
    if not (np.abs(inside) <= LARGEST_F).all():
        raise InputError(f"{path}: damaged; it holds values that are not valid structure factors")
    grid = torch.from_numpy(inside.copy())
    return StructureFactors(
        grid, h_min, k_min, l_min, torch.tensor(default_f, dtype=torch.float64), f"Fdump:{path}", grid.numel()
    )


def write_cache(path: Path, sf: StructureFactors) -> None:
    """Write ``sf`` as C writes ``Fdump.bin``, zero padding planes included.

    Raises:
        InputError: the run has no table.
        OutputError: it cannot be written.
    """
    if sf.grid is None:
        raise InputError(f"{path}: no structure-factor table to write")
    shape = tuple(sf.grid.shape)
    low = (sf.h_min, sf.k_min, sf.l_min)
    padded = np.zeros(tuple(n + 1 for n in shape), dtype=np.float64)
    padded[:-1, :-1, :-1] = sf.grid.detach().cpu().numpy()
    head = " ".join(f"{lo} {lo + n - 1}" for lo, n in zip(low, shape, strict=True))
    write_whole(path, [head.encode("ascii") + _CACHE_MARK, padded.tobytes()])


@lru_cache(maxsize=4)
def _read_hkl_once(
    path: Path, version: tuple[int, int], default_f: float, quirks: Quirks
) -> tuple[StructureFactors, tuple[str, ...]]:
    """:func:`read_hkl`, cached while the file stays at ``version`` (time, size)."""
    sf, notices = read_hkl(path, default_f, quirks)
    return sf, tuple(notices)


def load_structure_factors(
    options: Options, workdir: Path, quirks: Quirks, cell: tuple[float, ...] | None = None
) -> tuple[StructureFactors, list[str], list[str]]:
    """Table, notices and the files read, in C's order of precedence: ``-hkl``, else the cache, else ``-default_F``.

    ``cell``: that of the simulated crystal [A, degrees]; a different one in a file gives a notice. Default: ``-cell``.

    Raises:
        InputError: a named file is unusable, or nothing gives a structure factor.
    """
    default_f = options.default_f
    if options.hkl_file is not None:
        path = workdir / options.hkl_file
        if is_reflection_file(path):
            sf, notices = read_once(path, file_version(path), default_f, options.hkl_column, cell or options.cell)
            return sf, list(notices), [str(path)]
        if options.hkl_column is not None:
            raise InputError(f"--column {options.hkl_column}: {path} is a text without columns; leave it out")
        relevant = Quirks(hkl_integer_rows=quirks.hkl_integer_rows, comments_as_data=quirks.comments_as_data)
        sf, notices = _read_hkl_once(path, file_version(path), default_f, relevant)
        return sf, list(notices), [str(path)]
    cache = workdir / options.dump_file
    if _is_there(cache):
        said = [f"no -hkl: structure factors taken from {cache}, as C does silently"]
        table = read_cache(cache, default_f)
        if _c_misreads(table):
            said.append(f"{cache}: C would read other numbers, it skips bytes of the first value (S25)")
        return table, said, [str(cache)]
    if default_f == 0.0:
        raise InputError(f"no structure factors: give -hkl FILE or a nonzero -default_F (there is no {cache})")
    named = options.dump_file != Options().dump_file
    said = [f"-dump {cache}: no such file; -default_F serves every reflection"] if named else []
    return StructureFactors(None, 0, 0, 0, torch.tensor(default_f, dtype=torch.float64), "default", 0), said, []


def with_values(table: StructureFactors, parameters: Parameters, *, replaced: bool) -> StructureFactors:
    """``table`` with the values of ``parameters``, float64 on the CPU.

    ``replaced``: they hold a table of the user, without holes; otherwise the holes follow ``default_f``.
    """
    grid, holes, default_f = parameters.structure_factors, None if replaced else table.holes, parameters.default_f
    if grid is not None and holes is not None:
        holes = holes.cpu()
        grid = torch.where(holes, default_f, grid)
    return replace(table, grid=grid, default_f=default_f, holes=holes)


def _c_misreads(table: StructureFactors) -> bool:
    """Whether the first value of a cache begins with a byte that C reads as white space after the header."""
    assert table.grid is not None
    return struct.pack("=d", float(table.grid[0, 0, 0]))[0] in _WHITE_SPACE


def _is_there(cache: Path) -> bool:
    try:
        if cache.exists() and not cache.is_file():
            raise InputError(f"-dump {cache}: a directory or a device, not a cache of structure factors")
        return cache.is_file()
    except OSError as error:
        raise InputError(f"-dump {cache}: cannot be read ({error.strerror})") from error


def _low(sf: StructureFactors) -> tuple[int, int, int]:
    return sf.h_min, sf.k_min, sf.l_min


def _cell(grid: Tensor, low: tuple[int, int, int], indices: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Grid values at integer-valued float indices, clamped into the table."""
    at = [
        (index.detach() - lo).to(torch.int64).clamp(0, n - 1)
        for index, lo, n in zip(indices, low, grid.shape, strict=True)
    ]
    return grid[at[0], at[1], at[2]]


def nearest(sf: StructureFactors, h0: Tensor, k0: Tensor, l0: Tensor) -> Tensor:
    """F at integer-valued float indices of any common shape; ``default_f`` outside the inclusive bounds (8.2)."""
    if sf.grid is None:
        return torch.zeros_like(h0 + k0 + l0) + sf.default_f
    values = _cell(sf.grid, _low(sf), (h0, k0, l0))
    return torch.where(in_table(sf, h0, k0, l0), values, sf.default_f)


def in_table(sf: StructureFactors, h0: Tensor, k0: Tensor, l0: Tensor) -> Tensor:
    """Bool: integer-valued indices of any common shape lie in the inclusive bounds; False without a table."""
    if sf.grid is None:
        return torch.zeros_like(h0 + k0 + l0, dtype=torch.bool)
    inside = torch.ones_like(h0 + k0 + l0, dtype=torch.bool)
    for index, lo, n in zip((h0, k0, l0), _low(sf), sf.grid.shape, strict=True):
        inside = inside & (index >= lo) & (index <= lo + n - 1)
    return inside


def in_interpolation_range(sf: StructureFactors, h: Tensor, k: Tensor, l: Tensor) -> Tensor:
    """Bool: real-valued indices far enough inside the table for four nodes per axis (8.3); False without a table."""
    if sf.grid is None:
        return torch.zeros_like(h + k + l, dtype=torch.bool)
    inside = torch.ones_like(h + k + l, dtype=torch.bool)
    for index, lo, n in zip((h, k, l), _low(sf), sf.grid.shape, strict=True):
        # C's form of lo + 2 <= index <= hi - 2, for the same rounding
        inside = inside & ~((index - lo + 3.0 > n) | (index - 2.0 < lo))
    return inside


def _weights(x: Tensor, below: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of the cubic through four nodes, the second of which is ``below``: the factor of each node, see `_lagrange`."""
    a, b, c, d = (x - (below + i) for i in (-1, 0, 1, 2))
    both = a * b
    return -(b * c * d), a * c * d * 0.5, both * d * -0.5, both * c


def _lagrange(weights: Sequence[Tensor], values: Sequence[Tensor], six: Tensor) -> Tensor:
    """Cubic through four points of ``values``, with the rounding of C: numerator times y over denominator, in order.

    The denominators are -6, 2, -2 and 6. A sign or a half in the weight rounds nothing; a division by ``six`` does.
    """
    total = (weights[0] * values[0]).div_(six)
    total += weights[1] * values[1]
    total += weights[2] * values[2]
    total += (weights[3] * values[3]).div_(six)
    return total


def tricubic(sf: StructureFactors, h: Tensor, k: Tensor, l: Tensor) -> Tensor:
    """Tensor-product cubic Lagrange F, differentiable in h, k, l (any common shape).

    Meaningful only where :func:`in_interpolation_range`; elsewhere nodes are those of another place, values arbitrary.

    Raises:
        InputError: the run has no table.
    """
    if sf.grid is None:
        raise InputError("interpolation needs a structure-factor table (-hkl)")
    shape = sf.grid.shape
    if min(shape) < _NODES:
        return torch.zeros_like(h + k + l)
    below = [torch.floor(x.detach()) for x in (h, k, l)]
    along_h, along_k, along_l = (_weights(x, node) for x, node in zip((h, k, l), below, strict=True))
    steps = (shape[1] * shape[2], shape[2], 1)
    first = [
        step * (node - (low + 1)).to(torch.int64).clamp(0, n - _NODES)
        for node, low, n, step in zip(below, _low(sf), shape, steps, strict=True)
    ]
    corner = (first[0] + first[1] + first[2]).reshape(-1)
    flat, six = sf.grid.reshape(-1), torch.full((), 6.0, dtype=h.dtype, device=h.device)
    shifted = [flat[i:] for i in range(_NODES)]
    planes: list[Tensor] = []
    for in_h in range(_NODES):
        lines: list[Tensor] = []
        for in_k in range(_NODES):
            row = corner + (in_h * steps[0] + in_k * steps[1])
            values = [along.index_select(0, row).reshape(h.shape) for along in shifted]
            lines.append(_lagrange(along_l, values, six))
        planes.append(_lagrange(along_k, lines, six))
    return _lagrange(along_h, planes, six)
