"""The tile kernel fused by ``torch.compile`` for a device other than the CPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch

from nbsim.image.kernel import NUMBERS, TileInput, TileSums, tile_sums

Kernel = Callable[[TileInput], TileSums]


class Tile(torch.nn.Module):
    """:func:`nbsim.image.kernel.tile_sums` in the form that the compiler takes."""

    def forward(self, *arguments: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(tile_sums(TileInput(*arguments)))


@cache
def for_device(dtype: torch.dtype, terms: torch.dtype, device: torch.device) -> Kernel | None:
    """The fused kernel for experiments in ``dtype`` and terms in ``terms``; None where ``torch.compile`` fails.

    torch caches compiled code; the first run in a process still takes seconds.
    """
    try:
        fused = torch.compile(Tile(), dynamic=True, fullgraph=True)
        run: Kernel = lambda tile: TileSums(*fused(*tile))  # noqa: E731
        there = TileInput(*(argument.to(device) for argument in example(dtype, terms)))
        usable = agree(tile_sums(there), run(there), terms)
    except Exception:  # no Triton, a driver too old ...: the kernel as it is works
        return None
    return run if usable else None


def agree(wanted: TileSums, got: TileSums, terms: torch.dtype) -> bool:
    """Whether two forms of the kernel agree to half the digits of ``terms``.

    The compiler chooses the order of operations, which near a zero of a sine affects several digits.
    """
    limit = torch.finfo(terms).eps ** 0.5
    pairs = ((a.double(), b.double()) for a, b in zip(wanted, got, strict=True))
    return all(torch.allclose(b, a, rtol=limit, atol=limit * float(a.abs().max()), equal_nan=True) for a, b in pairs)


def example(dtype: torch.dtype, terms: torch.dtype | None = None) -> TileInput:
    """Arguments of plausible size, different along every axis; weights and table in ``terms``, if given."""
    terms = terms or dtype

    def ramp(*shape: int) -> torch.Tensor:
        count = int(torch.tensor(shape).prod())
        return (torch.arange(1, count + 1, dtype=dtype) / count).reshape(shape)

    return TileInput(
        fast=ramp(24),
        slow=ramp(24) + 1.0,
        vectors=ramp(7, 3),
        numbers=ramp(len(NUMBERS)),
        cells=ramp(3, 3, 3),
        weights=ramp(3).to(terms),
        n_cells=ramp(3) * 7.0,
        table=ramp(27).to(terms),
        box=torch.tensor([-1.0, -1.0, -1.0, 3.0, 3.0, 3.0], dtype=dtype),
    )
