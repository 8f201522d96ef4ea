"""Parameters without a flag: which flags each replaces, and where it has no meaning.

They describe crystals and beams of refinement programs: an orientation as a matrix, a spectrum, a tensor of sizes or of
mosaic spreads. The first two can be handed to the C program as files, the tensors cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from nbsim.errors import InputError
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.parameters import Parameters

REPLACES: Mapping[str, tuple[str, ...]] = {
    "a_matrix": ("cell", "misset"),
    "n_matrix": ("n_cells",),
    "mosaic_spreads": ("mosaic_spread",),
}
_SHORTEST = 1e-9  # of a direction


def without_replaced(before: Parameters, made: Mapping[str, Tensor]) -> Parameters:
    """``before`` with the values ``made``, and without a cell and a misset beside ``a_matrix``.

    Raises:
        InputError: a replaced parameter is changed beside the one that replaces it.
    """
    changes: dict[str, Any] = dict(made)
    after = replace(before, **changes)
    for name, replaced in REPLACES.items():
        if getattr(after, name) is None:
            continue
        for other in replaced:
            if other in made and made[other] is not getattr(before, other):
                raise InputError(f"{other}: has no effect beside {name}; change {name}")
    return after if after.a_matrix is None else replace(after, cell=None, misset=None)


def check_beyond_c(made: Mapping[str, Tensor], options: Options, quirks: Quirks, domains: int) -> None:
    """Refuse values without meaning or effect for this crystal and beam; ``domains`` is their number.

    Raises:
        InputError: the message names the parameter and the remedy.
    """
    if "a_matrix" in made and not bool((torch.linalg.det(made["a_matrix"].detach()) > 0.0).all()):
        raise InputError(
            "a_matrix: its determinant must be positive; its columns are a*, b*, c* of a right-handed cell"
        )
    if "source_directions" in made:
        lengths = made["source_directions"].detach().norm(dim=-1)
        if not bool((lengths > _SHORTEST).all()):
            raise InputError("source_directions: a direction must not be zero")
    if "source_weights" in made:
        if quirks.source_weights_ignored:
            raise InputError(
                "source_weights: C counts every source alike (L8); "
                "build the experiment with quirks={'source_weights_ignored': False}"
            )
        if not bool((made["source_weights"].sum(dim=-1) > 0.0).all()):
            raise InputError("source_weights: their sum must be positive")
    if "mosaic_spreads" in made and domains < 2:
        raise InputError("mosaic_spreads: the crystal has one domain; give -mosaic and -mosaic_domains in the command")
    if "n_matrix" in made:
        _check_n_matrix(made["n_matrix"].detach(), options.shape, quirks)


def _check_n_matrix(n_matrix: Tensor, shape: str, quirks: Quirks) -> None:
    if shape == "SQUARE":
        raise InputError(
            "n_matrix: a block has whole cells along its axes; give -round_xtal, -gauss_xtal or -tophat_spots"
        )
    if shape != "ROUND" and quirks.dimensional_shape_width:
        raise InputError(
            f"n_matrix: C's width of {shape.lower()} spots has no axes; "
            "build the experiment with quirks={'dimensional_shape_width': False}"
        )
    if not bool((torch.linalg.det(n_matrix) > 0.0).all()):
        raise InputError("n_matrix: its determinant, the number of cells, must be positive")
