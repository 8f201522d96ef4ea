"""One pixel with every intermediate, and the values of many pixels.

Source: nanobragg_pixel_loop.md section 2 (rendered pixels), 8.3 (warning), 9.3 (stored value).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint

from nbsim.errors import InputError
from nbsim.memory import check_memory, give_back
from nbsim.model import ExperimentData
from nbsim.parameters import ANY
from nbsim.pixel.accumulation import PixelSums, sum_pixels
from nbsim.pixel.lattice import LatticeFactor
from nbsim.pixel.orientations import Orientations
from nbsim.pixel.rays import Rays
from nbsim.pixel.run_state import RunState, run_state
from nbsim.pixel.terms import TILE, Passes, Terms, contributions, interpolates
from nbsim.pixel.visited import are_rendered, is_rendered
from nbsim.values import ByValue

Box = range | None | Sequence[range | None]  # an axis of a box: the same on every panel, or one for each
_KEPT, _KEPT_INTERPOLATED = 320, 4600  # bytes per pass that a graph keeps, measured
_TILES_BETWEEN = 6  # tiles, counting recomputed ones, between returns of freed memory to the system


@dataclass(frozen=True, eq=False, repr=False)
class PixelResult(ByValue):
    """A simulated pixel; its tensors keep the pixel axis with length 1. Equal: the same pixel of equal runs."""

    experiment: ExperimentData
    slow: int
    fast: int
    state: RunState
    terms: Terms = field(compare=False)
    sums: PixelSums = field(compare=False)
    warnings: tuple[str, ...] = field(compare=False)

    def __repr__(self) -> str:
        return f"PixelResult(slow {self.slow}, fast {self.fast}: {float(self.value.detach()):g} photons)"

    @property
    def intensity(self) -> Tensor:
        """I_before_scaling, scalar."""
        return self.sums.intensity[0]

    @property
    def value(self) -> Tensor:
        """I_pixel_final [photons], scalar, in the experiment's dtype."""
        return self.sums.value[0]

    @property
    def stored(self) -> Tensor:
        """The value stored in the float image, float32 scalar."""
        return self.value.to(torch.float32)

    def relative_error(self, reference: PixelResult) -> float:
        """|value - reference| / |reference|: the distance of this run from one in float64.

        The absolute difference where the reference is exactly zero.
        """
        exact = reference.value.detach().to(torch.float64)
        difference = (self.value.detach().to(exact) - exact).abs()
        return float(difference / exact.abs()) if bool(exact != 0.0) else float(difference)


def _check(experiment: ExperimentData, slow: int, fast: int) -> None:
    detector = experiment.detector
    if not (0 <= slow < detector.n_slow and 0 <= fast < detector.n_fast):
        raise InputError(
            f"pixel (slow {slow}, fast {fast}): not on the detector; slow runs from 0 to {detector.n_slow - 1}, "
            f"fast from 0 to {detector.n_fast - 1}"
        )
    if not is_rendered(experiment, slow, fast):
        fast0, fast1, slow0, slow1 = detector.roi
        raise InputError(
            f"pixel (slow {slow}, fast {fast}): never rendered; it is masked or outside "
            f"-roi {fast0} {fast1} {slow0} {slow1} (fast from, to, slow from, to); choose another or change those"
        )


def _warnings(experiment: ExperimentData, state: RunState, slow: int, fast: int) -> tuple[str, ...]:
    stop = state.interpolation_stop
    if stop is None or (slow, fast) < stop[:2]:
        return ()
    return (
        f"interpolation out of range at pixel ({stop[0]}, {stop[1]}) (slow, fast), pass {stop[2]}; "
        "as in C it is off from there on (quirk interpolation_switch_off)",
    )


def simulate_pixel(
    experiment: ExperimentData, slow: int, fast: int, *, n_threads: int = 1, state: RunState | None = None
) -> PixelResult:
    """Simulate pixel (slow, fast) as in a run over the whole detector with ``n_threads``.

    Args:
        experiment: the run.
        slow: slow pixel index from 0.
        fast: fast pixel index from 0.
        n_threads: OMP_NUM_THREADS of the C run to emulate; only first rendered pixels depend on it.
        state: :func:`nbsim.pixel.run_state.run_state` of this experiment, if already known.

    Raises:
        InputError: the pixel is not on the detector, or is masked or outside the ROI.
    """
    _check(experiment, slow, fast)
    if state is None:
        state = run_state(experiment, n_threads=n_threads, until_row=slow)
    pixels = torch.tensor([[slow, fast]], device=experiment.device)
    ends = state.interpolation_end(pixels, experiment.detector.n_fast, experiment.n_passes)
    first = (slow, fast) in state.first_pixels
    terms = contributions(experiment, pixels, first_pass=first, interpolation_end=ends)
    warnings = _warnings(experiment, state, slow, fast)
    return PixelResult(experiment, slow, fast, state, terms, sum_pixels(experiment, terms), warnings)


