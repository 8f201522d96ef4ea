"""Batches of experiments that differ in parameters: bit for bit the single ones, with their gradients."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from nbsim import Batch, Experiment, InputError, from_command, shots

CELL = "-default_F 20 -cell 40 50 60 75 85 95 -misset 1 -20 33 -detpixels 6 -pixel 6 -oversample 1"
MATRIX = "0.0301 0.0042 -0.0033\n-0.0052 0.0281 0.0060\n0.0021 -0.0066 0.0251\n"
CASES: dict[str, tuple[str, dict[str, bool], tuple[str, ...]]] = {
    "blocks": (
        f"{CELL} -N 3 -distance 60 -osc 1 -phisteps 3",
        {},
        ("cell", "misset", "distance", "phi", "oscillation"),
    ),
    "random spheres": (
        f"{CELL} -N 4 -misset random -misset_seed 3 -adxv -twotheta 5 -round_xtal -mosaic 0.4 -mosaic_domains 3",
        {},
        ("misset", "twotheta", "beam_center", "mosaic_spread", "wavelength"),
    ),
    "matrix": (
        "-default_F 20 -mat a.mat -N 3 -detpixels 6 -pixel 6 -oversample 1 -xds -close_distance 50 -gauss_xtal",
        {},
        ("cell", "close_distance", "detector_rotations", "n_cells", "fluence"),
    ),
    "layers and running corrections": (
        f"{CELL} -N 3 -denzo -detector_abs 300 -detector_thick 200 -oversample_thick -water 1 -flux 1e12 -phi 0 -osc 1 "
        "-phisteps 2",
        {"phi_carryover": True},
        ("polarization", "misset", "wavelength", "detector_rotations"),
    ),
    "a run that remembers its last step": (
        f"{CELL} -N 3 -phi 0 -osc 1 -phisteps 3 -dmin 3 -roi 1 4 0 5",
        {"phi_carryover": True},
        ("phi", "default_f", "distance"),
    ),
    "sources": (
        f"{CELL} -N 3 -dispersion 2 -dispsteps 2 -round_xtal",
        {"source_weights_ignored": False},
        ("source_weights", "source_wavelengths", "a_matrix"),
    ),
    "interpolated": (
        "-hkl box.hkl -interpolate -cell 40 50 60 90 90 90 -misset 10 20 30 -N 2 -distance 200 -detpixels 6 -pixel 6 "
        "-oversample 1 -round_xtal",
        {},
        ("structure_factors", "misset", "n_matrix"),
    ),
}
MOVES = {"n_cells": 2.0, "a_matrix": 1e-4, "source_wavelengths": 0.01, "wavelength": 0.05, "phi": 0.2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shots")
    (path / "a.mat").write_text(MATRIX, encoding="ascii")
    sides = range(-6, 7)
    rows = [f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h in sides for k in sides for l in sides]
    (path / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    return path


def value_of(experiment: Experiment, name: str) -> Tensor:
    """The value at the start, also of a parameter without a flag."""
    crystal, beam = experiment.crystal, experiment.beam
    beyond = {
        "a_matrix": torch.stack((crystal.a_star, crystal.b_star, crystal.c_star), dim=1),
        "n_matrix": torch.diag(crystal.n_cells),
        "source_wavelengths": beam.source_wavelengths * 1e10,
        "source_weights": beam.source_weights,
    }
    value = beyond[name] if name in beyond else getattr(experiment.parameters, name)
    assert isinstance(value, Tensor)
    return value.double()


def drawn(experiment: Experiment, names: tuple[str, ...], count: int = 4) -> dict[str, Tensor]:
    """Values of each experiment; some are those of the start."""
    maker = torch.Generator().manual_seed(5)
    values: dict[str, Tensor] = {}
    for place, name in enumerate(names):
        start = value_of(experiment, name)
        if name == "fluence":
            shifts = start * torch.rand(count, generator=maker, dtype=torch.float64)
        else:
            shifts = MOVES.get(name, 0.1) * torch.rand((count, *start.shape), generator=maker, dtype=torch.float64)
        shifts[place % count] = 0.0
        values[name] = start + (shifts.round() if name == "n_cells" else shifts)
    return values


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_values_and_gradients_are_those_of_single_experiments(case: str, dtype: torch.dtype, folder: Path) -> None:
    words, quirks, names = CASES[case]
    experiment = from_command(words, folder, quirks=quirks, dtype=dtype)
    values = {name: value.requires_grad_(name != "n_cells") for name, value in drawn(experiment, names).items()}
    batch = Batch(experiment, **values)
    together, singly = batch.photons(), torch.stack([one.photons() for one in batch])
    assert torch.equal(together, singly) and together.shape == (4, 6, 6)
    leaves = [value for value in values.values() if value.requires_grad]
    found = torch.autograd.grad(together.sum(), leaves, materialize_grads=True)
    wanted = torch.autograd.grad(singly.sum(), leaves, materialize_grads=True)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(
            one, other, rtol=1e-9 if dtype == torch.float64 else 1e-2, atol=float(other.abs().max()) * 1e-6
        )


def test_common_values_and_pixels_of_each_experiment(folder: Path) -> None:
    experiment = from_command(CASES["blocks"][0], folder)
    distance = torch.tensor(61.0, dtype=torch.float64, requires_grad=True)
    misset = drawn(experiment, ("misset",))["misset"]
    batch = Batch(experiment, misset=misset, distance=distance)
    pixels = torch.tensor([[[0, 1], [2, 2]], [[5, 5], [1, 0]], [[3, 3], [3, 4]], [[0, 0], [4, 1]]])
    values = batch.values(pixels)
    photons = batch.photons()
    assert values.tolist() == [[float(photons[i, s, f]) for s, f in own] for i, own in enumerate(pixels.tolist())]
    assert batch.values(pixels[0]).tolist() == [
        [float(photons[i, s, f]) for s, f in pixels[0].tolist()] for i in range(4)
    ]
    assert batch.photons(range(2, 4), range(1)).equal(photons[:, 2:4, :1])
    assert batch.values(pixels[:, :0]).shape == (4, 0)
    (slope,) = torch.autograd.grad(photons.sum(), distance)
    total = sum(experiment.with_parameters(misset=own, distance=distance).photons().sum() for own in misset)
    assert isinstance(total, Tensor)
    torch.testing.assert_close(slope, torch.autograd.grad(total, distance)[0], rtol=1e-12, atol=0.0)


def test_forward_mode_and_second_derivatives(folder: Path) -> None:
    experiment = from_command(CASES["blocks"][0], folder)
    misset = drawn(experiment, ("misset",), 2)["misset"]

    def sums(angles: Tensor) -> Tensor:
        return Batch(experiment, misset=angles).photons().sum(dim=(1, 2))

    def single(angles: Tensor) -> Tensor:
        return experiment.with_parameters(misset=angles).photons().sum()

    forward, reverse = torch.func.jacfwd(sums)(misset), torch.func.jacrev(sums)(misset)
    torch.testing.assert_close(forward, reverse, rtol=1e-10, atol=1e-10 * float(reverse.abs().max()))
    for i in range(2):
        torch.testing.assert_close(forward[i, i], torch.func.jacrev(single)(misset[i]), rtol=1e-10, atol=0.0)
        assert not bool(forward[i, 1 - i].any())
    bends = torch.autograd.functional.hessian(lambda x: sums(x).sum(), misset)
    assert isinstance(bends, Tensor)
    wanted = torch.autograd.functional.hessian(single, misset[1])
    torch.testing.assert_close(bends[1, :, 1], wanted, rtol=1e-9, atol=1e-9 * float(bends.abs().max()))


@pytest.mark.parametrize("tile", [1, 40 * 3, 250 * 3])
def test_tiles_change_nothing(tile: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = from_command(CASES["blocks"][0], folder)
    misset = drawn(experiment, ("misset",), 7)["misset"].requires_grad_()
    whole = Batch(experiment, misset=misset).photons()
    (slopes,) = torch.autograd.grad(whole.square().sum(), misset)
    monkeypatch.setattr(shots, "TILE", tile)
    parts = Batch(experiment, misset=misset).photons()
    assert torch.equal(parts, whole)
    torch.testing.assert_close(torch.autograd.grad(parts.square().sum(), misset)[0], slopes, rtol=1e-12, atol=0.0)
    reverse = torch.func.grad(lambda x: Batch(experiment, misset=x).photons().square().sum())
    torch.testing.assert_close(reverse(misset.detach()), slopes, rtol=1e-12, atol=0.0)


def test_one_of_many_is_a_complete_experiment(folder: Path) -> None:
    experiment = from_command(CASES["blocks"][0], folder)
    batch = Batch(experiment, distance=[60.0, 61.5, 63.0])
    assert len(batch) == 3 and batch[1] == batch[-2] == experiment.with_parameters(distance=61.5)
    assert [one.options.distance_mm for one in batch] == [60.0, 61.5, 63.0]
    assert repr(batch).startswith("Batch(3 experiments: distance; Experiment(6 x 6 pixels")
    with pytest.raises(IndexError):
        batch[3]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "batch: every experiment needs one value; .*: no parameter has one"),
        ({"distance": 60.0}, "no parameter has one"),
        ({"distance": [60.0, 61.0], "misset": [[0.0, 0.0, 0.0]]}, "numbers of values: distance 2, misset 1"),
        ({"misset": torch.zeros(2, 4)}, r"misset: has the shape \(2, 4\), needs the shape \(n, 3\)"),
        ({"distance": torch.zeros(0)}, "distance: .* no value at all"),
        ({"distance": [60.0, float("nan")]}, "distance: not every number is finite"),
        ({"distance": [60.0, -1.0]}, "distance -1: must be positive"),
        ({"cell": [[40.0, 50, 60, 90, 90, 90], [40, 50, 60, 10, 20, 170]]}, "cell 40 50 60 10 20 170: no cell has"),
        ({"a_matrix": torch.stack((torch.eye(3), -torch.eye(3)))}, "a_matrix: its determinant must be positive"),
        ({"close_distance": [60.0]}, "close_distance: the command gives the distance along the beam"),
        ({"nothing": [60.0]}, "nothing: no such parameter"),
        ({"misset": [[0.0, 0, 0]], "a_matrix": torch.eye(3) / 50}, "misset: has no effect beside a_matrix"),
    ],
)
def test_misuse_is_refused(values: dict[str, object], words: str, folder: Path) -> None:
    experiment = from_command(CASES["blocks"][0], folder)
    with pytest.raises(InputError, match=words):
        Batch(experiment, **values)  # type: ignore[arg-type]


def test_pixels_of_another_shape_are_refused(folder: Path) -> None:
    batch = Batch(from_command(CASES["blocks"][0], folder), distance=[60.0, 61.0])
    with pytest.raises(InputError, match=r"pixels: has the shape \(3, 1, 2\), needs \(2, n, 2\)"):
        batch.values(torch.zeros(3, 1, 2, dtype=torch.int64))
    with pytest.raises(InputError, match=r"pixels beyond the detector of 6 x 6"):
        batch.photons(range(7), range(1))
