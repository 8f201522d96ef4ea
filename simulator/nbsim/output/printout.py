"""The block that the C program prints for a pixel with ``-printout`` and ``-printout_pixel FAST SLOW``.

Values are read from the tensors that produced the pixel. Source: nanobragg_pixel_loop.md section 11.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from nbsim.c_numbers import cast
from nbsim.constants import ANGSTROM_PER_M
from nbsim.errors import InputError
from nbsim.model import ExperimentData
from nbsim.pixel.pixel import PixelResult, simulate_pixel
from nbsim.pixel.run_state import run_state
from nbsim.pixel.visited import rendered_tiles

_TILE = 1 << 16
_NOT_YET = (math.nan, math.nan, math.nan)


@dataclass
class _Last:
    """Contents of C's variables after a pixel; a pixel without a pass leaves them unchanged."""

    hkl: tuple[float, ...] = _NOT_YET
    hkl0: tuple[int, ...] = (0, 0, 0)
    f_latt: float = math.nan
    f_cell: float = math.nan
    cell: tuple[tuple[float, ...], ...] = (_NOT_YET,) * 3  # a, b, c [A]

    def follow(self, result: PixelResult) -> None:
        """Take over the values of the last pass of a pixel, and F_cell of the last pass that computed it."""
        terms, passes = result.terms, result.terms.passes
        reached = passes.rays.kept[..., None, None].expand_as(terms.value).flatten()
        if bool(reached.any()):
            last = int(reached.nonzero()[-1])
            self.hkl = tuple(float(index.flatten()[last]) for index in passes.hkl)
            self.hkl0 = tuple(cast(index.flatten()[last].item()) for index in passes.hkl0)
            self.f_latt = float(passes.lattice.total.flatten()[last])
            vectors = (getattr(passes.cell, axis).expand(*terms.value.shape, 3).reshape(-1, 3)[last] for axis in "abc")
            self.cell = tuple(tuple((vector * ANGSTROM_PER_M).tolist()) for vector in vectors)
        looked_up = passes.executed.flatten().nonzero()
        if looked_up.numel():
            self.f_cell = float(terms.f_cell.flatten()[int(looked_up[-1])])


def _block(result: PixelResult, last: _Last) -> Iterator[str]:
    experiment, sums = result.experiment, result.sums
    rays = result.terms.passes.rays
    x, y, z = rays.position[0, -1, -1].tolist()
    stol = 0.5 * math.hypot(*rays.scattering[0, -1, -1, -1].tolist())
    in_plane = math.sin(0.5 * math.atan2(math.hypot(y, z), x)) / (float(experiment.beam.wavelength) * ANGSTROM_PER_M)
    intensity = float(result.intensity)
    yield f"{result.fast:4d} {result.slow:4d} : stol = {stol:g} or {in_plane:g}"
    yield f"at {x:g} {y:g} {z:g}"
    h, k, l = last.hkl
    yield f"hkl= {h:f} {k:f} {l:f}  hkl0= {' '.join(map(str, last.hkl0))}"
    yield f" F_cell={last.f_cell:g}  F_latt={last.f_latt:g}   I = {intensity:g}"
    yield f"I/steps {intensity / experiment.n_steps:15.10g}"
    yield f"polar   {float(sums.polar):15.10g}"
    yield f"omega   {float(sums.omega):15.10g}"
    yield f"capfrac {float(sums.capture):15.10g}"
    yield f"pixel   {float(result.stored):15.10g}"
    yield "real-space cell vectors (Angstrom):"
    yield "     " + "  ".join(axis.ljust(10) for axis in "abc")
    for name, components in zip("XYZ", zip(*last.cell, strict=True), strict=True):
        yield f"{name}: " + " ".join(f"{value:11.8f}" for value in components)


@torch.no_grad()
def printout_lines(experiment: ExperimentData, *, n_threads: int = 1) -> Iterator[str]:
    """The lines of ``-printout_pixel``, else of every rendered pixel in scan order; none without either flag.

    Raises:
        InputError: the pixel is not on the detector or never rendered.
    """
    options = experiment.options
    if not options.printout:
        return
    last = _Last()
    if options.printout_pixel is not None:
        try:
            result = simulate_pixel(experiment, *options.printout_pixel, n_threads=n_threads)
        except InputError as error:
            raise InputError(f"-printout_pixel: {error}") from error
        last.follow(result)
        yield from _block(result, last)
        return
    state = run_state(experiment, n_threads=n_threads)
    for tile in rendered_tiles(experiment, range(experiment.detector.n_slow), _TILE):
        for slow, fast in tile.tolist():
            result = simulate_pixel(experiment, slow, fast, state=state)
            last.follow(result)
            yield from _block(result, last)
