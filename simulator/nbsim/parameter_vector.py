"""Chosen parameters of an experiment as one vector of similar numbers: the interface of any optimiser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Generic, Protocol, Self, TypeVar, overload

import numpy.typing as npt
import torch
from torch import Tensor

from nbsim.api import Experiment
from nbsim.errors import InputError
from nbsim.parameters import ANY, ROWS, Row, as_parameter
from nbsim.pixel.pixel import Box
from nbsim.shots import Batch
from nbsim.values import ByValue

Vector = Tensor | npt.NDArray[Any] | Sequence[float]
_Fact = TypeVar("_Fact")


class ShotsOfSeveral(Protocol):
    """Shots of several experiments, such as :class:`nbsim.PanelBatch`."""

    def __len__(self) -> int:
        """The number of shots."""

    def photons(self, slow: Box = None, fast: Box = None) -> tuple[Tensor, ...]:
        """A box of pixels of all shots, for each of the experiments."""


class Several(Protocol):
    """Several experiments with parameters in common, such as :class:`nbsim.Panels`."""

    @property
    def dtype(self) -> torch.dtype: ...

    @property
    def device(self) -> torch.device: ...

    def to(self, *places: torch.dtype | torch.device | str | Tensor) -> Self:
        """The same experiments in another dtype or on another device."""

    def photons(self, slow: Box = None, fast: Box = None) -> tuple[Tensor, ...]:
        """A box of pixels of each of the experiments."""

    def parameter_rows(self) -> Mapping[str, Row]:
        """The facts of every parameter."""

    def parameter_values(self) -> Mapping[str, Tensor]:
        """The parameters that the images follow."""

    def idle_parameters(self) -> Mapping[str, str]:
        """Parameters without effect, with the reason."""

    def with_values(self, values: Mapping[str, Tensor]) -> Self:
        """The same experiments with other values."""

    def batch(self, values: Mapping[str, Tensor]) -> ShotsOfSeveral:
        """Shots with values of their own."""


_Several = TypeVar("_Several", bound=Several)
Start = TypeVar("Start", bound=Experiment | Several)


def checked_start(start: Start) -> Start:
    """``start`` itself.

    Raises:
        InputError: it is neither an experiment nor several with parameters in common.
    """
    if not (isinstance(start, Experiment) or hasattr(start, "parameter_rows")):
        raise InputError(f"experiment: an Experiment or Panels is needed, not {type(start).__name__}")
    return start


def rows_of(start: Experiment | Several) -> Mapping[str, Row]:
    """The facts of every parameter of an experiment or of several, by name."""
    return ROWS if isinstance(start, Experiment) else start.parameter_rows()


def _values(start: Experiment | Several) -> Mapping[str, Tensor]:
    return start.parameters.as_dict() if isinstance(start, Experiment) else start.parameter_values()


@dataclass(frozen=True, eq=False)
class _Part(ByValue):
    """The components of one parameter that are in the vector."""

    name: str
    value: Tensor  # of the whole parameter, at the start
    chosen: Tensor  # indices into its flattened components, (k,)
    scale: float
    names: tuple[str, ...]  # of the chosen components
    low: tuple[float, ...]
    high: tuple[float, ...]


def component_names(name: str, row: Row, shape: tuple[int, ...]) -> tuple[str, ...]:
    """``distance``; ``cell.a``, ``cell.b``, ...; ``structure_factors[0, 0, 0]``, ... in row-major order."""
    if row.components:
        return tuple(f"{name}.{component}" for component in row.components)
    if not shape:
        return (name,)
    return tuple(f"{name}[{', '.join(map(str, at))}]" for at in product(*map(range, shape)))


def _scale(row: Row, value: Tensor) -> float:
    """A small change of the parameter, in its own unit."""
    if not row.relative:
        return row.scale
    return row.scale * float(value.detach().square().mean().sqrt()) or row.scale


def _limits(limit: float | tuple[float, ...], count: int) -> tuple[float, ...]:
    return limit if isinstance(limit, tuple) else (limit,) * count


def _part(start: Experiment | Several, name: str, components: tuple[str, ...]) -> _Part:
    """``components`` of the parameter ``name``; none: all of them."""
    values = _values(start)
    idle = start.parameters.idle if isinstance(start, Experiment) else start.idle_parameters()
    if name in idle:
        raise InputError(f"{name}: {idle[name]}")
    if name not in values:
        raise InputError(f"{name}: this experiment has none; give it to with_parameters first")
    value, row = values[name].detach(), rows_of(start)[name]
    names = component_names(name, row, tuple(value.shape))
    chosen = [names.index(component) for component in components] if components else list(range(len(names)))
    low, high = _limits(row.low, len(names)), _limits(row.high, len(names))
    return _Part(
        name,
        value,
        torch.tensor(chosen),
        _scale(row, value),
        tuple(names[i] for i in chosen),
        tuple(low[i] for i in chosen),
        tuple(high[i] for i in chosen),
    )


def _grouped(names: Iterable[str], rows: Mapping[str, Row]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every parameter in the order of its first mention, with its components; none: all of them.

    Raises:
        InputError: an unknown parameter or component, or one that is named twice.
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        if not isinstance(name, str):
            raise InputError(
                f"{name}: the name of a parameter is a text, not {type(name).__name__}; give several as *names"
            )
        parameter, dot, component = name.partition(".")
        if parameter not in rows:
            raise InputError(f"{name}: no such parameter; known: {', '.join(rows)}")
        if dot and component not in rows[parameter].components:
            known = ", ".join(f"{parameter}.{one}" for one in rows[parameter].components) or "none"
            raise InputError(f"{name}: no such component; known: {known}")
        if parameter in groups and (not dot or not groups[parameter] or name in groups[parameter]):
            raise InputError(f"{name}: named twice")
        groups.setdefault(parameter, []).extend([name] if dot else [])
    return ((name, tuple(components)) for name, components in groups.items())


def _of(facts: Mapping[str, _Fact], name: str, default: _Fact) -> _Fact:
    """The fact of a component: under its own name, or that of its parameter."""
    parameter = name.partition(".")[0].partition("[")[0]
    return facts.get(name, facts.get(parameter, default))


class ParameterVector(ByValue, Generic[Start]):
    """Chosen parameters of an experiment, or of a detector of several panels, as one vector x, (n,), and back.

    x is 0 at the experiment's own values, and 1 is a small change of a component, its scale: an optimiser sees
    numbers of similar size. Any optimiser takes three lines::

        vector = ParameterVector(experiment, "cell.a", "cell.b", "misset", "distance")
        misfit = lambda x: float((vector.from_vector(x).photons() - measured).square().sum())
        found = scipy.optimize.minimize(misfit, vector.to_vector(), bounds=vector.bounds.T)

    Args:
        experiment: the start, an :class:`nbsim.Experiment` or :class:`nbsim.Panels`.
        names: of parameters (``misset``: all components) or components (``cell.a``).
        scales: change of a component that moves x by 1, in the parameter's unit, by the name of a parameter or
            component; default: that of docs/api.md.
        bounds: smallest and largest value, in the parameter's unit, likewise.

    Raises:
        InputError: an unknown name, a name given twice, a parameter without effect on this experiment, a scale that is
            not positive.
    """

    names: tuple[str, ...]  # of the components
    scales: Tensor  # (n,), in the units of the parameters
    bounds: Tensor  # smallest and largest x, (2, n); infinite without a bound

    def __init__(
        self,
        experiment: Start,
        *names: str,
        scales: Mapping[str, float] = {},
        bounds: Mapping[str, tuple[float, float]] = {},
    ) -> None:
        known = rows_of(checked_start(experiment))
        if not names:
            raise InputError(f"parameters: name at least one; known: {', '.join(known)}")
        self.experiment = experiment
        self._parts = tuple(_part(experiment, name, components) for name, components in _grouped(names, known))
        self.names = tuple(name for part in self._parts for name in part.names)
        held = {*self.names, *(part.name for part in self._parts)}
        for name in (*scales, *bounds):
            if name not in held:
                raise InputError(f"{name}: not in this vector; it holds {', '.join(self.names[:9])}")
        defaults = [
            (part.scale, low, high) for part in self._parts for low, high in zip(part.low, part.high, strict=True)
        ]
        rows = list(zip(self.names, defaults, strict=True))
        self.scales = _column(_of(scales, name, scale) for name, (scale, _, _) in rows)
        if not bool((self.scales > 0.0).all()):
            raise InputError("scales: every scale must be positive")
        limits = torch.stack([_pair(name, _of(bounds, name, (low, high))) for name, (_, low, high) in rows])
        self.bounds = ((limits - self.start[:, None]) / self.scales[:, None]).T

    def _compared(self) -> tuple[str, ...]:
        return "experiment", "names", "scales", "bounds"

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"ParameterVector({', '.join(self.names[:9])}{', ...' if len(self) > 9 else ''})"

    @property
    def start(self) -> Tensor:
        """Values of the components at x = 0, in the units of the parameters, (n,)."""
        return torch.cat([part.value.flatten()[part.chosen] for part in self._parts])

    def scale(self, parameter: str) -> float:
        """The default scale of a parameter of this vector, in its unit."""
        return next(part.scale for part in self._parts if part.name == parameter)

    def to_vector(self, experiment: Start | None = None) -> Tensor:
        """x of ``experiment``, by default of the start, (n,) float64, with its graph.

        Raises:
            InputError: ``experiment`` lacks one of the parameters.
        """
        if experiment is None:
            return torch.zeros(len(self), dtype=torch.float64)
        held = _values(experiment)
        for part in self._parts:
            if part.name not in held or held[part.name].shape != part.value.shape:
                raise InputError(f"{part.name}: the other experiment has no such parameter of the same shape")
        values = torch.cat([held[part.name].flatten()[part.chosen] for part in self._parts])
        return (values - self.start) / self.scales

    @overload
    def batch(self: ParameterVector[Experiment], x: Tensor) -> Batch: ...

    @overload
    def batch(self: ParameterVector[_Several], x: Tensor) -> ShotsOfSeveral: ...

    def batch(self, x: Tensor) -> Batch | ShotsOfSeveral:
        """The experiments, or the panels, at the rows of x (m, n), set up together; differentiable in x.

        Raises:
            InputError: x is not a matrix of n columns of finite numbers, or a value is impossible.
        """
        moves = self.scales * as_parameter("x", x, (ANY, len(self)))
        made: dict[str, Tensor] = {}
        for part, own in zip(
            self._parts, torch.split(moves, [len(part.names) for part in self._parts], dim=1), strict=True
        ):
            start = part.value.flatten().expand(len(own), -1)
            made[part.name] = start.index_add(1, part.chosen, own).reshape(-1, *part.value.shape)
        if isinstance(self.experiment, Experiment):
            return Batch(self.experiment, **made)
        return self.experiment.batch(made)

    def values(self, x: Vector) -> Tensor:
        """The components at x in the units of the parameters, (n,), differentiable in x.

        Raises:
            InputError: x is not a vector of n finite numbers.
        """
        return self.start + self.scales * as_parameter("x", x, (len(self),))

    def parameters(self, x: Vector) -> dict[str, Tensor]:
        """The parameters at x, as arguments of ``with_parameters``, differentiable in x.

        Raises:
            InputError: x is not a vector of n finite numbers.
        """
        moves = torch.split(self.scales * as_parameter("x", x, (len(self),)), [len(part.names) for part in self._parts])
        return {
            part.name: part.value.flatten().index_add(0, part.chosen, move).reshape(part.value.shape)
            for part, move in zip(self._parts, moves, strict=True)
        }

    def from_vector(self, x: Vector) -> Start:
        """The experiment, or the panels, at x, differentiable in x: a tensor, a numpy array or a list of n numbers.

        Raises:
            InputError: x is not a vector of n finite numbers, or a value is impossible.
        """
        values = self.parameters(x)
        if isinstance(self.experiment, Experiment):
            return self.experiment.with_parameters(**values)
        return self.experiment.with_values(values)


def _pair(name: str, bounds: tuple[float, float]) -> Tensor:
    """Smallest and largest value, (2,).

    Raises:
        InputError: not two numbers in this order.
    """
    pair = torch.as_tensor(bounds, dtype=torch.float64)
    if pair.shape != (2,) or not bool(pair[0] <= pair[1]):
        raise InputError(f"bounds of {name}: smallest and largest value are needed, not {bounds}")
    return pair


def _column(values: Iterable[float]) -> Tensor:
    return torch.tensor(list(values), dtype=torch.float64)


# torch.load with weights_only reads a vector: these hold data, and run no code of their own
torch.serialization.add_safe_globals([ParameterVector, _Part])
