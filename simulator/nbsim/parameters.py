"""The numbers that an image follows smoothly, by name: one row each, with shape, unit, scale and bounds.

Names, shapes and units are those of :meth:`nbsim.Experiment.with_parameters`, of :class:`nbsim.ParameterVector` and of
docs/api.md, which all read these rows. Source: nanobragg_setup.md section 1.2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, get_type_hints

import numpy.typing as npt
import torch
from torch import Tensor

from nbsim.errors import InputError
from nbsim.values import ByValue

ANY = -1  # length of an axis
_XYZ = ("x", "y", "z")


@dataclass(frozen=True)
class Row:
    """The facts of one parameter."""

    unit: str
    flag: str  # of the command line
    about: str
    components: tuple[str, ...] = ()  # of a vector with named components
    size: tuple[int, ...] = ()  # of any other array; ANY where any length is valid
    scale: float = 0.1  # a small change, in the parameter's unit
    relative: bool = False  # ``scale`` is a share of the parameter's size
    low: float | tuple[float, ...] = -math.inf  # smallest valid value, of each component where they differ
    high: float | tuple[float, ...] = math.inf

    @property
    def shape(self) -> tuple[int, ...]:
        """() of a number, (n,) of a vector; ANY where any length is valid."""
        return (len(self.components),) if self.components else self.size


@dataclass(frozen=True, eq=False)
class Parameters(ByValue):
    """The effective values of all parameters, in the units of the command line.

    float64 tensors on the CPU; None: without a table of structure factors, not given, or replaced by another parameter.
    """

    cell: Annotated[
        Tensor | None,
        Row(
            "Å, degrees",
            "-cell",
            "edges and angles of the unit cell",
            components=("a", "b", "c", "alpha", "beta", "gamma"),
            low=(0.01, 0.01, 0.01, 0.0, 0.0, 0.0),
            high=(math.inf, math.inf, math.inf, 180.0, 180.0, 180.0),
        ),
    ]
    misset: Annotated[
        Tensor | None, Row("degrees", "-misset", "rotations of the crystal about lab x, y, z", components=_XYZ)
    ]
    mosaic_spread: Annotated[
        Tensor,
        Row(
            "degrees",
            "-mosaic",
            "largest rotation of a mosaic domain; the number of domains and their axes stay",
            low=0.0,
        ),
    ]
    n_cells: Annotated[
        Tensor,
        Row(
            "",
            "-Na -Nb -Nc",
            "unit cells along a, b, c, as real numbers",
            components=("a", "b", "c"),
            scale=1.0,
            low=1.0,
        ),
    ]
    wavelength: Annotated[
        Tensor, Row("Å", "-lambda", "wavelength; followed into sources, dispersion and -mat", scale=1e-3, low=1e-6)
    ]
    fluence: Annotated[
        Tensor, Row("photons/m²", "-fluence", "replaces flux, time and beam size", relative=True, low=0.0)
    ]
    polarization: Annotated[Tensor, Row("", "-polar", "Kahn's factor", low=-1.0, high=1.0)]
    distance: Annotated[Tensor, Row("mm", "-distance", "sample to detector along the beam", low=1e-6)]
    close_distance: Annotated[
        Tensor, Row("mm", "-close_distance", "sample to the nearest point of the detector's plane", low=1e-6)
    ]
    beam_center: Annotated[
        Tensor,
        Row(
            "mm, or pixels",
            "-Xbeam -Ybeam",
            "beam centre in the convention's axes; with XDS and DIALS -ORGX -ORGY in pixels",
            components=("x", "y"),
        ),
    ]
    detector_rotations: Annotated[
        Tensor, Row("degrees", "-detector_rotx ...", "rotations of the detector about lab x, y, z", components=_XYZ)
    ]
    twotheta: Annotated[Tensor, Row("degrees", "-twotheta", "two-theta swing of the detector")]
    phi: Annotated[Tensor, Row("degrees", "-phi", "angle of the first phi step")]
    oscillation: Annotated[Tensor, Row("degrees", "-osc", "range of phi", low=0.0)]
    default_f: Annotated[Tensor, Row("electrons", "-default_F", "F of reflections missing from the table", scale=1.0)]
    structure_factors: Annotated[
        Tensor | None, Row("electrons", "-hkl", "table of F, (n_h, n_k, n_l), as in StructureFactors", relative=True)
    ] = None
    # beyond the command line; None: as the flags say
    a_matrix: Annotated[
        Tensor | None,
        Row(
            "1/Å",
            "",
            "columns a*, b*, c* in the lab at phi = 0; in place of cell, misset and -mat",
            size=(3, 3),
            scale=1e-3,
            relative=True,
        ),
    ] = None
    source_directions: Annotated[
        Tensor | None, Row("", "", "unit vectors from the sample to the sources", size=(ANY, 3), scale=1e-3)
    ] = None
    source_wavelengths: Annotated[
        Tensor | None, Row("Å", "", "wavelength of each source", size=(ANY,), scale=1e-3, low=1e-6)
    ] = None
    source_weights: Annotated[Tensor | None, Row("", "", "relative weight of each source", size=(ANY,), low=0.0)] = None
    n_matrix: Annotated[
        Tensor | None,
        Row("", "", "cells along and across the axes, as in diffBragg; in place of n_cells", size=(3, 3), scale=1.0),
    ] = None
    mosaic_spreads: Annotated[
        Tensor | None,
        Row(
            "degrees",
            "",
            "mosaic spreads about a, c* x a and c*; in place of mosaic_spread",
            components=("a", "b", "c"),
            low=0.0,
        ),
    ] = None
    idle: Mapping[str, str] = field(default_factory=dict, compare=False)  # parameters without effect, with the reason

    def as_dict(self) -> dict[str, Tensor]:
        """The parameters that the image follows, by name: arguments of ``with_parameters``."""
        values = {name: getattr(self, name) for name in ROWS if name not in self.idle}
        return {name: value for name, value in values.items() if value is not None}


ROWS: Mapping[str, Row] = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(Parameters, include_extras=True).items()
    if hasattr(hint, "__metadata__")
}

_Numbers = Sequence["Value"] | npt.NDArray[Any]
Value = float | Tensor | _Numbers  # of a parameter: a number, a tensor, an array, or a list of numbers and tensors


def _tensor_of(value: Value) -> Tensor:
    """``value`` as a tensor; the tensors of a list keep their graphs."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (list, tuple)):
        return torch.stack([_tensor_of(one).to(device="cpu", dtype=torch.float64) for one in value])
    if isinstance(value, float):
        return torch.tensor(value, dtype=torch.float64)  # torch's default, float32, would round it
    return torch.as_tensor(value)


