"""Sources: files as C lists them, grids against independent geometry."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from nbsim import from_command
from nbsim.errors import InputError
from nbsim.model import Beam
from nbsim.setup.geometry import scalar
from nbsim.setup.plan import Steps
from nbsim.setup.sources import generate_sources

BASE = "nanoBragg -cell 30 37 45 82 97 108 -default_F 1 -N 3 -lambda 1.1 -detpixels 2"
WAVE = 1.1e-10
# what the C program (built from its repository) listed for the lines below
LISTED = [
    ("-10 1 2\n", (-10, 1, 2, 1, WAVE)),
    ("-10 1 3 \n", (-10, 1, 3, 1, WAVE)),
    ("-10 1 6 0.5\n", (-10, 1, 6, 0.5, WAVE)),
    ("-10,1;7:0.5!2e-10\n", (-10, 1, 7, 0.5, 2e-10)),
    ("-10 nan 8 nan 3e-10\n", (-10, 0, 8, 1, 3e-10)),
    ("-10 1 9\t\n", (-10, 1, 9, 1, WAVE)),
    ("-10 1 11 1 1e-10 9 9\n", (-10, 1, 11, 1, 1e-10)),
    ("  -10 1 12 1\n", (-10, 1, 12, 1, WAVE)),
    (" \t-10 , 1 , 2 , , 5\n", (-10, 1, 2, 5, WAVE)),
    ("-10 0x10 1e1x 3\n", (-10, 16, 10, 3, WAVE)),
    ("-10 1 3 0.5 1e-10", (-10, 1, 3, 0.5, 1e-10)),
]
# lines of which C makes a wavelength of zero
ZERO = ["-10 1 4\r\n", "-10 1 5 foo\n", "# comment here\n", "-10 1 10 \r\n", "-10 1 13", "   "]


def beam(extra: str, workdir: Path = Path(), **quirks: bool) -> Beam:
    return from_command(f"{BASE} {extra}", workdir, quirks=quirks).beam


def table(made: Beam) -> Tensor:
    return torch.column_stack([made.source_positions, made.source_weights, made.source_wavelengths])


def from_text(text: str, workdir: Path, **quirks: bool) -> Beam:
    (workdir / "s.txt").write_bytes(text.encode("latin-1"))
    return beam("-sourcefile s.txt", workdir, **quirks)


@pytest.mark.parametrize(("line", "row"), LISTED)
def test_lines_of_a_file_are_read_as_in_c(tmp_path: Path, line: str, row: tuple[float, ...]) -> None:
    made = table(from_text(f"\n ,;\n{line}", tmp_path))
    assert made.tolist() == [pytest.approx(row, rel=1e-15)]


@pytest.mark.parametrize("line", ZERO)
def test_zero_wavelength_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError, match=r"s\.txt:2: .*(source_file_literal|comments_as_data)=off"):
        from_text(f"-10 0 0\n{line}", tmp_path)


def test_a_comment_is_data_for_c_unless_the_switch_skips_it(tmp_path: Path) -> None:
    text = "# X Y Z\n-10 1 4 1 2e-10 # last\n"
    with pytest.raises(InputError, match=r"s\.txt:1: '#' begins no comment in C, .* '--quirk comments_as_data=off'"):
        from_text(text, tmp_path)
    made = table(from_text(text, tmp_path, comments_as_data=False))
    assert made.tolist() == [pytest.approx((-10, 1, 4, 1, 2e-10), rel=1e-15)]


def test_quirk_source_file(tmp_path: Path) -> None:
    text = "# X Y Z\n\n-10 1 4\r\n-10 1 5 0.5 # half\n  \n-10 1 13"
    made = table(from_text(text, tmp_path, source_file_literal=False))
    expected = [(-10, 1, 4, 1, WAVE), (-10, 1, 5, 0.5, WAVE), (-10, 1, 13, 1, WAVE)]
    assert made.tolist() == [pytest.approx(row, rel=1e-15) for row in expected]
    with pytest.raises(InputError, match=r"s\.txt:1: 'foo'"):
        from_text("foo 1 2\n", tmp_path, source_file_literal=False)


def test_directions_are_unit_vectors(tmp_path: Path) -> None:
    made = from_text("-3 4 0\n0 -5 0 1 2e-10\n", tmp_path)
    assert made.source_directions.tolist() == [[-0.6, 0.8, 0.0], [0.0, -1.0, 0.0]]


def test_unused_weights_are_reported(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("-10 0 0 1\n-10 1 0 2\n")
    assert any("S21" in notice for notice in from_command(f"{BASE} -sourcefile s.txt", tmp_path).notices)


@pytest.mark.parametrize(("text", "words"), [("", "no source"), ("\n ,;\n", "no source"), ("inf 0 0 1 1\n", "finite")])
def test_an_unusable_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        from_text(text, tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"-sourcefile .*none\.txt: cannot be read"):
        beam("-sourcefile none.txt", tmp_path)


def test_single_source() -> None:
    made = beam("-adxv")
    assert made.source_positions.tolist() == [[0.0, 0.0, -10.0]]
    assert made.source_weights.tolist() == [1.0]
    assert made.source_wavelengths.tolist() == [1.1 / 1e10]


def test_vertical_and_horizontal_fans() -> None:
    """-mosflm: beam along x, E-vector along z; horizontal fans out in z, vertical in y."""
    wide = beam("-hdivrange 4 -hdivsteps 3").source_directions
    tall = beam("-vdivrange 4 -vdivsteps 3").source_directions
    angles = (-0.002, 0.0, 0.002)
    assert sorted(wide[:, 2].tolist()) == pytest.approx([math.sin(a) for a in angles], abs=1e-15)
    assert wide[:, 1].abs().max().item() < 1e-15
    assert sorted(tall[:, 1].tolist()) == pytest.approx([math.sin(a) for a in angles], abs=1e-15)
    assert tall[:, 2].abs().max().item() < 1e-15


def test_round_divergence_drops_corners() -> None:
    square, rounded = beam("-divergence 4 -divsteps 3 -square_div"), beam("-divergence 4 -divsteps 3")
    assert len(square.source_weights) == 9
    assert len(rounded.source_weights) == 5
    deviations = torch.acos((-square.source_directions[:, 0]).clamp(max=1.0))
    assert deviations.max().item() == pytest.approx(math.acos(math.cos(0.002) ** 2), rel=1e-6)
    assert rounded.source_weights.tolist() == [0.2] * 5


def test_one_dimensional_fan_is_never_trimmed() -> None:
    assert len(beam("-hdivrange 4 -hdivsteps 9").source_weights) == 9


def test_dispersion_is_innermost_and_symmetric() -> None:
    made = beam("-hdivrange 4 -hdivsteps 2 -dispersion 2 -dispsteps 3")
    assert made.source_wavelengths.tolist() == pytest.approx([0.99 * WAVE, WAVE, 1.01 * WAVE] * 2, rel=1e-15)
    assert torch.equal(made.source_positions[0], made.source_positions[2])
    assert not torch.equal(made.source_positions[2], made.source_positions[3])


def test_grid_is_differentiable_in_the_beam() -> None:
    def positions(direction: Tensor) -> Tensor:
        e_vector = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
        fan, none = Steps(0.004, 0.002, 3), Steps(0.0, 0.0, 1)
        return generate_sources(direction, e_vector, scalar(WAVE), fan, fan, none, round_shape=True).positions

    direction = torch.tensor([0.9, 0.1, 0.2], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(positions, (direction,))


@pytest.mark.parametrize(
    ("extra", "words"), [("-divsteps 20000", "at most"), ("-dispersion 300 -dispsteps 2", "-dispersion 300")]
)
def test_an_unusable_grid_is_refused(extra: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        beam(extra)
