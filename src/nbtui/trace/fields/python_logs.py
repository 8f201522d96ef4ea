"""Fields printed by some Python logs only: one block per source, interpolation.

A log prints them with the index of the source: ``source[2].polar``. Source: trace_dialects.
"""

from __future__ import annotations

from functools import partial

from nbtui.trace.fields.field import Field, Shape, Stage, Tap, Tolerance

_source = partial(Field, tap=Tap.SOURCE)
_scattering = partial(_source, stage=Stage.SCATTERING)
_accumulation = partial(_source, stage=Stage.ACCUMULATION)
_scaling = partial(_source, stage=Stage.SCALING)
_neighbourhood = partial(Field, stage=Stage.STRUCTURE_FACTOR, tap=Tap.INTERPOLATION)

SOURCE = (
    _scattering("source.source_index", "1", Shape.SCALAR, "Index of the source", tolerance=Tolerance.INTEGER),
    _scattering("source.source_direction", "1", Shape.VECTOR, "Direction of the source"),
    _scattering("source.source_weight", "1", Shape.SCALAR, "Weight of the source; C reads and ignores it"),
    _scattering(
        "source.lambda_angstroms",
        "A",
        Shape.SCALAR,
        "Wavelength of the source",
        aliases=("source.wavelength_angstroms",),
    ),
    _accumulation("source.F_latt", "1", Shape.SCALAR, "Lattice factor"),
    _accumulation("source.F_latt_squared", "1", Shape.SCALAR, "Lattice factor squared"),
    _accumulation("source.F_cell", "e", Shape.SCALAR, "Structure factor"),
    _accumulation("source.F_cell_squared", "e^2", Shape.SCALAR, "Structure factor squared"),
    _accumulation(
        "source.I_contribution",
        "e^2",
        Shape.SCALAR,
        "Contribution of the source before polarization",
        aliases=("source.I_contribution_pre_polar",),
    ),
    _accumulation(
        "source.I_contribution_post_polar", "e^2", Shape.SCALAR, "Contribution of the source after polarization"
    ),
    _scaling("source.polar", "1", Shape.SCALAR, "Polarization factor of the source"),
    _scaling(
        "source.cos_2theta",
        "1",
        Shape.SCALAR,
        "Cosine of the scattering angle of the source",
        aliases=("source.cos2theta",),
    ),
)

INTERPOLATION = (
    _neighbourhood("tricubic.h_coords", "1", Shape.LIST, "Indices h of the neighbourhood"),
    _neighbourhood("tricubic.k_coords", "1", Shape.LIST, "Indices k of the neighbourhood"),
    _neighbourhood("tricubic.l_coords", "1", Shape.LIST, "Indices l of the neighbourhood"),
    _neighbourhood("tricubic.grid", "e", Shape.SCALAR, "Structure factors of the neighbourhood, one per line"),
)
