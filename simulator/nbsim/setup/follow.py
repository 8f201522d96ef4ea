"""Options and matrix of a set-up that follow changed parameters: as if the new numbers had been typed.

A parameter that is set to its own value changes nothing, and keeps the state of the command line: not typed, random, or
from a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from nbsim.model import ExperimentData
from nbsim.options.options import Options
from nbsim.parameters import Parameters
from nbsim.setup.crystal import cell_of, reciprocal_from_matrix, typed_cell, with_cell
from nbsim.setup.geometry import by_origin
from nbsim.values import same

# parameter -> the one field of Options that holds it
_FIELDS = {
    "mosaic_spread": "mosaic_deg",
    "wavelength": "wavelength_a",
    "polarization": "kahn",
    "distance": "distance_mm",
    "close_distance": "close_distance_mm",
    "twotheta": "twotheta_deg",
    "phi": "phi_deg",
    "oscillation": "osc_deg",
    "default_f": "default_f",
}
_VECTORS = {
    "beam_center": ("xbeam_mm", "ybeam_mm"),
    "detector_rotations": ("rotx_deg", "roty_deg", "rotz_deg"),
    "n_cells": ("n_a", "n_b", "n_c"),
}
_NO_WIDTHS = {"sample_a_mm": 0.0, "sample_b_mm": 0.0, "sample_c_mm": 0.0}


def moved(before: Parameters, made: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The parameters of ``made`` whose values differ from those before."""
    return {name: value for name, value in made.items() if not same(getattr(before, name), value)}


def _typed(name: str, value: Tensor, options: Options) -> dict[str, Any]:
    """Fields of Options for a parameter that has a flag."""
    numbers = tuple(value.detach().flatten().tolist())
    if name in _FIELDS:
        return {_FIELDS[name]: numbers[0]}
    if name == "cell":
        return {"cell": numbers if options.matrix_file is None else None}
    if name == "misset":
        return {"misset_deg": numbers, "misset_random": False}
    if name == "fluence":
        return {"fluence": numbers[0], "flux": 0.0}
    if name == "n_cells":
        return {**dict(zip(_VECTORS[name], map(round, numbers), strict=True)), **_NO_WIDTHS}
    if name == "beam_center" and by_origin(options):
        return {"orgx": numbers[0], "orgy": numbers[1]}
    return dict(zip(_VECTORS.get(name, ()), numbers, strict=False))


def options_after(options: Options, changes: Mapping[str, Tensor]) -> Options:
    """``options`` as if the values of ``changes`` had been typed; those without a flag leave it alone."""
    fields: dict[str, Any] = {}
    for name, value in changes.items():
        fields |= _typed(name, value, options)
    return replace(options, **fields)


def cell_of_matrix(options: Options, rescaled: bool, matrix: Tensor, wavelength_m: Tensor) -> Tensor:
    """The effective cell, (6,) in A and degrees, of a matrix (3, 3); ``rescaled``: to the edges of ``-cell`` (S18)."""
    cell, typed = cell_of(reciprocal_from_matrix(matrix, wavelength_m)), typed_cell(options)
    return cell if typed is None or not rescaled else torch.cat((typed[:3], cell[3:]))


def matrix_after(experiment: ExperimentData, after: Parameters, differing: Set[str]) -> Tensor:
    """The matrix (3, 3) of ``-mat`` with the cell of ``after``, in the orientation of ``experiment``.

    ``differing``: parameters that moved. If cell and wavelength did not, the matrix keeps its numbers, and only takes
    the derivative of the cell; lengths of its columns that ``-cell`` overrides (S18) scale that.
    """
    matrix, before, cell = experiment.inputs.matrix, experiment.parameters, after.cell
    assert matrix is not None and cell is not None
    stars = with_cell(reciprocal_from_matrix(matrix, before.wavelength / 1e10), cell)
    made = torch.stack(stars, dim=1) * (after.wavelength / 1e10 / 1e-10)
    if differing & {"cell", "wavelength"}:
        return made
    scale: Tensor = matrix.detach().square().sum(dim=0).sqrt() / made.detach().square().sum(dim=0).sqrt()
    return matrix.detach() + (made - made.detach()) * scale
