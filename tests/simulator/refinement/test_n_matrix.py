"""N as a matrix, against the formula written out and against a crystal turned by its own symmetry."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from nbsim import Experiment, InputError, a_matrix, image_values, misset_rotation

BASE = (
    "-default_F 100 -cell 50 50 60 90 90 90 -misset 10 20 30 -Na 4 -Nb 5 -Nc 6 -lambda 1.0 -distance 60 -detpixels 8 "
    "-pixel 5 -oversample 1 -phi 1 -osc 1 -phisteps 3"
)


def sphere(radius2: np.ndarray) -> np.ndarray:
    x = np.pi * np.sqrt(radius2)
    return math.sqrt(math.pi / 6) * 3 * (np.sin(x) / x - np.cos(x)) / x**2


SHAPES = {
    "-gauss_xtal": lambda r2, n: n * np.exp(-r2 / 0.63),
    "-round_xtal": lambda r2, n: n * sphere(r2),
    "-tophat_spots": lambda r2, n: n * (r2 < 0.3969),
}
PIXELS = torch.tensor([[1, 4], [3, 2], [5, 5]])
N = np.array([[4.0, 0.7, -0.4], [0.7, 5.0, 1.1], [-0.4, 1.1, 6.0]])
SOUND = {"dimensional_shape_width": False, "sphere_literal": False}


def run_of(shape: str) -> Experiment:
    return Experiment.from_command(f"{BASE} {shape}", quirks=SOUND)


@pytest.mark.parametrize("shape", SHAPES)
def test_f_latt_is_the_formula(shape: str) -> None:
    columns = run_of(shape).with_parameters(n_matrix=N).terms(3, 5)
    offsets = np.stack([columns[name] - columns[f"{name}0"] for name in "hkl"])
    radius2 = np.sum((N @ offsets) ** 2, axis=0)
    np.testing.assert_allclose(columns["F_latt"], SHAPES[shape](radius2, np.linalg.det(N)), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_diagonal_matrix_is_n_cells(shape: str) -> None:
    run = run_of(shape)
    torch.testing.assert_close(run.with_parameters(n_matrix=np.diag([4.0, 5.0, 6.0])).photons(), run.photons())


def test_axes_of_a_fourfold_crystal_can_be_exchanged() -> None:
    """a -> b, b -> -a describes the same tetragonal crystal; N turns with them."""
    run = run_of("-gauss_xtal")
    cell = torch.tensor([50, 50, 60, 90, 90, 90]).double()
    stars = a_matrix(cell, misset_rotation(torch.tensor([10, 20, 30]).double()))
    exchange = torch.tensor([[0, -1, 0], [1, 0, 0], [0, 0, 1]]).double()
    n = torch.tensor(N)
    one = run.with_parameters(a_matrix=stars, n_matrix=n).photons()
    other = run.with_parameters(a_matrix=stars @ exchange, n_matrix=exchange.T @ n @ exchange).photons()
    torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    assert not torch.allclose(one, run.with_parameters(a_matrix=stars @ exchange, n_matrix=n).photons(), rtol=1e-2)


@pytest.mark.parametrize("shape", ["-gauss_xtal", "-round_xtal"])
def test_gradients_reach_every_element(shape: str) -> None:
    run = run_of(shape).with_parameters(n_matrix=N)
    scale = image_values(run, PIXELS)

    def relative(n_matrix: Tensor) -> Tensor:
        return image_values(run.with_parameters(n_matrix=n_matrix), PIXELS) / scale

    leaf = torch.tensor(N, requires_grad=True)
    assert gradcheck(relative, leaf, eps=1e-6, atol=1e-4, rtol=1e-4)
    assert bool((torch.autograd.grad(relative(leaf).sum(), leaf)[0] != 0.0).all())


def test_blocks_and_the_width_of_c_have_no_matrix() -> None:
    with pytest.raises(InputError, match="a block has whole cells along its axes; give -round_xtal"):
        Experiment.from_command(BASE).with_parameters(n_matrix=N)
    with pytest.raises(InputError, match=r"width of gauss spots has no axes; .*dimensional_shape_width"):
        Experiment.from_command(f"{BASE} -gauss_xtal").with_parameters(n_matrix=N)
    with pytest.raises(InputError, match="n_matrix: its determinant"):
        run_of("-round_xtal").with_parameters(n_matrix=-N)
    with pytest.raises(InputError, match="n_cells: has no effect beside n_matrix"):
        run_of("-round_xtal").with_parameters(n_matrix=N).with_parameters(n_cells=[4, 5, 6])
