"""The tile kernel compiled ahead of time and kept on disk; an optimization only.

The artefact is valid for one dtype, torch version, processor and state of the source; any failure to build or load it
means "run uncompiled".
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from nbsim.image import build_kernel, kernel
from nbsim.image.build_kernel import Tile, example
from nbsim.image.kernel import TileInput, TileSums, tile_sums
from nbsim.pixel import lattice
from nbsim.workers import Stopped

Kernel = Callable[[TileInput], TileSums]

# terms computed uncompiled on one core in about the time of a build
WORTH_BUILDING = 400_000_000
BUILD_SECONDS = 30  # on two cores of 2023
_SECONDS_BETWEEN_QUESTIONS = 0.1


def cache_folder() -> Path:
    """Folder of compiled kernels: $NBSIM_CACHE, else nbsim in the user's cache folder."""
    own = os.environ.get("NBSIM_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nbsim"


def artefact(dtype: torch.dtype) -> Path:
    """The file that holds the kernel for this dtype, torch, processor and source."""
    modules: tuple[ModuleType, ...] = (kernel, lattice, build_kernel)
    parts = [inspect.getsource(module) for module in modules]
    parts += [torch.__version__, str(dtype), torch.backends.cpu.get_cpu_capability(), os.uname().machine]
    return cache_folder() / f"tile-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:24]}.pt2"


def kernel_is_built(dtype: torch.dtype) -> bool:
    """Whether the compiled kernel for this dtype is on disk."""
    return artefact(dtype).is_file()


def load(dtype: torch.dtype) -> Kernel | None:
    """The compiled kernel; None without a working one."""
    try:
        path = artefact(dtype)
        if not path.is_file():
            return None
        run = _runner(str(path))
        usable = agree(tile_sums(example(dtype)), run(example(dtype)))
    except Exception:  # a stale or damaged file, another libstdc++ ...: in any case the uncompiled kernel works
        return None
    return run if usable else None


@cache
def for_device(dtype: torch.dtype, device: torch.device) -> Kernel | None:
    """The kernel fused by ``torch.compile`` for a device other than the CPU; None where that fails.

    torch caches compiled code; the first run in a process still takes seconds.
    """
    try:
        fused = torch.compile(Tile(), dynamic=True, fullgraph=True)
        run: Kernel = lambda tile: TileSums(*fused(*tile))  # noqa: E731
        there = TileInput(*(argument.to(device) for argument in example(dtype)))
        usable = agree(tile_sums(there), run(there))
    except Exception:  # no Triton, a driver too old ...: as for a build
        return None
    return run if usable else None


def agree(wanted: TileSums, got: TileSums) -> bool:
    """Whether two forms of the kernel agree to half the digits of the dtype.

    The compiler chooses the order of operations, which near a zero of a sine affects several digits.
    """
    limit = torch.finfo(wanted.intensity.dtype).eps ** 0.5
    pairs = ((a.double(), b.double()) for a, b in zip(wanted, got, strict=True))
    return all(torch.allclose(b, a, rtol=limit, atol=limit * float(a.abs().max()), equal_nan=True) for a, b in pairs)


def _runner(path: str) -> Kernel:
    # the public loader imports the whole compiler (seconds); the class behind it needs milliseconds
    loader: Any = getattr(getattr(torch._C, "_aoti", None), "AOTIModelPackageLoader", None)
    if loader is not None:
        model = loader(path, "model", False, os.cpu_count() or 1, -1)  # one concurrent call per thread
        return lambda tile: TileSums(*model.run(list(tile)))
    from torch._inductor import aoti_load_package

    package: Any = aoti_load_package(path)
    return lambda tile: TileSums(*package(*tile))


def build(dtype: torch.dtype, stopped: Stopped = lambda: None) -> bool:
    """Compile the kernel into the cache; False if this machine cannot (no C++ compiler ...).

    The compiler runs in its own process, which an exception from ``stopped`` ends without leaving files behind.
    """
    try:
        target = artefact(dtype)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, ignore_cleanup_errors=True) as scratch:
            made = Path(scratch) / target.name
            if not _compiled_elsewhere(dtype, made, stopped):
                return False
            made.replace(target)
    except (OSError, ValueError):
        return False
    return True


def _compiled_elsewhere(dtype: torch.dtype, made: Path, stopped: Stopped) -> bool:
    command = [sys.executable, "-m", build_kernel.__name__, str(dtype).removeprefix("torch."), str(made)]
    # the compiler's own files lie beside the result and are removed with it, whether or not the build succeeds
    own = {"TORCHINDUCTOR_CACHE_DIR": str(made.parent / "inductor"), "TMPDIR": str(made.parent)}
    # trust the processor's own flags: testing them takes the compiler longer than the kernel
    environment = {**os.environ, **own, "TORCHINDUCTOR_VEC_ISA_OK": "1"}
    silent = subprocess.DEVNULL
    process = subprocess.Popen(
        command, stdin=silent, stdout=silent, stderr=silent, env=environment, start_new_session=True
    )
    try:
        while process.poll() is None:
            stopped()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS_BETWEEN_QUESTIONS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # with the C++ compiler that it started
            process.wait()
    return process.returncode == 0 and made.is_file()
