"""Details of every term beyond terms.csv, for stepping through them.

Source: nanobragg_pixel_loop.md sections 7.2 (factors of F_latt) and 8 (origin of F_cell).
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from nbsim.factors.table import in_table
from nbsim.pixel.pixel import PixelResult
from nbsim.pixel.terms import interpolated_passes, interpolates
from nbsim.pixel.trace import executed_column
from nbsim.pixel.trace_table import F_CELL_ORIGINS

_TABLE, _DEFAULT, _INTERPOLATED, _OUTSIDE, _NO_ROOM = range(len(F_CELL_ORIGINS))


def f_cell_origin(result: PixelResult) -> Tensor:
    """Origin of the F_cell of every pass, int8 index into ``F_CELL_ORIGINS``, (1, T, B, Q, J, M).

    ``default`` is a node of the table that holds the default value (missing from the list, or listed with that very
    value), and every node of a run without a table. ``out of range``: the nearest node lies outside the table.
    """
    experiment, passes = result.experiment, result.terms.passes
    table = experiment.structure_factors
    origin = torch.full(passes.hkl[0].shape, _DEFAULT, dtype=torch.int8, device=passes.hkl[0].device)
    if table.grid is None:
        return origin
    inside = in_table(table, *passes.hkl0)
    named = inside & (result.terms.f_cell != table.default_f)
    origin[named] = _TABLE
    origin[~inside] = _OUTSIDE
    if interpolates(experiment):
        pixel = torch.tensor([[result.slow, result.fast]], device=origin.device)
        ends = result.state.interpolation_end(pixel, experiment.detector.n_fast, experiment.n_passes)
        used = interpolated_passes(experiment, passes, ends)
        origin[named & ~used] = _NO_ROOM
        origin[used] = _INTERPOLATED
    return origin


def term_details(result: PixelResult) -> dict[str, npt.NDArray[Any]]:
    """Columns beside those of ``terms_rows``, in the same order, each (n,).

    ``F_cell_origin`` always; ``F_latt_a``, ``F_latt_b``, ``F_latt_c`` for crystals whose F_latt is a product.
    """
    columns = {"F_cell_origin": executed_column(result, f_cell_origin(result))}
    factors = result.terms.passes.lattice.factors
    if factors is not None:
        columns |= {
            f"F_latt_{axis}": executed_column(result, factor) for axis, factor in zip("abc", factors, strict=True)
        }
    return columns