def _tensor_named(name: str, value: Value) -> Tensor:
    """``value`` as a tensor.

    Raises:
        InputError: it is not numeric.
    """
    try:
        return _tensor_of(value)
    except (TypeError, ValueError, RuntimeError) as error:
        if isinstance(value, (list, tuple)) and any(isinstance(one, Tensor) for one in value):
            shapes = ", ".join(str(tuple(getattr(one, "shape", ()))) for one in value)
            raise InputError(f"{name}: a list of tensors and numbers of one shape is needed, not {shapes}") from error
        raise InputError(f"{name}: {type(value).__name__} is not a tensor of numbers") from error


def as_shaped(name: str, value: Value, shape: tuple[int, ...]) -> Tensor:
    """``value`` as a tensor (..., *shape), on its device and with its graph; a list becomes float64.

    Raises:
        InputError: it is not numeric, or the last axes have another shape.
    """
    tensor = _tensor_named(name, value)
    if tensor.dim() < len(shape) or tuple(tensor.shape[tensor.dim() - len(shape) :]) != shape:
        wanted = ", ".join(("...", *map(str, shape)))
        raise InputError(f"{name}: has the shape {tuple(tensor.shape)}, needs ({wanted})")
    return tensor if tensor.is_floating_point() else tensor.to(torch.float64)


def as_parameter(name: str, value: Value, shape: tuple[int, ...]) -> Tensor:
    """``value`` as a finite float64 tensor on the CPU, with its graph.

    Raises:
        InputError: it is not numeric, not of that shape, or not finite.
    """
    tensor = _tensor_named(name, value)
    if tensor.dtype == torch.bool or tensor.is_complex():
        raise InputError(f"{name}: {tensor.dtype} is not a type of real numbers")
    if tensor.layout != torch.strided:
        raise InputError(f"{name}: {tensor.layout}; a dense tensor is needed (to_dense())")
    if tensor.is_meta:
        raise InputError(f"{name}: a tensor on the device meta has no numbers")
    if len(tensor.shape) != len(shape) or any(n not in (ANY, m) for n, m in zip(shape, tensor.shape, strict=True)):
        sizes = ", ".join("n" if n == ANY else str(n) for n in shape) + ("," if len(shape) == 1 else "")
        wanted = f"the shape ({sizes})" if shape else "a single number, without dimensions"
        raise InputError(f"{name}: has the shape {tuple(tensor.shape)}, needs {wanted}")
    tensor = tensor.to(device="cpu", dtype=torch.float64)
    try:
        finite = bool(tensor.isfinite().all())
    except RuntimeError as error:  # a batched tensor has no single truth
        raise InputError(
            f"{name}: torch.func.vmap cannot run over parameters, a set-up checks their values; "
            "nbsim.Batch sets up one experiment per value, all at once"
        ) from error
    if not finite:
        raise InputError(f"{name}: not every number is finite")
    return tensor
