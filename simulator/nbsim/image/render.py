"""The whole detector, tile by tile, from the same formula as a single pixel.

Runs within :mod:`nbsim.image.scope` go through the kernel (compiled if available); all others, and every pixel where an
exact-zero or rounding quirk of C shows, go through :func:`nbsim.pixel.terms.contributions`.
Source: nanobragg_pixel_loop.md sections 2, 3.3, 8.3, 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from nbsim.errors import Interrupted
from nbsim.image.compiled import BUILD_SECONDS, WORTH_BUILDING, Kernel, build, for_device, load
from nbsim.image.scope import fits_kernel
from nbsim.image.tiles import ORIENTATIONS, KernelTiles
from nbsim.model import ExperimentData
from nbsim.pixel.accumulation import sum_pixels
from nbsim.pixel.run_state import RunState, run_state
from nbsim.pixel.terms import contributions
from nbsim.pixel.visited import n_rendered, rendered_tiles
from nbsim.setup.checks import check_device_memory, check_image_memory
from nbsim.values import ByValue
from nbsim.workers import Stopped, in_threads

Progress = Callable[[int, int], None]  # pixels done, pixels in all
Notice = Callable[[str], None]  # a sentence on the current step

_UNCOMPILED_TERMS = 1 << 17  # temporaries of a tile stay in the cache
_COMPILED_TERMS = 1 << 24  # fused, so that no term is stored; a check for a stop every tenth of a second
_COMPILED_PIXELS = 1 << 16  # long enough to keep the threads busy, small enough for the allocator to reuse
_DEVICE_TERMS = 1 << 22  # large enough to amortize launch latency; a tile takes about 1 GB


@dataclass(frozen=True, eq=False, repr=False)
class Image(ByValue):
    """The result of a run over the detector."""

    photons: Tensor  # (n_slow, n_fast), float32 as C stores it; 0 where not rendered
    rendered: Tensor  # bool (n_slow, n_fast)
    solid_angle: float  # sum of omega over rendered pixels, layers and subpixels [sr]
    compiled: bool = field(compare=False)

    def __repr__(self) -> str:
        n_slow, n_fast = self.photons.shape
        return f"Image({n_slow} x {n_fast} pixels, at most {float(self.photons.max()):g} photons)"


def _kernel(
    experiment: ExperimentData, compile_kernel: bool | None, n_terms: int, notice: Notice | None, stopped: Stopped
) -> Kernel | None:
    """The compiled kernel, if requested and available."""
    if compile_kernel is False:
        return None
    if experiment.device.type != "cpu":
        return for_device(experiment.dtype, experiment.device) if compile_kernel else None
    kernel = load(experiment.dtype)
    if kernel is None and (compile_kernel or n_terms > WORTH_BUILDING):
        if notice is not None:
            notice(f"compiling the kernel, once for this machine: about {BUILD_SECONDS} s, longer where it is busy")
        if build(experiment.dtype, stopped):
            kernel = load(experiment.dtype)
        elif notice is not None:
            notice("the kernel cannot be compiled here (is there a C++ compiler?); the run continues without it")
    return kernel


def _full(
    experiment: ExperimentData, pixels: Tensor, state: RunState, *, first_pass: bool = False
) -> tuple[Tensor, Tensor]:
    """Values (P,) and the sum of the effective solid angles (P,), from the full formula."""
    ends = state.interpolation_end(pixels, experiment.detector.n_fast, experiment.n_passes)
    sums = sum_pixels(experiment, contributions(experiment, pixels, first_pass=first_pass, interpolation_end=ends))
    return sums.value, sums.omega_now.flatten(1).sum(dim=1)


@torch.no_grad()
def render(
    experiment: ExperimentData,
    *,
    n_threads: int = 1,
    compile_kernel: bool | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    notice: Notice | None = None,
) -> Image:
    """Simulate every rendered pixel.

    Args:
        experiment: the run; its dtype and device are used throughout.
        n_threads: OMP_NUM_THREADS of the C run to emulate; only first rendered pixels depend on it.
        compile_kernel: True builds the compiled kernel if it is missing, False never uses it, None uses an
            existing one and builds one where the run is long enough to gain from it; on a GPU only True uses it.
        progress: called after every tile with pixels done and the total to render.
        cancelled: called several times a second, also while the kernel is compiled.
        notice: called with a sentence before a long step other than the image.

    Raises:
        Interrupted: ``cancelled`` returned True.
        InputError: fewer than one thread, or an image larger than the memory of the host or the device.
    """

    def stopped() -> None:
        if cancelled is not None and cancelled():
            raise Interrupted("stopped on request")

    detector = experiment.detector
    check_image_memory(detector.n_slow, detector.n_fast)
    check_device_memory(detector.n_slow, detector.n_fast, experiment.device)
    state = run_state(experiment, n_threads=n_threads)
    n_passes = experiment.n_passes
    fits = fits_kernel(experiment)
    n_pixels = n_rendered(experiment)
    kernel = _kernel(experiment, compile_kernel, n_pixels * n_passes, notice, stopped) if fits else None
    tiles = KernelTiles(experiment, kernel) if fits else None
    photons = torch.zeros((detector.n_slow, detector.n_fast), dtype=torch.float32, device=experiment.device)
    rendered = torch.zeros_like(photons, dtype=torch.bool)
    doubtful = torch.zeros_like(rendered)
    per_pixel = detector.n_layers * experiment.sampling.oversample**2

    # no step of the loop waits for a device; steps that depend on values come after it
    @torch.no_grad()
    def one_tile(tile: tuple[int, Tensor], stopped: Stopped) -> int:
        number, pixels = tile
        slow, fast = pixels.unbind(1)
        if tiles is not None:
            values, omega, suspicious = tiles.values(pixels, stopped)
            omega = torch.where(suspicious, 0.0, omega * per_pixel)
            doubtful[slow, fast] = suspicious
        else:
            values, omega = _full(experiment, pixels, state)
        photons[slow, fast] = values.to(torch.float32)
        rendered[slow, fast] = True
        omegas[number] = omega.sum()
        return pixels.shape[0]

    on_cpu = experiment.device.type == "cpu"
    size = _tile_size(experiment, fits, kernel is not None)
    pieces = rendered_tiles(experiment, range(detector.n_slow), size)
    # one per possible tile, and one for the recomputed pixels; small tensors that stay, each between large ones that
    # go, would keep the memory of the latter from being reused
    n_tiles = detector.n_slow * (detector.n_fast // size + 1)
    omegas = torch.zeros(n_tiles + 1, dtype=torch.float64, device=experiment.device)
    workers = torch.get_num_threads() if on_cpu else 1
    done = 0
    for count in in_threads(one_tile, enumerate(pieces), n_threads=workers, stopped=stopped):
        done += count
        if progress is not None:
            progress(done, n_pixels)
    if tiles is not None:
        for part in torch.split(doubtful.nonzero(), max(1, _UNCOMPILED_TERMS // n_passes)):
            stopped()
            values, omega = _full(experiment, part, state)
            photons[part[:, 0], part[:, 1]] = values.to(torch.float32)
            omegas[-1] += omega.sum()
    for first in state.first_pixels:
        values, _ = _full(experiment, torch.tensor([first], device=experiment.device), state, first_pass=True)
        photons[first] = values[0]
    return Image(photons, rendered, float(omegas.sum()), kernel is not None)


def _tile_size(experiment: ExperimentData, fits: bool, compiled: bool) -> int:
    """Pixels of a tile."""
    per_ray = min(experiment.sampling.n_phi * experiment.crystal.mosaic_matrices.shape[0], ORIENTATIONS)
    on_cpu = experiment.device.type == "cpu"
    if compiled and on_cpu:
        return max(2, min(_COMPILED_TERMS // per_ray, _COMPILED_PIXELS))
    terms = _UNCOMPILED_TERMS if on_cpu else _DEVICE_TERMS
    return max(2, terms // (per_ray if fits else experiment.n_passes))


torch.serialization.add_safe_globals([Image])  # plain data, for torch.load with weights_only
