"""Background planes, and standard errors against the closed form of a straight line and repeated noise."""

from __future__ import annotations

import pytest
import torch

from nbsim import InputError, background_plane, covariance, fisher_information


def test_a_plane_has_its_mean_and_its_rises() -> None:
    plane = background_plane(torch.tensor([5.0, 2.0, -1.0]), (3, 5))
    assert plane.shape == (3, 5) and float(plane.mean()) == pytest.approx(5.0)
    assert plane[:, 2].tolist() == [3.0, 5.0, 7.0] and plane[1].tolist() == [6.0, 5.5, 5.0, 4.5, 4.0]
    assert background_plane(torch.tensor([5.0, 2.0, -1.0]), (1, 1)).tolist() == [[5.0]]


def test_many_shots_have_a_plane_each_with_gradients() -> None:
    coefficients = torch.rand(4, 3, dtype=torch.float64, requires_grad=True)
    assert background_plane(coefficients, (6, 7)).shape == (4, 6, 7)
    assert torch.autograd.gradcheck(lambda c: background_plane(c, (3, 4)), coefficients)
    with pytest.raises(InputError, match="coefficients: has the shape"):
        background_plane(torch.ones(2), (3, 4))


def test_errors_of_a_straight_line_are_the_closed_form() -> None:
    x = torch.arange(10.0).double()
    sigma = 0.3
    jacobian = torch.stack((torch.ones_like(x), x), dim=1)
    found = covariance(fisher_information(jacobian, torch.full_like(x, sigma**2)), ["offset", "slope"])
    spread = float(((x - x.mean()) ** 2).sum())
    assert float(found[1, 1]) == pytest.approx(sigma**2 / spread)
    assert float(found[0, 0]) == pytest.approx(sigma**2 * (0.1 + float(x.mean()) ** 2 / spread))
    assert float(found[0, 1]) == pytest.approx(-(sigma**2) * float(x.mean()) / spread)


def test_parameters_that_the_data_do_not_determine_are_named() -> None:
    variance = torch.ones(5)
    column = torch.arange(5.0)
    with pytest.raises(InputError, match="phi: without effect on these pixels"):
        covariance(fisher_information(torch.stack((column, 0 * column), 1), variance), ["cell", "phi"])
    jacobian = torch.stack((column, torch.ones(5), 2 * column), 1).double()
    with pytest.raises(InputError, match="scale, fluence: these pixels determine only a combination"):
        covariance(fisher_information(jacobian, variance.double()), ["scale", "offset", "fluence"])
    with pytest.raises(InputError, match="every pixel needs a positive one"):
        fisher_information(jacobian, 0 * variance)
    with pytest.raises(InputError, match="must be that of variance"):
        fisher_information(jacobian, torch.ones(4))
