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
    from nbsim.constants import (
        AVOGADRO,
        DEFAULT_FLUENCE,
        DEFAULT_MOSAIC_SEED,
        R_E_SQR,
        WATER_F,
        WATER_MASS,
    )
    from nbsim.errors import InputError, Interrupted, NbsimError, OutputError
    from nbsim.image.render import Image, render
    from nbsim.model import Parameters, TraceLine
    from nbsim.options.flag import Flag, number
    from nbsim.options.options import NOT_GIVEN, Options
    from nbsim.options.own import OWN
    from nbsim.options.parse import parse, split_command, walk
    from nbsim.options.quirks import Quirks
    from nbsim.options.table import FLAGS, flag_named
    from nbsim.pixel.details import term_details
    from nbsim.pixel.pixel import PixelResult, image_values, simulate_pixel
    from nbsim.pixel.trace import format_line, terms_rows, trace_lines
    from nbsim.pixel.trace_table import F_CELL_ORIGINS, MADE_BY, SETUP_LINES_MADE_BY, TERM_AXES, TERM_COLUMNS

__all__ = [
    "AVOGADRO",
    "DEFAULT_FLUENCE",
    "DEFAULT_MOSAIC_SEED",
    "FLAGS",
    "F_CELL_ORIGINS",
    "MADE_BY",
    "NOT_GIVEN",
    "OWN",
    "R_E_SQR",
    "SETUP_LINES_MADE_BY",
    "TERM_AXES",
    "TERM_COLUMNS",
    "WATER_F",
    "WATER_MASS",
    "Experiment",
    "Flag",
    "Image",
    "InputError",
    "Interrupted",
    "NbsimError",
    "Options",
    "OutputError",
    "Parameters",
    "PixelResult",
    "Quirks",
    "TraceLine",
    "flag_named",
    "format_line",
    "from_command",
    "image_values",
    "number",
    "parse",
    "render",
    "simulate_pixel",
    "split_command",
    "term_details",
    "terms_rows",
    "trace_lines",
    "walk",
]

_NAMES = {
    "api": "Experiment from_command",
    "constants": "AVOGADRO DEFAULT_FLUENCE DEFAULT_MOSAIC_SEED R_E_SQR WATER_F WATER_MASS",
    "errors": "InputError Interrupted NbsimError OutputError",
    "image.render": "Image render",
    "model": "Parameters TraceLine",
    "options.flag": "Flag number",
    "options.options": "NOT_GIVEN Options",
    "options.own": "OWN",
    "options.parse": "parse split_command walk",
    "options.quirks": "Quirks",
    "options.table": "FLAGS flag_named",
    "pixel.details": "term_details",
    "pixel.pixel": "PixelResult image_values simulate_pixel",
    "pixel.trace": "format_line terms_rows trace_lines",
    "pixel.trace_table": "F_CELL_ORIGINS MADE_BY SETUP_LINES_MADE_BY TERM_AXES TERM_COLUMNS",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'nbsim' has no attribute '{name}'")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
