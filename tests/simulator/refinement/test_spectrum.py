"""Wavelengths, directions and weights of the sources as tensors, against the C program and single wavelengths."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from nbsim import Experiment, InputError, image_values

BASE = (
    "-default_F 100 -cell 40 50 60 90 90 90 -misset 10 20 30 -Na 4 -Nb 5 -Nc 6 -lambda 1.0 -distance 60 -detpixels 8 "
    "-pixel 5 -oversample 1 -phi 1 -osc 1 -phisteps 3"
)
DIRECTIONS = torch.tensor([[-10, 0.1, 0], [-10, 0, 0.05], [-10, 0.05, 0.02]], dtype=torch.float64)
WAVELENGTHS = torch.tensor([1.0, 1.01, 1.03], dtype=torch.float64)
WEIGHTED = {"source_weights_ignored": False}
PIXELS = torch.tensor([[1, 4], [3, 2], [5, 5]])


def test_a_spectrum_is_the_sourcefile_of_c(c_images: dict[str, Any]) -> None:
    run = Experiment.from_command(BASE).with_parameters(
        source_directions=DIRECTIONS, source_wavelengths=WAVELENGTHS, distance=60.0
    )
    torch.testing.assert_close(run.photons().float(), c_images["spectrum"].photons, rtol=1e-5, atol=0)


def test_a_weighted_spectrum_is_the_weighted_sum_of_its_wavelengths() -> None:
    weights = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)
    run = Experiment.from_command(BASE, quirks=WEIGHTED)
    spectrum = run.with_parameters(source_wavelengths=WAVELENGTHS, source_weights=weights)
    single = [run.with_parameters(wavelength=wave).photons() for wave in WAVELENGTHS]
    wanted = sum(weight * image for weight, image in zip(weights / weights.sum(), single, strict=True))
    torch.testing.assert_close(spectrum.photons(), wanted, rtol=1e-9, atol=1e-9)


def test_a_spectrum_survives_other_changes_and_the_fast_image() -> None:
    run = Experiment.from_command(BASE).with_parameters(source_wavelengths=WAVELENGTHS)
    moved = run.with_parameters(misset=[11.0, 20.0, 30.0])
    assert torch.equal(moved.beam.source_wavelengths, WAVELENGTHS / 1e10)
    torch.testing.assert_close(moved.image(compile_kernel=False).photons, moved.photons().float(), rtol=1e-5, atol=0)


def test_gradients_reach_wavelengths_weights_and_directions() -> None:
    run = Experiment.from_command(BASE, quirks=WEIGHTED)
    scale = image_values(run, PIXELS)

    def relative(waves: Tensor, weights: Tensor, directions: Tensor) -> Tensor:
        changes = {"source_wavelengths": waves, "source_weights": weights, "source_directions": directions}
        return image_values(run.with_parameters(**changes), PIXELS) / scale

    leaves = [
        WAVELENGTHS,
        torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64),
        DIRECTIONS / DIRECTIONS.norm(dim=1, keepdim=True),
    ]
    assert gradcheck(relative, [x.clone().requires_grad_() for x in leaves], eps=1e-8, atol=1e-3, rtol=1e-4)


def test_sources_that_cannot_be_are_refused() -> None:
    run = Experiment.from_command(BASE)
    with pytest.raises(InputError, match="C counts every source alike"):
        run.with_parameters(source_weights=[1.0, 2.0])
    with pytest.raises(InputError, match="source_directions 3, source_wavelengths 2, the command line 1"):
        run.with_parameters(source_directions=DIRECTIONS, source_wavelengths=[1.0, 1.1])
    with pytest.raises(InputError, match="a direction must not be zero"):
        run.with_parameters(source_directions=torch.zeros(2, 3))
    with pytest.raises(InputError, match="source_wavelengths -1: must be positive"):
        run.with_parameters(source_wavelengths=[1.0, -1.0])
    weighted = Experiment.from_command(BASE, quirks=WEIGHTED)
    with pytest.raises(InputError, match="source_weights -1: must not be negative"):
        weighted.with_parameters(source_weights=[1.0, -1.0])
    with pytest.raises(InputError, match="their sum must be positive"):
        weighted.with_parameters(source_weights=[0.0, 0.0])
    with pytest.raises(InputError, match=r"needs the shape \(n, 3\)"):
        run.with_parameters(source_directions=[1.0, 0.0, 0.0])
