"""Images in float32: those in float64 and C's to 2e-6, for every golden case, flag and quirk."""

from __future__ import annotations

import copy
import math
import pickle
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from nbsim import Experiment
from nbsim.image import compiled
from nbsim.image.arguments import suits_float32
from nbsim.image.fused import example
from nbsim.image.kernel import tile_sums
from nbsim.image.native import Native, boxes
from nbsim.image.render import render
from nbsim.image.scope import fits_kernel
from nbsim.image.tiles import KernelTiles
from nbsim.pixel.pixel import image_values
from nbsim.pixel.run_state import RunState
from support.flag_samples import BASES, write_inputs
from support.golden_cases import NAMES, experiment_of, golden_case, needs
from support.kernel_samples import C_BASES, changes_of
from support.kernel_samples import experiment_of as sample

BOUND, FLOOR = 2e-6, 1e-6  # relative error of the pixels above FLOOR of the maximum
CUBE = "-cell 100 100 100 90 90 90 -N 20 -lambda 1 -distance 100 -detpixels 64 -pixel 1 -oversample 1 -default_F"
BIG = (
    "-cell 78 79 38 90 90 90 -misset 11 22 33 -N 36 -lambda 0.98 -distance 230 -detpixels 200 -pixel 0.4 -default_F 100"
)
TURNING = "-oversample 1 -phi 0 -osc 1 -phisteps 6"


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[bool, ...]]:
    """Values of ``compile_kernel`` that this machine can take, and a fresh cache with the kernels in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBSIM_CACHE", str(tmp_path_factory.mktemp("kernels")))
        if compiled.missing_compiler() is not None:
            yield (False,)
            return
        for code in (compiled.PIXELS, compiled.SINGLE_TERMS):
            compiled.build(torch.float64, code=code)
        yield False, True


def relative_errors(found: Tensor, expected: Tensor) -> Tensor:
    """Of the pixels above FLOOR of the maximum; the others stay below, and what is not finite or 0 is so in both."""
    found, expected = found.double(), expected.double()
    torch.testing.assert_close(found.isfinite(), expected.isfinite())
    assert bool((found[expected == 0.0] == 0.0).all())
    largest = torch.where(expected.isfinite(), expected, 0.0).max()
    bright = (expected > FLOOR * largest) & expected.isfinite()
    assert bool((found[~bright & expected.isfinite()] <= FLOOR * largest * (1.0 + BOUND)).all())
    return (found[bright] - expected[bright]).abs() / expected[bright]


def assert_trusted(experiment: Experiment, kernels: tuple[bool, ...], expected: Tensor | None = None) -> None:
    """Each float32 image of a float64 experiment has the pixels of ``expected``, else of the float64 image."""
    rough = experiment.to(torch.float32)
    for compile_kernel in kernels:
        if expected is None and not compile_kernel:
            continue  # torch computes in float64 either way
        wanted = render(experiment, compile_kernel=compile_kernel).photons if expected is None else expected
        errors = relative_errors(render(rough, compile_kernel=compile_kernel).photons, wanted)
        assert float(errors.max() if len(errors) else 0.0) <= BOUND, compile_kernel


@pytest.mark.parametrize("name", [name for name in NAMES if name != "seed_case"])
def test_golden_cases(name: str, kernels: tuple[bool, ...], request: pytest.FixtureRequest) -> None:
    needs(request, name)
    assert_trusted(experiment_of(name), kernels, torch.from_numpy(golden_case(name).image().copy()))


@pytest.mark.slow
def test_a_cut_out_of_the_seed_case(kernels: tuple[bool, ...], shared: Path) -> None:
    whole = experiment_of("seed_case")
    part = replace(whole, detector=replace(whole.detector, roi=(900, 1150, 560, 790)))
    assert_trusted(part, kernels)


@pytest.mark.slow
@pytest.mark.parametrize("base", (*BASES, *C_BASES))
def test_every_flag_and_quirk(base: str, kernels: tuple[bool, ...], folder: Path) -> None:
    for change in changes_of(base):
        if change.quirk != "naive_float32":
            assert_trusted(sample(change, folder), kernels)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("float32")
    write_inputs(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("factor", ["1e-25", "1e25"])
@pytest.mark.parametrize("more", ["", "-mosaic 1 -mosaic_domains 40", "-water 1e-3", "-round_xtal"])
def test_symmetric_crystals_and_any_size_of_f(factor: str, more: str, kernels: tuple[bool, ...]) -> None:
    """An axis along the detector gives indices of 0 in rows of pixels, and in the direct beam all are."""
    for center in (32.0, 32.5):
        assert_trusted(Experiment.from_command(f"{CUBE} {factor} {more} -Xbeam {center} -Ybeam {center}"), kernels)


@pytest.mark.parametrize("edge", [5.0, 7.5])
def test_indices_that_are_whole_or_halves(edge: float, kernels: tuple[bool, ...], folder: Path) -> None:
    """80 mm along the beam and 60 mm across are 100 mm: indices are exact multiples of an edge of n / 2 wavelengths."""
    words = f"-cell {edge} {edge} {edge} 90 90 90 -lambda 1 -distance 80 -detpixels 3 -pixel 60 -Xbeam 60 -Ybeam 60"
    assert_trusted(Experiment.from_command(f"{words} -N 5 -oversample 1 -hkl box.hkl -nointerpolate", folder), kernels)


@pytest.mark.parametrize(
    "crystal", ["12.5 11.3 13.7 90 90 90 -misset 20 0 0", "11.3 12.5 13.7 90 90 90 -misset 0 20 0"]
)
def test_one_index_halfway_between_two(crystal: str, kernels: tuple[bool, ...], tmp_path: Path) -> None:
    """0.6 of 12.5 is 7.5, in the middle between reflections of different F; the other two indices are generic."""
    side = range(-14, 15)
    rows = [f"{h} {k} {l} {10 + (7 * h + 3 * k + 5 * l) % 11}" for h in side for k in side for l in side]
    (tmp_path / "odd.hkl").write_text("\n".join(rows), encoding="ascii")
    detector = "-lambda 1 -distance 80 -detpixels 3 -pixel 60 -Xbeam 60 -Ybeam 60 -oversample 1"
    words = f"-cell {crystal} {detector} -N 5 -hkl odd.hkl -nointerpolate"
    assert_trusted(Experiment.from_command(words, tmp_path), kernels)


PASSES = ("", "-phi 0 -osc 1 -phisteps 3", "-mosaic 1 -mosaic_domains 4", "-dispersion 2 -dispsteps 3")
CELLS = (2, 5, 20, 100, 1000, 10**4, 10**6)
SENSOR = "-detector_abs 100 -detector_thick 300 -detector_thicksteps 3"
RUNNING = (
    "-oversample 2 -oversample_omega -point_pixel",  # weights of 1e-4: the last phi step makes the pixel
    "-oversample 2 -oversample_polar -phi 0 -osc 1 -phisteps 3",
    "-oversample 2 -oversample_polar -water 100 -phi 0 -osc 1 -phisteps 3",
    f"-oversample_thick {SENSOR} -mosaic 1 -mosaic_domains 6",
    f"-oversample 2 -oversample_thick -oversample_polar -oversample_omega {SENSOR} -dispersion 2 -dispsteps 2",
    "-oversample_omega -oversample_polar -dmin 1.5 -phi 0 -osc 1 -phisteps 7",
)


def random_commands(shape: str, draw: random.Random, passes: tuple[str, ...] = PASSES) -> Iterator[str]:
    """Small cells and large ones, few cells and many, cut by every way to more than one term."""
    for more in passes:
        size, angles = draw.choice((1.0, 10.0)), [draw.choice((90.0, draw.uniform(75, 105))) for _ in range(3)]
        cell = [*(draw.uniform(15, 60) * size for _ in range(3)), *angles]
        turn = draw.choice(([0.0] * 3, [draw.uniform(0, 90) for _ in range(3)]))
        numbers = [" ".join(f"{number:.4f}" for number in group) for group in (cell, turn)]
        yield (
            f"-cell {numbers[0]} -misset {numbers[1]} -N {draw.choice(CELLS)} {shape} -lambda 1 "
            f"-distance {draw.choice((50, 100, 300))} -detpixels 64 -pixel 1.5 -oversample 1 -hkl wide.hkl {more}"
        )


def write_wide_table(folder: Path, draw: random.Random, decades: float = 3.0, *, outlier: float | None = None) -> None:
    """F of many sizes as wide.hkl; ``outlier``: F of a reflection that no detector here reaches."""
    side = range(-9, 10)
    rows = [f"{h} {k} {l} {10 ** draw.uniform(0, decades):.6e}" for h in side for k in side for l in side]
    rows += [] if outlier is None else [f"-9 -9 -30 {outlier}"]
    (folder / "wide.hkl").write_text("\n".join(rows), encoding="ascii")


@pytest.mark.parametrize("shape", ["", "-round_xtal", "-gauss_xtal", "-binary_spots"])
@pytest.mark.parametrize("interpolation", ["-interpolate", "-nointerpolate"])
def test_random_crystals(shape: str, interpolation: str, kernels: tuple[bool, ...], tmp_path: Path) -> None:
    """F varies by three orders of magnitude, so that sums over nodes cancel."""
    draw = random.Random(shape + interpolation)
    write_wide_table(tmp_path, draw)
    for words in random_commands(shape, draw):
        assert_trusted(Experiment.from_command(f"{words} {interpolation}", tmp_path), kernels)


@pytest.mark.parametrize("shape", ["", "-gauss_xtal"])
@pytest.mark.parametrize("more", RUNNING)
def test_random_crystals_with_running_sums(shape: str, more: str, kernels: tuple[bool, ...], tmp_path: Path) -> None:
    draw = random.Random(shape + more)
    write_wide_table(tmp_path, draw)
    for words in random_commands(shape, draw, (more, more, more)):
        assert_trusted(Experiment.from_command(f"{words} -nointerpolate", tmp_path), kernels)


@pytest.mark.parametrize("weights", ["", "-oversample_thick", "-oversample_thick -oversample_polar -oversample_omega"])
@pytest.mark.parametrize(
    ("depth", "thickness", "layers"),
    [(1e9, 0.01, 1), (1e7, 10, 2), (1e4, 10, 1), (300, 400, 1), (100, 300, 3), (20, 400, 4), (1, 690, 1), (1, 5000, 2)],
)
def test_sensors(depth: float, thickness: float, layers: int, weights: str, kernels: tuple[bool, ...]) -> None:
    """Layers that absorb from 1e-11 of the light to all of it, and layers that 1e-7 of it reaches, or none."""
    sensor = f"-detector_abs {depth} -detector_thick {thickness} -detector_thicksteps {layers} -fluence 1e30"
    for more in ("-oversample 1", "-oversample 2 -phi 0 -osc 1 -phisteps 3", "-oversample 1 -curved_det"):
        words = f"{BIG} -detpixels 64 -pixel 1.2 -detector_rotx 20 -detector_roty 30 {sensor} {weights} {more}"
        assert_trusted(Experiment.from_command(words), kernels)


@pytest.mark.parametrize("shape", ["", "-gauss_xtal", "-binary_spots"])
@pytest.mark.parametrize(("decades", "outlier"), [(10.0, None), (30.0, None), (3.0, 1e25)])
def test_f_over_many_decades(
    shape: str, decades: float, outlier: float | None, kernels: tuple[bool, ...], tmp_path: Path
) -> None:
    """Pixels far from the largest F are the whole image, or nearly."""
    draw = random.Random(f"{shape}{decades}")
    write_wide_table(tmp_path, draw, decades, outlier=outlier)
    for words in random_commands(shape, draw):
        assert_trusted(Experiment.from_command(f"{words} -nointerpolate", tmp_path), kernels)


@pytest.mark.parametrize("fluence", [1e30, 1e60, 1e120, 1e180, 1e240, 1e290])
@pytest.mark.parametrize("window", ["0 63 0 63", "20 24 20 24"])
def test_far_tails_of_gaussian_spots(fluence: float, window: str, kernels: tuple[bool, ...]) -> None:
    """Exponents from 0 to beyond those of a double, in images of tails alone, too, visible at such a fluence."""
    words = "-cell 10 11 12 90 90 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 64 -pixel 1 -default_F 100"
    for cells in (3, 10, 30, 100):
        for more in ("", "-phi 0 -osc 20 -phisteps 5"):
            command = f"{words} -N {cells} -gauss_xtal -roi {window} -oversample 1 -nointerpolate {more}"
            plain = Experiment.from_command(command)
            beam = replace(plain.beam, fluence=torch.tensor(fluence, dtype=torch.float64))
            assert_trusted(replace(plain, beam=beam), kernels)


def test_terms_at_the_end_of_double(kernels: tuple[bool, ...]) -> None:
    """One pixel whose only term shrinks in small steps until it is none of a double, at the largest fluence."""
    words = "-cell 10 11 12 90 90 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 64 -pixel 1 -default_F 100"
    plain = Experiment.from_command(f"{words} -N 20 -gauss_xtal -roi 22 22 22 22 -oversample 1 -nointerpolate")
    fluence, fudge = (torch.tensor(number, dtype=torch.float64) for number in (1e290, 2.7e-3))
    plain = replace(plain, beam=replace(plain.beam, fluence=fluence))
    for step in range(40):
        assert_trusted(replace(plain, crystal=replace(plain.crystal, fudge=fudge * 1.01**step)), kernels)


@pytest.mark.parametrize(
    ("values", "suited"),
    [
        ((0.0, 0.0, 0.0), True),
        ((0.0, -5.0, 1e-14), True),
        ((1e40, 1e30, 0.0), True),
        ((5.0, 1e-20, 0.0), False),
        ((5.0, -1e-20, 1.0), False),
        ((1e-120, 1e-120, 0.0), False),
        ((1e120, 1.0, 1.0), False),
        ((math.inf, 1.0, 1.0), False),
        ((math.nan, 1.0, 1.0), False),
    ],
)
def test_f_in_float32(values: tuple[float, ...], suited: bool) -> None:
    default, *rest = torch.tensor(values, dtype=torch.float64)
    table = Experiment.from_command(f"{CUBE} 1").structure_factors
    assert suits_float32(replace(table, default_f=default, grid=torch.stack(rest).reshape(1, 1, 2))) is suited


@pytest.mark.parametrize(("side", "more"), [(200, TURNING), (12, "-oversample 1 -mosaic 1 -mosaic_domains 4000")])
def test_few_pixels_are_left_to_the_formula(side: int, more: str, kernels: tuple[bool, ...]) -> None:
    experiment = Experiment.from_command(f"{BIG} {more} -detpixels {side}")
    pixels = torch.cartesian_prod(torch.arange(side), torch.arange(side))
    assert fits_kernel(experiment)
    _, _, doubtful = KernelTiles(experiment, None, torch.float32).values(pixels, lambda: None)
    assert int(doubtful.sum()) <= 0.01 * len(pixels)
    library = compiled.load(torch.float64, compiled.SINGLE_TERMS)
    if library is not None:
        canvas, inside = torch.zeros(side, side), torch.zeros(side, side, dtype=torch.bool)
        native = Native(experiment, library, torch.float32)
        found = sum(
            native.render(box, RunState((), None), canvas, inside, lambda: None)[0] for box in boxes(experiment)
        )
        assert found <= 0.01 * len(pixels)


@pytest.mark.slow
def test_the_form_for_other_devices(kernels: tuple[bool, ...]) -> None:
    experiment = Experiment.from_command(f"{BIG} {TURNING}")
    pixels = torch.cartesian_prod(torch.arange(200), torch.arange(200))
    values, _, doubtful = KernelTiles(experiment, tile_sums, torch.float32).values(pixels, lambda: None)
    wanted = image_values(experiment, pixels)
    assert float(relative_errors(values[~doubtful], wanted[~doubtful]).max()) <= BOUND
    assert int(doubtful.sum()) < 0.002 * len(pixels)


def test_the_form_for_other_devices_stays_there() -> None:
    there = type(example(torch.float64))(*(argument.to("meta") for argument in example(torch.float64, torch.float32)))
    sums = tile_sums(there)
    assert {value.device.type for value in sums} == {"meta"}
    assert sums.intensity.dtype is torch.float64


@pytest.mark.parametrize("compile_kernel", [False, True])
def test_the_naive_form_is_that_of_a_port(compile_kernel: bool, kernels: tuple[bool, ...]) -> None:
    if compile_kernel not in kernels:
        pytest.skip("no C compiler")
    exact = Experiment.from_command(f"{BIG} {TURNING}")
    naive = exact.with_quirks(naive_float32=True)
    wanted = render(exact, compile_kernel=False).photons
    assert torch.equal(render(naive, compile_kernel=False).photons, wanted)  # nothing to do in float64
    errors = relative_errors_of_naive(render(naive.to(torch.float32), compile_kernel=compile_kernel).photons, wanted)
    assert float(errors.median()) > 1e-5 and float(errors.max()) > 1e-3


def relative_errors_of_naive(found: Tensor, expected: Tensor) -> Tensor:
    bright = expected > FLOOR * expected.max()
    return (found[bright] - expected[bright]).abs() / expected[bright]


def test_pixels_and_traces_are_plain_float32_in_either_state() -> None:
    exact = Experiment.from_command(f"{BIG} {TURNING}")
    trusted, naive = (exact.with_quirks(naive_float32=state).to(torch.float32) for state in (False, True))
    values = [float(experiment.pixel(60, 80).value) for experiment in (trusted, naive)]
    assert values[0] == values[1] != float(exact.pixel(60, 80).value)


def test_digits_that_rounding_took_come_back_in_images_alone() -> None:
    exact = Experiment.from_command(f"{BIG} {TURNING}")
    rough = exact.to(torch.float32)
    for same in (rough, rough.to("cpu"), copy.deepcopy(rough), pickle.loads(pickle.dumps(rough))):
        assert same == rough and same.before_rounding() == exact
    assert exact.before_rounding() is exact
    assert rough.to(torch.float64) != exact  # as for any tensor
    assert rough.with_parameters(phi=1.0).before_rounding() == exact.with_parameters(phi=1.0)
    window = replace(rough, detector=replace(rough.detector, roi=(3, 9, 4, 8))).before_rounding()
    assert torch.equal(window.detector.pix0, exact.detector.pix0)
    moved = replace(rough, detector=replace(rough.detector, pix0=rough.detector.pix0 * 2.0)).before_rounding()
    assert torch.equal(moved.detector.pix0, (rough.detector.pix0 * 2.0).double())
    assert torch.equal(moved.detector.fast, exact.detector.fast)
    doubled = rough.mapped(lambda tensor: tensor * 1).before_rounding()
    assert torch.equal(doubled.crystal.a, rough.crystal.a.double())


def test_the_command_line(kernels: tuple[bool, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbsim.cli import main

    monkeypatch.chdir(tmp_path)
    words = [*f"{BIG} {TURNING} -floatfile f.bin -nonoise -nopgm -noprogress".split(), "--dtype", "float32"]
    wanted = render(Experiment.from_command(words[:-2])).photons.flatten()
    found = []
    for more in ([], ["--quirk", "naive_float32=on"]):
        assert main([*words, *more]) == 0
        found.append(torch.from_numpy(np.fromfile("f.bin", dtype=np.float32)))
    assert float(relative_errors(found[0], wanted).max()) <= BOUND
    assert float(relative_errors_of_naive(found[1], wanted).max()) > 1e-3
