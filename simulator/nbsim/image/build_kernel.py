"""Compile the tile kernel in a process of its own: ``python -m nbsim.image.build_kernel DTYPE FILE``."""

from __future__ import annotations

import sys
from typing import Any

import torch

from nbsim.image.kernel import NUMBERS, TileInput, tile_sums

# one loop over the pixels with the sum over orientations inside and no term in memory: by default the compiler stores
# every value used more than once, and every term would pass through the memory four times
_FUSED: dict[str, Any] = {
    "realize_reads_threshold": 100,
    "realize_opcount_threshold": 1000,
    "realize_cpu_opcount_threshold": 1000,
    "realize_acc_reads_threshold": 100,
    "realize_cpu_acc_reads_threshold": 100,
    "assert_indirect_indexing": False,  # the kernel keeps addresses in the table itself
    "cpp.dynamic_threads": True,
    "cpp_cache_precompile_headers": False,  # pays off from the second kernel on
    "aot_inductor.precompile_headers": False,
}


class Tile(torch.nn.Module):
    """:func:`nbsim.image.kernel.tile_sums` in the form that the compilers take."""

    def forward(self, *arguments: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(tile_sums(TileInput(*arguments)))


def compile_to(path: str, dtype: torch.dtype) -> None:
    """Compile the kernel for every number of pixels, orientations and structure factors from two."""
    from torch._inductor import aoti_compile_and_package, config

    known = config.get_config_copy()
    pixels, orientations, reflections = (torch.export.Dim(name, min=2) for name in ("p", "n", "f"))
    axes: dict[str, dict[int, Any] | None] = {
        **{key: {0: pixels} for key in ("fast", "slow")},
        **{key: {0: orientations} for key in ("cells", "weights")},
        "table": {0: reflections},
    }
    shapes = (tuple(axes.get(name) for name in TileInput._fields),)
    program = torch.export.export(Tile(), tuple(example(dtype)), dynamic_shapes=shapes)
    options = {name: value for name, value in _FUSED.items() if name in known}
    aoti_compile_and_package(program, package_path=path, inductor_configs=options)


def example(dtype: torch.dtype) -> TileInput:
    """Arguments of plausible size, different along every axis."""

    def ramp(*shape: int) -> torch.Tensor:
        count = int(torch.tensor(shape).prod())
        return (torch.arange(1, count + 1, dtype=dtype) / count).reshape(shape)

    return TileInput(
        fast=ramp(24),
        slow=ramp(24) + 1.0,
        vectors=ramp(7, 3),
        numbers=ramp(len(NUMBERS)),
        cells=ramp(3, 3, 3),
        weights=ramp(3),
        n_cells=ramp(3) * 7.0,
        table=ramp(27),
        box=torch.tensor([-1.0, -1.0, -1.0, 3.0, 3.0, 3.0], dtype=dtype),
    )


if __name__ == "__main__":
    compile_to(sys.argv[2], getattr(torch, sys.argv[1]))
