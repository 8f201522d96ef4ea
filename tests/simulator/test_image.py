"""Whole images: against the C program's, and each way of computing them against the formula of single pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nbsim import Experiment, from_command
from nbsim.errors import InputError, Interrupted
from nbsim.image import compiled, fused
from nbsim.image.fused import example
from nbsim.image.kernel import tile_sums
from nbsim.image.render import render
from nbsim.image.scope import fits_kernel
from nbsim.pixel.accumulation import sum_pixels
from nbsim.pixel.pixel import image_values
from nbsim.pixel.terms import contributions
from nbsim.workers import Stopped, in_threads
from support.golden_cases import NAMES, experiment_of, golden_case, needs

PLAIN = "-default_F 50 -cell 30 40 50 90 90 90 -misset 5 10 15 -lambda 1 -distance 60 -pixel 2 -oversample 1"
BOUND = 1e-6
SEED_CORNER, SEED_ROWS, SEED_COLUMNS = (640, 980), 100, 120


def assert_within_bound(found: np.ndarray, expected: np.ndarray) -> None:
    """Every pixel to BOUND of its value where that exceeds BOUND of the maximum; the others stay that small."""
    floor = BOUND * expected.max()
    bright = expected > floor
    np.testing.assert_allclose(found[bright], expected[bright], rtol=BOUND, atol=0.0)
    assert np.all(np.abs(found[~bright]) <= floor * (1.0 + BOUND))
    np.testing.assert_array_equal(found[expected == 0.0], 0.0)


def with_roi(experiment: Experiment, fast0: int, fast1: int, slow0: int, slow1: int) -> Experiment:
    return replace(experiment, detector=replace(experiment.detector, roi=(fast0, fast1, slow0, slow1)))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bool]:
    """A fresh cache with the float64 kernel in it; False where this machine has no C compiler."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBSIM_CACHE", str(tmp_path_factory.mktemp("kernels")))
        there = compiled.missing_compiler() is None
        if there:
            compiled.build(torch.float64)
        yield there


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name != "seed_case"])
def test_every_pixel_equals_that_of_the_c_image(name: str, built: bool, request: pytest.FixtureRequest) -> None:
    needs(request, name)
    expected = golden_case(name).image()
    assert_within_bound(render(experiment_of(name), compile_kernel=False).photons.numpy(), expected)
    image = render(experiment_of(name))
    assert image.compiled is built
    assert_within_bound(image.photons.numpy(), expected)


@pytest.mark.parametrize("compile_kernel", [False, True])
@pytest.mark.parametrize("name", ["oversample3", "sourcefile_weights", "thick_absorption", "phi_mosaic"])
def test_float32_stays_close(name: str, compile_kernel: bool, shared: Path, built: bool) -> None:
    expected = golden_case(name).image()
    image = render(experiment_of(name, dtype=torch.float32), compile_kernel=compile_kernel)
    assert image.compiled is (compile_kernel and built)
    found = image.photons.numpy()
    assert np.abs(found - expected).max() <= 1e-3 * expected.max()
    assert found.sum(dtype=float) == pytest.approx(expected.sum(dtype=float), rel=1e-4)


@pytest.mark.slow
def test_the_cut_out_of_the_seed_case(shared: Path) -> None:
    expected = np.load(shared / "seed_case" / "image_roi_s640-740_f980-1100.npy")
    slow, fast = SEED_CORNER
    # one row more: the first rendered pixel inherits nothing from the pixel before it
    region = with_roi(experiment_of("seed_case"), fast, fast + SEED_COLUMNS - 1, slow - 1, slow + SEED_ROWS - 1)
    found = render(region, compile_kernel=False).photons.numpy()
    assert_within_bound(found[slow : slow + SEED_ROWS, fast : fast + SEED_COLUMNS], expected)


@pytest.mark.slow
def test_the_brightest_pixel_of_the_seed_case(shared: Path) -> None:
    found = render(with_roi(experiment_of("seed_case"), 640, 730, 1000, 1080), compile_kernel=False).photons.numpy()
    assert np.unravel_index(found.argmax(), found.shape) == (1039, 685)
    assert float(found.max()) == pytest.approx(446.25412, rel=1e-7)


