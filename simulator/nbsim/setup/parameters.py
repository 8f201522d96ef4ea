"""The differentiable numbers of a command line, as typed.

The set-up starts from these tensors, so that gradients reach the typed values. Source: nanobragg_setup.md
sections 1.2 and 2.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from nbsim.errors import InputError
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.parameters import ANY, ROWS, Parameters
from nbsim.setup.beyond_c import check_beyond_c, without_replaced
from nbsim.setup.plan import mosaic_domains

_NAN = float("nan")


def by_origin(options: Options) -> bool:
    """Whether the beam centre of the convention is ORGX and ORGY (quirk S8)."""
    return options.convention in ("XDS", "DIALS")


def _tensor(value: float | tuple[float, ...]) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def _optional(value: float | tuple[float, ...] | None) -> Tensor | None:
    return None if value is None else _tensor(value)


def _filled_cell(options: Options) -> Tensor | None:
    """The cell with blanks filled by C's rule: edges like the first one, right angles (section 3.1)."""
    if options.cell is None:
        return None
    a, b, c, *angles = options.cell + (0.0,) * (6 - len(options.cell))
    edges = (a, b if b > 0.0 else a, c if c > 0.0 else a)
    return _tensor(edges + tuple(angle if angle > 0.0 else 90.0 for angle in angles))


def _fluence(options: Options) -> float:
    """Photons/m^2; flux, time and beam size override ``-fluence`` (section 2.1)."""
    beam = options.beamsize_mm / 1000.0
    if options.flux != 0.0 and options.exposure_s > 0.0 and beam >= 0.0:
        if beam == 0.0:
            raise InputError("-beamsize 0: with -flux the beam needs a size")
        return options.flux * options.exposure_s / beam / beam
    return options.fluence


def typed(options: Options) -> Parameters:
    """The parameters of ``options``.

    Raises:
        InputError: a flux without a beam size.
    """
    first, second = (options.orgx, options.orgy) if by_origin(options) else (options.xbeam_mm, options.ybeam_mm)
    return Parameters(
        cell=_filled_cell(options),
        misset=None if options.misset_random else _optional(options.misset_deg),
        mosaic_spread=_tensor(max(options.mosaic_deg or 0.0, 0.0)),
        n_cells=_tensor((float(options.n_a), float(options.n_b), float(options.n_c))),
        wavelength=_tensor(options.wavelength_a),
        fluence=_tensor(_fluence(options)),
        polarization=_tensor(options.kahn),
        distance=_tensor(options.distance_mm),
        close_distance=_optional(options.close_distance_mm),
        beam_center=_tensor((_NAN if first is None else first, _NAN if second is None else second)),
        detector_rotations=_tensor((options.rotx_deg, options.roty_deg, options.rotz_deg)),
        twotheta=_tensor(options.twotheta_deg),
        phi=_tensor(options.phi_deg),
        oscillation=_optional(options.osc_deg),
        default_f=_tensor(options.default_f),
    )


_POSITIVE = ("wavelength", "distance", "oscillation", "source_wavelengths")
_NOT_NEGATIVE = ("mosaic_spread", "mosaic_spreads", "source_weights")
_Numbers = Sequence["Value"] | npt.NDArray[Any]
Value = float | Tensor | _Numbers  # of a parameter: a number, a tensor, an array, or a list of numbers and tensors


def _tensor_of(value: Value) -> Tensor:
    """``value`` as a tensor; the tensors of a list keep their graphs."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (list, tuple)):
        return torch.stack([_tensor_of(one).to(device="cpu", dtype=torch.float64) for one in value])
    # a number on its own would become float32
    return torch.tensor(value, dtype=torch.float64) if isinstance(value, float) else torch.as_tensor(value)


def as_parameter(name: str, value: Value, shape: tuple[int, ...]) -> Tensor:
    """``value`` as a finite float64 tensor on the CPU, with its graph.

    Raises:
        InputError: it is not numeric, not of that shape, or not finite.
    """
    try:
        tensor = _tensor_of(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{name}: {type(value).__name__} is not a tensor of numbers") from error
    if tensor.dtype == torch.bool or tensor.is_complex():
        raise InputError(f"{name}: {tensor.dtype} is not a type of real numbers")
    if tensor.is_meta:
        raise InputError(f"{name}: a tensor on the device meta has no numbers")
    if len(tensor.shape) != len(shape) or any(n not in (ANY, m) for n, m in zip(shape, tensor.shape, strict=True)):
        wanted = f"the shape {shape}" if shape else "a single number, without dimensions"
        raise InputError(f"{name}: has the shape {tuple(tensor.shape)}, needs {wanted}")
    tensor = tensor.to(device="cpu", dtype=torch.float64)
    if not bool(tensor.isfinite().all()):
        raise InputError(f"{name}: not every number is finite")
    return tensor


def changed(parameters: Parameters, changes: Mapping[str, Value], options: Options, quirks: Quirks) -> Parameters:
    """``parameters`` with ``changes`` by name.

    Raises:
        InputError: an unknown parameter, a wrong shape, an impossible value, or a parameter without effect here.
    """
    for name in changes:
        if name not in ROWS:
            raise InputError(f"{name}: no such parameter; known: {', '.join(ROWS)}")
    table = parameters.structure_factors
    made: dict[str, Tensor] = {}
    for name, value in changes.items():
        if name == "structure_factors" and table is None:
            raise InputError("structure_factors: this experiment has no table; it takes -default_F everywhere")
        shape = tuple(table.shape) if name == "structure_factors" and table is not None else ROWS[name].shape
        made[name] = as_parameter(name, value, shape)
        if name in _POSITIVE and not bool((made[name] > 0.0).all()):
            raise InputError(f"{name} {made[name].min().item():g}: must be positive")
        if name in _NOT_NEGATIVE and not bool((made[name] >= 0.0).all()):
            raise InputError(f"{name} {made[name].min().item():g}: must not be negative")
    result = without_replaced(parameters, made)
    check_beyond_c(made, options, quirks, mosaic_domains(options).count)
    _check_effect(made, result, options, quirks)
    return result


def _check_effect(made: Mapping[str, Tensor], result: Parameters, options: Options, quirks: Quirks) -> None:
    """Refuse parameters without effect, or without a gradient, in this set-up."""
    if "distance" in made and result.close_distance is not None:
        raise InputError("distance: has no effect beside -close_distance; change close_distance")
    if "close_distance" in made and result.close_distance is not None and not bool(result.close_distance != 0.0):
        raise InputError("close_distance 0: the detector's plane would hold the sample")
    if "mosaic_spread" in made and not (options.mosaic_deg or 0.0) > 0.0:
        raise InputError("mosaic_spread: the crystal has one domain; give -mosaic and -mosaic_domains in the command")
    if "n_cells" in made:
        counts = made["n_cells"]
        if not bool((counts >= 1.0).all()):
            raise InputError("n_cells: a crystal has at least one cell along each axis")
        real = counts.requires_grad or bool((counts != counts.round()).any())
        if real and options.shape == "SQUARE" and quirks.grating_literal:
            raise InputError(
                "n_cells: C's quotient sin(pi N h)/sin(pi h) is meaningless between whole N; "
                "build the experiment with quirks={'grating_literal': False}"
            )
