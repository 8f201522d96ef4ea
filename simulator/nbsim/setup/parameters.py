"""The parameters of a set-up: effective values at the start, changes, and which have no effect.

The set-up starts from these tensors, so that gradients reach the typed values. Source: nanobragg_setup.md
sections 1.2 and 2.3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from nbsim.constants import RTD
from nbsim.errors import InputError
from nbsim.model import ExperimentData, Inputs
from nbsim.options.flag import Bounds
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.options.table import FLAGS
from nbsim.parameters import ROWS, Parameters, Value, as_parameter
from nbsim.setup import geometry, plan
from nbsim.setup.assemble import Derived
from nbsim.setup.beyond_c import REPLACES, check_beyond_c
from nbsim.setup.crystal import check_cell, typed_cell
from nbsim.setup.follow import cell_of_matrix


def _tensor(value: float | tuple[float, ...]) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def _fluence(options: Options) -> float:
    """Photons/m^2; flux, time and beam size override ``-fluence`` (section 2.1)."""
    beam = options.beamsize_mm / 1000.0
    if options.flux != 0.0 and options.exposure_s > 0.0 and beam >= 0.0:
        if beam == 0.0:
            raise InputError("-beamsize 0: with -flux the beam needs a size")
        return options.flux * options.exposure_s / beam / beam
    return options.fluence


def _beam_center(options: Options) -> Tensor:
    """The beam centre in the unit of its flags; that of the convention where none was typed."""
    size = geometry.detector_size(options)
    centers = geometry.beam_centers(options, size)
    if geometry.by_origin(options):
        typed = (options.orgx, options.orgy)
        chosen = tuple(float(close) / size.pixel + 0.5 for close in (centers.f_close, centers.s_close))
    else:
        typed = (options.xbeam_mm, options.ybeam_mm)
        chosen = tuple(float(beam) * 1000.0 for beam in (centers.x_beam, centers.y_beam))
    return _tensor(tuple(own if value is None else value for value, own in zip(typed, chosen, strict=True)))


def _misset(options: Options, inputs: Inputs) -> tuple[float, ...]:
    """Rotations of the crystal [degrees], random ones included."""
    if options.misset_random and inputs.random_misset is not None:
        return tuple(angle * RTD for angle in inputs.random_misset)
    return options.misset_deg or (0.0, 0.0, 0.0)


def _oscillation(options: Options) -> float:
    """Range of phi [degrees], by the rules of the set-up where it is not typed, or typed below 0 (section 2.6)."""
    if options.osc_deg is not None and not options.osc_deg < 0.0:
        return options.osc_deg
    if options.phi_step_deg is not None and options.phi_step_deg > 0.0:
        return options.phi_step_deg
    return 1.0 if options.phi_steps > 0 else 0.0


def starting(options: Options, quirks: Quirks, inputs: Inputs) -> Parameters:
    """The effective parameters of ``options``; the cell of a matrix and the unused distance follow from the set-up.

    Raises:
        InputError: a flux without a beam size.
    """
    distance = _tensor(options.distance_mm)
    return Parameters(
        cell=typed_cell(options) if inputs.matrix is None else None,  # otherwise of the matrix
        misset=_tensor(_misset(options, inputs)),
        mosaic_spread=_tensor(max(options.mosaic_deg or 0.0, 0.0)),
        n_cells=_tensor((float(options.n_a), float(options.n_b), float(options.n_c))),
        wavelength=_tensor(options.wavelength_a),
        fluence=_tensor(_fluence(options)),
        polarization=_tensor(options.kahn),
        distance=distance,
        close_distance=distance if options.close_distance_mm is None else _tensor(options.close_distance_mm),
        beam_center=_beam_center(options),
        detector_rotations=geometry.typed_rotations(options),
        twotheta=_tensor(options.twotheta_deg),
        phi=_tensor(options.phi_deg),
        oscillation=_tensor(_oscillation(options)),
        default_f=_tensor(options.default_f),
    )


def _beam_center_is_idle(options: Options, quirks: Quirks) -> bool:
    """Whether the detector's place does not depend on the parameter (quirk S8)."""
    if geometry.pivot(options, quirks) == "SAMPLE":
        return options.convention in ("ADXV", "MOSFLM", "DENZO")
    replaced = (options.xbeam_mm, options.xclose_mm), (options.ybeam_mm, options.yclose_mm)
    return geometry.by_origin(options) and all(any(value is not None for value in pair) for pair in replaced)


def _idle(options: Options, quirks: Quirks, inputs: Inputs, parameters: Parameters) -> Iterator[tuple[str, str]]:
    """Parameters without effect on the image of this set-up, and the reasons."""
    placed = options.pix0_vector_m is not None and not quirks.pix0_vector_discarded
    if placed:
        for name in ("distance", "close_distance", "beam_center"):
            yield name, "has no effect beside -pix0_vector"
    elif options.close_distance_mm is not None:
        yield "distance", "has no effect beside -close_distance; change close_distance"
    else:
        yield "close_distance", "the command gives the distance along the beam; change distance"
    if not placed and _beam_center_is_idle(options, quirks):
        yield "beam_center", f"does not move the detector here: {options.convention} with this pivot (S8)"
    if parameters.mosaic_spreads is None and inputs.domains.axes.shape[0] == 1:
        yield "mosaic_spread", "the crystal has one domain; give -mosaic and -mosaic_domains in the command"
    if options.nopolar and not (options.oversample_polar and quirks.nopolar_overridden):
        yield "polarization", "has no effect beside -nopolar"
    if plan.phi_steps(options).count == 1:
        yield "oscillation", "the run has one phi step; give -phisteps in the command"
    elif options.phi_step_deg is not None and options.phi_step_deg > 0.0:
        yield "oscillation", "-phistep sets the steps; give -osc and -phisteps in the command"
    own_waves = inputs.source_rows is not None and not bool(inputs.source_rows[:, 4].isnan().any())
    if (own_waves or parameters.source_wavelengths is not None) and inputs.matrix is None:
        yield "wavelength", "every source has a wavelength of its own"
    for other, replaced in REPLACES.items():
        if getattr(parameters, other) is not None:
            for name in replaced:
                yield name, f"has no effect beside {other}; change {other}"
    if parameters.structure_factors is None:
        yield "structure_factors", "this experiment has no table; it takes -default_F everywhere"


