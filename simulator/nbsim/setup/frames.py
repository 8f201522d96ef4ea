"""Detector and crystal before any rotation, for the set-up and for step-by-step replays.

Lengths in m (cell edges in A, reciprocal vectors in 1/A), angles in rad, float64 on the CPU. Source:
nanobragg_setup.md sections 2.2 to 2.4, 3.1, 3.2 and 4.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nbsim.constants import RTD
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.parameters import Parameters
from nbsim.rng import Generator, Stream
from nbsim.setup import crystal, geometry, mosaic
from nbsim.values import ByValue


@dataclass(frozen=True, eq=False)
class DetectorFrame(ByValue):
    """The detector before placement, after the convention's rules."""

    size: geometry.Size
    axes: geometry.Axes
    pivot: str  # BEAM or SAMPLE
    centers: geometry.Centers
    angles: geometry.Angles


@dataclass(frozen=True, eq=False)
class CrystalFrame(ByValue):
    """The crystal before orientation."""

    stars: tuple[Tensor, Tensor, Tensor]  # a*, b*, c* before misset [1/A], (3,) each
    misset: tuple[float, float, float] | None  # -misset [rad]
    cell: tuple[Tensor, ...] | None  # -cell: edges [A] and angles [rad], scalars
    volume: Tensor | None  # of that cell [A^3], scalar


def detector_frame(options: Options, quirks: Quirks, parameters: Parameters | None = None) -> DetectorFrame:
    """The detector before any rotation; ``parameters`` default to the numbers of ``options``.

    Raises:
        InputError: a direction is zero, or the detector has no pixels.
    """
    size = geometry.detector_size(options)
    if parameters is None:
        degrees, twotheta, center = geometry.typed_rotations(options), geometry.scalar(options.twotheta_deg), None
    else:
        degrees, twotheta, center = parameters.detector_rotations, parameters.twotheta, parameters.beam_center
    return DetectorFrame(
        size,
        geometry.axes(options, quirks),
        geometry.pivot(options, quirks),
        geometry.beam_centers(options, size, center),
        geometry.rotations(degrees, twotheta),
    )


def crystal_frame(options: Options, workdir: Path, wavelength: float, quirks: Quirks) -> CrystalFrame:
    """The crystal before misset; the matrix of ``-mat`` is looked up in ``workdir``; wavelength [m].

    Raises:
        InputError: no crystal is given, an impossible one, or its matrix cannot be read.
    """
    matrix = None if options.matrix_file is None else crystal.read_matrix(workdir / options.matrix_file)
    typed = crystal.typed_cell(options)
    if typed is not None:
        crystal.check_cell(typed, "-cell")
    stars, cell = crystal.unrotated(typed, matrix, geometry.scalar(wavelength), quirks)
    misset = None
    if options.misset_deg is not None:
        x, y, z = (angle / RTD for angle in options.misset_deg)
        misset = (x, y, z)
    return CrystalFrame(stars, misset, cell, None if cell is None else crystal.cell_volume(cell))


def mosaic_rotations(spread: float, count: int, seed: int, *, first_identity: bool = True) -> Tensor:
    """Rotations (count, 3, 3) of the mosaic domains of a seed as typed after ``-mosaic_seed``; spread [rad]."""
    caps = mosaic.draw_caps(Stream(Generator(), seed), count)
    return mosaic.domain_rotations(caps, geometry.scalar(spread), first_identity=first_identity)


# torch.load with weights_only reads frames: these hold data, and run no code of their own
torch.serialization.add_safe_globals(
    [CrystalFrame, DetectorFrame, geometry.Angles, geometry.Axes, geometry.Centers, geometry.Size]
)
