"""The set-up: a differentiable function from parameters and inputs to an experiment.

float64 on the CPU. Source: nanobragg_setup.md sections 2 to 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from nbsim.constants import RTD
from nbsim.errors import InputError
from nbsim.model import Beam, Crystal, Detector, ExperimentData, Inputs, Sampling, StructureFactors
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.parameters import Parameters
from nbsim.setup import crystal as crystals
from nbsim.setup import geometry, mosaic, plan, sources
from nbsim.setup.checks import check_pixel_memory
from nbsim.setup.frames import DetectorFrame, detector_frame
from nbsim.setup.setup_lines import setup_lines
from nbsim.vectors import cos, sin, unit


@dataclass(frozen=True)
class Derived:
    """Quantities that are differentiable in the parameters."""

    frame: DetectorFrame
    placed: geometry.Placement
    wavelength: Tensor  # [m], scalar
    lattice: crystals.Lattice


def set_up(options: Options, quirks: Quirks, parameters: Parameters, inputs: Inputs) -> Derived:
    """Detector, wavelength and lattice, differentiable in every parameter, whose values it does not look at.

    Raises:
        InputError: neither cell nor matrix.
    """
    frame = detector_frame(options, quirks, parameters)
    wavelength, misset = parameters.wavelength / 1e10, _misset(options, parameters, inputs)
    return Derived(
        frame=frame,
        placed=geometry.place_detector(options, quirks, frame.axes, frame.centers, parameters),
        wavelength=wavelength,
        lattice=crystals.lattice(options, quirks, parameters, inputs.matrix, wavelength, misset),
    )


def _misset(options: Options, parameters: Parameters, inputs: Inputs) -> tuple[Tensor, ...]:
    """Rotations of the crystal about lab x, y, z [rad]; random ones keep C's bits, and take the derivative."""
    if parameters.misset is None:
        return ()
    angles = parameters.misset / RTD
    if options.misset_random and inputs.random_misset is not None:
        angles = torch.tensor(inputs.random_misset, dtype=torch.float64) + (angles - angles.detach())
    return angles.unbind()


def _of_detector(placed: geometry.Placement) -> dict[str, Any]:
    """Fields of Detector that follow from the parameters."""
    names = ("fast", "slow", "normal", "pix0", "distance", "close_distance")
    return {name: getattr(placed, name) for name in names}


def _detector(options: Options, derived: Derived, mask: Tensor | None) -> Detector:
    layers = plan.sensor_layers(options)
    size, placed, centers = derived.frame.size, derived.placed, derived.frame.centers
    f_close, s_close = placed.f_close.item(), placed.s_close.item()
    limits = (0, size.n_fast, 0, size.n_slow)
    roi = (
        limits
        if options.roi is None
        else tuple(limit if typed < 0 else typed for typed, limit in zip(options.roi, limits, strict=True))
    )
    return Detector(
        **_of_detector(placed),
        pixel_size=geometry.scalar(size.pixel),
        n_fast=size.n_fast,
        n_slow=size.n_slow,
        roi=(roi[0], roi[1], roi[2], roi[3]),
        mask=mask,
        curved=options.curved,
        point_pixel=options.point_pixel,
        thickness=geometry.scalar(layers.thickness),
        layer_thickness=geometry.scalar(layers.layer),
        n_layers=layers.count,
        attenuation=geometry.scalar(layers.mu),
        convention=options.convention,
        pivot=derived.frame.pivot,
        centers={
            "Fbeam": placed.f_beam.item(),
            "Sbeam": placed.s_beam.item(),
            "Fclose": f_close,
            "Sclose": s_close,
            "Xbeam": centers.x_beam.item(),
            "Ybeam": centers.y_beam.item(),
            "Xclose": centers.x_close.item(),
            "Yclose": centers.y_close.item(),
            "ORGX": f_close / size.pixel + 0.5,
            "ORGY": s_close / size.pixel + 0.5,
        },
    )


def _of_beam(options: Options, derived: Derived, parameters: Parameters, inputs: Inputs) -> dict[str, Any]:
    """Fields of Beam that follow from the parameters."""
    axes = derived.frame.axes
    if inputs.source_rows is not None:
        listed = sources.listed_sources(inputs.source_rows, axes.beam, derived.wavelength)
    else:
        listed = sources.generate_sources(
            axes.beam,
            axes.polarization,
            derived.wavelength,
            plan.hdiv_steps(options),
            plan.vdiv_steps(options),
            plan.dispersion_steps(options),
            round_shape=options.round_div,
        )
    listed = sources.with_spectrum(listed, parameters)
    return {
        "polarization": parameters.polarization,
        "wavelength": derived.wavelength,
        "fluence": parameters.fluence,
        "source_positions": listed.positions,
        "source_directions": unit(listed.positions),
        "source_wavelengths": listed.wavelengths,
        "source_weights": listed.weights,
    }


