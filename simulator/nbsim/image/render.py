"""The whole detector, in pieces, from the same formula as a single pixel.

On the CPU the C kernel computes it, or torch one orientation at a time; on other devices, within the conditions of
:mod:`nbsim.image.scope`, the tile kernel, fused if requested. Of a float32 image the kernels compute the terms in
float32, from indices and phases in float64; all else is float64. Other runs, and every pixel where an exact-zero or
rounding quirk of C shows, go through :func:`nbsim.pixel.terms.contributions`.
Source: nanobragg_pixel_loop.md sections 2, 3.3, 8.3, 9.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from nbsim.errors import Interrupted
from nbsim.image.arguments import suits_float32
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
from nbsim.image.in_turn import InTurn
from nbsim.image.native import Box, Native, boxes
from nbsim.image.picture import picture
from nbsim.image.scope import fits_c_kernel, fits_in_turn, fits_kernel
from nbsim.image.tiles import ORIENTATIONS, KernelTiles
from nbsim.model import ExperimentData
from nbsim.pixel.accumulation import sum_pixels
from nbsim.pixel.run_state import RunState, run_state
from nbsim.pixel.terms import contributions, interpolates
from nbsim.pixel.visited import n_rendered, rendered_pixels, rendered_tiles
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

    A float32 image has indices and phases in float64, from numbers that were never rounded, and in the kernels terms in
    float32: it is that of float64 to 2e-6 of every pixel above 1e-6 of the maximum. With quirk ``naive_float32`` all of
    it is float32.

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
    if terms != experiment.dtype and not suits_float32(experiment.structure_factors):
        terms = experiment.dtype
    library = _library(experiment, terms, compile_kernel, n_pixels * n_passes, notice or (lambda _: None), stopped)
    photons = torch.zeros((detector.n_slow, detector.n_fast), dtype=torch.float32, device=experiment.device)
    rendered = rendered_pixels(experiment)
    canvas = _Canvas(photons, torch.zeros_like(rendered))
    done = 0

    def report(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, n_pixels)

    compiled = library is not None
    if library is not None:
        native = Native(experiment, library, terms)
        state, omega, n_doubtful = _in_c(experiment, native, canvas, n_threads, report, stopped)
    else:
        state = run_state(experiment, n_threads=n_threads)
        fused = compile_kernel is True and experiment.device.type != "cpu"
        n_doubtful = n_pixels  # not counted: a device would have to be waited for
        omega, compiled = _in_torch(experiment, terms, canvas, state, fused, report, stopped)
    doubtful = (canvas.doubtful if n_doubtful else canvas.doubtful[:0]).nonzero()
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
) -> tuple[RunState, float, int]:
    """Every pixel by the C kernel; what they inherit, the sum of the solid angles, and the number of doubtful ones."""
    state, workers = run_state(experiment, n_threads=n_threads, interpolation_end=False), torch.get_num_threads()
    if interpolates(experiment) and experiment.quirks.interpolation_switch_off:
        state = replace(state, interpolation_stop=native.interpolation_stop(state.first_pixels, workers, stopped))
    mask = experiment.detector.mask

    def one_box(piece: tuple[int, Box], stopped: Stopped) -> tuple[int, int, float, int]:
        number, box = piece
        found, omega = native.render(box, state, canvas.photons, canvas.doubtful, stopped)
        slow0, slow1, fast0, fast1 = box
        window = slice(slow0, slow1 + 1), slice(fast0, fast1 + 1)
        count = (slow1 - slow0 + 1) * (fast1 - fast0 + 1) if mask is None else int(mask[window].sum())
        return number, count, omega, found

    omegas: dict[int, float] = {}
    n_doubtful = 0
    for number, count, omega, found in in_threads(
        one_box, enumerate(boxes(experiment)), n_threads=workers, stopped=stopped
    ):
        omegas[number] = omega
        n_doubtful += found
        report(count)
    return state, math.fsum(omegas.values()), n_doubtful


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
    detector = experiment.detector
    values_of, size, fused = _values(experiment, terms, state, fused)

    # no step of the loop waits for a device; steps that depend on values come after it
    @torch.no_grad()
    def one_tile(tile: tuple[int, Tensor], stopped: Stopped) -> int:
        number, pixels = tile
        values, omega, doubtful = values_of(pixels, stopped)
        at = pixels[:, 0] * detector.n_fast + pixels[:, 1]
        canvas.doubtful.view(-1).scatter_(0, at, doubtful)
        canvas.photons.view(-1).scatter_(0, at, values.to(torch.float32))
        omegas[number] = torch.where(doubtful, 0.0, omega).sum()
        return pixels.shape[0]

    pieces = rendered_tiles(experiment, range(detector.n_slow), size)
    # one per possible tile; small tensors that stay, each between large ones that go, would keep the memory of the
    # latter from being reused
    n_tiles = detector.n_slow * (detector.n_fast // size + 1)
    omegas = torch.zeros(n_tiles, dtype=torch.float64, device=experiment.device)
    workers = torch.get_num_threads() if experiment.device.type == "cpu" else 1
    for count in in_threads(one_tile, enumerate(pieces), n_threads=workers, stopped=stopped):
        report(count)
    return float(omegas.sum()), fused


# pixels (P, 2) to their values, their sums of solid angles, and which of them the formula must compute, each (P,)
_Values = Callable[[Tensor, Stopped], tuple[Tensor, Tensor, Tensor]]


def _values(experiment: ExperimentData, terms: torch.dtype, state: RunState, fused: bool) -> tuple[_Values, int, bool]:
    """How torch computes a tile, the pixels of a tile, and whether a fused kernel does it."""
    detector, on_cpu = experiment.detector, experiment.device.type == "cpu"
    ends = partial(state.interpolation_end, n_fast=detector.n_fast, n_passes=experiment.n_passes)
    together = _UNCOMPILED_TERMS if on_cpu else _DEVICE_TERMS
    if on_cpu and fits_in_turn(experiment):
        in_turn = InTurn(experiment)
        return lambda pixels, stopped: in_turn.values(pixels, ends(pixels), stopped), in_turn.tile_size(), False
    if fits_kernel(experiment):
        kernel = for_device(experiment.dtype, terms, experiment.device) if fused else None
        per_ray = min(experiment.sampling.n_phi * experiment.crystal.mosaic_matrices.shape[0], ORIENTATIONS)
        return KernelTiles(experiment, kernel, terms).values, max(2, together // per_ray), kernel is not None

    def by_formula(pixels: Tensor, stopped: Stopped) -> tuple[Tensor, Tensor, Tensor]:
        stopped()
        values, omega = _full(experiment, pixels, state)
        return values, omega, torch.zeros_like(values, dtype=torch.bool)

    return by_formula, max(2, together // experiment.n_passes), False


torch.serialization.add_safe_globals([Image])  # plain data, for torch.load with weights_only
