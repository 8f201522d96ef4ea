"""The image kernels against the formula: every flag and every quirk gives the same pixels, or the kernel refuses it."""

from __future__ import annotations

import ctypes
import math
import random
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from nbsim import Experiment, Quirks
from nbsim.image import scope
from nbsim.image.compiled import CannotBuildError, build
from nbsim.image.native import Native, boxes
from nbsim.image.scope import CONDITIONS, FOLLOWED, PARTS, fits_c_kernel, fits_kernel
from nbsim.image.tiles import KernelTiles
from nbsim.pixel.accumulation import PixelSums, sum_pixels
from nbsim.pixel.run_state import RunState, run_state
from nbsim.pixel.terms import contributions, interpolates
from nbsim.pixel.visited import are_rendered
from support.flag_samples import BASES, write_inputs
from support.kernel_samples import C_BASES, CHANGES, Change, changes_of, experiment_of, flag_changes

LEAST_CLAIMED = 0.7  # of the flags


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kernel")
    write_inputs(path)
    return path


def compared(experiment: Experiment) -> int:
    """Pixels on which the kernel and the formula were compared; the rest the kernel leaves to the formula itself."""
    size = torch.arange(experiment.detector.n_slow), torch.arange(experiment.detector.n_fast)
    pixels = torch.cartesian_prod(*size)
    with torch.no_grad():
        values, omega, doubtful = KernelTiles(experiment, None).values(pixels, lambda: None)
        sums = sum_pixels(experiment, contributions(experiment, pixels))
    sure = ~doubtful
    largest = float(sums.value.abs().max())
    torch.testing.assert_close(values[sure], sums.value[sure], rtol=1e-7, atol=1e-11 * largest)
    torch.testing.assert_close(omega[sure], sums.omega_now[sure].flatten(1).sum(dim=1), rtol=1e-12, atol=0.0)
    return int(sure.sum())


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ctypes.CDLL]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBSIM_CACHE", str(tmp_path_factory.mktemp("kept")))
        try:
            yield build(torch.float64)
        except CannotBuildError as reason:
            pytest.skip(str(reason))


def state_in_c(experiment: Experiment, native: Native, n_threads: int) -> RunState:
    """The state with the end of interpolation that the C kernel finds."""
    state = run_state(experiment, interpolation_end=False)
    if not (interpolates(experiment) and experiment.quirks.interpolation_switch_off):
        return state
    return RunState(state.first_pixels, native.interpolation_stop(state.first_pixels, n_threads, lambda: None))


@torch.no_grad()
def compared_in_c(experiment: Experiment, library: ctypes.CDLL, n_threads: int = 1) -> None:
    """The C kernel computes every finite pixel of the small runs here, and finds the end of interpolation."""
    detector, native = experiment.detector, Native(experiment, library)
    pixels = torch.cartesian_prod(torch.arange(detector.n_slow), torch.arange(detector.n_fast))
    state = run_state(experiment)
    assert state_in_c(experiment, native, n_threads) == state
    ends = state.interpolation_end(pixels, detector.n_fast, experiment.n_passes)
    sums: PixelSums = sum_pixels(experiment, contributions(experiment, pixels, interpolation_end=ends))
    photons = torch.zeros(detector.n_slow, detector.n_fast)
    doubtful = torch.zeros_like(photons, dtype=torch.bool)
    omegas = [native.render(box, state, photons, doubtful, lambda: None)[1] for box in boxes(experiment)]
    inside = are_rendered(experiment, pixels)
    sure = ~doubtful.flatten()
    assert bool(sure[sums.value.isfinite() | ~inside].all())
    expected = torch.where(inside, sums.value, 0.0).to(torch.float32)[sure]
    largest = max((value for value in expected.tolist() if math.isfinite(value)), default=0.0)
    torch.testing.assert_close(photons.flatten()[sure], expected, rtol=2e-7, atol=1e-11 * largest)
    assert sum(omegas) == pytest.approx(float(sums.omega_now[inside & sure].sum()), rel=1e-12)


