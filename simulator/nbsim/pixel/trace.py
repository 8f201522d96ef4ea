"""A simulated pixel as trace lines, and its terms as a table. The lines are listed in `nbsim.pixel.trace_table`.

Source: nanobragg_pixel_loop.md section 12.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from nbsim.c_numbers import cast_all
from nbsim.model import TraceLine
from nbsim.pixel.pixel import PixelResult
from nbsim.pixel.trace_table import (
    F_CELL,
    FIRST_PASS,
    LATTICE_FACTORS,
    PHI_STEP,
    RAY,
    STORED,
    TERM_COLUMNS,
    Block,
    Source,
    TraceEntry,
    Value,
)


def _text(value: Any) -> str:
    """In C's format: %.15g for reals, %d for integers, words unchanged."""
    if isinstance(value, int):
        return str(int(value))
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def format_line(line: TraceLine, prefix: str = "TRACE_PY") -> str:
    """One line of text without a line end.

    Styles: ``space`` (``TRACE_PY: name v v``), ``equals`` (``TRACE_PY:name=v v``), ``phi``
    (``TRACE_PY_PHI key=v key=v``) and ``bare`` (``NAME v v``, without the prefix).
    """
    values = [_text(value) for value in line.values]
    if line.style == "phi":
        pairs = (f"{key}={value}" for key, value in zip(values[::2], values[1::2], strict=True))
        return f"{prefix}_PHI {' '.join(pairs)}"
    if line.style == "equals":
        return f"{prefix}:{line.name}={' '.join(values)}"
    if line.style == "bare":
        return " ".join((line.name, *values))
    return " ".join((f"{prefix}: {line.name}", *values))


def _numbers(value: Value) -> list[float]:
    """The value of an entry as plain numbers: whole ones as int, others as float."""
    if isinstance(value, Tensor):
        return value.detach().cpu().to(torch.float64).reshape(-1).tolist()
    if isinstance(value, int | float):
        return [value]
    return [number for item in value for number in _numbers(item)]


def _lines(entries: Iterable[TraceEntry[Source]], of: Source) -> Iterator[TraceLine]:
    for entry in entries:
        yield TraceLine(entry.name, tuple(_numbers(entry.value(of))))


def _crystal_lines(at: Block) -> Iterator[TraceLine]:
    """Vectors, indices and factors of the traced pass, with the phi lines of all steps (12.3, 12.4)."""
    yield from _lines(FIRST_PASS, at)
    phi_lines: Iterator[TraceLine] = iter(())
    if at.passes.lattice.factors is not None:
        yield from _lines(LATTICE_FACTORS, at)
        phi_lines = _phi_lines(at)
        yield next(phi_lines)
    if bool(at.passes.executed[at.first]):
        yield from _lines((F_CELL,), at)
    yield from phi_lines


def _phi_lines(at: Block) -> Iterator[TraceLine]:
    """One line per phi step."""
    keys = [entry.name.removeprefix("phi.") for entry in PHI_STEP]
    columns = [_numbers(entry.value(at)) for entry in PHI_STEP]
    for values in zip(*columns, strict=True):
        pairs = chain.from_iterable(zip(keys, values, strict=True))
        yield TraceLine("", tuple(pairs), "phi")


def trace_lines(result: PixelResult) -> tuple[TraceLine, ...]:
    """Every line of the trace: set-up, the pixel's identity, the repeated blocks, the scaling.

    A float32 run adds a line ``dtype`` after the set-up; a float64 run has exactly the lines of C.
    """
    experiment, rays = result.experiment, result.terms.passes.rays
    lines = list(experiment.setup_lines)
    if experiment.dtype != torch.float64:
        lines.append(TraceLine("dtype", (str(experiment.dtype).removeprefix("torch."),), "equals"))
    lines.append(TraceLine("TRACE_CONFIG:", (f"tracing pixel (spixel={result.slow}, fpixel={result.fast})",), "bare"))
    _, layers, subs = rays.distance.shape
    for layer in range(layers):
        for sub in range(subs):
            at = Block(result, layer, sub)
            lines.extend(_lines(RAY, at))
            if bool(rays.kept[(*at.ray, 0)]):
                lines.extend(_crystal_lines(at))
    lines.extend(_lines(STORED, result))
    return tuple(lines)


def executed_column(result: PixelResult, values: Tensor) -> npt.NDArray[Any]:
    """``values`` (1, T, B, Q, J, M) of executed passes, in order of accumulation, (n,)."""
    chosen = result.terms.passes.executed[0]
    # masking a million values is slow, and usually all are executed
    picked = values[0].reshape(-1) if bool(chosen.all()) else values[0][chosen]
    column: npt.NDArray[Any] = picked.detach().cpu().numpy()
    return column


def terms_rows(result: PixelResult) -> dict[str, npt.NDArray[Any]]:
    """Columns of terms.csv, each (n,): executed passes only, in order of accumulation."""
    terms, ov = result.terms, result.experiment.sampling.oversample
    passes = terms.passes
    layer, sub, source, phi, mosaic = (i.cpu().numpy() for i in torch.nonzero(passes.executed[0], as_tuple=True))
    counts = (layer, sub // ov, sub % ov, source, phi, mosaic)

    def column(values: Tensor) -> npt.NDArray[Any]:
        return executed_column(result, values)

    reals = [column(values) for values in passes.hkl]
    whole = [cast_all(column(values)) for values in passes.hkl0]
    rest = [column(values) for values in (passes.lattice.total, terms.f_cell, terms.value)]
    return dict(zip(TERM_COLUMNS, (*counts, *reals, *whole, *rest), strict=True))
