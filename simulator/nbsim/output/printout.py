"""The block that the C program prints for a pixel with ``-printout`` and ``-printout_pixel FAST SLOW``.

Values are read from the tensors that produced the pixels. Source: nanobragg_pixel_loop.md section 11.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nbsim.c_numbers import cast_all
from nbsim.constants import ANGSTROM_PER_M
from nbsim.errors import InputError
from nbsim.model import ExperimentData
from nbsim.pixel.accumulation import PixelSums, sum_pixels
from nbsim.pixel.pixel import PixelResult, simulate_pixel
from nbsim.pixel.run_state import Pixel, RunState, run_state
from nbsim.pixel.terms import TILE, Terms, contributions
from nbsim.pixel.visited import rendered_tiles

Rows = npt.NDArray[np.float64]

# of a tile: temporaries stay in the cache, where enough pixels share the cost of a call
_TERMS, _PIXELS = 1 << 14, 1024

_BLOCK = "\n".join(
    (
        "%4d %4d : stol = %g or %g",
        "at %g %g %g",
        "hkl= %f %f %f  hkl0= %d %d %d",
        " F_cell=%g  F_latt=%g   I = %g",
        "I/steps %15.10g",
        "polar   %15.10g",
        "omega   %15.10g",
        "capfrac %15.10g",
        "pixel   %15.10g",
        "real-space cell vectors (Angstrom):",
        "     a           b           c         ",
        "%s",
    )
)
_CELL = "\n".join(f"{axis}: %11.8f %11.8f %11.8f" for axis in "XYZ")


def _nan(count: int) -> Rows:
    return np.full(count, math.nan)


@dataclass
class _Last:
    """Contents of C's variables after a pixel; a pixel without a pass leaves them unchanged."""

    hkl: Rows = field(default_factory=lambda: _nan(3))
    hkl0: Rows = field(default_factory=lambda: np.zeros(3))
    f_latt: Rows = field(default_factory=lambda: _nan(1))
    f_cell: Rows = field(default_factory=lambda: _nan(1))
    cell: Rows = field(default_factory=lambda: _nan(9))  # x, y, z of a, b, c in turn [A]

    def follow(self, name: str, values: Tensor, valid: Tensor) -> Rows:
        """The contents of variable ``name`` after each pixel, (P, K): ``values`` (P, K) where ``valid`` (P,)."""
        rows = np.concatenate((getattr(self, name)[None], _numbers(values)))
        written = np.where(valid.cpu().numpy(), np.arange(1, len(rows)), 0)
        contents: Rows = rows[np.maximum.accumulate(written)]
        setattr(self, name, contents[-1])
        return contents


def _numbers(values: Tensor) -> Rows:
    return values.to("cpu", torch.float64).numpy()


