"""What the kernels implement: the fields of an experiment that they follow, and their conditions on the others.

The kernels opt in. A field or quirk without an entry here sends every run through the full formula,
:func:`nbsim.pixel.terms.contributions`: a new flag costs speed until the kernels implement it, never a wrong image.
The C kernel follows every field that is listed, within ``C_LIMITS``; the tile kernel in torch has conditions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields

from nbsim.model import Beam, Crystal, Detector, ExperimentData, Sampling, StructureFactors
from nbsim.options.quirks import Quirks
from nbsim.pixel.terms import interpolates

Condition = Callable[[ExperimentData], bool]

PARTS = {
    "detector": Detector,
    "beam": Beam,
    "crystal": Crystal,
    "sampling": Sampling,
    "structure_factors": StructureFactors,
    "quirks": Quirks,
}

# any value: both kernels read it, or it has no effect under the conditions below
FOLLOWED: Mapping[str, str] = {
    "detector": "fast slow normal pix0 pixel_size distance close_distance n_fast n_slow roi mask point_pixel thickness "
    "layer_thickness n_layers attenuation convention pivot centers",
    "beam": "direction polarization_axis polarization nopolar wavelength fluence source_positions source_directions "
    "source_wavelengths source_weights",
    "crystal": "a b c a_star b_star c_star spindle n_cells fudge mosaic_spread mosaic_matrices mosaic_turns_with_phi "
    "n_matrix",
    "sampling": "phi_start phi_step phi_sine phi_cosine n_phi oscillation oversample water",
    "structure_factors": "grid h_min k_min l_min default_f source n_reflections holes",
    "quirks": "phi_carryover curved_transposed point_pixel_without_area thick_flag_zeroes culled_polar_zero "
    "nopolar_overridden grating_literal dimensional_shape_width sphere_literal zero_term_skip interpolation_switch_off "
    "running_sum_weights background_weighted "
    # quirks of the set-up are already applied
    "last_thickness_flag_crashes last_curved_det_ignored twotheta_axis_sets_angle pix0_vector_discarded "
    "convention_forces_pivot normal_rederived twotheta_axis_as_typed "
    "ratio_without_twotheta mosaic_first_identity mosaic_single_precision interpolate_before_sizes "
    "matrix_rescaled_by_cell cell_sine_of_gamma_star source_file_literal comments_as_data "
    "hkl_integer_rows "
    # decides which form of the kernels runs
    "naive_float32",
}

CONDITIONS: dict[str, Condition] = {
    "crystal.shape": lambda e: e.crystal.shape == "SQUARE",
    "detector.curved": lambda e: not e.detector.curved,
    "sampling.dmin": lambda e: e.sampling.dmin == 0.0,
    "sampling.interpolate": lambda e: not interpolates(e),
    "sampling.oversample_thick": lambda e: not e.sampling.oversample_thick,
    "sampling.oversample_polar": lambda e: not e.sampling.oversample_polar,
    "sampling.oversample_omega": lambda e: not e.sampling.oversample_omega,
    "quirks.background_twice": lambda e: e.quirks.background_twice or e.sampling.water == 0.0,
    "quirks.cached_corrections": lambda e: e.quirks.cached_corrections,
    "quirks.last_layer_capture": lambda e: e.quirks.last_layer_capture,
    "quirks.source_weights_ignored": lambda e: e.quirks.source_weights_ignored,
}


_LARGEST = 2**31 - 1  # of the C kernel's integers


def _cells_of_table(experiment: ExperimentData) -> int:
    grid = experiment.structure_factors.grid
    return 0 if grid is None else math.prod(n + 2 for n in grid.shape)


C_LIMITS: dict[str, Condition] = {
    "device": lambda e: e.device.type == "cpu",
    "size of the table": lambda e: _cells_of_table(e) <= _LARGEST,
    "subpixels along an edge": lambda e: max(e.detector.n_fast, e.detector.n_slow) * e.sampling.oversample <= _LARGEST,
}


def unlisted() -> set[str]:
    """Fields without an entry in either table, as ``part.field``."""
    known = {f"{part}.{name}" for part, names in FOLLOWED.items() for name in names.split()} | CONDITIONS.keys()
    return {f"{part}.{field.name}" for part, kind in PARTS.items() for field in fields(kind)} - known


_COMPLETE = not unlisted()


def fits_kernel(experiment: ExperimentData) -> bool:
    """Whether the tile kernel is valid for every pixel that it does not report as doubtful."""
    return _COMPLETE and all(holds(experiment) for holds in CONDITIONS.values())


def fits_in_turn(experiment: ExperimentData) -> bool:
    """Whether :mod:`nbsim.image.in_turn` is valid for every pixel that it does not report as doubtful."""
    return _COMPLETE and experiment.device.type == "cpu"


def fits_c_kernel(experiment: ExperimentData) -> bool:
    """Whether the C kernel is valid for every pixel that it does not report as doubtful."""
    return _COMPLETE and all(holds(experiment) for holds in C_LIMITS.values())