def with_derived(
    options: Options, quirks: Quirks, parameters: Parameters, inputs: Inputs, derived: Derived
) -> Parameters:
    """``parameters`` with the values that follow from the set-up, and the reasons why some of them have no effect."""
    matrix, cell, placed = inputs.matrix, parameters.cell, derived.placed
    if matrix is not None and cell is None and parameters.a_matrix is None:
        cell = cell_of_matrix(options, quirks.matrix_rescaled_by_cell, matrix, derived.wavelength)
    if options.close_distance_mm is None:
        made = replace(parameters, cell=cell, close_distance=placed.early_close_distance.detach() * 1000.0)
    else:
        made = replace(parameters, cell=cell, distance=placed.early_distance.detach() * 1000.0)
    return replace(made, idle=dict(_idle(options, quirks, inputs, made)))


# the limits of the command line; a parameter without a flag has those of its kind
_BOUNDS = {flag.gradient: flag.bounds for flag in FLAGS if flag.gradient}
_BOUNDS["n_cells"] = next(flag.bounds for flag in FLAGS if "n_a" in flag.sets)
_LIKE = {
    "source_wavelengths": "wavelength",
    "mosaic_spreads": "mosaic_spread",
    "n_matrix": "n_cells",
    "structure_factors": "default_f",
}
_ANY_NUMBER = Bounds(-math.inf, 1e60)
_POSITIVE = ("wavelength", "distance", "close_distance", "oscillation", "source_wavelengths")
_WAVES = ("wavelength", "source_wavelengths")
_NOT_NEGATIVE = ("mosaic_spread", "mosaic_spreads", "source_weights", "fluence")


def changed(experiment: ExperimentData, changes: Mapping[str, Value]) -> dict[str, Tensor]:
    """``changes`` by name, as float64 tensors on the CPU.

    Raises:
        InputError: an unknown parameter, a wrong shape, an impossible value, or a parameter without effect here.
    """
    made = {name: as_parameter(name, value, shape_of(experiment, name)) for name, value in changes.items()}
    check_values(experiment, made)
    return made


def shape_of(experiment: ExperimentData, name: str) -> tuple[int, ...]:
    """The shape of a parameter of ``experiment``; ANY where any length is valid.

    Raises:
        InputError: an unknown parameter, or one without effect here.
    """
    parameters = experiment.parameters
    if name not in ROWS:
        raise InputError(f"{name}: no such parameter; known: {', '.join(ROWS)}")
    if name in parameters.idle:
        raise InputError(f"{name}: {parameters.idle[name]}")
    table = parameters.structure_factors
    return tuple(table.shape) if name == "structure_factors" and table is not None else ROWS[name].shape


def check_values(experiment: ExperimentData, made: Mapping[str, Tensor]) -> None:
    """Refuse impossible values, of one experiment or, on a leading axis, of many.

    Raises:
        InputError: the message names the parameter and the value.
    """
    for name, values in made.items():
        if values.numel() == 0:
            raise InputError(f"{name}: has the shape {tuple(values.shape)}, no value at all")
        lowest, bounds = values.min().item(), _BOUNDS.get(_LIKE.get(name, name), _ANY_NUMBER)
        largest = values.abs().max().item()
        if largest > bounds.high:
            raise InputError(f"{name} {largest:g}: at most {bounds.high:g} on either side of 0")
        if name in _POSITIVE and not lowest > 0.0:
            raise InputError(f"{name} {lowest:g}: must be positive")
        if name in _WAVES and not lowest >= bounds.low:
            raise InputError(f"{name} {lowest:g}: must be at least {bounds.low:g} A")
        if name in _NOT_NEGATIVE and not lowest >= 0.0:
            raise InputError(f"{name} {lowest:g}: must not be negative")
    if "cell" in made:
        check_cell(made["cell"], "cell")
    options, quirks = experiment.options, experiment.quirks
    check_beyond_c(made, options, quirks, experiment.inputs.domains.axes.shape[0])
    if "n_cells" in made:
        _check_n_cells(made["n_cells"], options, quirks)


def _check_n_cells(counts: Tensor, options: Options, quirks: Quirks) -> None:
    if not bool((counts >= 1.0).all()):
        raise InputError("n_cells: a crystal has at least one cell along each axis")
    real = counts.requires_grad or bool((counts != counts.round()).any())
    if real and options.shape == "SQUARE" and quirks.grating_literal:
        raise InputError(
            "n_cells: C's quotient sin(pi N h)/sin(pi h) is meaningless between whole N; "
            "build the experiment with quirks={'grating_literal': False}"
        )
