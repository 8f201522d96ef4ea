"""Values and gradients of pixels through the C kernel: reverse.c behind a torch.autograd.Function.

The kernel turns the adjoints of pixels into those of its arguments: vectors of every orientation, detector, sources,
table of F, numbers of the shape and the scale. Torch differentiates the set-up in front of them. It computes every term
a second time, so that the memory does not grow with the terms. Derivatives of derivatives go through the torch formula.
Source: nanobragg_pixel_loop.md sections 2, 6 and 9.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn.functional import pad

from nbsim.exact import is_followed
from nbsim.image.arguments import REALS, RUNS, arrays, fill_counts, reals
from nbsim.image.scope import Condition, fits_c_kernel
from nbsim.model import ExperimentData
from nbsim.pixel.corrections import Use, correction_uses
from nbsim.pixel.polarization import unit
from nbsim.workers import in_threads

ARGUMENTS = (
    "cells", "table", "incident", "unit_incident", "electric", "magnetic", "wavelengths", "shares", "reals",
)  # fmt: skip
_TABLE = ARGUMENTS.index("table")
_OF_SOURCES = {"incident": 3, "unit_incident": 3, "electric": 3, "magnetic": 3, "wavelengths": 1, "shares": 1}
_LANES, _WIDE = 128, 8  # as in the C source
_TERMS_OF_PART = 1 << 20  # some ten milliseconds
_MOST_PARTS = 64
_BYTES_OF_PARTS = 1 << 28  # of the sums of all parts; the number of parts decides the order of additions
_BYTES_OF_SEGMENTS = 1 << 26


def _rays_and_sources(experiment: ExperimentData) -> int:
    rays = experiment.detector.n_layers * experiment.sampling.oversample**2
    return rays * experiment.beam.source_directions.shape[0]


def _whole_cells(experiment: ExperimentData) -> bool:
    counts = experiment.crystal.n_cells.detach()
    return bool((counts == counts.round()).all())


# beyond the limits of the kernel for images
LIMITS: Mapping[str, Condition] = {
    "dtype": lambda e: e.dtype == torch.float64,
    # C's quotient of sines between whole numbers of cells is not the function that the derivative belongs to
    "whole cells": lambda e: e.crystal.shape != "SQUARE" or not e.quirks.grating_literal or _whole_cells(e),
    "running sums": lambda e: (
        Use.RUNNING not in correction_uses(e) or _rays_and_sources(e) * 8 * _LANES <= _BYTES_OF_SEGMENTS
    ),
}


def fits_reverse_kernel(experiment: ExperimentData) -> bool:
    """Whether the reverse kernel is valid for every pixel that it does not report as doubtful."""
    return fits_c_kernel(experiment) and all(holds(experiment) for holds in LIMITS.values())


def only_reverse_mode(tensors: Sequence[Tensor]) -> bool:
    """Whether no transform of torch.func, forward mode or compiler follows the tensors."""
    if torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():
        return False
    unpack: Callable[[Tensor], Any] = forward_ad.unpack_dual
    batched = torch._C._functorch.is_legacy_batchedtensor  # by is_grads_batched
    return not any(batched(tensor) or unpack(tensor).tangent is not None for tensor in tensors)


def boxed_with_graph(grid: Tensor | None, default_f: Tensor, like: Tensor) -> Tensor:
    """F in a box one plane larger than ``grid`` on every side, filled with ``default_f``, with its graph."""
    if grid is None:
        return default_f.to(like).expand(2, 2, 2)
    inside = pad(torch.ones_like(grid, dtype=torch.bool), (1,) * 6)
    return torch.where(inside, pad(grid, (1,) * 6), default_f)


def arguments_with_graph(experiment: ExperimentData) -> dict[str, Tensor]:
    """The arguments of the reverse kernel but the table, by their names in ARGUMENTS, with their graph."""
    table, like = experiment.structure_factors, experiment.crystal.a
    made = arrays(experiment)
    low = (table.h_min - 1, table.k_min - 1, table.l_min - 1)
    numbers = {**reals(experiment), "low": low}
    flat = [torch.as_tensor(numbers[name], dtype=like.dtype, device=like.device).reshape(-1) for name in REALS]
    return {**made, "cells": made["cells"].flatten(0, 1), "unit_incident": unit(made["incident"]),
            "reals": torch.cat(flat)}  # fmt: skip


class _Adjoint(ctypes.Structure):
    """``struct adjoint`` of reverse.c."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("cells", "table", "sources", "reals")]


