"""The tile kernel compiled ahead of time and kept on disk; never needed, only faster.

The artefact holds for one dtype, torch version, processor and state of the formula; anything that goes wrong
while building or loading it means "run it uncompiled".
"""

from __future__ import annotations

import hashlib
import inspect
import os
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from . import kernel, lattice
from .kernel import NUMBERS, TileInput, TileSums, tile_sums

Kernel = Callable[[TileInput], TileSums]

# about the time a build takes, in terms that run uncompiled on one core
WORTH_BUILDING = 800_000_000


# one loop over the pixels with the sum over orientations inside, nothing of a term in memory: by default the compiler
# stores whatever is used more than once, and every term would pass through the memory four times
_FUSED: dict[str, Any] = {
    "realize_reads_threshold": 100,
    "realize_opcount_threshold": 1000,
    "realize_cpu_opcount_threshold": 1000,
    "realize_acc_reads_threshold": 100,
    "realize_cpu_acc_reads_threshold": 100,
    "assert_indirect_indexing": False,  # the kernel keeps addresses in the table itself
    "cpp.dynamic_threads": True,
}


class _Tile(torch.nn.Module):
    def forward(self, *arguments: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(tile_sums(TileInput(*arguments)))


def cache_folder() -> Path:
    """Where compiled kernels are kept: $NBSIM_CACHE, else nbsim in the user's cache folder."""
    own = os.environ.get("NBSIM_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nbsim"


def artefact(dtype: torch.dtype) -> Path:
    """The file that holds the kernel for this dtype, torch, processor and source."""
    modules: tuple[ModuleType, ...] = (kernel, lattice)
    parts = [inspect.getsource(module) for module in modules]
    parts += [repr(_FUSED), torch.__version__, str(dtype), torch.backends.cpu.get_cpu_capability(), os.uname().machine]
    return cache_folder() / f"tile-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:24]}.pt2"


def load(dtype: torch.dtype) -> Kernel | None:
    """The compiled kernel, or None if there is none that works."""
    try:
        path = artefact(dtype)
        if not path.is_file():
            return None
        run = _runner(str(path))
        usable = _agree(tile_sums(_example(dtype)), run(_example(dtype)))
    except Exception:  # a stale or damaged file, another libstdc++ ...: whatever it is, the plain kernel works
        return None
    return run if usable else None


@cache
def for_device(dtype: torch.dtype, device: torch.device) -> Kernel | None:
    """The kernel fused by ``torch.compile`` for a device other than the CPU; None if that is not possible.

    torch keeps its own cache of what it compiled; the first run in a process takes seconds all the same.
    """
    try:
        fused = torch.compile(_Tile(), dynamic=True, fullgraph=True)
        run: Kernel = lambda tile: TileSums(*fused(*tile))  # noqa: E731
        example = TileInput(*(argument.to(device) for argument in _example(dtype)))
        usable = _agree(tile_sums(example), run(example))
    except Exception:  # no Triton, a driver too old ...: as for a build
        return None
    return run if usable else None


def _agree(wanted: TileSums, got: TileSums) -> bool:
    return all(torch.allclose(a, b, rtol=1e-5, equal_nan=True) for a, b in zip(wanted, got, strict=True))


def _runner(path: str) -> Kernel:
    # the public loader imports the whole compiler (seconds); the class behind it needs milliseconds
    loader: Any = getattr(getattr(torch._C, "_aoti", None), "AOTIModelPackageLoader", None)
    if loader is not None:
        model = loader(path, "model", False, 1, -1)
        return lambda tile: TileSums(*model.run(list(tile)))
    from torch._inductor import aoti_load_package

    package: Any = aoti_load_package(path)
    return lambda tile: TileSums(*package(*tile))


def build(dtype: torch.dtype) -> bool:
    """Compile the kernel into the cache (tens of seconds); False if this machine cannot (no C++ compiler ...)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler's own, of no use to anybody here
        return _build(dtype)


def _build(dtype: torch.dtype) -> bool:
    try:
        from torch._inductor import aoti_compile_and_package, config

        known = config.get_config_copy()
        target = artefact(dtype)
        target.parent.mkdir(parents=True, exist_ok=True)
        pixels, orientations, reflections = (torch.export.Dim(name, min=2) for name in ("p", "n", "f"))
        axes: dict[str, dict[int, Any] | None] = {
            **{key: {0: pixels} for key in ("fast", "slow")},
            **{key: {0: orientations} for key in ("cells", "weights")},
            "table": {0: reflections},
        }
        shapes = (tuple(axes.get(name) for name in TileInput._fields),)
        program = torch.export.export(_Tile(), tuple(_example(dtype)), dynamic_shapes=shapes)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            made = aoti_compile_and_package(
                program,
                package_path=str(Path(scratch) / target.name),
                inductor_configs={name: value for name, value in _FUSED.items() if name in known},
            )
            Path(made).replace(target)
    except Exception:  # the compiler's failures have every type there is
        return False
    return True


def _example(dtype: torch.dtype) -> TileInput:
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