def _beam(options: Options, derived: Derived, parameters: Parameters, inputs: Inputs) -> Beam:
    axes = derived.frame.axes
    return Beam(
        direction=axes.beam,
        polarization_axis=axes.polarization,
        nopolar=options.nopolar,
        **_of_beam(options, derived, parameters, inputs),
    )


def _of_crystal(quirks: Quirks, derived: Derived, parameters: Parameters, inputs: Inputs) -> dict[str, Any]:
    """Fields of Crystal that follow from the parameters."""
    made = derived.lattice
    if parameters.mosaic_spreads is None:
        domains = mosaic.domain_rotations(
            inputs.domains,
            parameters.mosaic_spread / RTD,
            first_identity=quirks.mosaic_first_identity,
            single=quirks.mosaic_single_precision,
        )
    else:
        domains = mosaic.anisotropic_rotations(
            inputs.domains,
            parameters.mosaic_spreads / RTD,
            crystals.cartesian_frame(made.a, made.c_star),
            first_identity=quirks.mosaic_first_identity,
        )
    return {
        "a": made.a * 1e-10,
        "b": made.b * 1e-10,
        "c": made.c * 1e-10,
        "a_star": made.a_star,
        "b_star": made.b_star,
        "c_star": made.c_star,
        "n_cells": parameters.n_cells,
        "mosaic_matrices": domains,
        "n_matrix": parameters.n_matrix,
    }


def _crystal(options: Options, quirks: Quirks, derived: Derived, parameters: Parameters, inputs: Inputs) -> Crystal:
    spreads = parameters.mosaic_spreads
    spread = parameters.mosaic_spread if spreads is None else spreads.max()
    return Crystal(
        spindle=derived.frame.axes.spindle,
        shape=options.shape,
        fudge=options.fudge,
        mosaic_spread=(spread / RTD).item(),
        mosaic_turns_with_phi=spreads is not None,
        **_of_crystal(quirks, derived, parameters, inputs),
    )


def _of_sampling(options: Options, parameters: Parameters) -> dict[str, Any]:
    """Fields of Sampling that follow from the parameters."""
    phi = plan.phi_steps(options, parameters.oscillation)
    angles = parameters.phi / RTD + phi.step * torch.arange(phi.count, dtype=torch.float64)
    return {"phi_sine": sin(angles), "phi_cosine": cos(angles)}


def _sampling(options: Options, parameters: Parameters, oversample: int, interpolate: bool) -> Sampling:
    phi = plan.phi_steps(options, parameters.oscillation)
    if phi.count < 1:
        raise InputError("-osc 0 with -phistep gives no phi step at all (S13); leave one of them out")
    check_pixel_memory(phi.count)
    return Sampling(
        phi_start=(parameters.phi / RTD).item(),
        phi_step=plan.number(phi.step),
        **_of_sampling(options, parameters),
        n_phi=phi.count,
        oscillation=plan.number(phi.range),
        oversample=oversample,
        oversample_thick=options.oversample_thick,
        oversample_polar=options.oversample_polar,
        oversample_omega=options.oversample_omega,
        dmin=options.dmin_a * 1e-10,
        interpolate=interpolate,
        water=options.water_um / 1e6,
    )


def assemble(
    options: Options,
    quirks: Quirks,
    parameters: Parameters,
    inputs: Inputs,
    derived: Derived,
    table: StructureFactors,
    oversample: int,
    interpolate: bool,
) -> ExperimentData:
    """The experiment, without notices and file names.

    Raises:
        InputError: no sources, or no phi steps.
    """
    frame = derived.frame
    return ExperimentData(
        options=options,
        quirks=quirks,
        parameters=parameters,
        inputs=inputs,
        detector=_detector(options, derived, inputs.mask),
        beam=_beam(options, derived, parameters, inputs),
        crystal=_crystal(options, quirks, derived, parameters, inputs),
        sampling=_sampling(options, parameters, oversample, interpolate),
        structure_factors=table,
        setup_lines=setup_lines(
            options.convention, frame.pivot, frame.axes, frame.angles, frame.size, frame.centers, derived.placed
        ),
        notices=(),
        input_files=(),
    )


def reassembled(
    template: ExperimentData, parameters: Parameters, inputs: Inputs, derived: Derived, table: StructureFactors
) -> ExperimentData:
    """``template`` with every tensor of other parameters, and its own numbers, counts and lines.

    It looks at no value, so that torch.func.vmap runs over it.
    """
    options, quirks = template.options, template.quirks
    return replace(
        template,
        parameters=parameters,
        inputs=inputs,
        detector=replace(template.detector, **_of_detector(derived.placed)),
        beam=replace(template.beam, **_of_beam(options, derived, parameters, inputs)),
        crystal=replace(template.crystal, **_of_crystal(quirks, derived, parameters, inputs)),
        sampling=replace(template.sampling, **_of_sampling(options, parameters)),
        structure_factors=table,
        as_set_up=(),
    )
