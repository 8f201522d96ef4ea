"""A, U and small rotations, against gemmi, the C program and typed misset angles."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

import nbsim
from nbsim import Experiment, InputError

BASE = (
    "-default_F 100 -cell 40 50 60 90 90 90 -misset 10 20 30 -Na 4 -Nb 5 -Nc 6 -lambda 1.0 -distance 60 -detpixels 8 "
    "-pixel 5 -oversample 1 -phi 1 -osc 1 -phisteps 3"
)
PIXELS = torch.tensor([[1, 4], [3, 2], [5, 5]])


def float64(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def random_cell(draw: random.Random) -> Tensor:
    return float64(*(draw.uniform(30, 80) for _ in "abc"), *(draw.uniform(75, 105) for _ in "abc"))


def random_rotation(draw: random.Random) -> Tensor:
    return nbsim.rotation_matrix(float64(*(draw.uniform(-2, 2) for _ in "xyz")))


@pytest.mark.parametrize("seed", range(10))
def test_reciprocal_lengths_are_those_of_gemmi(seed: int) -> None:
    draw = random.Random(seed)
    cell, rotation = random_cell(draw), random_rotation(draw)
    made = nbsim.a_matrix(cell, rotation)
    theirs = gemmi.UnitCell(*cell.tolist())
    for _ in range(5):
        index = [draw.randint(-9, 9) or 1 for _ in "hkl"]
        assert float((made @ float64(*index)).norm()) == pytest.approx(1.0 / theirs.calculate_d(index), rel=1e-12)
    torch.testing.assert_close(nbsim.cell_of(made), cell, rtol=1e-12, atol=0)
    torch.testing.assert_close(nbsim.rotation_of(made), rotation, rtol=0, atol=1e-13)


def test_a_matrix_is_the_mat_of_c(c_images: dict[str, Any], here: Path) -> None:
    rotation = nbsim.rotation_matrix(float64(0.01, -0.02, 0.03)) @ nbsim.misset_rotation(float64(10, 20, 30))
    made = nbsim.a_matrix(float64(40, 50, 60, 85, 95, 105), rotation)
    run = Experiment.from_command(BASE.replace("-lambda 1.0", "-lambda 1.1")).with_parameters(a_matrix=made)
    golden = c_images["matrix"]
    torch.testing.assert_close(run.photons().float(), golden.photons, rtol=2e-5, atol=0)
    words = run.to_command(here)
    written = np.loadtxt(words[words.index("-mat") + 1])
    typed = np.array(golden.files["refined.mat"].split(), dtype=float).reshape(3, 3)
    np.testing.assert_allclose(written, typed, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("seed", range(4))
def test_misset_angles_and_their_matrix_give_one_image(seed: int) -> None:
    draw = random.Random(seed)
    experiment = Experiment.from_command(BASE)
    misset = float64(draw.uniform(-180, 180), draw.uniform(-90, 90), draw.uniform(-180, 180))
    cell = experiment.parameters.cell
    assert cell is not None
    rotation = nbsim.misset_rotation(misset)
    typed = experiment.with_parameters(misset=misset).photons()
    as_matrix = experiment.with_parameters(a_matrix=nbsim.a_matrix(cell, rotation)).photons()
    torch.testing.assert_close(as_matrix, typed, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(nbsim.misset_angles(rotation), misset, rtol=0, atol=1e-10)


@pytest.mark.parametrize("y", [90.0, -90.0])
def test_angles_exist_where_x_and_z_turn_about_one_axis(y: float) -> None:
    rotation = nbsim.misset_rotation(float64(25, y, 40))
    torch.testing.assert_close(nbsim.misset_rotation(nbsim.misset_angles(rotation)), rotation, rtol=0, atol=1e-12)


def test_the_derivative_of_a_rotation_at_zero_is_its_generators() -> None:
    zero = torch.zeros(3, dtype=torch.float64)
    cross_products = torch.zeros(3, 3, 3, dtype=torch.float64)  # d (w x v) / d w
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        cross_products[k, j, i], cross_products[j, k, i] = 1.0, -1.0
    for jacobian in (torch.func.jacrev, torch.func.jacfwd):
        torch.testing.assert_close(jacobian(nbsim.rotation_matrix)(zero), cross_products)


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (0.0, 0.002, 0.0), (0.01, -0.02, 0.03)])
def test_gradients_reach_cell_and_small_rotation(turn: tuple[float, float, float]) -> None:
    experiment = Experiment.from_command(BASE)
    start = experiment.parameters.cell
    assert start is not None
    rotation = nbsim.misset_rotation(float64(10, 20, 30))
    scale = nbsim.image_values(experiment, PIXELS)

    def relative(cell: Tensor, vector: Tensor) -> Tensor:
        made = nbsim.a_matrix(cell, nbsim.rotation_matrix(vector) @ rotation)
        return nbsim.image_values(experiment.with_parameters(a_matrix=made), PIXELS) / scale

    leaves = (start.clone().requires_grad_(), float64(*turn).requires_grad_())
    assert gradcheck(relative, leaves, eps=2e-7, atol=2e-4, rtol=1e-4)
    assert gradgradcheck(lambda v: relative(start, v)[:1] * 1e-4, leaves[1:], eps=2e-7, atol=1e-4, rtol=1e-3)


def test_a_matrix_survives_other_changes_and_rules_out_cell_and_misset() -> None:
    experiment = Experiment.from_command(BASE)
    made = nbsim.a_matrix(float64(41, 50, 60, 90, 90, 90), nbsim.misset_rotation(float64(5, 6, 7)))
    moved = experiment.with_parameters(a_matrix=made).with_parameters(distance=61.0)
    torch.testing.assert_close(torch.stack((moved.crystal.a_star, moved.crystal.b_star), 1), made[:, :2])
    assert moved.parameters.cell is None and moved.parameters.misset is None
    for name, value in (("cell", [40, 50, 60, 90, 90, 90]), ("misset", [1, 2, 3])):
        with pytest.raises(InputError, match=f"{name}: has no effect beside a_matrix"):
            moved.with_parameters(**{name: value})
    with pytest.raises(InputError, match="determinant must be positive"):
        experiment.with_parameters(a_matrix=-made)
    with pytest.raises(InputError, match=r"needs the shape \(3, 3\)"):
        experiment.with_parameters(a_matrix=made[:2])
