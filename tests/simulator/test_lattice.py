"""Lattice factors against sums of phasors, integrals and the numbers the specification quotes."""

from __future__ import annotations

import cmath
import math
from dataclasses import replace

import pytest
import torch
from torch.func import jacfwd, jacrev

from nbsim import Experiment
from nbsim.pixel.lattice import (
    cell_radius2,
    gauss_factor,
    grating,
    lattice_factor,
    nearest_index,
    reach_of_tophat,
    reciprocal_radius2,
    round_factor,
    sphere,
    tophat_factor,
)


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize("literal", [True, False])
@pytest.mark.parametrize("n", [2, 3, 5, 8, 47])
@pytest.mark.parametrize("h", [0.013, 0.37, -0.49, 1.21, -2.3, 4.031763, 11.08])
def test_grating_is_a_sum_over_cells(h: float, n: int, literal: bool) -> None:
    cells = sum(cmath.exp(2j * math.pi * h * cell) for cell in range(n))
    about_the_middle = (cells * cmath.exp(-1j * math.pi * h * (n - 1))).real
    assert float(grating(number(h), n, literal=literal)) == pytest.approx(about_the_middle, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("n", [0, 1])
def test_one_cell_does_not_interfere(n: int) -> None:
    assert float(grating(number(0.37), n)) == 1.0


def test_the_grating_at_zero_equals_the_number_of_cells() -> None:
    assert float(grating(number(0.0), 7)) == 7.0
    assert float(grating(number(-0.0), 7, literal=False)) == 7.0


@pytest.mark.parametrize(("n", "h", "noise"), [(5, 3.0, 14.67), (10, 37.0, -126.0), (100, 1.0, 16.0)])
def test_literal_grating_is_noise_at_whole_numbers(n: int, h: float, noise: float) -> None:
    """Quirk L10; the numbers are those of section 7.2."""
    assert float(grating(number(h), n)) == pytest.approx(noise, rel=5e-3)
    assert abs(float(grating(number(h), n, literal=False))) == n


@pytest.mark.parametrize("h", [2.0, 3.0, -5.0])
def test_sound_grating_is_continuous_there(h: float) -> None:
    at, beside = (float(grating(number(x), 6, literal=False)) for x in (h, h + 1e-7))
    assert at == pytest.approx(beside, rel=1e-9)
    signed = (-1) ** (round(h) * 5) * 6
    assert at == signed


@pytest.mark.parametrize(("index", "whole"), [(2.5, 2), (-2.5, -3), (1.5, 1), (0.5, 0), (-0.5, -1), (1.4999, 1)])
def test_halves_round_down(index: float, whole: int) -> None:
    assert float(nearest_index(number(index))) == whole


@pytest.mark.parametrize("literal", [True, False])
@pytest.mark.parametrize("off", [0.0, 1e-12, 1e-9, 1e-6, 1e-4, 3e-3])
@pytest.mark.parametrize("whole", [0, 1, 4, 7])
def test_derivatives_of_the_grating_are_free_of_noise(whole: int, off: float, literal: bool) -> None:
    """The sum over cells, differentiated by hand, at and beside a whole number."""
    n, h = 6, number(whole + off)
    places = [math.pi * (2 * cell - (n - 1)) for cell in range(n)]
    offset = float(h) - whole
    sign = (-1) ** (whole * (n - 1))
    slope = sign * sum(-p * math.sin(p * offset) for p in places)
    bend = sign * sum(-p * p * math.cos(p * offset) for p in places)
    for once in (jacfwd, jacrev):
        assert float(once(lambda x: grating(x, n, literal=literal))(h)) == pytest.approx(slope, rel=1e-9, abs=1e-9)
        for twice in (jacfwd, jacrev):
            found = twice(once(lambda x: grating(x, n, literal=literal)))(h)
            assert float(found) == pytest.approx(bend, rel=1e-9)


@pytest.mark.parametrize("literal", [True, False])
@pytest.mark.parametrize("radius2", [0.0, 1e-18, 1e-12, 1e-6, 8e-3, 9.1e-3, 1e-2, 0.3])
def test_derivatives_of_the_sphere_are_free_of_noise(radius2: float, literal: bool) -> None:
    """Against its power series, sum of (-1)^k 6 (k + 1) / (2 k + 3)! x^2k, differentiated term by term."""
    norm, square = 24.0 * math.sqrt(math.pi / 6.0), math.pi**2 * radius2
    terms = [(-1) ** k * 6.0 * (k + 1) / math.factorial(2 * k + 3) for k in range(20)]
    slope = math.pi**2 * sum(k * t * square ** (k - 1) for k, t in enumerate(terms) if k)
    bend = math.pi**4 * sum(k * (k - 1) * t * square ** (k - 2) for k, t in enumerate(terms) if k > 1)
    for once in (jacfwd, jacrev):
        derivative = once(lambda r2: round_factor(r2, 24.0, 1.0, literal=literal))
        assert float(derivative(number(radius2))) == pytest.approx(norm * slope, rel=1e-10)
        for twice in (jacfwd, jacrev):
            assert float(twice(derivative)(number(radius2))) == pytest.approx(norm * bend, rel=1e-8)


def transform_of_a_sphere(x: float, steps: int = 4000) -> float:
    """3/x times the integral of r sin(x r) over 0..1, by Simpson's rule."""
    width = 1.0 / steps
    weights = [1 if i in (0, steps) else (4 if i % 2 else 2) for i in range(steps + 1)]
    total = sum(w * (i * width) * math.sin(x * i * width) for i, w in enumerate(weights))
    return 3.0 / x * total * width / 3.0


@pytest.mark.parametrize("literal", [True, False])
@pytest.mark.parametrize("x", [0.02, 0.5, 1.0, 4.4934, 20.0])
def test_sphere_is_the_transform_of_a_ball(x: float, literal: bool) -> None:
    assert float(sphere(number(x), literal=literal)) == pytest.approx(transform_of_a_sphere(x), rel=1e-8, abs=1e-10)


def test_the_sphere_at_zero_is_one() -> None:
    assert float(sphere(number(0.0))) == 1.0
    assert float(sphere(number(0.0), literal=False)) == 1.0


def test_literal_sphere_loses_its_digits() -> None:
    """Quirk L12: relative error 1e-8 at 1e-4, 2e-4 at 1e-6, nothing left at 1e-9 (section 7.3)."""
    assert 1e-10 < abs(float(sphere(number(1e-4))) - 1.0) < 1e-6
    assert 1e-6 < abs(float(sphere(number(1e-6))) - 1.0) < 1e-2
    assert float(sphere(number(1e-9))) == 0.0
    for x in (1e-4, 1e-6, 1e-9):
        assert float(sphere(number(x), literal=False)) == pytest.approx(1.0 - x * x / 10.0, rel=1e-14)


def test_series_meets_the_formula() -> None:
    below, above = (float(sphere(number(x), literal=False)) for x in (0.00999999999, 0.01000000001))
    assert below == pytest.approx(above, rel=1e-10)


def test_radii_equal_those_worked_out_by_hand() -> None:
    offsets = (number(0.1), number(-0.2), number(0.3))
    assert float(cell_radius2(offsets, (2, 3, 4))) == pytest.approx(0.2**2 + 0.6**2 + 1.2**2)
    stars = (
        torch.tensor([0.1, 0.0, 0.0], dtype=torch.float64),
        torch.tensor([0.02, 0.05, 0.0], dtype=torch.float64),
        torch.tensor([0.0, 0.01, 0.04], dtype=torch.float64),
    )
    x, y, z = 0.01 - 0.004, -0.01 + 0.003, 0.012
    expected = (x * x + y * y + z * z) * (2 * 3 * 4) ** 2
    assert float(reciprocal_radius2(offsets, stars, (2, 3, 4))) == pytest.approx(expected, rel=1e-13)


def test_shapes_equal_their_formulas_at_the_point_and_away() -> None:
    zero = number(0.0)
    assert float(round_factor(zero, 24.0, 1.3)) == pytest.approx(24.0 * math.sqrt(math.pi / 6.0), rel=1e-14)
    assert float(gauss_factor(zero, 24.0, 1.3)) == 24.0
    assert float(gauss_factor(number(0.63), 24.0, 2.0)) == pytest.approx(24.0 * math.exp(-2.0), rel=1e-14)
    assert float(tophat_factor(number(0.3968), 24.0, 1.0)) == 24.0
    assert float(tophat_factor(number(0.3969), 24.0, 1.0)) == 0.0
    assert float(tophat_factor(number(0.2), 24.0, 2.0)) == 0.0


@pytest.mark.parametrize("words", ["-N 8", "-Na 3 -Nb 5 -Nc 20", "-N 8 -fudge 0.1", "-N 6 -cell 30 200 50 90 140 90"])
@pytest.mark.parametrize("dimensional", [True, False])
def test_the_reach_of_a_top_hat_just_contains_it(words: str, dimensional: bool) -> None:
    start = "-cell 30 40 50 70 85 95 -default_F 1 -lambda 1 -distance 100 -detpixels 4 -binary_spots"
    experiment = Experiment.from_command(f"{start} {words}", quirks={"dimensional_shape_width": dimensional})
    crystal, quirks = experiment.crystal, experiment.quirks
    reach = reach_of_tophat(crystal, quirks)
    draw = torch.Generator().manual_seed(7)
    offsets = (2.0 * torch.rand(1_000_000, 3, dtype=torch.float64, generator=draw) - 1.0) * 1.2 * reach
    e_h, e_k, e_l = offsets.unbind(-1)
    zero = torch.zeros_like(e_h)
    inside = lattice_factor(crystal, quirks, (e_h, e_k, e_l), (zero, zero, zero)).total != 0.0
    found = offsets[inside].abs().amax(dim=0)
    assert bool((found < reach).all())
    assert bool((found > 0.85 * reach).all())


@pytest.mark.parametrize("fudge", [0.0, -1.0])
def test_a_top_hat_without_an_edge_has_no_reach(fudge: float) -> None:
    words = "-cell 30 40 50 70 85 95 -default_F 1 -lambda 1 -distance 100 -detpixels 4 -binary_spots"
    experiment = Experiment.from_command(words)
    assert not bool(reach_of_tophat(replace(experiment.crystal, fudge=fudge), experiment.quirks).isfinite().any())


def test_formulas_keep_shape_and_dtype() -> None:
    grid = torch.linspace(-2, 2, 24, dtype=torch.float32).reshape(2, 3, 4)
    for value in (grating(grid, 5), sphere(grid), gauss_factor(grid * grid, 8.0, 1.0)):
        assert value.shape == grid.shape and value.dtype == torch.float32
