"""A tile of the full formula, and the image of a few tiles, is one graph for torch.compile."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from nbsim import from_command
from nbsim.pixel.accumulation import sum_pixels
from nbsim.pixel.terms import contributions


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["", "-round_xtal", "-gauss_xtal"])
@pytest.mark.parametrize("followed", [False, True])
def test_a_tile_has_no_graph_break(shape: str, followed: bool) -> None:
    run = from_command(
        "-default_F 20 -cell 40 50 60 80 95 100 -misset 10 20 30 -N 3 -distance 60 -detpixels 4 -pixel 4 "
        f"-oversample 1 -osc 1 -phisteps 2 {shape}"
    )
    pixels = torch.cartesian_prod(torch.arange(4), torch.arange(4))

    def tile(a: Tensor) -> Tensor:
        turned = replace(run, crystal=replace(run.crystal, a=a))
        return sum_pixels(turned, contributions(turned, pixels)).value

    torch._dynamo.reset()
    report = torch._dynamo.explain(tile)(run.crystal.a.clone().requires_grad_(followed))
    assert (report.graph_count, report.graph_break_count) == (1, 0)


@pytest.mark.slow
@pytest.mark.parametrize("words", ["", "-roi 0 2 1 3", "-mosaic 1 -mosaic_domains 2"])
def test_photons_are_one_graph(words: str) -> None:
    run = from_command(
        "-default_F 20 -cell 40 50 60 80 95 100 -misset 10 20 30 -N 3 -distance 60 -detpixels 4 -pixel 4 "
        f"-oversample 1 -osc 1 -phisteps 2 {words}"
    )

    def image(a: Tensor) -> Tensor:
        return replace(run, crystal=replace(run.crystal, a=a)).photons(range(3), range(1, 4))

    torch._dynamo.reset()
    report = torch._dynamo.explain(image)(run.crystal.a.clone().requires_grad_())
    assert (report.graph_count, report.graph_break_count) == (1, 0)