def _last_pass(passes: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
    """Index of the last true pass of each pixel in an array (P, T, B, Q, J, M), and whether there is one, (P,)."""
    flat = passes.flatten(1)
    at = flat.shape[1] - 1 - flat.flip(1).int().argmax(dim=1)
    pixel = torch.arange(flat.shape[0], device=flat.device)
    place = []
    for size in reversed(passes.shape[1:]):  # torch.unravel_index imports sympy, for half a second
        place.append(at % size)
        at = at // size
    return (pixel, *reversed(place)), flat.any(dim=1)


def _blocks(experiment: ExperimentData, pixels: Tensor, terms: Terms, sums: PixelSums, last: _Last) -> Iterator[str]:
    """The block of each of ``pixels`` (P, 2), int64 (slow, fast), in their order."""
    passes, shape = terms.passes, terms.value.shape
    (*ray, _, _), reached = _last_pass(passes.rays.kept[..., None, None])
    at: tuple[Tensor | int, ...] = (*ray, -1, -1)  # a ray that is kept has every phi step and domain
    looked_up, executed = _last_pass(passes.executed)

    def of_last(*values: Tensor) -> Tensor:
        return torch.stack([value.expand(shape)[at] for value in values], dim=1)

    vectors = (getattr(passes.cell, axis).expand(*shape, 3)[at] * ANGSTROM_PER_M for axis in "abc")
    hkl = last.follow("hkl", of_last(*passes.hkl), reached)
    hkl0 = last.follow("hkl0", of_last(*passes.hkl0), reached)
    f_latt = last.follow("f_latt", of_last(passes.lattice.total), reached)
    f_cell = last.follow("f_cell", terms.f_cell[looked_up][:, None], executed)
    cell = last.follow("cell", torch.stack(tuple(vectors), dim=2).flatten(1), reached)

    position = _numbers(passes.rays.position[:, -1, -1])
    scattering = _numbers(passes.rays.scattering[:, -1, -1, -1])
    intensity = _numbers(sums.intensity)
    steps = experiment.n_steps
    wave = float(experiment.beam.wavelength) * ANGSTROM_PER_M
    for row in zip(
        pixels[:, 1].tolist(),
        pixels[:, 0].tolist(),
        (0.5 * np.linalg.norm(scattering, axis=1)).tolist(),
        (np.sin(0.5 * np.arctan2(np.hypot(position[:, 1], position[:, 2]), position[:, 0])) / wave).tolist(),
        *_columns(position),
        *_columns(hkl),
        *_columns(cast_all(hkl0)),
        *_columns(f_cell),
        *_columns(f_latt),
        intensity.tolist(),
        (intensity / steps).tolist(),
        sums.polar.tolist(),
        sums.omega.tolist(),
        sums.capture.tolist(),
        sums.value.to(torch.float32).tolist(),
        _cell_texts(cell),
        strict=True,
    ):
        yield _BLOCK % row


def _columns(rows: npt.NDArray[Any]) -> list[list[Any]]:
    """The columns of ``rows`` (P, K) as numbers of Python."""
    columns: list[list[Any]] = rows.T.tolist()
    return columns


def _cell_texts(cells: Rows) -> list[str]:
    """The lines of the cell vectors of every pixel, of ``cells`` (P, 9); neighbours mostly share them."""
    bits = cells.view(np.int64)
    starts = [0, *(np.flatnonzero((bits[1:] != bits[:-1]).any(axis=1)) + 1).tolist(), len(cells)]
    return [text for start, end in pairwise(starts) for text in [_CELL % tuple(cells[start].tolist())] * (end - start)]


def _split_at(tile: Tensor, corners: tuple[Pixel, ...]) -> Iterator[tuple[Tensor, bool]]:
    """Runs of consecutive pixels of ``tile`` (P, 2); each of ``corners`` alone, marked."""
    marked = torch.zeros(len(tile), dtype=torch.bool, device=tile.device)
    for corner in corners:
        marked |= (tile == tile.new_tensor(corner)).all(dim=1)
    start = 0
    for at in marked.nonzero().flatten().tolist():
        if at > start:
            yield tile[start:at], False
        yield tile[at : at + 1], True
        start = at + 1
    if start < len(tile):
        yield tile[start:], False


@torch.no_grad()
def printout_block(result: PixelResult) -> tuple[str, ...]:
    """The lines of one pixel's block, as of ``-printout_pixel``; values before the first pass are nan."""
    pixel = torch.tensor([[result.slow, result.fast]], device=result.experiment.device)
    (block,) = _blocks(result.experiment, pixel, result.terms, result.sums, _Last())
    return tuple(block.split("\n"))


def printout_blocks(experiment: ExperimentData, *, n_threads: int = 1) -> Iterator[str]:
    """The block of ``-printout_pixel``, else of every rendered pixel in scan order; none without either flag.

    Raises:
        InputError: the pixel is not on the detector or never rendered.
    """
    options = experiment.options
    if not options.printout:
        return
    if options.printout_pixel is not None:
        try:
            with torch.no_grad():
                result = simulate_pixel(experiment, *options.printout_pixel, n_threads=n_threads)
        except InputError as error:
            raise InputError(f"-printout_pixel: {error}") from error
        yield "\n".join(printout_block(result))
        return
    last = _Last()
    state = run_state(experiment, n_threads=n_threads)
    n_passes = experiment.n_passes
    size = max(1, min(TILE // n_passes, max(_PIXELS, _TERMS // n_passes)))
    for tile in rendered_tiles(experiment, range(experiment.detector.n_slow), size):
        for pixels, first in _split_at(tile, state.first_pixels):
            # a generator that is without gradients itself would switch them off and on around every block
            yield from _tile_blocks(experiment, pixels, state, last, first_pass=first)


@torch.no_grad()
def _tile_blocks(
    experiment: ExperimentData, pixels: Tensor, state: RunState, last: _Last, *, first_pass: bool
) -> list[str]:
    """The blocks of ``pixels`` (P, 2), which follow those of ``last``."""
    ends = state.interpolation_end(pixels, experiment.detector.n_fast, experiment.n_passes)
    terms = contributions(experiment, pixels, first_pass=first_pass, interpolation_end=ends)
    return list(_blocks(experiment, pixels, terms, sum_pixels(experiment, terms), last))
