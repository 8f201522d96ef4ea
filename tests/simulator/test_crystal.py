"""The crystal against independent calculations: reciprocity, metric tensor, sizes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nbsim import Experiment, from_command
from nbsim.constants import RTD
from nbsim.errors import InputError
from nbsim.options.options import Options
from nbsim.options.quirks import Quirks
from nbsim.setup import crystal

BASE = "nanoBragg -default_F 1 -lambda 1.2 -detpixels 20"
CELLS = [
    (30.0, 37.0, 45.0, 82.0, 97.0, 108.0),
    (70.0, 80.0, 90.0, 75.0, 85.0, 95.0),
    (50.0, 50.0, 90.0, 90.0, 90.0, 120.0),
]


def made(extra: str, workdir: Path = Path(), **quirks: bool) -> Experiment:
    return from_command(f"{BASE} {extra}", workdir, quirks=quirks)


def text(cell: tuple[float, ...]) -> str:
    return "-cell " + " ".join(f"{value:g}" for value in cell)


def real(e: Experiment) -> Tensor:
    """Rows a, b, c in A."""
    return torch.stack([e.crystal.a, e.crystal.b, e.crystal.c]) * 1e10


def reciprocal(e: Experiment) -> Tensor:
    return torch.stack([e.crystal.a_star, e.crystal.b_star, e.crystal.c_star])


def metric(cell: tuple[float, ...]) -> Tensor:
    """Metric tensor from edges and angles."""
    a, b, c = cell[:3]
    cos_alpha, cos_beta, cos_gamma = (math.cos(math.radians(angle)) for angle in cell[3:])
    return torch.tensor(
        [
            [a * a, a * b * cos_gamma, a * c * cos_beta],
            [a * b * cos_gamma, b * b, b * c * cos_alpha],
            [a * c * cos_beta, b * c * cos_alpha, c * c],
        ],
        dtype=torch.float64,
    )


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("misset", ["", "-misset 12 -34 56"])
def test_vectors_have_the_metric_of_the_cell_and_reciprocal_ones(cell: tuple[float, ...], misset: str) -> None:
    e = made(f"{text(cell)} {misset}", cell_sine_of_gamma_star=False)
    assert torch.allclose(real(e) @ real(e).T, metric(cell), rtol=1e-12, atol=1e-10)
    assert torch.allclose(real(e) @ reciprocal(e).T, torch.eye(3, dtype=torch.float64), rtol=0, atol=1e-13)


@pytest.mark.parametrize("cell", CELLS)
def test_volume_is_that_of_the_cell(cell: tuple[float, ...]) -> None:
    values = tuple(torch.tensor(v if i < 3 else v / RTD, dtype=torch.float64) for i, v in enumerate(cell))
    assert crystal.cell_volume(values).item() ** 2 == pytest.approx(torch.linalg.det(metric(cell)).item(), rel=1e-12)


def test_c_star_is_that_of_the_c_program() -> None:
    """C's cell keeps the edges, not the angles, and says so in its log: 81.9686 97.0275 108.006."""
    e = made(text(CELLS[0]))
    lengths = torch.linalg.vector_norm(real(e), dim=1)
    assert lengths.tolist() == pytest.approx(CELLS[0][:3], rel=1e-14)
    assert abs(torch.linalg.det(real(e)).item() - math.sqrt(torch.linalg.det(metric(CELLS[0])).item())) > 1.0
    assert any("cell angles are" in notice for notice in e.notices)
    assert not any(
        "cell angles are" in notice for notice in made(text(CELLS[0]), cell_sine_of_gamma_star=False).notices
    )
    assert not any("cell angles are" in notice for notice in made(text(CELLS[2])).notices)


def test_misset_rotates_the_crystal() -> None:
    still, turned = made(text(CELLS[1])), made(f"{text(CELLS[1])} -misset 20 0 0")
    x, y, z = reciprocal(still).T
    c, s = math.cos(math.radians(20)), math.sin(math.radians(20))
    assert torch.allclose(reciprocal(turned).T, torch.stack([x, y * c - z * s, y * s + z * c]), rtol=0, atol=1e-16)