@pytest.mark.slow
def test_the_whole_seed_case(shared: Path, built: bool) -> None:
    image = render(experiment_of("seed_case"))
    assert image.compiled is built
    photons = image.photons.numpy()
    assert photons.shape == (2527, 2463)
    assert photons.sum(dtype=float) == pytest.approx(6490.8202086, rel=1e-9)
    assert float(photons.max()) == pytest.approx(446.25412, rel=1e-7)
    expected = np.load(shared / "seed_case" / "image_roi_s640-740_f980-1100.npy")
    slow, fast = SEED_CORNER
    assert_within_bound(photons[slow : slow + SEED_ROWS, fast : fast + SEED_COLUMNS], expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cubic_default_f", "demo", "sparse_hkl_default_f"])
def test_compiled_and_uncompiled_and_the_formula_agree(name: str, built: bool) -> None:
    experiment = experiment_of(name, "spec")
    assert fits_kernel(experiment)
    fast, plain = render(experiment, compile_kernel=None), render(experiment, compile_kernel=False)
    assert (fast.compiled, plain.compiled) == (built, False)
    rows = torch.arange(0, experiment.detector.n_slow, 7)
    pixels = torch.cartesian_prod(rows, torch.arange(experiment.detector.n_fast))
    formula = sum_pixels(experiment, contributions(experiment, pixels)).value.to(torch.float32)
    for image in (fast, plain):
        found = image.photons[pixels[:, 0], pixels[:, 1]]
        torch.testing.assert_close(found, formula, rtol=2e-7, atol=1e-9 * float(formula.max()))
    assert fast.solid_angle == pytest.approx(plain.solid_angle, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("options", ["-nopolar", "-oversample 2 -detector_abs 300 -detector_thick 200", "-mosaic 1"])
def test_options_through_the_compiled_kernel(options: str, built: bool, here: Path) -> None:
    words = f"{PLAIN} -detpixels 24 -N 4 {options} -phi 0 -osc 1 -phisteps 3"
    experiment = from_command(words, here, phi_mode="c-parity")
    pixels = torch.cartesian_prod(torch.arange(24), torch.arange(24))
    expected = image_values(experiment, pixels).to(torch.float32).reshape(24, 24)
    image = render(experiment)
    assert image.compiled is built
    torch.testing.assert_close(image.photons, expected, rtol=2e-7, atol=1e-9 * float(expected.max()))


@pytest.mark.slow
def test_the_kernel_for_other_devices_is_one_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """Traced whole, with sizes that vary, as for a GPU; what a GPU's compiler makes of it cannot be seen here."""
    torch_compile = torch.compile
    monkeypatch.setattr(torch, "compile", lambda module, **how: torch_compile(module, backend="eager", **how))
    fused.for_device.cache_clear()
    kernel = fused.for_device(torch.float64, torch.float64, torch.device("cpu"))
    assert kernel is not None
    monkeypatch.setattr(torch, "compile", lambda *_, **__: 1 / 0)
    fused.for_device.cache_clear()
    assert fused.for_device(torch.float64, torch.float64, torch.device("cpu")) is None
    fused.for_device.cache_clear()


def test_only_requested_pixels_are_rendered(here: Path) -> None:
    whole = render(from_command(f"{PLAIN} -detpixels 20 -N 4", here)).photons
    image = render(from_command(f"{PLAIN} -detpixels 20 -N 4 -roi 3 8 5 6", here))
    inside = torch.zeros(20, 20, dtype=torch.bool)
    inside[5:7, 3:9] = True
    assert torch.equal(image.rendered, inside)
    torch.testing.assert_close(image.photons, torch.where(inside, whole, 0.0), rtol=0.0, atol=0.0)


def test_first_pixels_of_every_thread(here: Path) -> None:
    words = f"{PLAIN} -detpixels_x 12 -detpixels_y 13 -N 5 -phi 0 -osc 2 -phisteps 4"
    carried, fresh = (from_command(words, here, phi_mode=mode) for mode in ("c-parity", "spec"))
    images = {n: render(carried, n_threads=n).photons for n in (1, 2, 3, 99)}
    # rows are dealt out in blocks, the longer ones first; each block starts with a pixel that inherits nothing
    for n, rows in ((2, [7]), (3, [5, 9]), (99, list(range(1, 13)))):
        assert (images[n] != images[1]).nonzero()[:, 0].tolist() == rows
    assert not torch.equal(render(fresh).photons, images[1])
    assert torch.equal(render(fresh, n_threads=3).photons, render(fresh).photons)
    with pytest.raises(InputError, match="thread"):
        render(carried, n_threads=0)


@pytest.mark.parametrize("words", ["-N 4 -oversample 3", "-N 4 -round_xtal"])
@pytest.mark.parametrize("compile_kernel", [False, None])
def test_stopping(words: str, compile_kernel: bool | None, here: Path, built: bool) -> None:
    experiment = from_command(f"{PLAIN} -detpixels 400 {words}", here)
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked == 2

    with pytest.raises(Interrupted):
        render(experiment, compile_kernel=compile_kernel, cancelled=cancelled)
    assert asked == 2


@pytest.mark.slow
def test_a_pixel_of_many_domains_stops_at_once(here: Path, built: bool) -> None:
    """Within one box of the C kernel, which takes seconds here: the question crosses it, and so does an exception."""
    if not built:
        pytest.skip("no C compiler here")
    words = f"{PLAIN} -detpixels 64 -roi 0 0 0 0 -N 4 -mosaic 1 -mosaic_domains 20000 -phisteps 400 -osc 1"
    experiment, asked = from_command(words, here), []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) == 4

    with pytest.raises(Interrupted):
        render(experiment, cancelled=cancelled)
    assert len(asked) == 4


@pytest.mark.slow
@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("words", ["-mask m.img", "-roi 3 40 5 50", "-round_xtal -interpolate -hkl box.hkl"])
def test_boxes_of_the_c_kernel_make_the_image_of_torch(
    words: str, n_threads: int, here: Path, built: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"{h} {k} {l} {5 + (h + 2 * k + 3 * l) % 7}" for h in range(9) for k in range(-9, 9) for l in range(-9, 9)]
    (here / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    mask = np.random.default_rng(1).integers(0, 2, 64 * 64, dtype=np.uint16).tobytes()
    (here / "m.img").write_bytes(b"{\nHEADER_BYTES=512;\nSIZE1=64;\nSIZE2=64;\n}\f".ljust(512) + mask)
    text = f"{PLAIN} -detpixels 64 -pixel 1 -N 4 -phi 0 -osc 2 -phisteps 3 {words}"
    experiment = from_command(text, here, phi_mode="c-parity")
    monkeypatch.setattr(torch, "get_num_threads", lambda: n_threads)
    fast, plain = (render(experiment, compile_kernel=how, n_threads=2) for how in (None, False))
    assert fast.compiled is built
    assert torch.equal(fast.rendered, plain.rendered)
    torch.testing.assert_close(fast.photons, plain.photons, rtol=2e-7, atol=1e-11 * float(plain.photons.max()))
    assert fast.solid_angle == pytest.approx(plain.solid_angle, rel=1e-12)


def test_progress_counts_to_the_end(here: Path) -> None:
    calls: list[tuple[int, int]] = []
    render(
        from_command(f"{PLAIN} -detpixels 600 -N 4", here),
        compile_kernel=False,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert len(calls) > 1 and calls[-1] == (360000, 360000)
    assert calls == sorted(calls)


@pytest.mark.parametrize(
    ("words", "total"), [("-detpixels 8 -roi 1 3 2 99", 3 * 6), ("-mask m.img -roi 0 4 -1 5", 2 * 6)]
)
def test_progress_counts_rendered_pixels(words: str, total: int, here: Path) -> None:
    every_other = b"\0\0\1\0" * 32
    (here / "m.img").write_bytes(b"{\nHEADER_BYTES=512;\nSIZE1=8;\nSIZE2=8;\n}\f".ljust(512) + every_other)
    calls: list[tuple[int, int]] = []
    made = from_command(f"{PLAIN} {words} -N 4", here)
    image = render(made, compile_kernel=False, progress=lambda done, all_: calls.append((done, all_)))
    assert calls[-1] == (total, total)
    assert int(image.rendered.sum()) == total


def test_an_image_beyond_the_memory_is_refused(here: Path) -> None:
    experiment = from_command(f"{PLAIN} -detpixels 50000000 -N 4", here)
    with pytest.raises(InputError, match=r"50000000 x 50000000 pixels .* needs"):
        render(experiment)


@pytest.mark.slow
def test_the_number_of_threads_changes_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = from_command(f"{PLAIN} -detpixels 300 -N 4 -phisteps 3 -osc 1", here)
    before = torch.get_num_threads()
    images = []
    for n in (1, 3):
        monkeypatch.setattr(torch, "get_num_threads", lambda n=n: n)
        images.append(render(experiment, compile_kernel=False))
        monkeypatch.undo()
        torch.set_num_threads(before)
    assert torch.equal(images[0].photons, images[1].photons)
    assert images[0].solid_angle == images[1].solid_angle


def test_a_failure_in_one_thread_ends_all() -> None:
    def work(item: int, stopped: Stopped) -> int:
        while item != 7:
            stopped()  # ends when the other has failed
        raise InputError("seven")

    with pytest.raises(InputError, match="seven"):
        list(in_threads(work, [1, 7], n_threads=2, stopped=lambda: None))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_kernel_may_round_differently_but_not_compute_something_else(dtype: torch.dtype) -> None:
    sums = tile_sums(example(dtype))
    rounded = sums._replace(intensity=sums.intensity * (1.0 + 100.0 * torch.finfo(dtype).eps))
    assert fused.agree(sums, rounded, dtype)
    assert not fused.agree(sums, sums._replace(intensity=sums.intensity * 1.01), dtype)
    assert not fused.agree(sums, sums._replace(doubtful=~sums.doubtful), dtype)
    assert not fused.agree(sums, sums._replace(polar=sums.omega), dtype)
