"""Pixel values are differentiable in the tensors of the experiment (float64, away from kinks)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from nbsim import Experiment, from_command
from nbsim.pixel.pixel import image_values, simulate_pixel

BASE = "-cell 40 50 60 75 85 95 -misset 10 20 30 -distance 60 -detpixels 6 -pixel 3 -lambda 1.1 -N 3 -polar 0.6 "
PIXELS = torch.tensor([[1, 4], [3, 2]])

Change = Callable[[Experiment, Tensor], Experiment]


def with_cell(e: Experiment, p: Tensor) -> Experiment:
    a, b, c = (v * f for v, f in zip((e.crystal.a, e.crystal.b, e.crystal.c), p.reshape(3, 3), strict=True))
    return replace(e, crystal=replace(e.crystal, a=a, b=b, c=c))


def with_place(e: Experiment, p: Tensor) -> Experiment:
    d = e.detector
    return replace(e, detector=replace(d, pix0=d.pix0 * p[:3], close_distance=d.close_distance * p[3]))


def with_sensor(e: Experiment, p: Tensor) -> Experiment:
    d = e.detector
    return replace(e, detector=replace(d, attenuation=d.attenuation * p[0], layer_thickness=d.layer_thickness * p[1]))


def with_beam(e: Experiment, p: Tensor) -> Experiment:
    b = e.beam
    changed = replace(
        b, polarization=b.polarization * p[0], source_wavelengths=b.source_wavelengths * p[1], fluence=b.fluence * p[2]
    )
    return replace(e, beam=changed)


def with_domains(e: Experiment, p: Tensor) -> Experiment:
    matrices = e.crystal.mosaic_matrices * p.reshape(3, 3)
    return replace(e, crystal=replace(e.crystal, mosaic_matrices=matrices))


def with_table(e: Experiment, p: Tensor) -> Experiment:
    assert e.structure_factors.grid is not None
    grid = e.structure_factors.grid * p[0] + p[1]
    return replace(e, structure_factors=replace(e.structure_factors, grid=grid))


PHI = "-default_F 20 -nointerpolate -oversample 2 -phi 0 -osc 2 -phisteps 3 "
SHAPE = "-default_F 20 -nointerpolate -oversample 1 "
CASES: list[tuple[str, Change, int]] = [
    (PHI, with_cell, 9),
    (PHI + "-mosaic 1 -mosaic_domains 2", with_domains, 9),
    (SHAPE + "-round_xtal", with_cell, 9),
    (SHAPE + "-gauss_xtal", with_cell, 9),
    (SHAPE, with_place, 4),
    (SHAPE + "-curved_det x", with_place, 4),
    (SHAPE + "-detector_abs 500 -detector_thick 300 -detector_thicksteps 3", with_sensor, 2),
    (SHAPE + "-oversample 2 -oversample_polar -oversample_omega -water 1", with_beam, 3),
    (SHAPE + "-water 5", with_beam, 3),
    ("-hkl box.hkl -interpolate -oversample 1", with_cell, 9),
    ("-hkl box.hkl -interpolate -oversample 1", with_table, 2),
    ("-hkl box.hkl -nointerpolate -oversample 1", with_table, 2),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gradients")
    sides = range(-30, 31)
    rows = [f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h in sides for k in sides for l in sides]
    (path / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize(("command", "change", "size"), CASES)
def test_gradcheck(command: str, change: Change, size: int, averaged: bool, folder: Path) -> None:
    quirks = {"cached_corrections": not averaged, "last_layer_capture": not averaged}
    experiment = from_command(BASE + command, folder, phi_mode="c-parity", quirks=quirks)
    unit = image_values(experiment, PIXELS)
    assert bool((unit > 0).all())

    def relative(p: Tensor) -> Tensor:
        return image_values(change(experiment, p), PIXELS) / unit

    start = torch.ones(size, dtype=torch.float64, requires_grad=True)
    assert gradcheck(relative, (start,), eps=1e-7, atol=1e-5, rtol=1e-4)
    gradient = torch.autograd.grad(relative(start).sum(), start)[0]
    assert bool(gradient.isfinite().all()) and bool((gradient != 0).any())


def test_gradient_is_finite_on_the_direct_beam(folder: Path) -> None:
    """h = k = l = 0 and d parallel to the beam: every guarded quotient is met."""
    command = (
        "-cell 40 50 60 90 90 90 -distance 60 -detpixels 9 -pixel 0.2 -Xbeam 0.8 -Ybeam 0.8 -polar 0.9 -default_F 10"
    )
    for shape in ("", "-round_xtal", "-gauss_xtal"):
        experiment = from_command(f"{command} -default_F 10 -N 20 -oversample 1 {shape}", folder)
        scale = torch.ones(9, dtype=torch.float64, requires_grad=True)
        result = simulate_pixel(with_cell(experiment, scale), 4, 4)
        (gradient,) = torch.autograd.grad(result.value, scale)
        assert bool(gradient.isfinite().all())


def test_first_pixel_of_a_run_has_gradients_too(folder: Path) -> None:
    experiment = from_command(BASE + PHI, folder, phi_mode="c-parity")

    def value(p: Tensor) -> Tensor:
        return image_values(with_cell(experiment, p), torch.tensor([[0, 0]])) * 1e-2

    assert gradcheck(value, (torch.ones(9, dtype=torch.float64, requires_grad=True),), eps=1e-7, rtol=1e-4, atol=1e-4)
