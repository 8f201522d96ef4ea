"""The whole detector, tile by tile, from the same formula as a single pixel.

Runs that fit :mod:`nbsim.kernel` go through it (compiled where that is at hand); everything else, and every pixel
where an exact-zero or rounding quirk of C shows, goes through :func:`nbsim.terms.contributions`.
Source: nanobragg_pixel_loop.md sections 2, 3.3, 8.3, 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .accumulation import R_E_SQR, sum_pixels, water_background
from .checks import check_image_memory
from .compiled import WORTH_BUILDING, Kernel, build, load
from .errors import Interrupted
from .kernel import NUMBERS, TileInput, tile_sums
from .model import Experiment
from .orientations import n_rendered, orientations, rendered_tiles
from .polarization import unit
from .terms import RunState, contributions, interpolates, passes_per_pixel, run_state
from .vectors import cross

Progress = Callable[[int, int], None]  # pixels done, pixels in all

_UNCOMPILED_TERMS = 1 << 17  # temporaries of a tile stay in the cache
_COMPILED_TERMS = 1 << 19  # fused: long enough to keep the threads busy, small enough for the allocator to reuse
_DEVICE_TERMS = 1 << 22  # a launch must be worth its latency; a tile takes about 1 GB
_ORIENTATIONS = 1 << 13  # of one call


@dataclass(frozen=True)
class Image:
    """What a run over the detector gives."""

    photons: Tensor  # (n_slow, n_fast), float32 as C stores it; 0 where not rendered
    rendered: Tensor  # bool (n_slow, n_fast)
    solid_angle: float  # sum of omega over rendered pixels, layers and subpixels [sr]
    compiled: bool


def fits_kernel(experiment: Experiment) -> bool:
    """Whether every pixel is the plain case of the formula."""
    sampling, quirks = experiment.sampling, experiment.quirks
    return (
        experiment.crystal.shape == "SQUARE"
        and not interpolates(experiment)
        and not experiment.detector.curved
        and sampling.dmin == 0.0
        and not (sampling.oversample_thick or sampling.oversample_polar or sampling.oversample_omega)
        and quirks.cached_corrections
        and quirks.last_layer_capture
        and quirks.source_weights_ignored
        and (quirks.background_twice or sampling.water == 0.0)
    )


def _kernel(experiment: Experiment, compile_kernel: bool | None, n_terms: int) -> Kernel | None:
    """The compiled kernel if it is wanted and at hand."""
    if compile_kernel is False or experiment.device.type != "cpu":
        return None
    kernel = load(experiment.dtype)
    if kernel is None and (compile_kernel or n_terms > WORTH_BUILDING) and build(experiment.dtype):
        kernel = load(experiment.dtype)
    return kernel


def _filled(value: Tensor | float, like: Tensor) -> Tensor:
    """A scalar beside ``like``; a number is filled in on the device, not copied to it."""
    return value if isinstance(value, Tensor) else torch.full_like(like, value)


class _PlainTiles:
    """Pixel values of one experiment through the kernel."""

    def __init__(self, experiment: Experiment, kernel: Kernel | None) -> None:
        self.experiment = experiment
        self.kernel = kernel or tile_sums
        cells = orientations(experiment)
        stacked = torch.stack((cells.a, cells.b, cells.c), dim=2).flatten(0, 1)  # (N, 3, 3)
        self.cells = [self._padded(chunk) for chunk in torch.split(stacked, _ORIENTATIONS)]
        table = experiment.structure_factors
        like = experiment.crystal.a
        if table.grid is None:
            self.table, box = like.new_zeros(2), [0.0] * 6
        else:
            # an address must fit the dtype's whole numbers; two entries at least keep the compiled form general
            flat = table.grid.flatten()
            self.table = torch.cat((flat, flat[:1])) if flat.numel() < 2 else flat
            box = [float(x) for x in (table.h_min, table.k_min, table.l_min, *table.grid.shape)]
        self.box = like.new_tensor(box)
        self.n_cells = experiment.crystal.cells

    def _padded(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """At least two orientations: the compiled form knows no fewer; weight 0 for the added one."""
        weights = cells.new_ones(cells.shape[0])
        if cells.shape[0] > 1:
            return cells.contiguous(), weights
        return cells.repeat(2, 1, 1), torch.cat((weights, torch.zeros_like(weights)))

    def _input(self, pixels: Tensor, place: tuple[int, int, int, int]) -> TileInput:
        layer, sub_slow, sub_fast, source = place
        experiment = self.experiment
        detector, beam, ov = experiment.detector, experiment.beam, experiment.sampling.oversample
        incident = -beam.source_directions[source]
        b_axis = unit(cross(unit(beam.polarization_axis), unit(incident)))
        e_axis = unit(cross(unit(incident), b_axis))
        origin = detector.pix0 + layer * detector.layer_thickness * detector.normal
        area = detector.pixel_size * detector.pixel_size
        bare = detector.point_pixel and experiment.quirks.point_pixel_without_area
        numbers: dict[str, Tensor | float] = {
            "pixel_step": detector.pixel_size / ov,
            "oversample": ov,
            "sub_fast": sub_fast,
            "sub_slow": sub_slow,
            "area": torch.ones_like(area) if bare else area,
            "close_distance": detector.close_distance,
            "point_pixel": detector.point_pixel,
            "wavelength": beam.source_wavelengths[source],
            "kahn": beam.kahn,
            "absorption": detector.layer_thickness * detector.attenuation,
            "layer": layer,
            "default_f": experiment.structure_factors.default_f,
        }
        return TileInput(
            fast=pixels[:, 1].to(experiment.dtype),
            slow=pixels[:, 0].to(experiment.dtype),
            vectors=torch.stack((detector.fast, detector.slow, detector.normal, origin, incident, e_axis, b_axis)),
            numbers=torch.stack([_filled(numbers[name], area) for name in NUMBERS]),
            cells=self.cells[0][0],
            weights=self.cells[0][1],
            n_cells=self.n_cells,
            table=self.table,
            box=self.box,
        )

    def values(self, pixels: Tensor, stopped: Callable[[], None]) -> tuple[Tensor, Tensor, Tensor]:
        """Pixel values (P,), the solid angle in force (P,), and which pixels (bool) need the full formula.

        ``stopped`` is called between calls of the kernel and raises Interrupted to end it all.
        """
        experiment = self.experiment
        detector, ov = experiment.detector, experiment.sampling.oversample
        n_sources = experiment.beam.source_directions.shape[0]
        total = water_background(experiment).expand(pixels.shape[0]).clone()
        suspicious = torch.zeros_like(total, dtype=torch.bool)
        omega = polar = capture = torch.ones_like(total)
        for layer in range(detector.n_layers):
            for sub_slow in range(ov):
                for sub_fast in range(ov):
                    for source in range(n_sources):
                        tile = self._input(pixels, (layer, sub_slow, sub_fast, source))
                        for cells, weights in self.cells:
                            stopped()
                            sums = self.kernel(tile._replace(cells=cells, weights=weights))
                            total = total + sums.intensity
                            suspicious = suspicious | (sums.noisy > 0.0)
                        if sub_slow == sub_fast == source == 0:
                            capture = sums.capture
                            if layer == 0:
                                omega, polar = sums.omega, sums.polar
        if not experiment.quirks.grating_literal:
            suspicious = torch.zeros_like(suspicious)
        if experiment.beam.nopolar:
            polar = torch.ones_like(polar)
        capture = torch.where(detector.thickness == 0.0, torch.ones_like(capture), capture)
        suspicious = suspicious | (polar == 0.0) | (capture == 0.0) | (omega == 0.0) | ~torch.isfinite(total)
        value = R_E_SQR * experiment.beam.fluence * total / float(experiment.n_steps) * capture * polar * omega
        return value, omega, suspicious


def _full(
    experiment: Experiment, pixels: Tensor, state: RunState, *, first_pass: bool = False
) -> tuple[Tensor, Tensor]:
    """Values (P,) and the sum of the solid angles in force (P,), from the full formula."""
    ends = state.interpolation_end(pixels, experiment.detector.n_fast, passes_per_pixel(experiment))
    sums = sum_pixels(experiment, contributions(experiment, pixels, first_pass=first_pass, interpolation_end=ends))
    return sums.value, sums.omega_now.flatten(1).sum(dim=1)


@torch.no_grad()
def render(
    experiment: Experiment,
    *,
    n_threads: int = 1,
    compile_kernel: bool | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Image:
    """Simulate every rendered pixel.

    Args:
        experiment: the run; its dtype and device are used throughout.
        n_threads: OMP_NUM_THREADS of the C run to emulate; only first rendered pixels depend on it.
        compile_kernel: True builds the compiled kernel if there is none, False never uses it, None uses one that
            is there and builds one where the run is long enough to gain from it.
        progress: called with pixels done and pixels to render in all after every tile.
        cancelled: asked several times a second.

    Raises:
        Interrupted: ``cancelled`` returned True.
        InputError: fewer than one thread, or an image larger than the memory.
    """
    detector = experiment.detector
    check_image_memory(detector.n_slow, detector.n_fast)
    state = run_state(experiment, n_threads=n_threads)
    n_passes = passes_per_pixel(experiment)
    per_ray = min(experiment.sampling.n_phi * experiment.crystal.mosaic_matrices.shape[0], _ORIENTATIONS)
    plain = fits_kernel(experiment)
    n_pixels = n_rendered(experiment)
    kernel = _kernel(experiment, compile_kernel, n_pixels * n_passes) if plain else None
    tiles = _PlainTiles(experiment, kernel) if plain else None
    if experiment.device.type != "cpu":
        terms_at_once = _DEVICE_TERMS
    else:
        terms_at_once = _COMPILED_TERMS if kernel else _UNCOMPILED_TERMS
    size = max(2, terms_at_once // (per_ray if plain else n_passes))

    photons = torch.zeros((detector.n_slow, detector.n_fast), dtype=torch.float32, device=experiment.device)
    rendered = torch.zeros_like(photons, dtype=torch.bool)
    doubtful = torch.zeros_like(rendered)
    omega_sum = torch.zeros((), dtype=torch.float64, device=experiment.device)
    per_pixel = detector.n_layers * experiment.sampling.oversample**2
    done = 0

    def stopped() -> None:
        if cancelled is not None and cancelled():
            raise Interrupted("stopped on request")

    # nothing in this loop waits for the device: what depends on values is left for after it
    for pixels in rendered_tiles(experiment, range(detector.n_slow), size):
        stopped()
        slow, fast = pixels.unbind(1)
        if tiles is not None:
            values, omega, suspicious = tiles.values(pixels, stopped)
            omega = torch.where(suspicious, 0.0, omega * per_pixel)
            doubtful[slow, fast] = suspicious
        else:
            values, omega = _full(experiment, pixels, state)
        photons[slow, fast] = values.to(torch.float32)
        rendered[slow, fast] = True
        omega_sum += omega.sum()
        done += pixels.shape[0]
        if progress is not None:
            progress(done, n_pixels)
    if tiles is not None:
        for part in torch.split(doubtful.nonzero(), max(1, _UNCOMPILED_TERMS // n_passes)):
            stopped()
            values, omega = _full(experiment, part, state)
            photons[part[:, 0], part[:, 1]] = values.to(torch.float32)
            omega_sum += omega.sum()
    for first in state.first_pixels:
        values, _ = _full(experiment, torch.tensor([first], device=experiment.device), state, first_pass=True)
        photons[first] = values[0]
    return Image(photons, rendered, float(omega_sum), kernel is not None)
