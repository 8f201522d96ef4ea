"""nbsim: nanoBragg's diffraction model in PyTorch.

    from nbsim import Experiment

    experiment = Experiment.from_command("-hkl a.hkl -cell 30 40 50 90 90 90 -N 5 -distance 100 -lambda 1")
    photons = experiment.image().photons

Names are imported on first use, so that ``import nbsim`` does not wait for torch. See docs/api.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbsim.errors import InputError, Interrupted, NbsimError, OutputError
    from nbsim.image.render import Image, render
    from nbsim.model import Experiment
    from nbsim.options.quirks import Quirks
    from nbsim.pixel.pixel import PixelResult, image_values, simulate_pixel
    from nbsim.pixel.trace import format_line, trace_lines
    from nbsim.setup.build import from_command
    from nbsim.setup.parameters import Parameters

__all__ = [
    "Experiment",
    "Image",
    "InputError",
    "Interrupted",
    "NbsimError",
    "OutputError",
    "Parameters",
    "PixelResult",
    "Quirks",
    "format_line",
    "from_command",
    "image_values",
    "render",
    "simulate_pixel",
    "trace_lines",
]

_HOMES = {
    "Experiment": "model",
    "Image": "image.render",
    "InputError": "errors",
    "Interrupted": "errors",
    "NbsimError": "errors",
    "OutputError": "errors",
    "Parameters": "setup.parameters",
    "PixelResult": "pixel.pixel",
    "Quirks": "options.quirks",
    "format_line": "pixel.trace",
    "from_command": "setup.build",
    "image_values": "pixel.pixel",
    "render": "image.render",
    "simulate_pixel": "pixel.pixel",
    "trace_lines": "pixel.trace",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'nbsim' has no attribute '{name}'")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
