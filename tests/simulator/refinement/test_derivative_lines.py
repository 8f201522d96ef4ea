"""Derivative lines of every parameter.

The change of a function falls with the step, the change without its first order with the square of the step: on
logarithmic axes lines of slope 1 and 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

import nbsim
from nbsim import Experiment, Panel, Panels

BASE = (
    "-default_F 100 -cell 40 50 60 80 95 105 -misset 10 20 30 -Na 4 -Nb 5 -Nc 6 -lambda 1.0 -distance 60 -detpixels 8 "
    "-Xbeam 20 -Ybeam 21 -pixel 5 -oversample 1 -phi 1 -osc 1 -phisteps 3 -mosaic 0.8 -mosaic_domains 4"
)
SOUND = {
    "dimensional_shape_width": False,
    "grating_literal": False,
    "mosaic_single_precision": False,
    "source_weights_ignored": False,
}
BOX = (range(2, 5), range(3, 6))
Function = Callable[[Tensor], Tensor]


def block() -> Experiment:
    return Experiment.from_command(BASE, quirks=SOUND)


def gauss() -> Experiment:
    return Experiment.from_command(f"{BASE} -gauss_xtal", quirks=SOUND)


def pink() -> Experiment:
    return block().with_parameters(source_wavelengths=[0.99, 1.0, 1.02])


def changing(make: Callable[[], Experiment], name: str, start: Tensor, unit: float = 1.0) -> Function:
    """Sum of a box as a function of steps of one parameter."""
    experiment = make()

    def total(step: Tensor) -> Tensor:
        return experiment.with_parameters(**{name: start + unit * step.reshape(start.shape)}).photons(*BOX).sum()

    return total


def float64(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def turning() -> Function:
    experiment = block()
    rotation, cell = nbsim.misset_rotation(float64(10, 20, 30)), float64(40, 50, 60, 80, 95, 105)

    def total(vector: Tensor) -> Tensor:
        made = nbsim.a_matrix(cell, nbsim.rotation_matrix(vector) @ rotation)
        return experiment.with_parameters(a_matrix=made).photons(*BOX).sum()

    return total


def moving() -> Function:
    panels = Panels.from_command(
        BASE,
        [
            Panel((60.0, 30.0, -40.0), (0.0, 0.1, 1.0), (0.0, -1.0, 0.1), 4, 4, 5.0),
            Panel((55.0, 25.0, 5.0), (-0.3, 0.1, 1.0), (-0.03, -1.0, 0.091), 4, 4, 5.0),
        ],
        quirks=SOUND,
    )

    def total(move: Tensor) -> Tensor:
        return torch.stack([image.sum() for image in panels.moved(0.01 * move[:3], move[3:]).photons()]).sum()

    return total


CASES: dict[str, tuple[Callable[[], Function], int]] = {
    "small rotation at zero": (turning, 3),
    "motion of two panels at zero": (moving, 6),
    "A matrix": (lambda: changing(block, "a_matrix", a_start(), 1e-3), 9),
    "cell": (lambda: changing(block, "cell", float64(40, 50, 60, 80, 95, 105)), 6),
    "misset": (lambda: changing(block, "misset", float64(10, 20, 30)), 3),
    "misset at zero": (lambda: changing(block, "misset", float64(0, 0, 0)), 3),
    "detector rotations at zero": (lambda: changing(block, "detector_rotations", float64(0, 0, 0)), 3),
    "mosaic spreads": (lambda: changing(block, "mosaic_spreads", float64(0.5, 0.8, 1.1), 0.1), 3),
    "N matrix": (lambda: changing(gauss, "n_matrix", torch.diag(float64(4, 5, 6)), 0.1), 9),
    "n_cells": (lambda: changing(block, "n_cells", float64(4, 5, 6), 0.1), 3),
    "wavelengths": (lambda: changing(block, "source_wavelengths", float64(0.99, 1.0, 1.02), 0.01), 3),
    "weights": (lambda: changing(pink, "source_weights", float64(0.2, 0.5, 0.3), 0.1), 3),
    "directions": (
        lambda: changing(block, "source_directions", torch.tensor([[-1.0, 0.0, 0.01]], dtype=torch.float64), 0.01),
        3,
    ),
    "default F": (lambda: changing(block, "default_f", torch.tensor(100.0, dtype=torch.float64)), 1),
    "distance": (lambda: changing(block, "distance", torch.tensor(60.0, dtype=torch.float64)), 1),
    "beam centre": (lambda: changing(block, "beam_center", float64(20, 21)), 2),
}


def a_start() -> Tensor:
    return nbsim.a_matrix(float64(40, 50, 60, 80, 95, 105), nbsim.misset_rotation(float64(10, 20, 30)))


@pytest.mark.parametrize("name", CASES)
def test_derivative_lines_have_the_slopes_one_and_two(name: str) -> None:
    make, size = CASES[name]
    function = make()
    origin = torch.zeros(size, dtype=torch.float64, requires_grad=True)
    value = function(origin)
    (gradient,) = torch.autograd.grad(value, origin)
    direction = torch.randn(size, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    direction = direction / direction.norm()
    _, tangent = torch.func.jvp(function, (origin.detach(),), (direction,))
    assert float(tangent) == pytest.approx(float(gradient @ direction), rel=1e-9)
    steps = [1e-3, 1e-4]
    firsts, seconds = [], []
    for step in steps:
        change = float((function(step * direction) - value).detach())
        firsts.append(abs(change))
        seconds.append(abs(change - step * float(gradient @ direction)))
    # rounding noise of the sum bounds the second line from below
    noise = 1e-13 * float(value.detach())
    assert math.log10(firsts[0] / firsts[1]) == pytest.approx(1.0, abs=0.1)
    assert seconds[1] < noise or math.log10(seconds[0] / seconds[1]) > 1.9


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_gradcheck_in_reverse_and_forward_mode(name: str) -> None:
    make, size = CASES[name]
    function = make()
    start = torch.zeros(size, dtype=torch.float64, requires_grad=True)
    scale = float(function(start).detach())
    assert gradcheck(lambda x: function(x) / scale, start, eps=1e-6, atol=1e-6, rtol=1e-4, check_forward_ad=True)
