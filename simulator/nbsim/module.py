"""An experiment as a torch module: chosen parameters are its ``nn.Parameter``, calling it gives photons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn

from nbsim.api import Experiment
from nbsim.errors import InputError
from nbsim.parameter_vector import ParameterVector
from nbsim.parameters import ROWS


class ExperimentModule(nn.Module):
    """``module(slow, fast)`` is ``experiment.photons(slow, fast)`` with the module's parameters.

    ``module.cell``, ``module.misset``, ... are the chosen parameters in their own units, float64 on the experiment's
    device. ``module.to(...)`` moves them and the experiment. For Adam and its kin, ``groups(lr)`` gives every parameter
    a step of its own size::

        module = ExperimentModule(experiment, "misset", "distance")
        optimizer = torch.optim.Adam(module.groups(lr=0.1))
        (module() - measured).square().sum().backward()

    Raises:
        InputError: an unknown name, a name given twice, or a parameter without effect on this experiment.
    """

    def __init__(self, experiment: Experiment, *names: str) -> None:
        super().__init__()
        if not isinstance(experiment, Experiment):
            raise InputError(f"experiment: an Experiment is needed, not {type(experiment).__name__}")
        for name in names:
            if name not in ROWS:
                raise InputError(f"{name}: no such parameter; known: {', '.join(ROWS)}")
        vector = ParameterVector(experiment, *names)
        self._experiment = experiment
        self._scales = {name: vector.scale(name) for name in names}
        for name, value in vector.parameters(vector.to_vector()).items():
            self.register_parameter(name, nn.Parameter(value.to(experiment.device).clone()))

    def experiment(self) -> Experiment:
        """The experiment with the present values, differentiable in them."""
        return self._experiment.with_parameters(**dict(self.named_parameters(recurse=False)))

    def forward(self, slow: range | None = None, fast: range | None = None) -> Tensor:
        """Photons of a box of pixels, (len(slow), len(fast)); None: the whole axis."""
        return self.experiment().photons(slow, fast)

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
            self._experiment = self._experiment.to(dtype=probe.dtype, device=probe.device)
        return self
