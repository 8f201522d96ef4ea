"""Pixels of one orientation after the other against the formula: every flag and quirk, alone and combined."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from nbsim import Experiment, Quirks
from nbsim.image.in_turn import InTurn
from nbsim.image.render import render
from nbsim.image.scope import fits_in_turn
from nbsim.pixel.accumulation import sum_pixels
from nbsim.pixel.run_state import RunState, run_state
from nbsim.pixel.terms import contributions
from support.flag_samples import BASES, write_inputs
from support.kernel_samples import C_BASES, Change, changes_of, experiment_of

FLAGS = (
    "-square_xtal", "-round_xtal", "-gauss_xtal", "-binary_spots", "-curved_det yes", "-interpolate", "-dmin 3",
    "-oversample_thick", "-oversample_polar", "-oversample_omega", "-point_pixel", "-nopolar", "-water 0.01",
    "-mosaic 3", "-detector_thick 300 -detector_abs 200", "-thicksteps 3", "-oversample 2", "-polar -0.7",
    "-phi 0 -osc 2 -phisteps 3", "-sourcefile sources.txt", "-N 1", "-N 4", "-fudge 1.3",
    "-binary_spots -N 12", "-polar_vector 1 0 0",
)  # fmt: skip
NEARLY_ZERO = 1e-11  # of the largest pixel: sines there are rounding noise


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in_turn")
    write_inputs(path)
    return path


@torch.no_grad()
def assert_is_the_formula(experiment: Experiment, state: RunState | None = None) -> None:
    detector = experiment.detector
    assert fits_in_turn(experiment)
    pixels = torch.cartesian_prod(torch.arange(detector.n_slow), torch.arange(detector.n_fast))
    ends = (state or run_state(experiment)).interpolation_end(pixels, detector.n_fast, experiment.n_passes)
    values, omega, doubtful = InTurn(experiment).values(pixels, ends, lambda: None)
    sums = sum_pixels(experiment, contributions(experiment, pixels, interpolation_end=ends))
    finite = sums.value.isfinite()
    assert not bool((~finite & ~doubtful).any())
    assert int((finite & doubtful).sum()) <= 0.1 * len(pixels)
    largest = float(sums.value[finite].abs().max()) if bool(finite.any()) else 0.0
    sure = ~doubtful
    torch.testing.assert_close(values[sure], sums.value[sure], rtol=1e-8, atol=NEARLY_ZERO * largest)
    torch.testing.assert_close(omega[sure], sums.omega_now[sure].flatten(1).sum(dim=1), rtol=1e-12, atol=0.0)


@pytest.mark.slow
@pytest.mark.parametrize("base", (*BASES, *C_BASES))
def test_every_flag_and_quirk_in_turn(base: str, folder: Path) -> None:
    for change in changes_of(base):
        assert_is_the_formula(experiment_of(change, folder))


@pytest.mark.slow
def test_random_combinations_in_turn(folder: Path) -> None:
    draw = random.Random(11)
    names = [field.name for field in fields(Quirks)]
    for _ in range(120):
        words = " ".join(draw.sample(FLAGS, draw.randint(0, 7))).split()
        base = experiment_of(Change(draw.choice([*BASES, *C_BASES]), tuple(words)), folder)
        switched = draw.sample(names, draw.randint(0, 6))
        quirks = replace(base.quirks, **{name: not getattr(base.quirks, name) for name in switched})
        assert_is_the_formula(replace(base, quirks=quirks))


@pytest.mark.parametrize("base", C_BASES)
@pytest.mark.parametrize("at", [0, 1])
def test_an_end_of_interpolation_anywhere(base: str, at: int, folder: Path) -> None:
    experiment = experiment_of(Change(base), folder)
    stop = (experiment.detector.n_slow // 2, 1, at * (experiment.n_passes // 2))
    assert_is_the_formula(experiment, RunState((), stop))


def test_places_in_a_table_of_any_size_are_found(folder: Path) -> None:
    """Tables with more nodes than an integer of 32 bits counts would need 16 GB here."""
    experiment = experiment_of(Change("square"), folder)
    pixels = torch.cartesian_prod(torch.arange(5), torch.arange(5))
    small, large = InTurn(experiment), InTurn(experiment)
    assert small.interpolation is not None and large.interpolation is not None
    assert small.interpolation.of_places is torch.int32
    large.interpolation.of_places = torch.int64
    found, expected = (form.values(pixels, None, lambda: None)[0] for form in (small, large))
    assert bool((expected != 0.0).any()) and torch.equal(found, expected)


SPOTS = "-binary_spots -hkl box.hkl -mosaic 3 -mosaic_domains 4 -oversample 2"


@pytest.mark.parametrize(
    "words", ["", "-oversample_polar", "-interpolate", "-dmin 3 -oversample_omega", "-Na 3 -Nc 12"]
)
@pytest.mark.parametrize("quirk", ["", "dimensional_shape_width", "zero_term_skip"])
def test_rays_far_from_the_spots_of_a_top_hat_add_nothing(words: str, quirk: str, folder: Path) -> None:
    start = "-cell 30 40 50 70 85 95 -misset 10 20 30 -N 7 -lambda 1 -distance 60 -detpixels 48 -pixel 0.4"
    quirks = {quirk: False} if quirk else {}
    experiment = Experiment.from_command(f"{start} {SPOTS} {words}", folder, quirks=quirks)
    pixels = torch.cartesian_prod(torch.arange(48), torch.arange(48))
    ends = run_state(experiment).interpolation_end(pixels, 48, experiment.n_passes)
    looked_for, everywhere = InTurn(experiment), InTurn(experiment)
    # with a weight at every pass, also at those outside of a spot, no ray may be left out
    assert (looked_for.reach is None) is ("-oversample_" in words and quirk == "zero_term_skip")
    everywhere.reach = None
    found, expected = (form.values(pixels, ends, lambda: None)[0] for form in (looked_for, everywhere))
    assert 10 < int((expected != 0.0).sum()) < len(pixels) / 2
    assert torch.equal(found, expected)


def test_indices_of_zero_go_to_the_formula() -> None:
    """The direct beam in the centre of a pixel: h, k and l are 0 there, and C's quotient of sines has a guard."""
    words = "-cell 100 100 100 90 90 90 -N 20 -lambda 1 -distance 100 -detpixels 9 -pixel 1 -default_F 10 -oversample 1"
    experiment = Experiment.from_command(f"{words} -Xbeam 4 -Ybeam 4")
    pixels = torch.cartesian_prod(torch.arange(9), torch.arange(9))
    values, _, doubtful = InTurn(experiment).values(pixels, None, lambda: None)
    formula = sum_pixels(experiment, contributions(experiment, pixels)).value
    centre = int(formula.argmax())
    assert bool(doubtful[centre]) and not bool(values[centre].isfinite())
    photons = render(experiment, compile_kernel=False).photons
    torch.testing.assert_close(photons.flatten().double(), formula, rtol=1e-6, atol=0.0)


def test_what_the_scope_does_not_list_goes_through_the_formula(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbsim.image import scope

    experiment = experiment_of(Change("bare"), folder)
    expected = render(experiment, compile_kernel=False).photons
    monkeypatch.setattr(scope, "_COMPLETE", False)
    assert not fits_in_turn(experiment)
    torch.testing.assert_close(render(experiment, compile_kernel=False).photons, expected, rtol=1e-6, atol=0.0)
