"""Many experiments that differ in parameters, set up and simulated together.

A still of a serial experiment has few pixels: set up one by one, most of the time goes into calls on tensors of three
numbers. Here torch.func.vmap runs once over all experiments of the same structure, and the C kernel, where it is valid,
over the pixels of each.
"""

from __future__ import annotations

import copy
import ctypes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor
from torch.func import vmap
from torch.utils.checkpoint import checkpoint

from nbsim.api import Experiment
from nbsim.errors import InputError
from nbsim.image.photons import called, kernel_for
from nbsim.image.reverse import ARGUMENTS, Call, arguments_with_graph, boxed_with_graph
from nbsim.model import ExperimentData
from nbsim.parameters import ANY, Parameters, Value, as_parameter
from nbsim.pixel.orientations import depends_on_first_pass
from nbsim.pixel.pixel import box, check_transform_memory, image_values, keeps_everything, pixels_of, tile_values
from nbsim.pixel.run_state import run_state
from nbsim.pixel.terms import TILE
from nbsim.setup.build import reset
from nbsim.setup.crystal import check_lattice
from nbsim.setup.parameters import check_values, shape_of
from nbsim.values import ByValue


@dataclass(frozen=True)
class _Group:
    """Experiments of one structure: the same parameters have values other than those of the start."""

    rows: tuple[int, ...]
    differing: tuple[str, ...]
    template: Experiment  # the first of them, set up alone