@dataclass(frozen=True)
class Call:
    """Pixels of n experiments of one structure through the kernel.

    ``values``: (n, P) of the torch formula, with the graph of the leaves in its argument.
    """

    library: ctypes.CDLL
    template: ExperimentData  # gives switches and counts
    pixels: Tensor  # int64 (n, P, 2), (slow, fast)
    stop: tuple[int, int, int] | None  # slow, fast and flat pass at which interpolation ends
    values: Callable[[Sequence[Tensor]], Tensor]

    @cached_property
    def _stop(self) -> ctypes.Array[ctypes.c_int64]:
        return (ctypes.c_int64 * 3)(*(self.stop or (self.template.detector.n_slow, 0, 0)))

    def _run(self, arguments: Mapping[str, Tensor], row: int) -> tuple[ctypes.Structure, list[Tensor]]:
        """``struct run`` of one experiment, and the tensors that it points to."""
        run, held = RUNS[torch.float64](), []
        own = {name: _of_row(name, tensor, row).contiguous() for name, tensor in arguments.items()}
        for name, tensor in own.items():
            if name in ("unit_incident", "reals"):
                continue
            setattr(run, name, tensor.data_ptr())
            held.append(tensor)
        numbers = own["reals"]
        start = getattr(type(run), next(iter(REALS))).offset
        ctypes.memmove(ctypes.addressof(run) + start, numbers.data_ptr(), numbers.numel() * 8)
        fill_counts(run, self.template, tuple(own["table"].shape))
        return run, held

    def forwards(self, arguments: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Values (n, P), and which of them (bool) the formula must compute."""
        n, count = self.pixels.shape[:2]
        values = torch.empty(n, count, dtype=torch.float64)
        doubtful = torch.empty(n, count, dtype=torch.bool)
        runs = [self._run(arguments, row) for row in range(n)]

        def part(item: tuple[int, int, int], _: object) -> None:
            row, start, stop = item
            rows = (self.pixels[row, start:stop], values[row, start:stop], doubtful[row, start:stop])
            pixels, found, odd = (ctypes.c_void_p(tensor.data_ptr()) for tensor in rows)
            size = ctypes.c_int64(stop - start)
            self.library.value_pixels(ctypes.byref(runs[row][0]), pixels, size, self._stop, found, odd)

        parts = [(row, *ends) for row in range(n) for ends in self._parts(count, _MOST_PARTS)]
        for _ in in_threads(part, parts, n_threads=_threads(parts), stopped=lambda: None):
            pass
        return values, doubtful

    def backwards(
        self, arguments: Mapping[str, Tensor], adjoints: Tensor, wanted: Sequence[bool]
    ) -> list[Tensor | None]:
        """Adjoints of the arguments from those of the values, (n, P); 0 where a value is doubtful."""
        want = dict(zip(ARGUMENTS, wanted, strict=True))
        sums = {name: torch.zeros_like(tensor) for name, tensor in arguments.items() if want[name]}
        pixels, weights = self._effective(adjoints)
        runs = [self._run(arguments, row) for row in range(len(adjoints))]
        sizes = self._sizes(arguments, want)

        def part(item: tuple[int, int, int, int], _: object) -> tuple[int, int, dict[str, Tensor]]:
            number, row, start, stop = item
            made = {name: torch.zeros(size, dtype=torch.float64) for name, size in sizes.items()}
            pointers = {name: tensor.data_ptr() for name, tensor in made.items()}
            adjoint = _Adjoint(**pointers)
            inputs = (pixels[row][start:stop], weights[row][start:stop])
            at, by = (ctypes.c_void_p(tensor.data_ptr()) for tensor in inputs)
            run, size = ctypes.byref(runs[row][0]), ctypes.c_int64(stop - start)
            if self.library.reverse_pixels(run, at, by, size, self._stop, ctypes.byref(adjoint)):
                raise MemoryError("no memory for a gradient")
            return number, row, made

        most = max(1, min(_MOST_PARTS, _BYTES_OF_PARTS // (8 * sum(torch.Size(s).numel() for s in sizes.values()))))
        ends = [(row, *pair) for row, at in enumerate(weights) for pair in self._parts(len(at), most)]
        parts = [(number, *item) for number, item in enumerate(ends)]
        waiting: dict[int, tuple[int, dict[str, Tensor]]] = {}
        following = 0
        for number, row, made in in_threads(part, parts, n_threads=_threads(parts), stopped=lambda: None):
            waiting[number] = (row, made)
            while following in waiting:  # one order of additions for any number of threads
                self._add(sums, *waiting.pop(following))
                following += 1
        return [sums.get(name) for name in ARGUMENTS]

    def _effective(self, adjoints: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Pixels and adjoints of each experiment, without those that are 0."""
        effective = adjoints != 0.0
        if bool(effective.all()):
            return list(self.pixels), list(adjoints.contiguous())
        pixels = [own[kept].contiguous() for own, kept in zip(self.pixels, effective, strict=True)]
        return pixels, [own[kept].contiguous() for own, kept in zip(adjoints, effective, strict=True)]

    def _sizes(self, arguments: Mapping[str, Tensor], want: Mapping[str, bool]) -> dict[str, tuple[int, ...]]:
        """Shapes of the sums of one part."""
        sizes: dict[str, tuple[int, ...]] = {
            "sources": (arguments["incident"].shape[-2], sum(_OF_SOURCES.values()), _WIDE),
            "reals": (arguments["reals"].shape[-1], _WIDE),
        }
        if want["cells"]:
            sizes["cells"] = (arguments["cells"].shape[-3], 9, _WIDE)
        if want["table"]:
            sizes["table"] = tuple(arguments["table"].shape[-3:])
        return sizes

    def _add(self, sums: Mapping[str, Tensor], row: int, made: Mapping[str, Tensor]) -> None:
        folded = {name: tensor if name == "table" else tensor.sum(dim=-1) for name, tensor in made.items()}
        of_sources = zip(_OF_SOURCES, torch.split(folded["sources"], list(_OF_SOURCES.values()), dim=1), strict=True)
        folded |= dict(of_sources)
        for name, tensor in sums.items():
            own = _of_row(name, tensor, row)
            own += folded[name].reshape(own.shape)

    def _parts(self, count: int, most: int) -> list[tuple[int, int]]:
        """First and last + 1 of ``count`` pixels, in ``most`` parts at most."""
        size = max(_TERMS_OF_PART // self.template.n_passes, -(-count // most), 1)
        size = -(-size // _LANES) * _LANES
        return [(start, min(start + size, count)) for start in range(0, count, size)]


def _of_row(name: str, tensor: Tensor, row: int) -> Tensor:
    """The part of one experiment; all share a table without an axis for them."""
    return tensor if name == "table" and tensor.dim() == 3 else tensor[row]


def _threads(parts: Sequence[object]) -> int:
    return max(1, min(torch.get_num_threads(), len(parts)))


class PixelValues(torch.autograd.Function):
    """Values (n, P) and doubtful pixels (n, P) of a :class:`Call`, from the arguments and from the leaves behind them.

    The gradient reaches the leaves through the arguments. Where it needs a graph of its own, it reaches them directly,
    through the torch formula.
    """

    @staticmethod
    def forward(ctx: Any, call: Call, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        values, doubtful = call.forwards(dict(zip(ARGUMENTS, tensors, strict=False)))
        ctx.call, ctx.doubtful = call, doubtful
        ctx.save_for_backward(*tensors)
        ctx.mark_non_differentiable(doubtful)
        return values, doubtful

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradient, call, count = gradients[0], ctx.call, len(ARGUMENTS)
        arguments, leaves = ctx.saved_tensors[:count], ctx.saved_tensors[count:]
        if torch.is_grad_enabled() or not only_reverse_mode([gradient]) or is_followed(gradient):
            return (None, *(None,) * count, *_through_the_formula(call, leaves, gradient, ctx.doubtful))
        sure = torch.where(ctx.doubtful, 0.0, gradient) if bool(ctx.doubtful.any()) else gradient
        wanted = ctx.needs_input_grad[1 : 1 + count]
        found = call.backwards(dict(zip(ARGUMENTS, arguments, strict=True)), sure, wanted)
        return (None, *found, *(None,) * len(leaves))


def _through_the_formula(
    call: Call, leaves: Sequence[Tensor], gradient: Tensor, doubtful: Tensor
) -> tuple[Tensor | None, ...]:
    """Adjoints of the leaves, with the graph of the leaves and of ``gradient`` where one is wanted."""
    with torch.enable_grad():
        copies = [leaf.view_as(leaf) if leaf.requires_grad else leaf for leaf in leaves]
        values = call.values(copies)
    moving = [copy for copy in copies if copy.requires_grad]
    sure = torch.where(doubtful, torch.zeros_like(gradient), gradient)
    found = iter(torch.autograd.grad(values, moving, sure, create_graph=torch.is_grad_enabled(), allow_unused=True))
    return tuple(next(found) if copy.requires_grad else None for copy in copies)
