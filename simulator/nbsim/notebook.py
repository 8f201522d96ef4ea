"""An experiment in one line, and as HTML with its image for notebooks."""

from __future__ import annotations

import html

from torch import Tensor

from nbsim.image.picture import picture
from nbsim.image.render import render
from nbsim.model import ExperimentData

_MOST_TERMS = 20_000_000  # of an image that is made for a look: about a second


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