class Batch(ByValue):
    """Experiments that differ from ``experiment`` in parameters, n of them, as one.

    Args:
        experiment: the start.
        values: by name, as for :meth:`nbsim.Experiment.with_parameters`; with one more axis in front, (n, ...), for a
            value of each experiment, without it for a common value.

    Values equal those of the single experiments to the last bit, in every dtype; gradients reach ``values``, through
    the C kernel where :meth:`nbsim.Experiment.photons` takes it::

        shots = Batch(experiment, misset=missets, distance=distance)  # (50, 3) and ()
        shots.photons().sum().backward()  # (50, n_slow, n_fast)

    Raises:
        InputError: no value of each experiment, numbers of experiments that differ, or as for ``with_parameters``.
    """

    def __init__(self, experiment: Experiment, **values: Value) -> None:
        if not isinstance(experiment, Experiment):
            raise InputError(
                f"batch: an Experiment is needed, not {type(experiment).__name__}; PanelBatch takes several panels"
            )
        self.experiment = experiment
        shapes = {name: shape_of(experiment, name) for name in values}
        self._each: dict[str, Tensor] = {}
        self._common: dict[str, Tensor] = {}
        for name, value in values.items():
            held = self._each if is_of_each(value, shapes[name]) else self._common
            held[name] = as_parameter(name, value, (ANY, *shapes[name]) if held is self._each else shapes[name])
        self._count = count_of(self._each)
        check_values(experiment, {**self._each, **self._common})
        self._groups = tuple(self._grouped())
        with torch.no_grad():
            for group in self._groups:
                self._check_lattices(group)

    def _compared(self) -> tuple[str, ...]:
        return "experiment", "_each", "_common"

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        names = ", ".join((*self._each, *(f"{name} in common" for name in self._common)))
        return f"Batch({self._count} experiments: {names}; {self.experiment!r})"

    def __getitem__(self, index: int) -> Experiment:
        """One of the experiments, complete, with the graph of its values.

        Raises:
            IndexError: there are not as many.
        """
        row = range(self._count)[index]
        return self.experiment.with_parameters(
            **{name: value[row] for name, value in self._each.items()}, **self._common
        )

    def __iter__(self) -> Iterator[Experiment]:
        return (self[row] for row in range(self._count))

    def photons(
        self, slow: range | None = None, fast: range | None = None, *, compile_kernel: bool | None = None
    ) -> Tensor:
        """Values [photons] of the same box of pixels of each experiment, (n, len(slow), len(fast)), with their graph.

        As :meth:`nbsim.Experiment.photons`, ``compile_kernel`` included: the memory stays bounded.

        Raises:
            InputError: the box leaves the detector.
        """
        pixels, shape = box(self.experiment, slow, fast)
        return self.values(pixels, compile_kernel=compile_kernel).reshape(self._count, *shape)

    def values(self, pixels: Tensor, *, compile_kernel: bool | None = None) -> Tensor:
        """Values [photons] of ``pixels``, (n, P), with their graph.

        ``pixels``: (P, 2) int64, (slow, fast), of all experiments, or (n, P, 2), of each. ``compile_kernel`` as for
        :meth:`nbsim.Experiment.photons`.

        Raises:
            InputError: a pixel is not on the detector.
        """
        own = _depth(pixels) == 3
        pixels = pixels_of(self.experiment, pixels, (self._count, ANY, 2) if own else (ANY, 2))
        if not own:
            pixels = pixels.expand(self._count, *pixels.shape)
        if pixels.shape[1] == 0:
            return torch.zeros((self._count, 0), dtype=self.experiment.dtype, device=self.experiment.device)
        made = torch.cat([self._values(group, pixels, compile_kernel) for group in self._groups])
        order = torch.tensor([row for group in self._groups for row in group.rows], device=made.device)
        return made if len(self._groups) == 1 else made[order.argsort()]

    def _grouped(self) -> Iterator[_Group]:
        """Experiments of the same structure, together."""
        start = self.experiment.parameters
        moved = {
            **{name: _differs(start, name, value) for name, value in self._each.items()},
            **{name: _differs(start, name, value[None]) * self._count for name, value in self._common.items()},
        }
        rows: dict[tuple[tuple[str, ...], int], list[int]] = {}
        for row in range(self._count):
            differing = tuple(name for name, differs in moved.items() if differs[row])
            rows.setdefault((differing, row if self._carries_over() else 0), []).append(row)
        for (differing, _), chosen in rows.items():
            yield _Group(tuple(chosen), differing, self[chosen[0]])

    def _carries_over(self) -> bool:
        """Whether values decide which steps inherit the vectors of others, or which pixel of a run is the first."""
        run = self.experiment
        angles = {"phi", "oscillation"} & {*self._each, *self._common}
        if run.quirks.phi_carryover and angles:
            return True
        return run.sampling.dmin > 0.0 and depends_on_first_pass(run)

    def _made(self, group: _Group, each: Mapping[str, Tensor]) -> ExperimentData:
        """An experiment of the group; ``each`` holds its own values."""
        return reset(self.experiment, group.template, {**each, **self._common}, frozenset(group.differing))

    def _check_lattices(self, group: _Group) -> None:
        rows = torch.tensor(group.rows)

        def vectors(each: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
            crystal = self._made(group, each).crystal
            return crystal.a, crystal.b, crystal.c

        made = vmap(vectors)({name: value[rows] for name, value in self._each.items()})
        check_lattice(made, "cell" if group.template.parameters.a_matrix is None else "a_matrix")

    def _values(self, group: _Group, pixels: Tensor, compile_kernel: bool | None) -> Tensor:
        """Values (rows, P) of the experiments of a group at ``pixels`` (n, P, 2)."""
        leaves = [*self._each.values(), *self._common.values()]
        n_terms = group.template.n_passes * pixels.shape[1] * len(group.rows)
        library = kernel_for(group.template, leaves, n_terms, compile_kernel)
        if library is None or self._start_is_followed():
            return self._of_formula(group, pixels)
        parts = torch.split(torch.tensor(group.rows), max(1, TILE // group.template.n_passes))
        return torch.cat([self._of_kernel(library, group, part, pixels, leaves) for part in parts])

    def _start_is_followed(self) -> bool:
        """Whether a gradient reaches numbers of the start as well."""
        start = vars(self.experiment.parameters).values()
        return any(isinstance(value, Tensor) and value.requires_grad for value in start)

    def _of_kernel(
        self, library: ctypes.CDLL, group: _Group, rows: Tensor, pixels: Tensor, leaves: Sequence[Tensor]
    ) -> Tensor:
        """Values (rows, P) of some experiments of a group by the C kernel."""
        template = group.template
        own_table = bool({"structure_factors", "default_f"} & self._each.keys())

        def arguments(each: dict[str, Tensor]) -> dict[str, Tensor]:
            experiment = self._made(group, each)
            made = arguments_with_graph(experiment)
            if own_table:
                made["table"] = _table(experiment)
            return {name: made[name] for name in ARGUMENTS if name in made}

        made = vmap(arguments)({name: value[rows] for name, value in self._each.items()})
        if not own_table:
            made["table"] = _table(template)

        def formula(copies: Sequence[Tensor]) -> Tensor:
            other = copy.copy(self)
            other._each = dict(zip(self._each, copies, strict=False))
            other._common = dict(zip(self._common, copies[len(self._each) :], strict=True))
            return other._of_formula(replace(group, rows=tuple(rows.tolist())), pixels)

        call = Call(library, template, pixels[rows].contiguous(), None, formula)
        state = run_state(template, interpolation_end=False)
        return called(call, [made[name] for name in ARGUMENTS], leaves, lambda row: self[int(rows[row])], state)

    def _of_formula(self, group: _Group, pixels: Tensor) -> Tensor:
        """Values (rows, P) of the experiments of a group at ``pixels`` (n, P, 2) by torch."""
        template = group.template
        passes = template.n_passes * pixels.shape[1]
        if len(group.rows) == 1 or 2 * passes > TILE:
            return torch.stack([image_values(self[row], pixels[row]) for row in group.rows])
        state = run_state(template, interpolation_end=False)

        def one(each: dict[str, Tensor], own: Tensor) -> Tensor:
            return tile_values(self._made(group, each), own, state)

        def together(rows: Tensor) -> Tensor:
            return vmap(one)({name: value[rows] for name, value in self._each.items()}, pixels[rows.to(pixels.device)])

        parts = torch.split(torch.tensor(group.rows), TILE // passes)
        again = torch.is_grad_enabled() and len(parts) > 1
        if again and keeps_everything():
            check_transform_memory(template, pixels.shape[1] * len(group.rows))
            again = False
        kept = partial(checkpoint, together, use_reentrant=False, preserve_rng_state=False) if again else together
        return torch.cat([kept(part) for part in parts])


def is_of_each(value: Value, shape: tuple[int, ...]) -> bool:
    """Whether ``value`` of a parameter of this shape has one more axis in front, that of the experiments."""
    return _depth(value) > len(shape)


def count_of(each: Mapping[str, Tensor]) -> int:
    """The number of experiments of a batch: of the values of every parameter that each has its own of.

    Raises:
        InputError: there is no such parameter, or their numbers differ.
    """
    counts = {name: len(value) for name, value in each.items()}
    if len(set(counts.values())) != 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items()) or "no parameter has one"
        raise InputError(f"batch: every experiment needs one value; numbers of values: {listed}")
    (count,) = set(counts.values())
    return count


def _table(experiment: ExperimentData) -> Tensor:
    factors = experiment.structure_factors
    return boxed_with_graph(factors.grid, factors.default_f, experiment.crystal.a)


def _depth(value: Value) -> int:
    """The number of axes of a value: of nested lists, too."""
    if isinstance(value, (list, tuple)):
        return 1 + (_depth(value[0]) if value else 0)
    return len(getattr(value, "shape", ()))


def _differs(start: Parameters, name: str, values: Tensor) -> list[bool]:
    """Whether each of ``values`` (n, ...) differs from the value at the start, (n,)."""
    before = getattr(start, name)
    if before is None or before.shape != values.shape[1:]:
        return [True] * len(values)
    differs: list[bool] = (values.detach() != before.detach()).reshape(len(values), -1).any(dim=1).tolist()
    return differs


# torch.load with weights_only reads a batch: these hold data, and run no code of their own
torch.serialization.add_safe_globals([Batch, _Group])
