"""Warnings on a command line, as sentences. Source: the S-numbers of nanobragg_setup.md."""

from __future__ import annotations

import torch

from nbsim.factors.reflections import same_cell
from nbsim.model import Inputs
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.parameters import Parameters
from nbsim.setup import geometry, plan
from nbsim.setup.assemble import Derived
from nbsim.setup.crystal import cell_notices, typed_cell
from nbsim.vectors import unit

_SAME_DIRECTION = 1e-6


def _geometry_notices(options: Options, quirks: Quirks, pivot: str, frame: geometry.Axes) -> list[str]:
    """Typed geometry that the C program ignores or uses differently."""
    notices: list[str] = []
    convention = options.convention
    if options.twotheta_axis is not None and options.twotheta_axis[0] == options.twotheta_deg != 0.0:
        notices.append(f"-twotheta_axis also set the two-theta angle, to {options.twotheta_deg:g} degrees (S1)")
    if convention == "CUSTOM" and options.normal_vector is not None:
        typed = unit(torch.tensor(options.normal_vector, dtype=torch.float64))
        if (typed - frame.normal).abs().max().item() > _SAME_DIRECTION:
            notices.append("-odet_vector is not used: the normal is fast x slow (S10)")
    if options.pivot_typed and pivot != options.pivot:
        notices.append(f"-pivot {options.pivot.lower()} has no effect with the {convention} convention (S5)")
    if options.pix0_vector_m is not None and quirks.pix0_vector_discarded:
        notices.append("-pix0_vector only switches to the CUSTOM convention, its values are not used (S4)")
    if convention in ("XDS", "DIALS"):
        given = (options.xbeam_mm, options.ybeam_mm, options.xclose_mm, options.yclose_mm)
        if any(value is not None for value in given):
            notices.append(f"{convention}: -Xbeam, -Ybeam, -Xclose, -Yclose do not move the detector; use -ORGX -ORGY")
    elif convention != "CUSTOM":
        given = (options.orgx, options.orgy, options.xclose_mm, options.yclose_mm)
        if any(value is not None for value in given):
            notices.append(f"{convention}: -ORGX, -ORGY, -Xclose, -Yclose do not move the detector; use -Xbeam -Ybeam")
    return notices


def _header_notices(options: Options) -> list[str]:
    """Header values that C ignores, or prefers to the command line."""
    notices: list[str] = []
    name = options.img_file or options.mask_file
    if options.header_twotheta_deg and options.twotheta_deg == 0.0:
        notices.append(
            f"{name}: TWOTHETA={options.header_twotheta_deg:g} of the header is not used (S27); give -twotheta"
        )
    typed = any(word.startswith("-") and "-distance" in word for word in options.argv)
    if typed and options.header_close_mm is not None and options.header_close_mm == options.close_distance_mm:
        close = options.header_close_mm
        notices.append(f"{name}: CLOSE_DISTANCE={close:g} of the header beats -distance (S27); give -close_distance")
    return notices


def _last_word_notices(options: Options) -> list[str]:
    """A last word that not every C program uses."""
    if options.curved and options.argv and options.argv[-1].startswith("-curved_det"):
        return ["-curved_det is the last word: the stock C program ignores it there (--c-program stock)"]
    return []


def _sensor_notices(options: Options) -> list[str]:
    layers = plan.sensor_layers(options)
    if layers.thickness > 0.0 and options.mu_per_m is None:
        return [f"-detector_thick without -detector_abs: attenuation depth set to {layers.thickness:g} m"]
    if layers.thickness > 0.0 and layers.mu == 0.0:
        return ["the sensor absorbs nothing: the image is zero (give -detector_thick before -detector_abs inf)"]
    return []


def _source_notices(options: Options, quirks: Quirks, inputs: Inputs) -> list[str]:
    if inputs.source_rows is None or not quirks.source_weights_ignored:
        return []
    weights = torch.nan_to_num(inputs.source_rows[:, 3], nan=1.0)
    if not bool((weights != weights[0]).any()):
        return []
    return [f"{options.source_file}: the weights of the sources are not used (S21)"]


def misset_seed(options: Options) -> int:
    """The seed of ``-misset random``."""
    if options.misset_seed is not None:
        return options.misset_seed
    return 1 if options.noise_seed is None else options.noise_seed


def _crystal_notices(options: Options, parameters: Parameters, inputs: Inputs) -> list[str]:
    """A random orientation that C would draw differently; the cell of the MTZ or CIF file."""
    notices: list[str] = []
    if options.misset_random and options.misset_seed is None:
        seed = misset_seed(options)
        notices.append(f"-misset random without -misset_seed: seed {seed} used here; C takes the clock (S3)")
    if inputs.file_cell is None or parameters.cell is None:
        return notices
    ours, theirs = (" ".join(f"{x:.6g}" for x in values) for values in (parameters.cell.tolist(), inputs.file_cell))
    if inputs.simulates_file_cell and options.cell == inputs.file_cell:
        notices.append(f"no -cell and no -mat: the cell of {inputs.hkl_path}, {theirs}, is simulated")
    elif not same_cell(inputs.file_cell, parameters.cell.tolist()):
        notices.append(f"{inputs.hkl_path}: its cell {theirs} is not the one simulated, {ours}")
    return notices


@torch.no_grad()
def setup_notices(
    options: Options, quirks: Quirks, parameters: Parameters, inputs: Inputs, derived: Derived
) -> list[str]:
    """All warnings: input that is ignored, or used differently than expected."""
    return [
        *_geometry_notices(options, quirks, derived.frame.pivot, derived.frame.axes),
        *_crystal_notices(options, parameters, inputs),
        *cell_notices(typed_cell(options), derived.lattice),
        *_header_notices(options),
        *_last_word_notices(options),
        *_sensor_notices(options),
        *_source_notices(options, quirks, inputs),
    ]
