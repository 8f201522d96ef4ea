"""Standard errors of a refinement against the scatter of its results over many noise patterns."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nbsim import Experiment, ParameterVector, background_plane, covariance, fisher_information

SHAPE = (16, 16)
COMMAND = (
    "-default_F 100 -cell 40 50 60 90 90 90 -misset 10 20 30 -N 5 -lambda 1.0 -distance 60 -Xbeam 12 -Ybeam 12 "
    "-detpixels 16 -pixel 1.5 -oversample 1 -fluence 1e28"
)
PATTERNS = 8


@pytest.mark.slow
def test_results_scatter_as_their_errors_predict() -> None:
    vector = ParameterVector(Experiment.from_command(COMMAND), "cell.a", "misset", "beam_center")
    truth = torch.tensor([0.3, -0.2, 0.4, 0.1, 0.5, -0.5, 0.2, 4.0, 1.0, -0.5], dtype=torch.float64)

    def expected(x: Tensor) -> Tensor:
        photons = vector.from_vector(x[:6]).photons()
        return torch.exp(x[6]) * photons + background_plane(x[7:], SHAPE)

    mean = expected(truth)
    errors = covariance(fisher_information(torch.func.jacfwd(expected)(truth), mean)).diagonal().sqrt()
    generator = torch.Generator().manual_seed(5)
    pulls = []
    for _ in range(PATTERNS):
        counts = torch.poisson(mean, generator=generator)
        x = truth.clone().requires_grad_()
        optimizer = torch.optim.LBFGS([x], max_iter=40, tolerance_change=1e-10, line_search_fn="strong_wolfe")

        def closure(x: Tensor = x, counts: Tensor = counts, optimizer: torch.optim.Optimizer = optimizer) -> Tensor:
            optimizer.zero_grad()
            modelled = expected(x).clamp(min=1e-3)
            value = (modelled - counts * torch.log(modelled)).sum()
            value.backward()
            return value

        optimizer.step(closure)
        pulls.append((x.detach() - truth) / errors)
    squares = torch.stack(pulls).square()
    # mean of n squares of standard normal deviates: 1, with the standard deviation sqrt(2 / n)
    assert abs(float(squares.mean()) - 1.0) < 4.0 * (2.0 / squares.numel()) ** 0.5
    assert bool(((squares.mean(dim=0) - 1.0).abs() < 4.0 * (2.0 / PATTERNS) ** 0.5).all())