def test_every_field_is_followed_or_has_a_condition() -> None:
    listed = [f"{part}.{name}" for part, names in FOLLOWED.items() for name in names.split()] + [*CONDITIONS]
    assert len(set(listed)) == len(listed)
    assert set(listed) == {f"{part}.{field.name}" for part, kind in PARTS.items() for field in fields(kind)}


def test_a_field_that_the_kernel_does_not_know_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = experiment_of(Change("bare"), folder)
    assert fits_kernel(base)
    monkeypatch.setitem(scope.FOLLOWED, "beam", FOLLOWED["beam"].replace("polarization ", ""))
    assert scope.unlisted() == {"beam.polarization"}
    monkeypatch.setattr(scope, "_COMPLETE", not scope.unlisted())
    assert not fits_kernel(base)


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: " ".join((change.base, *change.words, change.quirk)))
def test_the_kernel_is_the_formula_or_refuses(change: Change, folder: Path) -> None:
    experiment = experiment_of(change, folder)
    if fits_kernel(experiment):
        assert compared(experiment) > 0


@pytest.mark.slow
@pytest.mark.parametrize("base", (*BASES, *C_BASES))
def test_the_c_kernel_is_the_formula_for_every_flag_and_quirk(base: str, folder: Path, library: ctypes.CDLL) -> None:
    for change in changes_of(base):
        experiment = experiment_of(change, folder)
        assert fits_c_kernel(experiment)
        compared_in_c(experiment, library)


@pytest.mark.slow
def test_the_c_kernel_is_the_formula_for_random_combinations(folder: Path, library: ctypes.CDLL) -> None:
    draw = random.Random(7)
    flags = (
        "-square_xtal", "-round_xtal", "-gauss_xtal", "-binary_spots", "-curved_det yes", "-interpolate", "-dmin 3",
        "-oversample_thick", "-oversample_polar", "-oversample_omega", "-point_pixel", "-nopolar", "-water 0.01",
        "-mosaic 3", "-detector_thick 300 -detector_abs 200", "-thicksteps 3", "-oversample 2", "-polar -0.7",
        "-phi 0 -osc 2 -phisteps 3", "-roi 1 3 0 4", "-mask mask.img", "-N 1", "-N 4", "-fudge 1.3",
    )  # fmt: skip
    names = [field.name for field in fields(Quirks)]
    for _ in range(80):
        words = " ".join(draw.sample(flags, draw.randint(0, 7))).split()
        base = experiment_of(Change(draw.choice([*BASES, *C_BASES]), tuple(words)), folder)
        switched = draw.sample(names, draw.randint(0, 6))
        quirks = replace(base.quirks, **{name: not getattr(base.quirks, name) for name in switched})
        compared_in_c(replace(base, quirks=quirks), library, n_threads=draw.choice([1, 2]))


def test_the_c_kernel_refuses_what_its_integers_do_not_hold(folder: Path) -> None:
    base = experiment_of(Change("full"), folder)
    assert fits_c_kernel(base)
    wide = replace(base, detector=replace(base.detector, n_fast=2**31))
    table = replace(base.structure_factors, grid=torch.zeros(1).expand(2000, 1300, 1000))
    assert not fits_c_kernel(wide)
    assert not fits_c_kernel(replace(base, structure_factors=table))


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_is_needed(condition: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the comparison above fails for some flag or quirk, which detects a false claim."""
    refused = [change for change in CHANGES if not fits_kernel(experiment_of(change, folder))]
    monkeypatch.delitem(scope.CONDITIONS, condition)
    claimed = [experiment_of(change, folder) for change in refused]
    claimed = [experiment for experiment in claimed if fits_kernel(experiment)]
    assert claimed

    def differs(experiment: Experiment) -> bool:
        try:
            compared(experiment)
        except AssertionError:
            return True
        return False

    assert any(differs(experiment) for experiment in claimed)


def test_most_flags_go_through_the_kernel(folder: Path) -> None:
    flags = list(flag_changes())
    fitting = sum(fits_kernel(experiment_of(change, folder)) for change in flags)
    assert fitting > LEAST_CLAIMED * len(flags)
