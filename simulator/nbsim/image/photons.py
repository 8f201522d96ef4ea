"""Photons as a differentiable function of experiments: the C kernel where it is valid, else the torch formula."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor

from nbsim.image.compiled import LONGEST_WAIT, REVERSE, WORTH_BUILDING, CannotBuildError, build, load, missing_compiler
from nbsim.image.reverse import (
    ARGUMENTS,
    Call,
    PixelValues,
    arguments_with_graph,
    boxed_with_graph,
    fits_reverse_kernel,
    only_reverse_mode,
)
from nbsim.model import ExperimentData
from nbsim.pixel import pixel as formula
from nbsim.pixel.run_state import RunState, run_state
from nbsim.pixel.visited import are_rendered


def kernel_for(
    experiment: ExperimentData, leaves: Sequence[Tensor], n_terms: int, compile_kernel: bool | None
) -> ctypes.CDLL | None:
    """The reverse kernel, if it is valid for this experiment and the derivatives that are followed, and available.

    ``compile_kernel``: True compiles it if it is missing, False never uses it, None uses it where a gradient is
    recorded, and compiles it, for 3 s at most, where the run is long enough to gain from it.
    """
    recorded = torch.is_grad_enabled() and any(leaf.requires_grad for leaf in leaves)
    if compile_kernel is False or not (recorded or compile_kernel):
        return None
    if not only_reverse_mode(leaves) or not fits_reverse_kernel(experiment):
        return None
    library = load(experiment.dtype, REVERSE)
    if library is not None or not (compile_kernel or n_terms > WORTH_BUILDING):
        return library
    return _built(experiment.dtype, math.inf if compile_kernel else LONGEST_WAIT)


@cache
def _built(dtype: torch.dtype, longest: float) -> ctypes.CDLL | None:
    """The reverse kernel, compiled; None: it cannot be, which is not tried twice."""
    try:
        return None if missing_compiler() is not None else build(dtype, longest=longest, code=REVERSE)
    except CannotBuildError:
        return None


def photons(
    experiment: ExperimentData,
    slow: range | None = None,
    fast: range | None = None,
    *,
    n_threads: int = 1,
    interpolation_end: bool = False,
    compile_kernel: bool | None = None,
) -> Tensor:
    """Values [photons] of a box of pixels, (len(slow), len(fast)), with their graph; None: the whole axis.

    ``interpolation_end`` as for :func:`nbsim.pixel.pixel.image_values`, ``compile_kernel`` as for :func:`kernel_for`.

    Raises:
        InputError: the box leaves the detector.
    """
    leaves = _leaves(experiment)
    pixels, shape = formula.box(experiment, slow, fast)
    library = kernel_for(experiment, leaves, len(pixels) * experiment.n_passes, compile_kernel) if len(pixels) else None
    if library is None:
        return formula.photons(experiment, slow, fast, n_threads=n_threads, interpolation_end=interpolation_end)
    until_row = None if slow is None else max(slow)
    state = run_state(experiment, n_threads=n_threads, until_row=until_row, interpolation_end=interpolation_end)

    def again(copies: Sequence[Tensor]) -> Tensor:
        exchanged = {id(leaf): copy for leaf, copy in zip(leaves, copies, strict=True)}
        copied = experiment.mapped(lambda tensor: exchanged.get(id(tensor), tensor))
        return formula.image_values(copied, pixels, state=state)[None]

    call = Call(library, experiment, pixels[None], state.interpolation_stop, again)
    made = arguments_with_graph(experiment)
    factors = experiment.structure_factors
    made["table"] = boxed_with_graph(factors.grid, factors.default_f, experiment.crystal.a)
    arguments = [made[name] if name == "table" else made[name][None] for name in ARGUMENTS]
    return called(call, arguments, leaves, lambda _: experiment, state)[0].reshape(shape)


def called(
    call: Call,
    arguments: Sequence[Tensor],
    leaves: Sequence[Tensor],
    experiment: Callable[[int], ExperimentData],
    state: RunState,
) -> Tensor:
    """Values (n, P) of a call: of the kernel, and of the formula for doubtful pixels and first passes; 0 where nothing
    is rendered.

    Args:
        call: n experiments and their pixels.
        arguments: those of the kernel, in the order of ARGUMENTS.
        leaves: the tensors behind them.
        experiment: the one of a row.
        state: common to all of them.
    """
    values, odd = PixelValues.apply(call, *arguments, *leaves)  # type: ignore[no-untyped-call]
    pixels = call.pixels
    for corner in state.first_pixels:
        odd = odd | (pixels == pixels.new_tensor(corner)).all(dim=2)
    made: Tensor = values
    if not renders_everything(call.template):
        rendered = are_rendered(call.template, pixels.reshape(-1, 2)).reshape(odd.shape)
        made, odd = torch.where(rendered, values, 0.0), odd & rendered
    for row in odd.any(dim=1).nonzero()[:, 0].tolist():
        (at,) = odd[row].nonzero(as_tuple=True)
        exact = formula.image_values(experiment(row), pixels[row, at], state=state)
        made = made.index_put((torch.full_like(at, row), at), exact)
    return made


def renders_everything(experiment: ExperimentData) -> bool:
    """Whether no pixel of the detector is masked or outside the ROI."""
    detector = experiment.detector
    fast0, fast1, slow0, slow1 = detector.roi
    whole = fast0 <= 0 and slow0 <= 0 and fast1 >= detector.n_fast - 1 and slow1 >= detector.n_slow - 1
    return detector.mask is None and whole


def _leaves(experiment: ExperimentData) -> list[Tensor]:
    """The different real tensors of an experiment."""
    found: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        if tensor.is_floating_point():
            found[id(tensor)] = tensor
        return tensor

    experiment.mapped(note)
    return list(found.values())
