"""The derivatives of a simulated pixel: by autograd, and by differences of exact runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

import nbsim
from nbtui.errors import UnusableInput
from nbtui.live.door import experiment_of, simulator
from nbtui.live.gradients.difference import MovedValue, differentiate
from nbtui.live.gradients.kinks import kinks_between, pattern
from nbtui.live.gradients.model import PixelSlopes, Slope
from nbtui.live.model import Case, Settings
from nbtui.trace.fields.catalogue import FIELDS, Tap, field
from nbtui.trace.fields.gradient import GROUP
from nbtui.trace.text import clean

Progress = Callable[[int, int], None]  # parameters done, of how many


def log_name(component: str) -> str:
    """The name in a gradient line of a component of `nbsim.ParameterVector`: ``cell_a`` of ``cell.a``."""
    return component.replace(".", "_")


def vector_of(experiment: nbsim.Experiment) -> tuple[nbsim.ParameterVector[nbsim.Experiment], dict[str, str]]:
    """Every parameter with a derivative and a gradient line, and why each of the others has none.

    Tables and matrices have no lines.
    """
    refused = dict(experiment.parameters.idle)
    names = []
    for name, value in experiment.parameters.as_dict().items():
        if value.dim() <= 1 and _lined(name, value.numel()):
            try:
                experiment.with_parameters(**{name: value.clone().requires_grad_()})
                names.append(name)
            except nbsim.InputError as error:
                refused[name] = str(error).partition(";")[0].removeprefix(f"{name}: ")
    return nbsim.ParameterVector(experiment, *names), refused


def _lined(name: str, count: int) -> bool:
    """Whether gradient lines cover a parameter with so many components."""
    rows = [entry.name.removeprefix(GROUP) for entry in FIELDS if entry.tap is Tap.GRADIENT]
    return count == (rows.count(name) or sum(row.rpartition("_")[0] == name for row in rows))


def pixel_slopes(
    case: Case,
    settings: Settings,
    names: Collection[str] = (),
    progress: Progress | None = None,
) -> PixelSlopes:
    """The derivatives of ``I_pixel_final`` by every parameter that the image follows, or by those of ``names``.

    In float64, whatever the settings say. ``names``: as in gradient lines.

    Raises:
        UnusableInput: the command line, one of its files or a name is unusable.
        SimulationFailed: the simulator failed.
    """
    pixel = case.pixel
    if pixel is None:
        raise UnusableInput(f"{clean(case.name)}: no pixel; give --pixel SLOW FAST")
    with simulator(case.name, "gradient"):
        import torch

        exact = replace(settings, dtype="float64")
        experiment = experiment_of(case, exact)
        vector, refused = vector_of(experiment)
        chosen = _chosen(names, [log_name(name) for name in vector.names], refused)
        x = torch.zeros(len(vector), dtype=torch.float64, requires_grad=True)
        result = vector.from_vector(x).pixel(*pixel, n_threads=settings.omp_threads)
        (found,) = torch.autograd.grad(result.value, x, allow_unused=True)
        ours = [0.0] * len(vector) if found is None else (found / vector.scales).tolist()
        slopes = []
        with torch.no_grad():
            steps = _Steps(vector, pixel, settings.omp_threads)
            for number, at in enumerate(chosen):
                slopes.append(steps.slope(at, ours[at]))
                if progress is not None:
                    progress(number + 1, len(chosen))
        without = [slope for name, reason in refused.items() for slope in _without(name, reason, names)]
        notices = tuple(map(clean, (*experiment.notices, *result.warnings)))
        return PixelSlopes(pixel, float(result.value.detach()), (*slopes, *without), notices)


def _chosen(names: Collection[str], known: list[str], refused: dict[str, str]) -> list[int]:
    """The places in ``known`` of the named components; a parameter stands for all of its components."""
    for name in names:
        if not any(_meant(name, other) for other in (*known, *refused)):
            raise UnusableInput(
                f"{clean(name)}: no such parameter of this case; it has {', '.join((*known, *refused))}"
            )
    return [at for at, name in enumerate(known) if not names or any(_meant(wanted, name) for wanted in names)]


def _meant(name: str, component: str) -> bool:
    return name == component or component.rpartition("_")[0] == name


def _without(name: str, reason: str, names: Collection[str]) -> Iterator[Slope]:
    """The components of a parameter without a derivative on this case."""
    for entry in FIELDS:
        own = entry.name.removeprefix(GROUP)
        if entry.tap is Tap.GRADIENT and _meant(name, own) and (not names or any(_meant(n, own) for n in names)):
            yield Slope(own, entry.unit, float("nan"), reason=clean(reason))


class _Steps:
    """Exact runs with one parameter moved."""

    def __init__(self, vector: nbsim.ParameterVector[nbsim.Experiment], pixel: tuple[int, int], threads: int) -> None:
        self._vector, self._pixel, self._threads = vector, pixel, threads
        self._start = vector.start.tolist()
        self._scales = vector.scales.tolist()
        self._bounds = vector.bounds.tolist()
        here = self._run(0, 0.0)
        self._here, self._value = pattern(here), float(here.value)

    def slope(self, at: int, ours: float) -> Slope:
        """The derivative by one component."""
        name = log_name(self._vector.names[at])
        known = field(GROUP + name)
        assert known is not None
        slope = Slope(name, known.unit, self._start[at], self._scales[at])
        low, high = (side[at] for side in self._bounds)
        if low >= 0.0 or high <= 0.0:
            return replace(slope, reason=f"{self._start[at]:g} is the end of its range: there is one side only")
        try:
            found = differentiate(lambda step: self._sides(at, step), self._value, min(1.0, -low / 2.0, high / 2.0))
        except nbsim.InputError as error:
            return replace(slope, reason=clean(str(error)).partition(";")[0].removeprefix(f"{name}: "))
        step, smooth = (size * self._scales[at] for size in (found.step, found.smooth))
        return replace(slope, ours=ours, difference=replace(found, step=step, smooth=smooth))

    def _sides(self, at: int, step: float) -> tuple[MovedValue, MovedValue]:
        below, above = (self._side(at, size) for size in (-step, step))
        return below, above

    def _side(self, at: int, step: float) -> MovedValue:
        result = self._run(at, step)
        kinks = kinks_between(self._here, pattern(result))
        return MovedValue(self._moved(at, step), float(result.value), kinks)

    def _run(self, at: int, step: float) -> nbsim.PixelResult:
        return self._vector.from_vector(self._x(at, step)).pixel(*self._pixel, n_threads=self._threads)

    def _moved(self, at: int, step: float) -> float:
        """The parameter as the run has it, rounded."""
        return float(self._start[at] + self._scales[at] * step)

    def _x(self, at: int, step: float) -> list[float]:
        return [step if index == at else 0.0 for index in range(len(self._vector))]
