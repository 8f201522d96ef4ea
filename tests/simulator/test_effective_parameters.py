"""Experiment.parameters: the effective values, whatever the command line left out, and the round trip through them."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from nbsim import Experiment, InputError, from_command
from nbsim.pixel.pixel import image_values

PIXELS = torch.tensor([[1, 4], [3, 2], [5, 5]])
CELL = "-cell 40 50 60 75 85 95"
BASE = "-default_F 20 -N 3 -detpixels 7 -pixel 3 -oversample 1"
MATRIX = "0.0301 0.0042 -0.0033\n-0.0052 0.0281 0.0060\n0.0021 -0.0066 0.0251\n"

CRYSTALS = (
    CELL,
    f"{CELL} -misset 1 -20 33",
    f"{CELL} -misset random -misset_seed 7",
    "-cell 40",
    "-mat a.mat",
    "-mat a.mat -misset 10 0 3 -lambda 0.9",
    f"-mat a.mat {CELL}",
    f"-mat a.mat {CELL} -misset random -misset_seed 3 -gauss_xtal",
)
FRAMES = (
    "",
    "-Xbeam 9.1",
    "-adxv -Ybeam 11",
    "-denzo -twotheta 5",
    "-xds",
    "-dials -ORGX 3.2",
    "-fdet_vector 0 0.1 1 -pivot beam",
    "-close_distance 50 -detector_rotx 4",
    "-xds -Xclose 3 -Yclose 4 -detector_roty 7",
)
REST = (
    "",
    "-phisteps 3",
    "-osc 0.7",
    "-osc 1 -phistep 0.25",
    "-phistep 0.3",
    "-mosaic 0.4",
    "-mosaic 0.4 -mosaic_domains 1",
    "-nopolar",
    "-polar 0.3 -flux 1e12 -exposure 0.3 -beamsize 0.07",
    "-samplesize 0.00002",
    "-dispersion 2 -dispsteps 3",
    "-hkl box.hkl",
)
COMMANDS = [" ".join((BASE, *words)) for words in product(CRYSTALS, FRAMES, REST)]
SOME = random.Random(18).sample(COMMANDS, 40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("effective")
    (path / "a.mat").write_text(MATRIX, encoding="ascii")
    sides = range(-6, 7)
    rows = [
        f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h in sides for k in sides for l in sides if (h + k) % 3
    ]
    (path / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    return path


def assert_round_trip(command: str, folder: Path, **more: Any) -> None:
    experiment = from_command(command, folder, **more)
    again = experiment.with_parameters(**experiment.parameters.as_dict())
    assert again == experiment and again.notices == experiment.notices and again.options == experiment.options
    assert torch.equal(again.photons(), experiment.photons())
    twice = again.with_parameters(**{name: value.tolist() for name, value in again.parameters.as_dict().items()})
    assert twice == experiment


@pytest.mark.parametrize("command", SOME)
def test_setting_every_parameter_to_its_value_changes_no_bit(command: str, folder: Path) -> None:
    assert_round_trip(command, folder)


@pytest.mark.slow
def test_every_combination_makes_the_round_trip(folder: Path) -> None:
    for command in COMMANDS:
        assert_round_trip(command, folder, phi_mode="c-parity")


def test_effective_values_are_those_of_the_set_up(folder: Path) -> None:
    made = from_command(f"{BASE} {CELL} -phisteps 3", folder)
    values = made.parameters
    assert values.misset is not None and values.misset.tolist() == [0.0, 0.0, 0.0]
    assert float(values.oscillation) == 1.0
    # MOSFLM without a beam centre: the middle of the detector and half a pixel
    assert values.beam_center.tolist() == pytest.approx([12.0, 12.0], rel=1e-15)
    assert float(values.close_distance) == pytest.approx(100.0, rel=1e-15)
    assert "close_distance" not in values.as_dict() and "distance" in values.as_dict()


def test_a_random_orientation_is_a_parameter(folder: Path) -> None:
    drawn = from_command(f"{BASE} {CELL} -misset random -misset_seed 5", folder)
    misset = drawn.parameters.misset
    assert misset is not None and bool((misset != 0.0).all())
    typed = from_command(f"{BASE} {CELL} -misset {' '.join(map(repr, misset.tolist()))}", folder)
    torch.testing.assert_close(typed.crystal.a, drawn.crystal.a, rtol=1e-14, atol=1e-24)
    leaf = misset.clone().requires_grad_()
    gradient = [
        torch.autograd.grad(image_values(run.with_parameters(misset=leaf), PIXELS).log().sum(), leaf)[0]
        for run in (drawn, typed)
    ]
    torch.testing.assert_close(*gradient, rtol=1e-9, atol=1e-9)


def test_a_default_beam_centre_has_a_gradient(folder: Path) -> None:
    for frame in ("", "-xds"):
        default = from_command(f"{BASE} {CELL} {frame}", folder)
        center = default.parameters.beam_center
        leaf = center.clone().requires_grad_()
        (found,) = torch.autograd.grad(
            image_values(default.with_parameters(beam_center=leaf), PIXELS).log().sum(), leaf
        )
        step = 1e-5
        for axis in range(2):
            low, high = (
                image_values(default.with_parameters(beam_center=center + way * torch.eye(2)[axis]), PIXELS).log().sum()
                for way in (-step, step)
            )
            assert float(found[axis]) == pytest.approx(float(high - low) / (2 * step), rel=1e-5)


class TestCellOfAMatrix:
    """``cell`` of a ``-mat`` crystal: its orientation stays, all six numbers have an effect."""

    def test_is_that_of_the_vectors(self, folder: Path) -> None:
        made = from_command(f"{BASE} -mat a.mat", folder)
        cell, crystal = made.parameters.cell, made.crystal
        assert cell is not None
        a, b, c = (1e10 * v for v in (crystal.a, crystal.b, crystal.c))
        edges = torch.stack((a.norm(), b.norm(), c.norm()))
        cosines = torch.stack((b @ c / edges[1] / edges[2], c @ a / edges[2] / edges[0], a @ b / edges[0] / edges[1]))
        torch.testing.assert_close(cell, torch.cat((edges, torch.rad2deg(cosines.acos()))), rtol=1e-12, atol=0.0)

    @pytest.mark.parametrize("words", ["", CELL, "-misset 10 20 30"])
    def test_can_be_changed(self, words: str, folder: Path) -> None:
        before = from_command(f"{BASE} -mat a.mat {words}", folder)
        wanted = torch.tensor([33.0, 35.0, 39.0, 88.0, 91.0, 97.0], dtype=torch.float64)
        after = before.with_parameters(cell=wanted)
        a, b, c = after.crystal.a, after.crystal.b, after.crystal.c
        torch.testing.assert_close(torch.stack((a, b, c)).norm(dim=1), 1e-10 * wanted[:3], rtol=1e-12, atol=0.0)
        for angle, (v, w) in zip(wanted[3:], ((b, c), (c, a), (a, b)), strict=True):
            assert float(torch.rad2deg((v @ w / v.norm() / w.norm()).acos())) == pytest.approx(float(angle), rel=1e-12)
        # the orientation stays: a* in its direction, b* in its plane with a*
        old, new = before.crystal, after.crystal
        assert float(old.a_star @ new.a_star) > (1 - 1e-14) * float(old.a_star.norm() * new.a_star.norm())
        normal = torch.linalg.cross(old.a_star, old.b_star)
        assert abs(float(normal @ new.b_star)) < 1e-12 * float(normal.norm() * new.b_star.norm())

    @pytest.mark.parametrize("words", ["", CELL, f"{CELL} -misset 10 20 30 -round_xtal"])
    def test_has_true_gradients_at_its_own_value(self, words: str, folder: Path) -> None:
        base = from_command(f"{BASE} -mat a.mat {words}", folder)
        start = base.parameters.cell
        assert start is not None
        leaf = start.clone().requires_grad_()

        def size(cell: torch.Tensor) -> torch.Tensor:
            return image_values(base.with_parameters(cell=cell), PIXELS).log().sum()

        assert float(size(leaf)) == float(image_values(base, PIXELS).log().sum())
        (found,) = torch.autograd.grad(size(leaf), leaf)
        for i, step in enumerate(torch.eye(6, dtype=torch.float64) * 1e-6):
            slope = float(size(start + step) - size(start - step)) / 2e-6
            assert float(found[i]) == pytest.approx(slope, rel=2e-5, abs=1e-5 * float(found.abs().max()))

    def test_follows_the_wavelength_as_in_c(self, folder: Path) -> None:
        one, other = (from_command(f"{BASE} -mat a.mat -lambda {wave}", folder) for wave in ("1", "1.1"))
        assert one.with_parameters(wavelength=1.1) == other
        assert one.parameters.cell is not None and other.parameters.cell is not None
        torch.testing.assert_close(other.parameters.cell[:3], 1.1 * one.parameters.cell[:3], rtol=1e-12, atol=0.0)


class TestQuirksOfTheSetUp:
    """``with_quirks`` repeats the set-up, or refuses what acts while files and words are read."""

    @pytest.mark.parametrize(
        ("quirk", "words"),
        [
            ("mosaic_first_identity", f"{CELL} -mosaic 1 -mosaic_domains 4"),
            ("mosaic_single_precision", f"{CELL} -mosaic 1 -mosaic_domains 4"),
            ("matrix_rescaled_by_cell", f"-mat a.mat {CELL}"),
            ("cell_sine_of_gamma_star", CELL),
            ("pix0_vector_discarded", f"{CELL} -pix0_vector 0.1 -0.01 0.01"),
            ("normal_rederived", f"{CELL} -odet_vector 1 0.1 0.2"),
            ("twotheta_axis_as_typed", f"{CELL} -twotheta_axis 0 2 1 -twotheta 5"),
            ("ratio_without_twotheta", f"{CELL} -twotheta 5"),
        ],
    )
    def test_take_effect_at_once(self, quirk: str, words: str, folder: Path) -> None:
        as_c, built = (from_command(f"{BASE} {words}", folder, quirks={quirk: on}) for on in (True, False))
        assert as_c.with_quirks(**{quirk: False}) == built != as_c
        assert built.with_quirks(**{quirk: True}) == as_c

    @pytest.mark.parametrize(
        ("quirk", "words"),
        [
            ("twotheta_axis_sets_angle", f"{CELL} -twotheta_axis 1 0 0"),
            ("convention_forces_pivot", f"{CELL} -pivot sample"),
            ("comments_as_data", f"{CELL} -hkl box.hkl"),
            ("hkl_integer_rows", f"{CELL} -hkl box.hkl"),
            ("interpolate_before_sizes", f"{CELL} -hkl box.hkl"),
        ],
    )
    def test_are_refused_where_the_command_would_read_differently(self, quirk: str, words: str, folder: Path) -> None:
        made = from_command(f"{BASE} {words}", folder)
        with pytest.raises(InputError, match=f"quirk {quirk}: acts while the command line and its files are read"):
            made.with_quirks(**{quirk: False})
        assert made.with_quirks(**{quirk: True}) == made

    def test_unknown_names_and_values_are_refused(self, folder: Path) -> None:
        made = from_command(f"{BASE} {CELL}", folder)
        with pytest.raises(InputError, match="quirk nothing: no such quirk; known: phi_carryover"):
            made.with_quirks(nothing=True)
        with pytest.raises(InputError, match="quirk phi_carryover: 'on' is neither True nor False"):
            made.with_quirks(phi_carryover="on")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "name", "reason"),
    [
        ("-nopolar", "polarization", "has no effect beside -nopolar"),
        ("-close_distance 50", "distance", "has no effect beside -close_distance"),
        ("-osc 1 -phistep 0.25", "oscillation", "-phistep sets the steps"),
        ("-sourcefile all.txt", "wavelength", "every source has a wavelength of its own"),
    ],
)
def test_parameters_without_effect_say_why(words: str, name: str, reason: str, folder: Path) -> None:
    (folder / "all.txt").write_text("-10 0 0.1 1 1.1e-10\n-10 0 0 1 1.2e-10\n", encoding="ascii")
    made = from_command(f"{BASE} {CELL} {words}", folder)
    assert name not in made.parameters.as_dict()
    with pytest.raises(InputError, match=f"{name}: {reason}"):
        made.with_parameters(**{name: getattr(made.parameters, name)})


def test_notices_and_options_follow(folder: Path) -> None:
    made = from_command(f"-default_F 20 -N 10 -detpixels 7 -pixel 3 -oversample 1 {CELL}", folder)
    assert any("a larger -oversample is advised" in notice for notice in made.notices)
    far = made.with_parameters(distance=100000.0)
    assert not any("-oversample" in notice for notice in far.notices) and far.options.distance_mm == 100000.0
    assert type(far) is Experiment
