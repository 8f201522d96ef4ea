"""Every pixel-loop quirk, on and off, against nested loops in plain Python; quirks together as well."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from nbsim import Experiment, from_command
from nbsim.options.quirks import Quirks
from nbsim.pixel.pixel import image_values, simulate_pixel
from support.plain_pixel import PlainRun

BASE = "-cell 40 50 60 75 85 95 -misset 10 20 30 -distance 60 -detpixels 5 -pixel 4 -lambda 1.1 "
FLAT = BASE + "-default_F 20 -nointerpolate "
TABLE = BASE + "-hkl box.hkl -default_F 7 "
LAYERS = "-detector_abs 500 -detector_thick 300 -detector_thicksteps 3 "

# quirk, a command where it matters
CASES = [
    ("phi_carryover", FLAT + "-N 3 -phi 0 -osc 3 -phisteps 3 -oversample 1"),
    ("phi_carryover", FLAT + "-N 3 -phi 0 -osc 3 -phisteps 3 -oversample 2 -sourcefile src.txt"),
    ("phi_carryover", FLAT + "-N 3 -phi -1 -osc 2 -phisteps 4 -oversample 1 -mosaic 1 -mosaic_domains 3"),
    ("phi_carryover", FLAT + "-N 3 -phi 0 -osc 2 -phisteps 2 -oversample 1 -dmin 2.2 -sourcefile src.txt"),
    ("cached_corrections", FLAT + "-N 3 -oversample 2 -polar 0.9 -sourcefile src.txt"),
    ("cached_corrections", FLAT + "-N 3 -oversample 2 -water 3 " + LAYERS),
    ("curved_transposed", FLAT + "-N 2 -oversample 2 -curved_det x -pixel 1"),
    ("curved_transposed", FLAT + "-N 2 -oversample 1 -curved_det x -xds -pixel 1"),
    ("point_pixel_without_area", FLAT + "-N 2 -oversample 2 -point_pixel"),
    ("last_layer_capture", FLAT + "-N 3 -oversample 2 -water 2 " + LAYERS),
    ("thick_flag_zeroes", FLAT + "-N 3 -oversample 1 -oversample_thick"),
    ("culled_polar_zero", FLAT + "-N 3 -oversample 2 -water 10 -dmin 1000"),
    ("source_weights_ignored", FLAT + "-N 3 -oversample 1 -sourcefile src.txt"),
    ("nopolar_overridden", FLAT + "-N 3 -oversample 1 -nopolar -oversample_polar -polar 0.5 -nopolar"),
    ("dimensional_shape_width", FLAT + "-N 3 -oversample 1 -gauss_xtal -fudge 0.7"),
    ("dimensional_shape_width", FLAT + "-N 3 -oversample 2 -tophat_spots -fudge 2"),
    ("zero_term_skip", FLAT + "-N 4 -oversample 2 -tophat_spots -oversample_polar -polar 0.8"),
    ("interpolation_switch_off", TABLE + "-N 3 -oversample 2 -interpolate"),
    ("interpolation_switch_off", TABLE + "-N 3 -oversample 1 -interpolate -phi 0 -osc 3 -phisteps 2"),
    ("background_twice", FLAT + "-N 3 -oversample 2 -water 5 -fluence 1e28 -polar 0.3"),
    ("background_twice", FLAT + "-N 3 -oversample 2 -water 5 -oversample_polar " + LAYERS),
    ("running_sum_weights", FLAT + "-N 3 -oversample 2 -oversample_omega"),
    ("running_sum_weights", FLAT + "-N 3 -oversample 2 -oversample_thick -oversample_polar -water 2 " + LAYERS),
    ("background_weighted", FLAT + "-N 3 -oversample 2 -oversample_omega -water 2"),
    ("background_weighted", FLAT + "-N 3 -oversample 2 -oversample_thick -oversample_polar -water 2 " + LAYERS),
]

# quirks in another state, without which one has no effect
TOGETHER_WITH = {"background_weighted": {"running_sum_weights": False}}

# where flags, sources, layers and cuts meet; any subset of quirks must follow the plain loops
MIXED = [
    FLAT + "-N 3 -oversample 2 -sourcefile src.txt -phi 0 -osc 2 -phisteps 3 -dmin 2.2 -water 2 -polar 0.6 " + LAYERS,
    FLAT + "-N 2 -oversample 2 -oversample_omega -oversample_thick -tophat_spots -fudge 2 -polar 0.6 " + LAYERS,
    TABLE + "-N 3 -oversample 1 -interpolate -sourcefile src.txt -phi -1 -osc 2 -phisteps 2 -oversample_polar",
    FLAT + "-N 3 -round_xtal -oversample 2 -curved_det x -pixel 1 -oversample_polar -polar -0.7 -mosaic 1 "
    "-mosaic_domains 2 -water 1",
]

# (quirk, command): differences that need exact integers to show are in test_lattice.py
UNSEEN_HERE = {"grating_literal", "sphere_literal"}
LOOP_QUIRKS = [item.name for item in fields(Quirks)][
    : [f.name for f in fields(Quirks)].index("twotheta_axis_sets_angle")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("quirks")
    draw = random.Random(5)
    rows = [
        f"{h} {k} {l} {draw.uniform(1, 50):.3f}"
        for h in range(-9, 10)
        for k in range(-9, 10)
        for l in range(-12, 13)
        if draw.random() < 0.8
    ]
    (path / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    sources = "-10 0.01 0 1.0 1.1e-10\n-10 0 0.4 0.5 1.15e-10\n-10 -0.5 -0.1 2.0 1.05e-10\n"
    (path / "src.txt").write_text(sources, encoding="ascii")
    return path


def values(experiment: Experiment) -> dict[tuple[int, int], float]:
    """Ours, whole image."""
    rows, columns = experiment.detector.n_slow, experiment.detector.n_fast
    pixels = torch.cartesian_prod(torch.arange(rows), torch.arange(columns))
    found = image_values(experiment, pixels, interpolation_end=True)
    return {(int(s), int(f)): float(v) for (s, f), v in zip(pixels, found, strict=True)}


def assert_as_plain(experiment: Experiment) -> dict[tuple[int, int], float]:
    found = values(experiment)
    expected = dict.fromkeys(found, 0.0) | PlainRun(experiment).values
    top = max(abs(v) for v in expected.values())
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12 * top)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("quirk", "command"), CASES)
def test_each_quirk_agrees_with_plain_loops_on_and_off(quirk: str, command: str, folder: Path) -> None:
    as_c = from_command(command, folder, phi_mode="c-parity", quirks=TOGETHER_WITH.get(quirk, {}))
    on = assert_as_plain(as_c)
    off = assert_as_plain(as_c.with_quirks(**{quirk: False}))
    top = max(*on.values(), *off.values())
    assert max(abs(on[at] - off[at]) for at in on) > 1e-6 * top


def test_every_quirk_of_the_loop_has_a_case() -> None:
    assert {quirk for quirk, _ in CASES} | UNSEEN_HERE == set(LOOP_QUIRKS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("command", MIXED)
def test_any_combination_of_quirks_agrees_with_plain_loops(command: str, seed: int, folder: Path) -> None:
    draw = random.Random(seed)
    changes = {quirk: draw.random() < 0.5 for quirk in LOOP_QUIRKS}
    assert_as_plain(from_command(command, folder).with_quirks(**changes))


@pytest.mark.slow
@pytest.mark.parametrize("command", MIXED)
def test_single_pixels_are_those_of_the_image(command: str, folder: Path) -> None:
    for quirks in ({}, {"cached_corrections": False, "running_sum_weights": False}):
        experiment = from_command(command, folder, phi_mode="c-parity", quirks=quirks)
        image = values(experiment)
        for at in ((0, 0), (0, 1), (2, 3)):
            assert float(simulate_pixel(experiment, *at).value) == pytest.approx(image[at], rel=1e-12)


@pytest.mark.parametrize("n_threads", [2, 3, 7])
def test_threads_start_from_fresh_vectors(n_threads: int, folder: Path) -> None:
    """Each thread's rows come out as in a run whose ROI starts there."""
    command = FLAT + "-N 3 -phi 0 -osc 3 -phisteps 3 -oversample 1"
    whole = from_command(command, folder, phi_mode="c-parity")
    pixels = torch.cartesian_prod(torch.arange(5), torch.arange(5))
    threaded = image_values(whole, pixels, n_threads=n_threads, interpolation_end=True).reshape(5, 5)
    start = 0
    for thread in range(n_threads):
        stop = start + 5 // n_threads + (thread < 5 % n_threads)
        if stop > start:
            alone = from_command(f"{command} -roi 0 4 {start} {stop - 1}", folder, phi_mode="c-parity")
            expected = PlainRun(alone).values
            for (slow, fast), value in expected.items():
                assert float(threaded[slow, fast]) == pytest.approx(value, rel=1e-9)
        start = stop
    assert start == 5


def test_masked_pixels_do_not_carry(folder: Path) -> None:
    command = FLAT + "-N 3 -phi 0 -osc 3 -phisteps 3 -oversample 1"
    whole = from_command(command, folder, phi_mode="c-parity")
    mask = torch.ones(5, 5, dtype=torch.bool)
    mask[0, :3] = False
    assert_as_plain(replace(whole, detector=replace(whole.detector, mask=mask)))
