"""Experiment.to_command: a changed experiment goes back to the C program, over random experiments and changes."""

from __future__ import annotations

import os
import random
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
import pytest
import torch

from nbsim import Experiment, InputError, from_command

C_PROGRAM = os.environ.get("NB_C_BIN", "")
CELL = "-cell 40 50 60 75 85 95"
BASE = "-default_F 20 -detpixels 12 -pixel 3"
MATRIX = "0.0301 0.0042 -0.0033\n-0.0052 0.0281 0.0060\n0.0021 -0.0066 0.0251\n"
CRYSTALS = (
    f"{CELL} -N 3",
    f"{CELL} -misset 1 -20 33 -Na 4 -Nb 3 -Nc 5",
    f"{CELL} -misset_seed 7 -misset random -N 4",
    "-mat a.mat -misset 3 4 5 -N 3",
    f"-mat a.mat {CELL} -N 4 -round_xtal",
    f"-mat a.mat {CELL} -N 3 -gauss_xtal",
    f"{CELL} -samplesize 0.00002",
    f"{CELL} -N 2 -hkl box.hkl",
    f"{CELL} -N 3 -hkl box.hkl -tophat_spots",
)
FRAMES = (
    "-distance 60",
    "-adxv -Ybeam 11 -twotheta 5",
    "-denzo -Xbeam 17",
    "-close_distance 55 -detector_rotx 4",
    "-xds -ORGX 5.5 -ORGY 7",
    "-dials",
    "-fdet_vector 0 0.1 1 -sdet_vector 0 -1 0",
    "-pivot sample -twotheta_axis 0 1 0.2 -twotheta 6",
)
REST = (
    "",
    "-energy 12000 -phi 0.2 -osc 1 -phisteps 3",
    "-phisteps 3",
    "-osc 0.7 -phi -0.2",
    "-mosaic 0.4 -mosaic_domains 3",
    "-polar 0.3 -flux 1e12 -exposure 0.3 -beamsize 0.07",
    "-dispersion 2 -dispsteps 3 -oversample 2",
    "-nopolar -hdivrange 3 -hdivsteps 2",
    "-detector_abs 300 -detector_thick 200 -water 1",
    "-img start.img",
)
COMMANDS = [" ".join((BASE, *words)) for words in product(CRYSTALS, FRAMES, REST)]
SEEDS = [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 30))]
MOVES: dict[str, float | tuple[float, ...]] = {
    "cell": (2.0, 2.0, 2.0, 1.0, 1.0, 1.0),
    "misset": 5.0,
    "mosaic_spread": 0.1,
    "n_cells": 1.0,
    "wavelength": 0.05,
    "polarization": 0.1,
    "distance": 4.0,
    "close_distance": 4.0,
    "beam_center": 1.0,
    "detector_rotations": 2.0,
    "twotheta": 2.0,
    "phi": 0.3,
    "oscillation": 0.2,
    "default_f": 2.0,
}
HEADER = (
    "{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=12;\nSIZE2=12;\nPIXEL_SIZE=3;\n"
    "DISTANCE=70;\nWAVELENGTH=1.2;\nBEAM_CENTER_X=15;\nBEAM_CENTER_Y=20;\n}\f"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("to_command")
    (path / "a.mat").write_text(MATRIX, encoding="ascii")
    indices = [at for at in product(range(-8, 9), repeat=3) if (at[0] + at[1]) % 3]
    rows = [f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h, k, l in indices]
    (path / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    (path / "start.img").write_bytes(HEADER.encode("ascii").ljust(512) + bytes(2 * 12 * 12))
    return path


def changed(experiment: Experiment, draw: random.Random) -> Experiment:
    """Some parameters at random new values, in one call or in two."""
    names = [name for name in experiment.parameters.as_dict() if name in MOVES]
    for _ in range(draw.randint(1, 2)):
        made: dict[str, Any] = {}
        for name in draw.sample(names, draw.randint(1, min(4, len(names)))):
            value = getattr(experiment.parameters, name)
            move = MOVES[name] * torch.ones(()) if isinstance(MOVES[name], float) else torch.tensor(MOVES[name])
            new = value + move * torch.tensor([draw.uniform(-1, 1) for _ in range(value.numel())]).reshape(value.shape)
            made[name] = new.round().clamp(min=1.0) if name == "n_cells" else new
            if name in ("mosaic_spread", "oscillation"):
                made[name] = made[name].abs() + 0.01
        experiment = experiment.with_parameters(**made)
    return experiment


def drawn(seed: int, folder: Path) -> Experiment:
    draw = random.Random(seed)
    return changed(from_command(draw.choice(COMMANDS), folder, phi_mode="c-parity"), draw)


def c_image(words: list[str], folder: Path, size: tuple[int, int]) -> np.ndarray[Any, Any]:
    """The float image of the C program."""
    command = [C_PROGRAM, *words, "-floatfile", "c.bin", "-nonoise", "-nopgm", "-intfile", "c.img"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    (folder / "Fdump.bin").unlink(missing_ok=True)  # of -hkl; later runs would read it
    return np.fromfile(folder / "c.bin", dtype="<f4").reshape(size)


def check_with_c(experiment: Experiment, words: list[str], folder: Path) -> None:
    ours = experiment.image().photons.numpy()
    theirs = c_image(words, folder, ours.shape)
    np.testing.assert_allclose(ours, theirs, rtol=3e-6, atol=1e-6 * float(theirs.max()))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_line_gives_the_same_experiment(seed: int, folder: Path) -> None:
    experiment = drawn(seed, folder)
    for compat in (False, True):  # read by our rules, and by those of C
        again = from_command(experiment.to_command(folder), folder, phi_mode="c-parity", compat=compat)
        torch.testing.assert_close(again.photons(), experiment.photons(), rtol=1e-12, atol=0.0)
        assert again.detector == experiment.detector and again.sampling == experiment.sampling
        if experiment.inputs.matrix is None:
            assert again.beam == experiment.beam and again.crystal == experiment.crystal


@pytest.mark.skipif(not C_PROGRAM, reason="NB_C_BIN names no C program")
@pytest.mark.parametrize("seed", SEEDS)
def test_the_c_program_makes_the_same_image(seed: int, folder: Path) -> None:
    experiment = drawn(seed, folder)
    check_with_c(experiment, experiment.to_command(folder), folder)


def test_without_changes_the_words_stay(folder: Path) -> None:
    for command in random.Random(3).sample(COMMANDS, 20):
        assert from_command(["nanoBragg", *command.split()], folder).to_command() == command.split()


def test_a_clock_becomes_a_seed(folder: Path) -> None:
    words = from_command(f"{BASE} {CELL} -N 3 -misset random", folder).to_command()
    assert from_command(words, folder).to_command() == words and "-misset_seed" in words


def test_a_seed_comes_before_the_word_random(folder: Path) -> None:
    """C takes -misset_seed for a -misset: behind the word random it would end the random orientation."""
    words = f"{BASE} {CELL} -N 3 -misset random -misset_seed 7 -distance 60"
    experiment = from_command(words, folder)
    for made in (experiment, experiment.with_parameters(phi=0.1), experiment.with_parameters(misset=[1.0, 2.0, 3.0])):
        again = from_command(made.to_command(), folder, compat=True)
        assert torch.equal(again.photons(), made.photons())
        if C_PROGRAM:
            check_with_c(made.with_quirks(phi_carryover=True), made.to_command(), folder)


def test_only_changed_numbers_are_edited(folder: Path) -> None:
    made = from_command(f"{BASE} -distance 60 {CELL} -N 5 -oversample 1 -xds", folder).with_parameters(
        distance=61.5, misset=[1.0, 2.0, 3.0], n_cells=[4.0, 5.0, 5.0]
    )
    assert made.to_command() == (
        f"-misset 1.0 2.0 3.0 {BASE} -distance 61.5 {CELL} -N 5 -Na 4 -oversample 1 -xds".split()
    )


def test_a_changed_table_and_one_of_a_cif_file_go_into_a_text(folder: Path) -> None:
    cif = folder / "a.cif"
    cif.write_text(
        "data_x\n_cell.length_a 30\n_cell.length_b 40\n_cell.length_c 50\n_cell.angle_alpha 90\n_cell.angle_beta 90\n"
        "_cell.angle_gamma 90\n_symmetry.space_group_name_H-M 'P 1 2 1'\nloop_\n_refln.index_h\n_refln.index_k\n"
        "_refln.index_l\n_refln.F_meas_au\n1 0 0 10\n0 1 2 31.5\n-1 2 3 44\n",
        encoding="ascii",
    )
    assert gemmi.cif.read(str(cif)) is not None
    words = f"{BASE} -N 3 -distance 40 -oversample 1 -hkl"
    of_cif = from_command(f"{words} a.cif", folder)
    base = from_command(f"{words} box.hkl {CELL}", folder)
    table = base.parameters.structure_factors
    assert table is not None
    for made in (of_cif, of_cif.with_parameters(default_f=3.0), base.with_parameters(structure_factors=table * 1.7)):
        with pytest.raises(InputError, match=r"nbsim\.hkl must hold changed numbers; give the folder"):
            made.to_command()
        again = from_command(made.to_command(folder), folder)
        assert torch.equal(again.photons(), made.photons())
        if C_PROGRAM:
            check_with_c(made, made.to_command(folder), folder)


def test_an_a_matrix_and_sources_go_into_files(folder: Path) -> None:
    base = from_command(f"{BASE} {CELL} -misset 1 2 3 -N 3 -distance 60 -oversample 1 -lambda 1.1", folder)
    a_matrix = torch.stack((base.crystal.a_star, base.crystal.b_star, base.crystal.c_star), dim=1)
    made = base.with_parameters(a_matrix=a_matrix * 1.01, source_wavelengths=[1.1, 1.12, 1.13])
    again = from_command(made.to_command(folder), folder)
    torch.testing.assert_close(again.photons(), made.photons(), rtol=1e-11, atol=0.0)
    if C_PROGRAM:
        check_with_c(made, made.to_command(folder), folder)


@pytest.mark.parametrize(
    ("settings", "changes", "words"),
    [
        ({"quirks": {"grating_literal": False}}, {}, "quirk grating_literal is off: the C program has no switch"),
        ({"quirks": {"grating_literal": False}}, {"n_cells": [3.5, 3, 3]}, "quirk grating_literal is off"),
    ],
)
def test_what_c_cannot_do_is_refused(settings: Any, changes: Any, words: str, folder: Path) -> None:
    with pytest.raises(InputError, match=words):
        from_command(f"{BASE} {CELL} -N 3", folder, **settings).with_parameters(**changes).to_command()


def test_real_numbers_of_cells_are_refused(folder: Path) -> None:
    made = from_command(f"{BASE} {CELL} -N 3 -round_xtal", folder).with_parameters(n_cells=[3.5, 3.0, 3.0])
    with pytest.raises(InputError, match=r"n_cells 3\.5 3 3: the C program takes whole numbers"):
        made.to_command()
