"""An experiment in one line, and as HTML with its image for notebooks."""

from __future__ import annotations

import base64
import html
import struct
import zlib

import torch
from torch import Tensor

from nbsim.image.render import render
from nbsim.model import ExperimentData

_MOST_TERMS = 20_000_000  # of an image that is made for a look: about a second
_DECADES = 4.0
_FAINTEST = 32.0  # grey level of the smallest shown value
_WIDTH = 320  # of the picture [CSS pixels]


def _numbers(values: Tensor | None) -> str:
    return "" if values is None else " ".join(f"{value:.6g}" for value in values.detach().flatten().tolist())


def facts(experiment: ExperimentData) -> dict[str, str]:
    """The experiment in a few words each, by subject."""
    detector, values = experiment.detector, experiment.parameters
    pixel = 1000.0 * float(detector.pixel_size)
    distance = 1000.0 * float(detector.distance.detach())
    cell = values.cell if values.a_matrix is None else None
    steps = (
        f"{experiment.beam.source_directions.shape[0]} sources, {experiment.sampling.n_phi} phi steps, "
        f"{experiment.crystal.mosaic_matrices.shape[0]} domains, {detector.n_layers} layers, "
        f"{experiment.sampling.oversample}² subpixels"
    )
    return {
        "detector": f"{detector.n_slow} x {detector.n_fast} pixels of {pixel:g} mm at {distance:g} mm",
        "beam": f"{float(values.wavelength.detach()):g} Å",
        "crystal": f"cell {_numbers(cell)}" if cell is not None else "A matrix",
        "cells": _numbers(experiment.crystal.n_cells),
        "steps": steps,
        "numbers": f"{str(experiment.dtype).removeprefix('torch.')}, {experiment.device}",
    }


def text(experiment: ExperimentData) -> str:
    """One line: detector, beam, crystal, precision."""
    known = facts(experiment)
    return (
        f"Experiment({known['detector']}, {known['beam']}, {known['crystal']}, N {known['cells']}; {known['numbers']})"
    )


def _grey(photons: Tensor) -> Tensor:
    """Levels (n_slow, n_fast), uint8: a log scale of four decades below the brightest pixel, brighter is darker."""
    exact = photons.detach().double().cpu().nan_to_num(0.0, 0.0, 0.0)
    top = float(exact.max()) or 1.0
    depth = (1.0 + torch.log10((exact / top).clamp(min=1e-300)) / _DECADES).clamp(0.0, 1.0)
    level = torch.where(exact > 0.0, _FAINTEST + (255.0 - _FAINTEST) * depth, torch.zeros_like(depth))
    return (255.0 - level).round().to(torch.uint8)


def _png(grey: Tensor) -> bytes:
    """A grey picture (n_slow, n_fast), uint8, as a PNG file."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = grey.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = torch.cat((torch.zeros((height, 1), dtype=torch.uint8), grey), dim=1)  # filter type 0 before every row
    body = zlib.compress(rows.contiguous().numpy().tobytes())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def picture(photons: Tensor) -> str:
    """An image element with the photons (n_slow, n_fast) on a log scale of four decades, dark on white."""
    data = base64.b64encode(_png(_grey(photons))).decode("ascii")
    return f'<img width="{_WIDTH}" style="image-rendering: pixelated" src="data:image/png;base64,{data}">'


def page(experiment: ExperimentData) -> str:
    """Facts and image as HTML; an image of very many terms is left to :meth:`nbsim.Experiment.image`."""
    rows = "".join(
        f"<tr><th>{name}</th><td>{html.escape(value)}</td></tr>" for name, value in facts(experiment).items()
    )
    n_terms = experiment.detector.n_slow * experiment.detector.n_fast * experiment.n_passes
    if n_terms > _MOST_TERMS:
        shown = f"<p>image() computes the image of {n_terms:.1e} terms</p>"
    else:
        shown = picture(render(experiment, compile_kernel=False).photons)
    return f"<table>{rows}</table>{shown}"
