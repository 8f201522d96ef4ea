"""Kahn's factor against the dipole law."""

from __future__ import annotations

import math
import random

import pytest
import torch
from torch import Tensor

from nbsim.pixel.polarization import kahn_factor, kahn_factor_of_cosines, unit

DRAW = random.Random(3)


def vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def random_vector() -> Tensor:
    return vector(*(DRAW.gauss(0, 1) for _ in range(3)))


TRIPLES = [(random_vector(), random_vector(), random_vector()) for _ in range(20)]


def field_direction(axis: Tensor, beam: Tensor) -> Tensor:
    """The axis without its component along the beam, normalised."""
    along = beam / beam.norm()
    across = axis - (axis @ along) * along
    return across / across.norm()


def factor(beam: Tensor, ray: Tensor, axis: Tensor, kahn: float) -> float:
    return float(kahn_factor(beam, ray, axis, torch.tensor(kahn, dtype=torch.float64)))


@pytest.mark.parametrize(("beam", "ray", "axis"), TRIPLES)
def test_fully_polarized_is_a_dipole(beam: Tensor, ray: Tensor, axis: Tensor) -> None:
    """K = 1: no light along the field, 1 - (d.E)^2; K = -1: the field lies across."""
    d, e = ray / ray.norm(), field_direction(axis, beam)
    across = torch.linalg.cross(beam / beam.norm(), e)
    assert factor(beam, ray, axis, 1.0) == pytest.approx(1.0 - float(d @ e) ** 2, rel=1e-12)
    assert factor(beam, ray, axis, -1.0) == pytest.approx(1.0 - float(d @ across) ** 2, rel=1e-12)


@pytest.mark.parametrize(("beam", "ray", "axis"), TRIPLES)
def test_unpolarized_and_linear_in_k(beam: Tensor, ray: Tensor, axis: Tensor) -> None:
    cosine = float(beam @ ray) / float(beam.norm() * ray.norm())
    plain = factor(beam, ray, axis, 0.0)
    assert plain == pytest.approx((1.0 + cosine**2) / 2.0, rel=1e-12)
    ends = factor(beam, ray, axis, 1.0), factor(beam, ray, axis, -1.0)
    assert factor(beam, ray, axis, 0.4) == pytest.approx(0.7 * ends[0] + 0.3 * ends[1], rel=1e-12)


def test_direct_beam_and_a_useless_axis() -> None:
    """Forward scattering is never reduced; an axis along the beam gives cos 2 psi = 1."""
    beam = vector(1.0, 0.0, 0.0)
    for kahn in (-1.0, 0.0, 0.8):
        assert factor(beam, beam, vector(0.0, 1.0, 0.0), kahn) == pytest.approx(1.0, rel=1e-15)
    ray, angle = vector(math.cos(0.3), math.sin(0.3), 0.0), 0.3
    expected = 0.5 * (1.0 + math.cos(angle) ** 2 - 0.8 * math.sin(angle) ** 2)
    assert factor(beam, ray, beam, 0.8) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("beam", "ray", "axis"), TRIPLES)
def test_without_an_angle_it_is_the_same(beam: Tensor, ray: Tensor, axis: Tensor) -> None:
    d, e = ray / ray.norm(), field_direction(axis, beam)
    across = torch.linalg.cross(beam / beam.norm(), e)
    cosines = (d @ beam / beam.norm(), d @ e, d @ across)
    found = kahn_factor_of_cosines(*cosines, torch.tensor(0.4, dtype=torch.float64))
    assert float(found) == pytest.approx(factor(beam, ray, axis, 0.4), rel=1e-12)


def test_zero_vector_stays_zero() -> None:
    assert unit(torch.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    assert unit(vector(3.0, 0.0, 4.0)).tolist() == [0.6, 0.0, 0.8]


def test_broadcasting() -> None:
    rays = torch.randn(4, 2, 3, 1, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    beams = torch.eye(3, dtype=torch.float64)
    kahn = torch.tensor(0.3, dtype=torch.float64)
    found = kahn_factor(beams, rays, vector(0.1, 0.2, 0.9), kahn)
    assert found.shape == (4, 2, 3, 3)
    assert float(found[1, 1, 2, 0]) == factor(beams[0], rays[1, 1, 2, 0], vector(0.1, 0.2, 0.9), 0.3)