def test_blanks_of_a_cell_are_filled_as_in_c() -> None:
    e = made("-cell 40")
    assert torch.allclose(real(e), 40.0 * torch.eye(3, dtype=torch.float64), rtol=0, atol=1e-12)
    lengths = torch.linalg.vector_norm(real(made("-cell 40 50")), dim=1)
    assert lengths.tolist() == pytest.approx([40.0, 50.0, 40.0])


MATRIX = "0.012 0.001 -0.003\n-0.002 0.015 0.004\n0.001 -0.002 0.011\n"


def test_a_matrix_is_divided_by_the_wavelength(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_text(MATRIX + "trailing words are not read\n")
    e = made("-mat a.mat", tmp_path)
    table = torch.tensor([float(word) for word in MATRIX.split()], dtype=torch.float64).reshape(3, 3)
    assert torch.allclose(reciprocal(e), table.T / 1.2, rtol=1e-13, atol=1e-17)
    assert torch.allclose(real(e), torch.linalg.inv(table / 1.2), rtol=1e-12, atol=1e-11)
    assert e.input_files == (str(tmp_path / "a.mat"),)


def test_a_matrix_with_a_cell_follows_the_quirk(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_text(MATRIX)
    both = "-mat a.mat -cell 50 60 70 90 90 90"
    rescaled, alone = made(both, tmp_path), made(both, tmp_path, matrix_rescaled_by_cell=False)
    lengths = torch.linalg.vector_norm(real(rescaled), dim=1)
    assert lengths.tolist() == pytest.approx([50.0, 60.0, 70.0])
    assert torch.equal(real(alone), real(made("-mat a.mat", tmp_path)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("1 2 3", "9 numbers, found 3"),
        ("1 2 x\x1b[31m", "not a number"),
        ("1 2 3 2 4 6 1 1 1", "no volume"),
    ],
)
def test_an_unusable_matrix_is_refused(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "bad.mat").write_text(content)
    with pytest.raises(InputError, match=words) as caught:
        made("-mat bad.mat", tmp_path)
    assert "bad.mat" in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("", "no crystal"),
        ("-cell 0", "edges must be positive"),
        ("-cell 10 10 10 30 30 80", "no cell has"),
        ("-cell 9 9 9 130 130 130", "no cell"),
    ],
)
def test_an_unusable_cell_is_refused(cell: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        made(cell)


@pytest.mark.parametrize(
    ("typed", "widths", "expected"),
    [
        ((0, -3, 7), (0.0, 0.0, 0.0), (1, 1, 7)),
        ((5, 5, 5), (1e-8, 0.0, 3.01e-8), (4, 5, 11)),
        ((1, 1, 1), (1e-12, 9e-9, 0.0), (1, 3, 1)),
    ],
)
def test_cells_across_follow_from_the_widths(
    typed: tuple[int, int, int], widths: tuple[float, ...], expected: tuple[int, ...]
) -> None:
    w = (widths[0], widths[1], widths[2])
    assert crystal.cells_across(typed, w, (3e-9, 3e-9, 3e-9)) == expected


def test_the_beam_clips_b_and_c_only() -> None:
    e = made("-cell 30 -xtalsize 0.00003 -beamsize 0.000012")
    assert e.crystal.whole_n_cells == (10, 4, 4)
    assert sum("clipped" in notice for notice in e.notices) == 2


@pytest.mark.parametrize(
    ("extra", "as_c", "sound"), [("-N 2", True, True), ("-N 5", False, False), ("-xtalsize 0.00003", True, False)]
)
def test_the_choice_of_interpolation_follows_the_quirk(tmp_path: Path, extra: str, as_c: bool, sound: bool) -> None:
    (tmp_path / "p.hkl").write_text("1 1 1 5\n2 2 2 7\n")
    command = f"-cell 30 -hkl p.hkl {extra}"
    assert made(command, tmp_path).sampling.interpolate is as_c
    assert made(command, tmp_path, interpolate_before_sizes=False).sampling.interpolate is sound


def test_nothing_is_interpolated_without_a_table() -> None:
    assert not made("-cell 30 -N 2 -interpolate").sampling.interpolate


def test_the_default_oversampling_follows_from_the_spot_width() -> None:
    """Three sub-pixels per width of a spot: lambda D / p is 120 nm here."""
    assert made("-cell 100 -N 5").sampling.oversample == math.ceil(3 * 5e-8 / 1.2e-7)
    assert made("-cell 100 -N 25").sampling.oversample == math.ceil(3 * 2.5e-7 / 1.2e-7)
    assert any("-oversample" in notice for notice in made("-cell 100 -N 25 -oversample 2").notices)


def test_fluence_follows_from_flux_time_and_beam_size() -> None:
    assert made("-cell 30 -flux 1e12 -exposure 0.1 -beamsize 0.05").beam.fluence.item() == pytest.approx(
        4e19, rel=1e-14
    )
    assert made("-cell 30 -fluence 3e20").beam.fluence.item() == 3e20
    with pytest.raises(InputError, match="beamsize 0"):
        made("-cell 30 -flux 1e12 -beamsize 0")


@pytest.mark.slow
def test_lattice_is_differentiable_in_the_cell() -> None:
    def vectors_of(*cell: Tensor) -> Tensor:
        made_lattice = crystal.complete(crystal.reciprocal_from_cell(cell), None, cell)
        return torch.cat([made_lattice.a, made_lattice.b, made_lattice.c, made_lattice.c_star])

    values = (30.0, 37.0, 45.0, 1.4, 1.7, 1.9)
    leaves = tuple(torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in values)
    assert torch.autograd.gradcheck(vectors_of, leaves, eps=1e-6, atol=1e-6)


def test_blanks_of_a_cell_are_filled_and_angles_are_radians() -> None:
    cell = crystal.typed_cell(Options(cell=(10.0, 0.0, 30.0, 0.0, 90.0)))
    assert cell is not None and cell.tolist() == [10.0, 10.0, 30.0, 90.0, 90.0, 90.0]
    assert [float(value) for value in crystal.cell_in_radians(cell)[3:]] == [math.pi / 2] * 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"phi_mode": "c"}, "phi mode c: must be one of spec, c-parity"),
        ({"device": "tpu9"}, "device tpu9: no such device"),
        ({"device": "meta"}, "device meta: must be cpu or cuda"),
        ({"dtype": torch.float16}, "dtype torch.float16: must be float32 or float64"),
        ({"quirks": {"nonsense": True}}, "no such quirk"),
    ],
)
def test_from_command_refuses_unusable_arguments(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        from_command(f"{BASE} -cell 30", Path(), **options)


def test_from_command_follows_the_phi_mode_and_the_dtype() -> None:
    words = f"{BASE} -cell 30".split()
    assert not from_command(words, Path()).quirks.phi_carryover
    assert from_command(words, Path(), phi_mode="c-parity").quirks.phi_carryover
    mixed = from_command(words, Path(), phi_mode="c-parity", quirks={"phi_carryover": False})
    assert mixed.quirks == Quirks(last_curved_det_ignored=False)  # a switch in nbsim's own reading
    single = from_command(words, Path(), dtype=torch.float32)
    assert single.dtype == torch.float32
    assert single.detector.pix0.dtype == torch.float32


def test_cuda_is_refused_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="device cuda"):
        from_command(f"{BASE} -cell 30", Path(), device="cuda")


def test_a_run_without_phi_steps_is_refused() -> None:
    with pytest.raises(InputError, match="no phi step"):
        made("-cell 30 -osc 0 -phistep 1")
