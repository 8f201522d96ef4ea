"""The whole detector, in pieces, from the same formula as a single pixel.

On the CPU the C kernel computes it, else torch tile by tile: runs within :mod:`nbsim.image.scope` by the tile kernel
(fused, if requested, on other devices). Of a float32 image the kernels compute the terms in float32, from indices and
phases in float64; the formula is float64. All others, and every pixel where an exact-zero or rounding quirk of C shows,
go through :func:`nbsim.pixel.terms.contributions`. Source: nanobragg_pixel_loop.md sections 2, 3.3, 8.3, 9.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from nbsim.errors import Interrupted
from nbsim.image.compiled import (
    LONGEST_WAIT,
    PIXELS,
    SINGLE_TERMS,
    WORTH_BUILDING,
    CannotBuildError,
    build,
    load,
    missing_compiler,
)
from nbsim.image.fused import for_device
from nbsim.image.native import Box, Native, boxes
from nbsim.image.picture import picture
from nbsim.image.scope import fits_c_kernel, fits_kernel
from nbsim.image.tiles import ORIENTATIONS, PIXELS_IN_TURN, KernelTiles, by_orientation
from nbsim.model import ExperimentData
from nbsim.pixel.accumulation import sum_pixels
from nbsim.pixel.run_state import RunState, run_state
from nbsim.pixel.terms import contributions, interpolates
from nbsim.pixel.visited import n_rendered, rendered_tiles
from nbsim.setup.checks import check_device_memory, check_image_memory
from nbsim.values import ByValue
from nbsim.workers import Stopped, in_threads

Progress = Callable[[int, int], None]  # pixels done, pixels in all
Notice = Callable[[str], None]  # a sentence on the current step

_UNCOMPILED_TERMS = 1 << 15  # temporaries of a tile stay in the cache
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

    def _repr_html_(self) -> str:
        return picture(self.photons)


@dataclass(frozen=True)
class _Canvas:
    """Where the pieces of an image go."""

    photons: Tensor  # float32 (n_slow, n_fast)
    rendered: Tensor  # bool (n_slow, n_fast)
    doubtful: Tensor  # bool (n_slow, n_fast): pixels that need the full formula


def _library(
    experiment: ExperimentData,
    terms: torch.dtype,
    compile_kernel: bool | None,
    n_terms: int,
    notice: Notice,
    stopped: Stopped,
) -> ctypes.CDLL | None:
    """The C kernel with this dtype of terms, if requested and available."""
    if compile_kernel is False or not fits_c_kernel(experiment):
        return None
    code = PIXELS if terms == experiment.dtype else SINGLE_TERMS
    library = load(experiment.dtype, code)
    if library is not None or not (compile_kernel or n_terms > WORTH_BUILDING):
        return library
    try:
        missing = missing_compiler()
        if missing is not None:
            raise CannotBuildError(missing)
        notice("compiling the kernel, once for this machine: about a second")
        return build(experiment.dtype, stopped, longest=math.inf if compile_kernel else LONGEST_WAIT, code=code)
    except CannotBuildError as error:
        notice(f"{error}; torch computes the image, several times slower")
        return None


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

    A float32 image has indices and phases in float64, from numbers that were never rounded, and terms in float32: it is
    that of float64 to 2e-6 of every pixel above 1e-6 of the maximum. With quirk ``naive_float32`` all of it is float32.

    Args:
        experiment: the run; its dtype and device are used throughout.
        n_threads: OMP_NUM_THREADS of the C run to emulate; only first rendered pixels depend on it.
        compile_kernel: True compiles the kernel if it is missing, False never uses it, None uses an existing one and
            compiles one, for 3 s at most, where the run is long enough to gain from it; on a GPU only True uses one.
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
    n_pixels, n_passes = n_rendered(experiment), experiment.n_passes
    terms = experiment.dtype
    if not experiment.quirks.naive_float32:
        experiment = experiment.before_rounding()
    library = _library(experiment, terms, compile_kernel, n_pixels * n_passes, notice or (lambda _: None), stopped)
    photons = torch.zeros((detector.n_slow, detector.n_fast), dtype=torch.float32, device=experiment.device)
    rendered = torch.zeros_like(photons, dtype=torch.bool)
    canvas = _Canvas(photons, rendered, torch.zeros_like(rendered))
    done = 0

    def report(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, n_pixels)

    compiled = library is not None
    if library is not None:
        state, omega = _in_c(experiment, Native(experiment, library, terms), canvas, n_threads, report, stopped)
    else:
        state = run_state(experiment, n_threads=n_threads)
        fused = compile_kernel is True and experiment.device.type != "cpu"
        omega, compiled = _in_torch(experiment, terms, canvas, state, fused, report, stopped)
    doubtful = canvas.doubtful.nonzero()
    for part in torch.split(doubtful, max(1, _UNCOMPILED_TERMS // n_passes)) if len(doubtful) else ():
        stopped()
        values, of_part = _full(experiment, part, state)
        photons[part[:, 0], part[:, 1]] = values.to(torch.float32)
        omega += float(of_part.sum())
    for first in state.first_pixels:
        values, _ = _full(experiment, torch.tensor([first], device=experiment.device), state, first_pass=True)
        photons[first] = values[0]
    return Image(photons, rendered, omega, compiled)


def _in_c(
    experiment: ExperimentData,
    native: Native,
    canvas: _Canvas,
    n_threads: int,
    report: Callable[[int], None],
    stopped: Stopped,
) -> tuple[RunState, float]:
    """Every pixel by the C kernel; what they inherit, and the sum of the solid angles."""
    state, workers = run_state(experiment, n_threads=n_threads, interpolation_end=False), torch.get_num_threads()
    if interpolates(experiment) and experiment.quirks.interpolation_switch_off:
        state = replace(state, interpolation_stop=native.interpolation_stop(state.first_pixels, workers, stopped))
    mask = experiment.detector.mask

    def one_box(piece: tuple[int, Box], stopped: Stopped) -> tuple[int, int, float]:
        number, box = piece
        _, omega = native.render(box, state, canvas.photons, canvas.doubtful, stopped)
        slow0, slow1, fast0, fast1 = box
        window = slice(slow0, slow1 + 1), slice(fast0, fast1 + 1)
        canvas.rendered[window] = True if mask is None else mask[window]
        count = (slow1 - slow0 + 1) * (fast1 - fast0 + 1) if mask is None else int(mask[window].sum())
        return number, count, omega

    omegas: dict[int, float] = {}
    for number, count, omega in in_threads(one_box, enumerate(boxes(experiment)), n_threads=workers, stopped=stopped):
        omegas[number] = omega
        report(count)
    return state, math.fsum(omegas.values())


def _in_torch(
    experiment: ExperimentData,
    terms: torch.dtype,
    canvas: _Canvas,
    state: RunState,
    fused: bool,
    report: Callable[[int], None],
    stopped: Stopped,
) -> tuple[float, bool]:
    """Every pixel by torch; the sum of the solid angles, and whether a fused kernel was used."""
    detector, fits = experiment.detector, fits_kernel(experiment)
    kernel = for_device(experiment.dtype, terms, experiment.device) if fused and fits else None
    tiles = KernelTiles(experiment, kernel, terms) if fits else None
    per_pixel = detector.n_layers * experiment.sampling.oversample**2

    # no step of the loop waits for a device; steps that depend on values come after it
    @torch.no_grad()
    def one_tile(tile: tuple[int, Tensor], stopped: Stopped) -> int:
        number, pixels = tile
        slow, fast = pixels.unbind(1)
        if tiles is not None:
            values, omega, suspicious = tiles.values(pixels, stopped)
            omega = torch.where(suspicious, 0.0, omega * per_pixel)
            canvas.doubtful[slow, fast] = suspicious
        else:
            values, omega = _full(experiment, pixels, state)
        canvas.photons[slow, fast] = values.to(torch.float32)
        canvas.rendered[slow, fast] = True
        omegas[number] = omega.sum()
        return pixels.shape[0]

    on_cpu = experiment.device.type == "cpu"
    size = _tile_size(experiment, terms, fits)
    pieces = rendered_tiles(experiment, range(detector.n_slow), size)
    # one per possible tile; small tensors that stay, each between large ones that go, would keep the memory of the
    # latter from being reused
    n_tiles = detector.n_slow * (detector.n_fast // size + 1)
    omegas = torch.zeros(n_tiles, dtype=torch.float64, device=experiment.device)
    workers = torch.get_num_threads() if on_cpu else 1
    for count in in_threads(one_tile, enumerate(pieces), n_threads=workers, stopped=stopped):
        report(count)
    return float(omegas.sum()), kernel is not None


def _tile_size(experiment: ExperimentData, terms: torch.dtype, fits: bool) -> int:
    """Pixels of a tile."""
    if fits and by_orientation(experiment, terms):
        return max(1, PIXELS_IN_TURN * terms.itemsize // experiment.dtype.itemsize)
    per_ray = min(experiment.sampling.n_phi * experiment.crystal.mosaic_matrices.shape[0], ORIENTATIONS)
    together = _UNCOMPILED_TERMS if experiment.device.type == "cpu" else _DEVICE_TERMS
    return max(2, together // (per_ray if fits else experiment.n_passes))


torch.serialization.add_safe_globals([Image])  # plain data, for torch.load with weights_only
