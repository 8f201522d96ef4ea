"""First and second derivatives of every parameter, at zero and away from it, in every mode of differentiation.

The reference is independent of automatic differentiation: central differences of eighth order of the values, which are
those of the C program to the last bit. Sources of the formulas: nanobragg_setup.md, nanobragg_pixel_loop.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.func import jacfwd, jacrev, vmap

from nbsim import Experiment, InputError, from_command, memory
from nbsim.parameters import ROWS
from nbsim.pixel import pixel
from nbsim.pixel.pixel import image_values
from nbsim.pixel.terms import executed_passes, interpolates
from nbsim.setup import parameters

NAMES = tuple(ROWS)
# one unit of variation, in the parameter's own unit; n_cells and structure_factors follow below
STEPS = {
    "cell": 0.1,
    "misset": 0.2,
    "mosaic_spread": 0.1,
    "n_cells": 0.02,
    "wavelength": 0.002,
    "fluence": 1e28,
    "polarization": 0.1,
    "distance": 0.2,
    "close_distance": 0.2,
    "beam_center": 0.2,
    "detector_rotations": 0.2,
    "twotheta": 0.2,
    "phi": 0.1,
    "oscillation": 0.1,
    "structure_factors": 1.0,
    "default_f": 1.0,
    "a_matrix": 1e-4,
    "source_directions": 1e-3,
    "source_wavelengths": 0.002,
    "source_weights": 0.1,
    "n_matrix": 0.1,
    "mosaic_spreads": 0.1,
}
FIRST = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
SECOND = (8 / 5, -1 / 5, 8 / 315, -1 / 560)
SECOND_AT_ZERO = -205 / 72

COMMON = "-detpixels 7 -pixel 3 -default_F 20 -phisteps 3 -fluence 5e28 -mosaic 0.7 -mosaic_domains 3 "
AWAY = (
    "-cell 40 50 60 75 85 95 -misset 10 20 30 -lambda 1.1 -polar 0.6 -detector_rotx 2 -detector_roty -3 "
    "-detector_rotz 4 -twotheta 7 -phi 1 -osc 1.5 "
)
ZERO = "-cell 40 50 60 90 90 90 -misset 0 0 0 -lambda 1.1 -polar 0 -twotheta 0 -phi 0 -osc 1.5 "
SOUND = {"mosaic_single_precision": False, "grating_literal": False, "source_weights_ignored": False}


@dataclass(frozen=True)
class Case:
    """An experiment, its quirks, and the parameters without effect in it."""

    command: str
    quirks: dict[str, bool]
    refused: tuple[str, ...]


SMOOTH = {"mosaic_single_precision": False}
CASES = {
    # pixel (3, 3) is on the direct beam where nothing is rotated: h, k and l are exactly zero; so is one of them beside
    "blocks as in C": Case(
        "-N 3 -oversample 1 -distance 60 -mosflm -Xbeam 9 -Ybeam 9",
        SMOOTH,
        ("close_distance", "n_cells", "structure_factors", "source_weights", "n_matrix"),
    ),
    "spheres as in C, sample pivot, layers": Case(
        "-N 3 -oversample 1 -close_distance 60 -xds -ORGX 4 -ORGY 4.2 -round_xtal -detector_abs 300 "
        "-detector_thick 200 -detector_thicksteps 2",
        SMOOTH,
        ("distance", "structure_factors", "source_weights"),
    ),
    "blocks of real size, sources": Case(
        "-N 3 -oversample 1 -distance 60 -adxv -Xbeam 10.2 -Ybeam 9.7 -dispersion 2 -dispsteps 2",
        SOUND,
        ("close_distance", "structure_factors", "n_matrix"),
    ),
    "interpolated, running corrections": Case(
        "-N 2 -oversample 1 -distance 120 -denzo -Xbeam 13 -Ybeam 5 -gauss_xtal -fudge 0.3 -hkl box.hkl -interpolate "
        "-oversample_polar -oversample_omega",
        SMOOTH,
        ("close_distance", "default_f", "source_weights", "n_matrix"),
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("modes")
    sides = range(-11, 12)
    rows = [f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h in sides for k in sides for l in sides]
    (path / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    return path


@dataclass(frozen=True)
class Function:
    """Pixels of an experiment as a function of one parameter, in steps from a start: R^n to R, near 1."""

    experiment: Experiment
    name: str
    start: Tensor
    directions: Tensor  # (n, *shape of the parameter)
    pixels: Tensor
    scale: Tensor

    def __call__(self, steps: Tensor) -> Tensor:
        value = self.start + torch.tensordot(steps, self.directions, dims=1)
        values = image_values(self.experiment.with_parameters(**{self.name: value}), self.pixels)
        weights = torch.arange(1.0, 1.0 + len(self.pixels), dtype=torch.float64)
        return (weights * values / self.scale).sum()


def margin(experiment: Experiment, pixels: Tensor) -> Tensor:
    """Distance (P,) of the nearest index to a jump of the nearest reflection or of the slope of the interpolated F."""
    turns = 2.0 if interpolates(experiment) else 1.0  # whole and half indices, or halves
    indices = torch.stack(executed_passes(experiment, pixels).hkl).flatten(2)
    return (((indices - 0.5) * turns).round() / turns + 0.5 - indices).abs().amin(dim=(0, 2))


def smooth_pixels(experiment: Experiment) -> Tensor:
    """The pixels farthest from a jump in three rows, (3, 2)."""
    pixels = torch.cartesian_prod(torch.arange(7), torch.arange(7))
    margins, columns = margin(experiment, pixels).reshape(7, 7).max(dim=1)
    rows = margins.argsort(descending=True)[:3]
    assert float(margins[rows].min()) > 0.08
    return torch.stack((rows, columns[rows]), dim=1)


def value_of(experiment: Experiment, name: str) -> Tensor:
    """The effective value of a parameter, those without a flag included."""
    crystal, beam = experiment.crystal, experiment.beam
    beyond_c = {
        "a_matrix": torch.stack((crystal.a_star, crystal.b_star, crystal.c_star), dim=1),
        "source_directions": beam.source_directions,
        "source_wavelengths": beam.source_wavelengths * 1e10,
        "source_weights": torch.ones_like(beam.source_wavelengths),
        "n_matrix": torch.diag(crystal.n_cells) + torch.tensor([[0.0, 0.2, 0.0], [0.0, 0.0, -0.1], [0.1, 0.0, 0.0]]),
        "mosaic_spreads": experiment.parameters.mosaic_spread * torch.tensor([1.0, 0.8, 1.1]),
    }
    start = beyond_c[name] if name in beyond_c else getattr(experiment.parameters, name)
    assert isinstance(start, Tensor)
    return start.double()


def function(case: Case, state: str, name: str, folder: Path) -> Function:
    """At ``zero`` the parameter itself and all others that can be zero are zero."""
    experiment = from_command(
        f"{COMMON} {AWAY if state == 'away' else ZERO} {case.command}", folder, quirks=case.quirks
    )
    if state == "zero":
        experiment = experiment.with_parameters(mosaic_spread=0.0)
    pixels = smooth_pixels(experiment)
    scale = image_values(experiment, pixels)
    start = value_of(experiment, name)
    if state == "zero" and name in ("fluence", "structure_factors"):
        start = torch.zeros_like(start)
    if name == "n_cells" and state == "away":
        start = start + 0.37
    if start.numel() > 3:
        maker = torch.Generator().manual_seed(7)
        directions = torch.randn((3, *start.shape), dtype=torch.float64, generator=maker) / math.sqrt(3.0)
    else:
        directions = torch.eye(start.numel(), dtype=torch.float64).reshape(-1, *start.shape)
    return Function(experiment, name, start, STEPS[name] * directions, pixels, scale)


def differences(at: Function) -> tuple[Tensor, Tensor]:
    """Gradient (n,) and second derivatives (n, n) from values alone."""
    n, unit = len(at.directions), 0.05
    middle = at(torch.zeros(n, dtype=torch.float64))

    def along(direction: Tensor) -> tuple[Tensor, Tensor]:
        slope, bend = torch.zeros_like(middle), SECOND_AT_ZERO * middle
        for k, (first, second) in enumerate(zip(FIRST, SECOND, strict=True), start=1):
            up, down = at(k * unit * direction), at(-k * unit * direction)
            slope, bend = slope + first * (up - down), bend + second * (up + down)
        return slope / unit, bend / unit**2

    axes = torch.eye(n, dtype=torch.float64)
    lines = [along(axis) for axis in axes]
    bends = torch.diag(torch.stack([bend for _, bend in lines]))
    for i in range(n):
        for j in range(i):
            mixed = (along(axes[i] + axes[j])[1] - bends[i, i] - bends[j, j]) / 2.0
            bends[i, j] = bends[j, i] = mixed
    return torch.stack([slope for slope, _ in lines]), bends


Derivative = Callable[[Function, Tensor], Tensor]
ONCE: dict[str, Derivative] = {
    "reverse": lambda f, x: jacrev(f)(x),
    "forward": lambda f, x: jacfwd(f)(x),
    "backward()": lambda f, x: torch.autograd.grad(f(leaf := x.clone().requires_grad_()), leaf)[0],
}
TWICE: dict[str, Derivative] = {
    "forward over reverse": lambda f, x: jacfwd(jacrev(f))(x),
    "reverse over forward": lambda f, x: jacrev(jacfwd(f))(x),
    "forward over forward": lambda f, x: jacfwd(jacfwd(f))(x),
    "reverse over reverse": lambda f, x: jacrev(jacrev(f))(x),
    "backward() twice": lambda f, x: torch.autograd.functional.hessian(f, x),
}


def test_the_tables_name_every_parameter_and_every_one_is_followed_somewhere() -> None:
    assert set(STEPS) == set(NAMES)
    assert {name for case in CASES.values() for name in NAMES if name not in case.refused} == set(NAMES)


@pytest.mark.parametrize(("case", "name"), [(c, n) for c, case in CASES.items() for n in case.refused])
def test_parameters_left_out_have_no_derivative_here(case: str, name: str, folder: Path) -> None:
    chosen = CASES[case]
    experiment = from_command(f"{COMMON} {AWAY} {chosen.command}", folder, quirks=chosen.quirks)
    start = value_of(experiment, name) if name != "structure_factors" else torch.ones(3, 3, 3)
    leaf = start.requires_grad_()
    try:
        total = experiment.with_parameters(**{name: leaf}).photons().sum()
    except InputError as error:
        assert str(error).startswith(name)
        return
    (slope,) = torch.autograd.grad(total, leaf, materialize_grads=True)
    assert name == "default_f" and float(slope) == 0.0, "it has an effect: differentiate it below"


FIRST_CASE = {name: next((c for c, case in CASES.items() if name not in case.refused), "") for name in NAMES}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "name", "state"),
    [
        (c, n, state)
        for c, case in CASES.items()
        for n in NAMES
        if n not in case.refused
        for state in (("zero", "away") if c == FIRST_CASE[n] else ("away",))  # at zero once, away everywhere
    ],
)
def test_derivatives_equal_differences_in_every_mode(
    case: str, name: str, state: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameters, "_NOT_NEGATIVE", ())  # differences at zero step below it
    at = function(CASES[case], state, name, folder)
    slopes, bends = differences(at)
    x = torch.zeros(len(at.directions), dtype=torch.float64)
    size = max(float(slopes.abs().max()), float(bends.abs().max()))
    assert size > 1e-4, "flat: this test would see nothing"
    for mode, derivative in ONCE.items():
        torch.testing.assert_close(
            derivative(at, x), slopes, rtol=1e-7, atol=1e-8 * size, msg=lambda m, k=mode: f"{k}: {m}"
        )
    for mode, derivative in TWICE.items():
        torch.testing.assert_close(
            derivative(at, x), bends, rtol=1e-5, atol=1e-6 * size, msg=lambda m, k=mode: f"{k}: {m}"
        )


def test_torch_func_takes_more_than_one_tile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = from_command(f"{COMMON} {AWAY} {CASES['blocks as in C'].command}", folder)
    misset = experiment.parameters.misset
    assert misset is not None

    def total(angles: Tensor) -> Tensor:
        return experiment.with_parameters(misset=angles).photons(compile_kernel=False).sum()

    one_tile = jacrev(total)(misset)
    monkeypatch.setattr(pixel, "TILE", 30)
    torch.testing.assert_close(jacrev(total)(misset), one_tile, rtol=1e-12, atol=0.0)
    monkeypatch.setattr(memory, "_LITTLE", 0)  # this sample is small
    monkeypatch.setattr(memory, "available_bytes", lambda: 100_000)
    with pytest.raises(InputError, match=r"torch.func's reverse mode .* of 49 pixels needs .* take torch.autograd"):
        jacrev(total)(misset)
    leaf = misset.clone().requires_grad_()
    total(leaf).backward()
    torch.testing.assert_close(leaf.grad, one_tile, rtol=1e-12, atol=0.0)


def test_vmap_over_parameters_is_refused_in_plain_words(folder: Path) -> None:
    experiment = from_command(f"{COMMON} {AWAY} {CASES['blocks as in C'].command}", folder)
    misset = experiment.parameters.misset
    assert misset is not None
    angles = torch.stack((misset, misset))

    def values(one: Tensor) -> Tensor:
        return experiment.with_parameters(misset=one).photons()

    with pytest.raises(InputError, match=r"misset: torch\.func\.vmap cannot run over parameters"):
        vmap(values)(angles)
    with pytest.raises(InputError, match=r"nbsim\.Batch sets up one experiment per value"):
        vmap(jacrev(values))(angles)
