"""Mosaic spread at zero, and one spread per axis of the crystal."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from nbsim import Experiment, InputError, image_values

STILL = (
    "-default_F 100 -cell 40 50 60 90 90 90 -misset 10 20 30 -Na 4 -Nb 5 -Nc 6 -lambda 1.0 -distance 60 -detpixels 8 "
    "-pixel 5 -oversample 1 -mosaic 1.5 -mosaic_domains 5 -mosaic_seed -7"
)
TURNED = f"{STILL} -phi 20 -osc 1 -phisteps 3"
PIXELS = torch.tensor([[1, 4], [3, 2], [5, 5]])
EXACT = {"mosaic_single_precision": False}


def rodrigues(vector: np.ndarray) -> np.ndarray:
    angle = float(np.linalg.norm(vector))
    x, y, z = vector / angle
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * k @ k


def test_a_spread_of_zero_is_one_perfect_crystal() -> None:
    perfect = Experiment.from_command(TURNED.replace("-mosaic 1.5 -mosaic_domains 5", ""))
    for change in ({"mosaic_spread": 0.0}, {"mosaic_spreads": [0.0, 0.0, 0.0]}):
        at_zero = Experiment.from_command(TURNED).with_parameters(**change)
        torch.testing.assert_close(at_zero.photons(), perfect.photons(), rtol=1e-9, atol=1e-9)
        fast = at_zero.image(compile_kernel=False).photons
        torch.testing.assert_close(fast, perfect.image(compile_kernel=False).photons, rtol=1e-5, atol=0)


@pytest.mark.parametrize("start", [0.0, 0.5])
def test_a_fit_can_start_from_or_end_at_a_spread_of_zero(start: float) -> None:
    run = Experiment.from_command(TURNED, quirks=EXACT)
    scale = image_values(run, PIXELS)
    leaf = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    values = image_values(run.with_parameters(mosaic_spread=leaf), PIXELS)
    # one-sided: a spread is not negative
    step = 1e-6
    nearby = [image_values(run.with_parameters(mosaic_spread=leaf.detach() + n * step), PIXELS) for n in range(3)]
    slopes = (-3.0 * nearby[0] + 4.0 * nearby[1] - nearby[2]) / (2.0 * step) / scale
    found = torch.stack([torch.autograd.grad(v, leaf, retain_graph=True)[0] for v in values]) / scale
    torch.testing.assert_close(found, slopes, rtol=1e-4, atol=1e-5)
    assert bool((found != 0.0).all())
    at_zero = run.with_parameters(mosaic_spread=leaf).with_parameters(mosaic_spread=0.0)
    assert at_zero.crystal.mosaic_spread == 0.0
    again = at_zero.with_parameters(mosaic_spread=leaf.detach())
    torch.testing.assert_close(image_values(again, PIXELS), values.detach(), rtol=0, atol=0)


def test_equal_spreads_are_the_domains_of_c(c_images: dict[str, Any]) -> None:
    run = Experiment.from_command(STILL).with_parameters(mosaic_spreads=[1.5, 1.5, 1.5])
    torch.testing.assert_close(run.photons().float(), c_images["mosaic"].photons, rtol=1e-4, atol=0)


def test_unequal_spreads_are_an_average_of_turned_crystals() -> None:
    """Each domain as a run of its own, its A turned in numpy about axes of the crystal."""
    run = Experiment.from_command(TURNED)
    spreads = np.radians([0.3, 1.2, 2.0])
    a, c_star = run.crystal.a.numpy(), run.crystal.c_star.numpy()
    first, third = a / np.linalg.norm(a), c_star / np.linalg.norm(c_star)
    frame = np.stack([first, np.cross(third, first), third])
    stars = torch.stack((run.crystal.a_star, run.crystal.b_star, run.crystal.c_star), dim=1).numpy()
    perfect = Experiment.from_command(TURNED.replace("-mosaic 1.5 -mosaic_domains 5", ""))
    axes, shares = run.inputs.domains.axes.numpy(), run.inputs.domains.exact_shares.numpy()
    images = [perfect.with_parameters(a_matrix=stars).photons()]  # the first domain is not turned, as in C
    for axis, share in list(zip(axes, shares, strict=True))[1:]:
        vector = frame.T @ (spreads * (frame @ (share * axis)))
        images.append(perfect.with_parameters(a_matrix=rodrigues(vector) @ stars).photons())
    wanted = torch.stack(images).mean(dim=0)
    anisotropic = run.with_parameters(mosaic_spreads=np.degrees(spreads))
    torch.testing.assert_close(anisotropic.photons(), wanted, rtol=1e-9, atol=1e-9)
    fast = anisotropic.image(compile_kernel=False).photons
    torch.testing.assert_close(fast, wanted.float(), rtol=1e-5, atol=0)


@pytest.mark.parametrize("start", [(0.0, 0.0, 0.0), (0.0, 0.5, 1.0), (0.3, 1.2, 2.0)])
def test_gradients_reach_every_spread(start: tuple[float, float, float]) -> None:
    run = Experiment.from_command(TURNED)
    scale = image_values(run, PIXELS)

    def relative(move: Tensor) -> Tensor:
        spreads = torch.tensor(start, dtype=torch.float64) + 1.0 + move  # gradcheck steps to both sides
        return image_values(run.with_parameters(mosaic_spreads=spreads), PIXELS) / scale

    assert gradcheck(relative, torch.zeros(3).double().requires_grad_(), eps=1e-6, atol=1e-4, rtol=1e-4)
    leaf = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    value = image_values(run.with_parameters(mosaic_spreads=leaf), PIXELS)[0]
    (found,) = torch.autograd.grad(value, leaf)
    for axis in range(3):
        step = torch.eye(3)[axis].double() * 1e-6
        near = [image_values(run.with_parameters(mosaic_spreads=leaf.detach() + n * step), PIXELS)[0] for n in range(3)]
        slope = float(-3.0 * near[0] + 4.0 * near[1] - near[2]) / 2e-6
        assert float(found[axis]) == pytest.approx(slope, rel=1e-4, abs=1e-5 * float(scale[0]))


def test_spreads_survive_other_changes_and_need_domains() -> None:
    run = Experiment.from_command(STILL).with_parameters(mosaic_spreads=[0.1, 0.2, 0.3])
    moved = run.with_parameters(misset=[11.0, 20.0, 30.0])
    assert moved.parameters.mosaic_spreads is not None and moved.crystal.mosaic_turns_with_phi
    with pytest.raises(InputError, match="mosaic_spread: has no effect beside mosaic_spreads"):
        moved.with_parameters(mosaic_spread=0.1)
    with pytest.raises(InputError, match="mosaic_spreads -1: must not be negative"):
        moved.with_parameters(mosaic_spreads=[0.1, -1.0, 0.1])
    single = Experiment.from_command(STILL.replace("-mosaic 1.5 -mosaic_domains 5", ""))
    with pytest.raises(InputError, match="mosaic_spreads: the crystal has one domain"):
        single.with_parameters(mosaic_spreads=[0.1, 0.2, 0.3])
