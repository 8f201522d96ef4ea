"""An experiment as the arguments of the C kernel: ``struct run`` of pixels.c, and the arrays that it points to.

Source: nanobragg_pixel_loop.md sections 2, 6 and 9.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nbsim.constants import R_E_SQR
from nbsim.model import ExperimentData, StructureFactors
from nbsim.pixel.accumulation import water_background
from nbsim.pixel.corrections import Use, correction_uses, is_unpolarized
from nbsim.pixel.orientations import orientations
from nbsim.pixel.polarization import unit
from nbsim.pixel.terms import interpolates, source_shares
from nbsim.vectors import cross, dot

Value = Tensor | Sequence[float] | float

_SHAPES = ("SQUARE", "ROUND", "GAUSS", "TOPHAT")
_USES = (Use.CACHED, Use.AVERAGE, Use.EACH_TERM, Use.RUNNING)

# the fields of struct run in their order
_ARRAYS = ("cells", "table", "incident", "electric", "magnetic", "wavelengths", "shares", "mask")
REALS = {
    "fast": 3, "slow": 3, "normal": 3, "pix0": 3, "pole": 3, "from": 3, "along": 6, "swings": 6, "radius": 9,
    "n_cells": 3, "low": 3, "pixel_size": 1, "distance": 1, "close_distance": 1, "layer_thickness": 1,
    "attenuation": 1, "area": 1, "kahn": 1, "dmin": 1, "volume": 1, "fudge": 1, "scale": 1, "start": 1,
    "background": 1,
}  # fmt: skip
COUNTS = {
    "n_fast": 1, "orientations": 1, "sources": 1, "layers": 1, "oversample": 1, "shape": 1, "sound": 1, "diagonal": 1,
    "series": 1, "skip": 1, "curved": 1, "point": 1, "absorbs": 1, "polarized": 1, "interpolated": 1,
    "first_capture": 1, "culled_polar_zero": 1, "background_weighted": 1, "count": 3, "uses": 3,
}  # fmt: skip


def _structure(real: type[ctypes.c_float] | type[ctypes.c_double]) -> type[ctypes.Structure]:
    fields: list[tuple[str, type]] = [(name, ctypes.c_void_p) for name in _ARRAYS]
    fields += [(name, real * size) for name, size in REALS.items()]
    fields += [(name, ctypes.c_int64 * size) for name, size in COUNTS.items()]
    return type("Run", (ctypes.Structure,), {"_fields_": fields})


RUNS = {torch.float32: _structure(ctypes.c_float), torch.float64: _structure(ctypes.c_double)}


@dataclass(frozen=True)
class Arguments:
    """``struct run`` of an experiment and the tensors behind its pointers, which live as long."""

    run: ctypes.Structure
    arrays: dict[str, Tensor]


def boxed_table(table: StructureFactors, like: Tensor) -> tuple[Tensor, tuple[int, int, int]]:
    """F in a box one plane larger than the table on every side, filled with default_F; its lowest h, k, l."""
    grid = like.new_empty((0, 0, 0)) if table.grid is None else table.grid
    box = table.default_f.to(like).expand([n + 2 for n in grid.shape]).clone()
    box[1:-1, 1:-1, 1:-1] = grid
    return box, (table.h_min - 1, table.k_min - 1, table.l_min - 1)


def in_units(table: Tensor, terms: torch.dtype) -> tuple[Tensor, Tensor]:
    """F in dtype ``terms``, in units of a power of 2 near the largest where that is shorter than its own, and the unit.

    The square of a float32 F may otherwise leave the range of float32.
    """
    if table.dtype == terms:
        return table, table.new_ones(())
    unit = _unit(torch.maximum(-table.amin(), table.amax()))
    return torch.div(table, unit, out=torch.empty_like(table, dtype=terms)), unit


def _unit(largest: Tensor) -> Tensor:
    largest = largest.clamp(1e-100, 1e100)
    return torch.ldexp(torch.ones_like(largest), torch.frexp(largest).exponent)


@torch.no_grad()
def suits_float32(table: StructureFactors) -> bool:
    """Whether squares of F, in units of the largest, are 0 or normal numbers of float32, with 1e8 to spare.

    An image far from the largest F would otherwise be made of digits that float32 does not have.
    """
    parts = [table.default_f] if table.grid is None or table.grid.numel() == 0 else [table.default_f, table.grid]
    sizes = [part if part.amin() >= 0.0 else part.abs() for part in parts]
    largest = torch.stack([size.amax() for size in sizes]).amax()
    unit = _unit(largest)
    least = 1e-15 * unit
    # counted only where there are zeros
    normal = all(size.amin() >= least or (size >= least).count_nonzero() == size.count_nonzero() for size in sizes)
    return normal and bool(largest <= unit)


@torch.no_grad()
def arguments(experiment: ExperimentData, terms: torch.dtype | None = None) -> Arguments:
    """The arguments for every pixel of an experiment on the CPU.

    ``terms``: dtype of F, None: the experiment's, as always of F to interpolate, whose sums may cancel.
    """
    table, low = boxed_table(experiment.structure_factors, experiment.crystal.a)
    table, unit = in_units(table, experiment.dtype if terms is None or interpolates(experiment) else terms)
    made = {**arrays(experiment), "table": table}
    made = {name: tensor.contiguous() for name, tensor in made.items()}
    run = RUNS[experiment.dtype]()
    for name, tensor in made.items():
        setattr(run, name, tensor.data_ptr())
    numbers = {**reals(experiment), "low": low}
    for name in REALS:
        getattr(run, name)[:] = _flat(numbers[name])
    square = float(unit) ** 2
    run.scale[0], run.start[0] = run.scale[0] * square, run.start[0] / square
    fill_counts(run, experiment, tuple(table.shape))
    return Arguments(run, made)


def fill_counts(run: ctypes.Structure, experiment: ExperimentData, box: tuple[int, ...]) -> None:
    """Fill in the whole numbers and switches; ``box``: the shape of the table."""
    whole = {**counts(experiment), "count": box}
    for name in COUNTS:
        getattr(run, name)[:] = [int(value) for value in _flat(whole[name])]


def _flat(value: Value) -> Sequence[float]:
    """The numbers of a value, with every digit of a Python float."""
    if isinstance(value, Tensor):
        numbers: list[float] = value.reshape(-1).tolist()
        return numbers
    return value if isinstance(value, Sequence) else (value,)


def arrays(experiment: ExperimentData) -> dict[str, Tensor]:
    """The arrays but the table."""
    beam, cells = experiment.beam, orientations(experiment)
    incident = -beam.source_directions
    magnetic = unit(cross(unit(beam.polarization_axis).expand_as(incident), unit(incident)))
    shares = source_shares(experiment)
    made = {
        "cells": torch.stack((cells.a, cells.b, cells.c), dim=2),
        "incident": incident,
        "electric": unit(cross(unit(incident), magnetic)),
        "magnetic": magnetic,
        "wavelengths": beam.source_wavelengths,
        "shares": torch.ones_like(beam.source_wavelengths) if shares is None else shares,
    }
    return made if experiment.detector.mask is None else {**made, "mask": experiment.detector.mask}


def reals(experiment: ExperimentData) -> dict[str, Value]:
    """The real numbers but the lowest indices of the table."""
    detector, beam, crystal, quirks = experiment.detector, experiment.beam, experiment.crystal, experiment.quirks
    area = 1.0 if detector.point_pixel and quirks.point_pixel_without_area else detector.pixel_size**2
    background = water_background(experiment)
    radius, volume = _radius(experiment)
    of_detector: dict[str, Value] = {
        name: getattr(detector, name)
        for name in ("fast", "slow", "normal", "pix0", "pixel_size", "distance", "close_distance", "layer_thickness",
                     "attenuation")
    }  # fmt: skip
    return (
        of_detector
        | _bend(experiment)
        | {
            "radius": radius,
            "n_cells": crystal.n_cells.clamp(min=1.0),
            "area": area,
            "kahn": beam.polarization,
            "dmin": experiment.sampling.dmin,
            "volume": volume,
            "fudge": crystal.fudge,
            "scale": R_E_SQR * beam.fluence / float(experiment.n_steps),
            "start": background if quirks.background_twice else 0.0,
            "background": 0.0 if quirks.background_twice else background,
        }
    )


def _bend(experiment: ExperimentData) -> dict[str, Value]:
    """Of a curved detector: the pole, the two axes of the swings, and arcs along a direction from a point."""
    detector, direction = experiment.detector, experiment.beam.direction
    pole = detector.distance * direction
    if experiment.quirks.curved_transposed:
        along = torch.eye(3, dtype=pole.dtype)[1:]
        swings = torch.stack((detector.slow, detector.fast))
        return {"pole": pole, "from": torch.zeros(3), "along": along, "swings": swings}
    along = torch.stack((detector.fast, detector.slow))
    return {"pole": pole, "from": pole, "along": along, "swings": unit(cross(direction.expand_as(along), along))}


def _radius(experiment: ExperimentData) -> tuple[Tensor, Tensor]:
    """The matrix whose product with the offsets of h, k, l is the radius of a shape, and the volume in cells."""
    crystal = experiment.crystal
    n_matrix = crystal.n_matrix
    if n_matrix is not None:
        first, second, third = n_matrix.unbind()
        return n_matrix, dot(first, cross(second, third))
    volume = crystal.n_cells.prod()
    return volume * torch.stack((crystal.a_star, crystal.b_star, crystal.c_star), dim=1), volume


def _is_diagonal(experiment: ExperimentData) -> bool:
    """Whether the cells along each axis alone make the radius."""
    crystal = experiment.crystal
    metric = crystal.shape in ("GAUSS", "TOPHAT") and experiment.quirks.dimensional_shape_width
    return crystal.n_matrix is None and not metric


def counts(experiment: ExperimentData) -> dict[str, Value]:
    """The whole numbers and switches but the shape of the table."""
    detector, sampling, quirks = experiment.detector, experiment.sampling, experiment.quirks
    without_sensor = float(detector.thickness) == 0.0
    zeroed = sampling.oversample_thick and quirks.thick_flag_zeroes
    return {
        "n_fast": detector.n_fast,
        "orientations": sampling.n_phi * experiment.crystal.mosaic_matrices.shape[0],
        "sources": experiment.beam.source_directions.shape[0],
        "layers": detector.n_layers,
        "oversample": sampling.oversample,
        "shape": _SHAPES.index(experiment.crystal.shape),
        # the rounding noise of float32 is not that of C: the sound form has less of it
        "sound": not (quirks.grating_literal and experiment.dtype == torch.float64),
        "diagonal": _is_diagonal(experiment),
        "series": not quirks.sphere_literal,
        "skip": quirks.zero_term_skip and sampling.water == 0.0,
        "curved": detector.curved,
        "point": detector.point_pixel,
        "absorbs": zeroed or not without_sensor,
        "polarized": not is_unpolarized(experiment),
        "interpolated": interpolates(experiment),
        "first_capture": quirks.cached_corrections,
        "culled_polar_zero": quirks.culled_polar_zero,
        "background_weighted": quirks.background_weighted,
        "uses": [_USES.index(use) for use in correction_uses(experiment)],
    }
