"""An experiment, or several panels, as a torch module: chosen parameters are its ``nn.Parameter``, it gives photons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self

import torch
from torch import Tensor, nn

from nbsim.api import Experiment
from nbsim.errors import InputError
from nbsim.parameter_vector import ParameterVector, Start, checked_start, rows_of
from nbsim.pixel.pixel import Box


class ExperimentModule(nn.Module, Generic[Start]):
    """``module(slow, fast)`` is ``experiment.photons(slow, fast)`` with the module's parameters.

    ``experiment`` is an :class:`nbsim.Experiment` or :class:`nbsim.Panels`; with panels, ``names`` are those of
    :meth:`nbsim.Panels.parameter_rows`, and photons a tuple of one tensor for each panel.

    ``module.cell``, ``module.misset``, ... are the chosen parameters in their own units, float64 on the experiment's
    device. ``module.to(...)`` moves them and the experiment. For Adam and its kin, ``groups(lr)`` gives every parameter
    a step of its own size::

        module = ExperimentModule(experiment, "misset", "distance")
        optimizer = torch.optim.Adam(module.groups(lr=0.1))
        (module() - measured).square().sum().backward()

    Raises:
        InputError: an unknown name, a name given twice, or a parameter without effect on this experiment.
    """

    def __init__(self, experiment: Start, *names: str) -> None:
        super().__init__()
        known = rows_of(checked_start(experiment))
        for name in names:
            if name not in known:
                raise InputError(f"{name}: no such parameter; known: {', '.join(known)}")
        vector = ParameterVector(experiment, *names)
        self._experiment = experiment
        self._scales = {name: vector.scale(name) for name in names}
        for name, value in vector.parameters(vector.to_vector()).items():
            self.register_parameter(name, nn.Parameter(value.to(experiment.device).clone()))

    def experiment(self) -> Start:
        """The experiment, or the panels, with the present values, differentiable in them."""
        values = dict(self.named_parameters(recurse=False))
        if isinstance(self._experiment, Experiment):
            return self._experiment.with_parameters(**values)
        return self._experiment.with_values(values)

    def forward(self, slow: Box = None, fast: Box = None) -> Tensor | tuple[Tensor, ...]:
        """Photons of a box of pixels, (len(slow), len(fast)), of each panel where there are several.

        ``slow`` and ``fast`` as for :meth:`nbsim.Experiment.photons` or :meth:`nbsim.Panels.photons`; None: the whole
        axis.
        """
        made: Any = self.experiment()
        photons: Tensor | tuple[Tensor, ...] = made.photons(slow, fast)
        return photons

    def groups(self, lr: float) -> list[dict[str, Any]]:
        """Parameter groups of an optimiser: steps of ``lr`` times the scale of each parameter."""
        return [
            {"params": [parameter], "lr": lr * self._scales[name]}
            for name, parameter in self.named_parameters(recurse=False)
        ]

    def extra_repr(self) -> str:
        """The experiment in one line."""
        return repr(self._experiment)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move the experiment with the parameters: the one hook below ``to``, ``cuda``, ``float`` and ``double``."""
        move: Callable[..., Any] = super()._apply
        move(fn, recurse)
        probe = fn(torch.empty(0, dtype=self._experiment.dtype, device=self._experiment.device))
        if probe.dtype != self._experiment.dtype or probe.device != self._experiment.device:
            moved: Any = self._experiment.to(probe)
            self._experiment = moved
        return self
