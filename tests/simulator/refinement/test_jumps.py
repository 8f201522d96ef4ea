"""The jump of a pixel where its one term changes to another reflection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nbsim import Experiment

SIDES = range(-14, 15)
COMMAND = (
    "-cell 20 25 30 90 90 90 -misset 10 20 30 -lambda 1.0 -distance 60 -detpixels 64 -pixel 1 -oversample 1 "
    "-hkl f.hkl -nointerpolate"
)
PIXEL = (20, 47)
BESIDE = 1e-9  # degrees


def factor(h: int, k: int, l: int) -> float:
    return 20.0 + (17 * h + 29 * k + 41 * l) % 83


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jumps")
    rows = [f"{h} {k} {l} {factor(h, k, l)}" for h in SIDES for k in SIDES for l in SIDES]
    (path / "f.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    return path


def turned(experiment: Experiment, degrees: float) -> Experiment:
    return experiment.with_parameters(misset=torch.tensor([10.0 + degrees, 20.0, 30.0], dtype=torch.float64))


def crossing(experiment: Experiment) -> float:
    """Angle [degrees] of the nearest crossing of h, k or l half way between two integers."""

    def indices(degrees: float) -> np.ndarray:
        columns = turned(experiment, degrees).terms(*PIXEL)
        return np.array([float(columns[name][0]) for name in "hkl"])

    here, slope = indices(0.0), (indices(1e-3) - indices(-1e-3)) / 2e-3
    ahead = np.where(slope > 0, np.ceil(here - 0.5) + 0.5, np.ceil(here - 0.5) - 0.5)
    axis = int(np.argmin((ahead - here) / slope))
    angle = 0.0
    for _ in range(25):  # the slope changes little
        angle += float((ahead[axis] - indices(angle)[axis]) / slope[axis])
    return angle


@pytest.mark.parametrize("shape", ["", "-round_xtal"])
def test_both_sides_differ_by_their_structure_factors_alone(shape: str, folder: Path) -> None:
    experiment = Experiment.from_command(f"{COMMAND} -N 5 {shape}", folder, quirks={"grating_literal": False})
    angle = crossing(experiment)
    sides = [turned(experiment, angle + side) for side in (-BESIDE, BESIDE)]
    indices = [[int(one.terms(*PIXEL)[f"{name}0"][0]) for name in "hkl"] for one in sides]
    assert sum(abs(i - j) for i, j in zip(*indices, strict=True)) == 1
    low, high = (float(one.pixel(*PIXEL).value) for one in sides)
    # half way, the lattice factor of neighbours is the same by symmetry
    assert high / low == pytest.approx((factor(*indices[1]) / factor(*indices[0])) ** 2, rel=1e-4)
    assert high / low != pytest.approx(1.0, rel=1e-2)


def test_a_block_with_an_even_number_of_cells_does_not_jump(folder: Path) -> None:
    experiment = Experiment.from_command(f"{COMMAND} -N 4", folder, quirks={"grating_literal": False})
    angle = crossing(experiment)
    beside, away = (float(turned(experiment, angle + side).pixel(*PIXEL).value) for side in (BESIDE, 0.1))
    assert beside < 1e-10 * away


@pytest.mark.parametrize(
    "rest", ["-N 5 -default_F 50", "-N 5 -hkl f.hkl -interpolate", "-N 5 -hkl f.hkl -nointerpolate -gauss_xtal"]
)
def test_the_remedies_make_the_sum_continuous(rest: str, folder: Path) -> None:
    sound = {"dimensional_shape_width": False, "grating_literal": False, "interpolation_switch_off": False}
    command = COMMAND.replace("-hkl f.hkl -nointerpolate", "")
    table = Experiment.from_command(f"{COMMAND} -N 5", folder, quirks=sound)
    angle = crossing(table)
    remedied = Experiment.from_command(f"{command} {rest}", folder, quirks=sound)
    box = (range(PIXEL[0] - 1, PIXEL[0] + 2), range(PIXEL[1] - 1, PIXEL[1] + 2))

    def jump(experiment: Experiment) -> float:
        low, high = (float(turned(experiment, angle + side).photons(*box).sum()) for side in (-BESIDE, BESIDE))
        return abs(high - low) / low

    assert jump(remedied) < 1e-6 and jump(remedied) < 1e-2 * jump(table)
    assert np.isfinite(jump(table))