def pixels_of(experiment: ExperimentData, pixels: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``pixels`` (..., 2), (slow, fast), as int64 on the experiment's device; ANY in ``shape``: any length is valid.

    Raises:
        InputError: no whole numbers, another shape, or a pixel beyond the detector.
    """
    if not isinstance(pixels, Tensor):
        try:
            pixels = torch.as_tensor(pixels)
        except (TypeError, ValueError, RuntimeError) as error:
            raise InputError(f"pixels: {type(pixels).__name__} is not a tensor of whole numbers") from error
    detector = experiment.detector
    if pixels.dtype.is_floating_point or pixels.dtype.is_complex or pixels.dtype == torch.bool or pixels.is_meta:
        raise InputError(f"pixels: {pixels.dtype} on {pixels.device}; indices (slow, fast) are whole numbers, int64")
    if pixels.dim() != len(shape) or any(n not in (ANY, m) for n, m in zip(shape, pixels.shape, strict=True)):
        wanted = ", ".join("n" if n == ANY else str(n) for n in shape)
        raise InputError(f"pixels: has the shape {tuple(pixels.shape)}, needs ({wanted}): slow, fast")
    pixels = pixels.to(experiment.device, torch.int64)
    limit = torch.tensor([detector.n_slow, detector.n_fast], device=pixels.device)
    if bool(((pixels < 0) | (pixels >= limit)).any()):
        raise InputError(f"pixels beyond the detector of {detector.n_slow} x {detector.n_fast} (slow x fast)")
    return pixels


def image_values(
    experiment: ExperimentData,
    pixels: Tensor,
    *,
    n_threads: int = 1,
    state: RunState | None = None,
    interpolation_end: bool = False,
) -> Tensor:
    """Values [photons] of ``pixels`` (P, 2), int64 (slow, fast), in the experiment's dtype, (P,), with their graph.

    The same terms and sums as :func:`simulate_pixel`; pixels that are masked or outside the ROI are 0. C stores
    these values as float32. A gradient recomputes every tile: the memory stays that of one tile and some 100 bytes
    per pixel. The reverse transforms of torch.func cannot recompute; they keep the intermediates of all tiles.

    ``interpolation_end``: F is nearest from the pixel on where C's interpolation ends (L14), searched for in all rows
    up to the last pixel. Without it a pixel depends on no other, and F is interpolated wherever the table has room.
    ``state`` overrides both.

    Raises:
        InputError: a pixel is not on the detector, or a reverse transform of torch.func needs more than the memory.
    """
    pixels = pixels_of(experiment, pixels, (ANY, 2))
    if pixels.shape[0] == 0:
        return torch.zeros(0, dtype=experiment.dtype, device=experiment.device)
    if state is None:
        until_row = int(pixels[:, 0].max())
        state = run_state(experiment, n_threads=n_threads, until_row=until_row, interpolation_end=interpolation_end)
    return _tiled_values(experiment, pixels, state)


def _tiled_values(experiment: ExperimentData, pixels: Tensor, state: RunState) -> Tensor:
    """Values of ``pixels`` (P, 2) on the detector, (P,), tile by tile."""
    n_passes = experiment.n_passes
    tiles = torch.split(pixels, max(1, TILE // n_passes))

    def tile(number: int) -> Tensor:
        if number % _TILES_BETWEEN == _TILES_BETWEEN - 1:
            give_back()
        return _values(experiment, tiles[number], state, n_passes, first_pass=False)

    again = torch.is_grad_enabled() and len(tiles) > 1
    if again and keeps_everything():
        check_transform_memory(experiment, pixels.shape[0])
        again = False
    kept = partial(checkpoint, tile, use_reentrant=False, preserve_rng_state=False) if again else tile
    return _in_the_run(experiment, pixels, torch.cat([kept(number) for number in range(len(tiles))]), state)


def _in_the_run(experiment: ExperimentData, pixels: Tensor, values: Tensor, state: RunState) -> Tensor:
    """``values`` (P,) of ``pixels`` (P, 2) with those of first passes, and 0 where nothing is rendered."""
    for corner in state.first_pixels:
        at = pixels.new_tensor(corner)
        here = (pixels == at).all(dim=1)
        values = torch.where(here, _values(experiment, at[None], state, experiment.n_passes, first_pass=True), values)
    return torch.where(are_rendered(experiment, pixels), values, torch.zeros_like(values))


def tile_values(experiment: ExperimentData, pixels: Tensor, state: RunState) -> Tensor:
    """Values [photons] of one tile of ``pixels`` (P, 2), (P,): :func:`image_values` without its checks and its tiles.

    It looks at no value of the experiment, so that torch.func.vmap runs over it.
    """
    values = _values(experiment, pixels, state, experiment.n_passes, first_pass=False)
    return _in_the_run(experiment, pixels, values, state)


def keeps_everything() -> bool:
    """Whether a reverse transform of torch.func is active; none of them can recompute intermediates."""
    try:
        with saved_tensors_hooks(lambda tensor: tensor, lambda tensor: tensor):
            return False
    except RuntimeError:
        return True


def check_transform_memory(experiment: ExperimentData, n_pixels: int) -> None:
    """Refuse a gradient of torch.func's reverse mode that does not fit into memory.

    Raises:
        InputError: the message gives the size and the remedy.
    """
    per_pass = _KEPT_INTERPOLATED if interpolates(experiment) else _KEPT
    check_memory(
        per_pass * experiment.n_passes * n_pixels,
        f"torch.func's reverse mode keeps all intermediates: the gradient of {n_pixels} pixels",
        "take torch.autograd (backward(), torch.autograd.grad), which recomputes them tile by tile, or fewer pixels",
    )


def photons(
    experiment: ExperimentData,
    slow: range | None = None,
    fast: range | None = None,
    *,
    n_threads: int = 1,
    interpolation_end: bool = False,
) -> Tensor:
    """Values [photons] of a box of pixels, (len(slow), len(fast)), with their graph; None: the whole axis.

    ``interpolation_end`` as for :func:`image_values`.

    Raises:
        InputError: the box leaves the detector.
    """
    pixels, shape = box(experiment, slow, fast)
    if pixels.shape[0] == 0:
        return torch.zeros(shape, dtype=experiment.dtype, device=experiment.device)
    until_row = None if slow is None else max(slow)
    state = run_state(experiment, n_threads=n_threads, until_row=until_row, interpolation_end=interpolation_end)
    return _tiled_values(experiment, pixels, state).reshape(shape)


def box_axes(experiment: ExperimentData, slow: range | None, fast: range | None) -> tuple[range, range]:
    """The rows and columns of a box; None: the whole axis.

    Raises:
        InputError: neither a range nor None, or a box that leaves the detector.
    """
    detector = experiment.detector
    for name, axis in (("slow", slow), ("fast", fast)):
        if not (axis is None or isinstance(axis, range)):
            raise InputError(f"{name}: a range of pixels such as range(3, 8), or None, not {type(axis).__name__}")
    rows = range(detector.n_slow) if slow is None else slow
    columns = range(detector.n_fast) if fast is None else fast
    for axis, count in ((rows, detector.n_slow), (columns, detector.n_fast)):
        if len(axis) and not (min(axis) >= 0 and max(axis) < count):
            raise InputError(f"pixels beyond the detector of {detector.n_slow} x {detector.n_fast} (slow x fast)")
    return rows, columns


def box(experiment: ExperimentData, slow: range | None, fast: range | None) -> tuple[Tensor, tuple[int, int]]:
    """Pixels (P, 2) of a box in scan order, and its shape (n_slow, n_fast); None: the whole axis.

    Raises:
        InputError: as :func:`box_axes`.
    """
    rows, columns = box_axes(experiment, slow, fast)
    axes = (
        torch.arange(axis.start, axis.stop, axis.step, dtype=torch.int64, device=experiment.device)
        for axis in (rows, columns)
    )
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)  # twice as fast as cartesian_prod
    return grid.reshape(-1, 2), (len(rows), len(columns))


def _values(experiment: ExperimentData, tile: Tensor, state: RunState, n_passes: int, *, first_pass: bool) -> Tensor:
    ends = state.interpolation_end(tile, experiment.detector.n_fast, n_passes)
    terms = contributions(experiment, tile, first_pass=first_pass, interpolation_end=ends)
    return sum_pixels(experiment, terms).value


# torch.load with weights_only reads a pixel: these hold data, and run no code of their own
torch.serialization.add_safe_globals(
    [LatticeFactor, Orientations, Passes, PixelResult, PixelSums, Rays, RunState, Terms]
)
