"""One cell and one detector from many noisy stills, each with its own orientation, scale and background plane.

    python examples/refine_shots.py --shots 50

Every shot is a box of pixels of a small detector, as after indexing: orientations are known to some hundredths of a
degree. All parameters are refined together by LBFGS against the Poisson likelihood. The program prints the result, the
standard errors from the Fisher information, and how many errors lie between result and truth.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from nbsim import (
    Batch,
    CellConstraint,
    Experiment,
    a_matrix,
    background_plane,
    covariance,
    fisher_information,
    rotation_matrix,
)

SIDE = 32  # pixels
COMMAND = (
    f"-default_F 100 -cell 40 40 60 90 90 90 -N 5 -lambda 1.0 -distance 60 -Xbeam 16 -Ybeam 16 -detpixels {SIDE} "
    "-pixel 1 -oversample 1 -fluence 1e28"
)
COMMON = ("a", "c", "distance")
OWN = ("turn x", "turn y", "turn z", "log scale", "background", "rise slow", "rise fast")
STEPS = torch.tensor([0.1, 0.1, 0.1], dtype=torch.float64)  # A, A, mm
OWN_STEPS = torch.tensor([1e-3, 1e-3, 1e-3, 0.1, 1.0, 1.0, 1.0], dtype=torch.float64)  # rad, -, photons


@dataclass(frozen=True)
class Shots:
    """Counts of every shot, and its orientation from indexing."""

    experiment: Experiment
    rotations: Tensor  # U, (n, 3, 3)
    counts: Tensor  # (n, SIDE, SIDE)


def expected(experiment: Experiment, rotations: Tensor, common: Tensor, own: Tensor) -> Tensor:
    """Mean counts of every shot (n, SIDE, SIDE) for common (3,) and own (n, 7) parameters, in steps from the start.

    ``rotations``: U of every shot, (n, 3, 3).
    """
    tetragonal = CellConstraint.of_system("tetragonal")
    start = torch.tensor([40.0, 60.0, 60.0], dtype=torch.float64)
    a, c, distance = (start + STEPS * common).unbind()
    own = OWN_STEPS * own
    orientations = rotation_matrix(own[:, :3]) @ rotations
    cell = tetragonal.cell(torch.stack((a, c)))
    shots = Batch(experiment, a_matrix=a_matrix(cell, orientations), distance=distance)
    return torch.exp(own[:, 3])[:, None, None] * shots.photons() + background_plane(own[:, 4:], (SIDE, SIDE))


def simulated(n_shots: int, truth: Tensor, own: Tensor, seed: int) -> Shots:
    """Noisy counts of random orientations."""
    generator = torch.Generator().manual_seed(seed)
    experiment = Experiment.from_command(COMMAND)
    rotations = rotation_matrix(torch.randn(n_shots, 3, generator=generator, dtype=torch.float64))
    means = expected(experiment, rotations, truth, own)
    return Shots(experiment, rotations, torch.poisson(means, generator=generator))


def likelihood(mean: Tensor, counts: Tensor) -> Tensor:
    """Minus the logarithm of the Poisson likelihood, without its constant."""
    mean = mean.clamp(min=1e-3)
    return (mean - counts * torch.log(mean)).sum()


def refined(shots: Shots, iterations: int) -> tuple[Tensor, Tensor, int]:
    """Common (3,) and own (n, 7) parameters of greatest likelihood, and the number of evaluations."""
    n = len(shots.counts)
    common = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    own = torch.zeros(n, 7, dtype=torch.float64)
    own[:, 4] = shots.counts.flatten(1).median(dim=1).values
    own.requires_grad_()
    optimizer = torch.optim.LBFGS(
        [common, own], max_iter=iterations, history_size=30, tolerance_change=1e-12, line_search_fn="strong_wolfe"
    )
    evaluations = 0

    def closure() -> Tensor:
        nonlocal evaluations
        evaluations += 1
        optimizer.zero_grad()
        total = likelihood(expected(shots.experiment, shots.rotations, common, own), shots.counts)
        total.backward()
        return total

    optimizer.step(closure)
    return common.detach(), own.detach(), evaluations


def standard_errors(shots: Shots, common: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    """Standard errors of the common (3,) and own (n, 7) parameters."""
    n = len(shots.counts)

    def mean(common: Tensor, own: Tensor) -> Tensor:
        return expected(shots.experiment, shots.rotations, common, own)

    columns = []  # a shot depends on its own parameters alone: one direction serves all shots
    for step in torch.eye(10, dtype=torch.float64):
        columns.append(torch.func.jvp(mean, (common, own), (step[:3], step[3:].expand_as(own)))[1])
    jacobians, variances = torch.stack(columns, dim=-1), mean(common, own)
    information = torch.zeros(3 + 7 * n, 3 + 7 * n, dtype=torch.float64)
    for i in range(n):
        places = torch.cat((torch.arange(3), 3 + 7 * i + torch.arange(7)))
        information[places[:, None], places] += fisher_information(jacobians[i], variances[i])
    names = [*COMMON, *(f"{name} of shot {i}" for i in range(n) for name in OWN)]
    errors = covariance(information, names).diagonal().sqrt()
    return errors[:3], errors[3:].reshape(n, 7)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=50)
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    began = time.process_time()
    generator = torch.Generator().manual_seed(words.seed)
    truth = torch.tensor([0.8, -0.5, 1.0], dtype=torch.float64)
    own = torch.randn(words.shots, 7, generator=generator, dtype=torch.float64) * 0.5
    own[:, 4] += 5.0
    shots = simulated(words.shots, truth, own, words.seed)
    common, found, evaluations = refined(shots, words.iterations)
    errors, own_errors = standard_errors(shots, common, found)
    for name, x, true, error, step in zip(COMMON, common, truth, errors, STEPS, strict=True):
        print(
            f"{name:9} off by {float(step * (x - true)):+.5f}, standard error {float(step * error):.5f}, "
            f"started off by {float(-step * true):+.3f}"
        )
    pulls = torch.cat(((common - truth) / errors, ((found - own) / own_errors).flatten()))
    print(f"{len(pulls)} parameters; deviation over standard error: rms {float(pulls.square().mean().sqrt()):.3f}")
    print(f"{evaluations} evaluations of {words.shots} shots, {time.process_time() - began:.0f} s of CPU time")


if __name__ == "__main__":
    main()
