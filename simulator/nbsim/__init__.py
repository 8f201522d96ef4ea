"""nbsim: nanoBragg's diffraction model in PyTorch.

    from nbsim import Experiment

    experiment = Experiment.from_command("-hkl a.hkl -cell 30 40 50 90 90 90 -N 5 -distance 100 -lambda 1")
    photons = experiment.image().photons

``__all__`` is the whole public interface; modules below this one may change. Names are imported on first use, so that
``import nbsim`` does not wait for torch. See docs/api.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbsim.api import Experiment, from_command
    from nbsim.constants import AVOGADRO, DEFAULT_FLUENCE, DEFAULT_MOSAIC_SEED, R_E_SQR, WATER_F, WATER_MASS
    from nbsim.errors import (
        INSTALL_TORCH,
        NEEDS_TORCH,
        InputError,
        Interrupted,
        NbsimError,
        OutputError,
        absent_package,
    )
    from nbsim.factors.table import load_structure_factors
    from nbsim.image.compiled import kernel_is_built
    from nbsim.image.render import Image, render
    from nbsim.memory import available_bytes
    from nbsim.model import StructureFactors, TraceLine
    from nbsim.module import ExperimentModule
    from nbsim.options.compat import in_any_place
    from nbsim.options.flag import Flag, number
    from nbsim.options.options import NOT_GIVEN, Options
    from nbsim.options.own import OWN
    from nbsim.options.parse import parse, split_command, walk
    from nbsim.options.programs import PROGRAMS, CProgram, derived, program_named, switches_of
    from nbsim.options.quirks import Quirks
    from nbsim.options.table import FLAGS, SECTIONS, flag_named
    from nbsim.output.printout import printout_block
    from nbsim.parameter_vector import ParameterVector
    from nbsim.parameters import Parameters
    from nbsim.pixel.details import term_details
    from nbsim.pixel.nominal import nominal_scattering, pixel_centers, starting_cell
    from nbsim.pixel.pixel import PixelResult, image_values, simulate_pixel
    from nbsim.pixel.run_state import RunState, run_state
    from nbsim.pixel.trace import format_line, terms_rows, trace_lines
    from nbsim.pixel.trace_table import F_CELL_ORIGINS, MADE_BY, SETUP_LINES_MADE_BY, TERM_AXES, TERM_COLUMNS
    from nbsim.pixel.visited import thread_rows
    from nbsim.refinement.background import background_plane
    from nbsim.refinement.cell_constraints import CellConstraint
    from nbsim.refinement.orientation import (
        a_matrix,
        cell_of,
        misset_angles,
        misset_rotation,
        rotation_of,
    )
    from nbsim.refinement.panels import Panel, PanelBatch, Panels
    from nbsim.refinement.reflections import AsymmetricUnit, reflections_at, with_reflections
    from nbsim.refinement.uncertainty import covariance, fisher_information
    from nbsim.rotations import rotation_matrix
    from nbsim.setup.frames import CrystalFrame, DetectorFrame, crystal_frame, detector_frame, mosaic_rotations
    from nbsim.setup.plan import dispersion_steps, hdiv_steps, mosaic_domains, phi_steps, sensor_layers, vdiv_steps
    from nbsim.shots import Batch

__all__ = [
    "AVOGADRO",
    "DEFAULT_FLUENCE",
    "DEFAULT_MOSAIC_SEED",
    "FLAGS",
    "F_CELL_ORIGINS",
    "INSTALL_TORCH",
    "MADE_BY",
    "NEEDS_TORCH",
    "NOT_GIVEN",
    "OWN",
    "PROGRAMS",
    "R_E_SQR",
    "SECTIONS",
    "SETUP_LINES_MADE_BY",
    "TERM_AXES",
    "TERM_COLUMNS",
    "WATER_F",
    "WATER_MASS",
    "AsymmetricUnit",
    "Batch",
    "CProgram",
    "CellConstraint",
    "CrystalFrame",
    "DetectorFrame",
    "Experiment",
    "ExperimentModule",
    "Flag",
    "Image",
    "InputError",
    "Interrupted",
    "NbsimError",
    "Options",
    "OutputError",
    "Panel",
    "PanelBatch",
    "Panels",
    "ParameterVector",
    "Parameters",
    "PixelResult",
    "Quirks",
    "RunState",
    "StructureFactors",
    "TraceLine",
    "a_matrix",
    "absent_package",
    "available_bytes",
    "background_plane",
    "cell_of",
    "covariance",
    "crystal_frame",
    "derived",
    "detector_frame",
    "dispersion_steps",
    "fisher_information",
    "flag_named",
    "format_line",
    "from_command",
    "hdiv_steps",
    "image_values",
    "in_any_place",
    "kernel_is_built",
    "load_structure_factors",
    "misset_angles",
    "misset_rotation",
    "mosaic_domains",
    "mosaic_rotations",
    "nominal_scattering",
    "number",
    "parse",
    "phi_steps",
    "pixel_centers",
    "printout_block",
    "program_named",
    "reflections_at",
    "render",
    "rotation_matrix",
    "rotation_of",
    "run_state",
    "sensor_layers",
    "simulate_pixel",
    "split_command",
    "starting_cell",
    "switches_of",
    "term_details",
    "terms_rows",
    "thread_rows",
    "trace_lines",
    "vdiv_steps",
    "walk",
    "with_reflections",
]

_NAMES = {
    "api": "Experiment from_command",
    "constants": "AVOGADRO DEFAULT_FLUENCE DEFAULT_MOSAIC_SEED R_E_SQR WATER_F WATER_MASS",
    "errors": "INSTALL_TORCH NEEDS_TORCH InputError Interrupted NbsimError OutputError absent_package",
    "factors.table": "load_structure_factors",
    "image.compiled": "kernel_is_built",
    "image.render": "Image render",
    "memory": "available_bytes",
    "model": "StructureFactors TraceLine",
    "options.compat": "in_any_place",
    "options.flag": "Flag number",
    "options.options": "NOT_GIVEN Options",
    "options.own": "OWN",
    "options.parse": "parse split_command walk",
    "options.programs": "PROGRAMS CProgram derived program_named switches_of",
    "options.quirks": "Quirks",
    "options.table": "FLAGS SECTIONS flag_named",
    "module": "ExperimentModule",
    "output.printout": "printout_block",
    "parameter_vector": "ParameterVector",
    "parameters": "Parameters",
    "pixel.details": "term_details",
    "pixel.nominal": "nominal_scattering pixel_centers starting_cell",
    "pixel.pixel": "PixelResult image_values simulate_pixel",
    "pixel.run_state": "RunState run_state",
    "pixel.trace": "format_line terms_rows trace_lines",
    "pixel.trace_table": "F_CELL_ORIGINS MADE_BY SETUP_LINES_MADE_BY TERM_AXES TERM_COLUMNS",
    "pixel.visited": "thread_rows",
    "refinement.background": "background_plane",
    "refinement.cell_constraints": "CellConstraint",
    "refinement.orientation": "a_matrix cell_of misset_angles misset_rotation rotation_of",
    "refinement.panels": "Panel PanelBatch Panels",
    "refinement.reflections": "AsymmetricUnit reflections_at with_reflections",
    "refinement.uncertainty": "covariance fisher_information",
    "rotations": "rotation_matrix",
    "setup.frames": "CrystalFrame DetectorFrame crystal_frame detector_frame mosaic_rotations",
    "shots": "Batch",
    "setup.plan": "dispersion_steps hdiv_steps mosaic_domains phi_steps sensor_layers vdiv_steps",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'nbsim' has no attribute '{name}'")
    value: object = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value  # later look-ups bypass this function
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
