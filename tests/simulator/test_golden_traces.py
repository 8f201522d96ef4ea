"""Every trace line of the C program, in order, against ours; and samples of its images."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from nbsim import from_command
from nbsim.errors import InputError
from nbsim.pixel.pixel import image_values, simulate_pixel
from nbsim.pixel.trace import format_line, trace_lines
from support.golden_cases import LOCAL, NAMES, experiment_of, golden_case, needs, simulated

TRACE = re.compile(r"(?:TRACE_(?:C|PY)(_PHI)?(?::| ) ?|^(?=DETECTOR_))(.*)")
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf)(?![\w.])")


def fields(text: str) -> list[tuple[str, list[float]]]:
    """Wording with the numbers taken out, and the numbers, of every trace line."""
    found = []
    for line in text.splitlines():
        match = TRACE.search(line)
        if match and not line.startswith("TRACE_CONFIG"):
            body = (match.group(1) or "") + match.group(2).strip().replace("=", " = ").replace(":", " : ")
            found.append((NUMBER.sub("#", body), [float(number) for number in NUMBER.findall(body)]))
    return found


def ours(name: str, phi_mode: str = "c-parity", dtype: torch.dtype = torch.float64) -> str:
    return "\n".join(format_line(line) for line in trace_lines(simulated(name, phi_mode, dtype)))


@pytest.mark.parametrize("name", NAMES)
def test_every_trace_line_equals_cs(name: str, request: pytest.FixtureRequest) -> None:
    needs(request, name)
    expected, found = fields(golden_case(name).log), fields(ours(name))
    assert len(expected) > 40
    assert [words for words, _ in found] == [words for words, _ in expected]
    for (words, wanted), (_, got) in zip(expected, found, strict=True):
        # C prints 15 digits: a component that cancels is uncertain by that much of the longest one
        floor = 1e-14 * max((abs(value) for value in wanted), default=0.0)
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=floor, err_msg=f"{name}: {words}")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name != "seed_case" and name != "demo"])
def test_samples_of_the_image_equal_cs(name: str, request: pytest.FixtureRequest) -> None:
    needs(request, name)
    image, experiment = golden_case(name).image(), experiment_of(name)
    rows, columns = image.shape
    chosen = np.random.default_rng(7).integers(0, rows * columns, 200)
    first_rendered = np.flatnonzero(image)[:2]
    brightest = image.argmax()
    flat = torch.from_numpy(np.unique(np.concatenate([chosen, first_rendered, [0, brightest]])))
    pixels = torch.stack([flat // columns, flat % columns], dim=1)
    expected = image.reshape(-1)[flat.numpy()]
    got = image_values(experiment, pixels).to(torch.float32).numpy()
    clear = np.abs(expected) > 1e-6 * image.max()
    assert clear.any()
    np.testing.assert_allclose(got[clear], expected[clear], rtol=1e-6)
    np.testing.assert_allclose(got[~clear], expected[~clear], atol=1e-6 * image.max())


def test_the_seed_case_has_cs_intensity(shared: Path) -> None:
    assert float(simulated("seed_case").intensity) == pytest.approx(943654.80923755, rel=1e-12)


def test_the_cut_out_of_the_seed_case_equals_cs(shared: Path) -> None:
    cut_out = np.load(golden_case("seed_case").folder / "image_roi_s640-740_f980-1100.npy")
    experiment = experiment_of("seed_case")
    rows, columns = np.meshgrid(np.arange(0, 100, 9), np.arange(0, 120, 11), indexing="ij")
    pixels = torch.from_numpy(np.stack([640 + rows.ravel(), 980 + columns.ravel()], axis=1))
    got = image_values(experiment, pixels).to(torch.float32).numpy()
    np.testing.assert_allclose(got, cut_out[rows.ravel(), columns.ravel()], rtol=1e-6)


@pytest.mark.parametrize("name", LOCAL)
def test_single_pixel_and_image_path_agree(name: str) -> None:
    result = simulated(name)
    pixels = torch.tensor([[result.slow, result.fast]])
    assert float(image_values(result.experiment, pixels)[0]) == float(result.value)


def test_a_float32_trace_names_its_dtype() -> None:
    lines = ours("demo", dtype=torch.float32).splitlines()
    assert "TRACE_PY:dtype=float32" in lines
    assert not any(line.startswith("TRACE_PY:dtype") for line in ours("demo").splitlines())
    error = simulated("demo", dtype=torch.float32).relative_error(simulated("demo"))
    assert 1e-12 < error < 1e-2


def test_lines_have_cs_styles() -> None:
    lines = ours("cubic_default_f").splitlines()
    assert "TRACE_CONFIG: tracing pixel (spixel=40, fpixel=70)" in lines
    assert any(re.fullmatch(r"TRACE_PY: pix0_vector_meters \S+ \S+ \S+", line) for line in lines)
    assert any(re.fullmatch(r"TRACE_PY:fdet_after_rotz=\S+ \S+ \S+", line) for line in lines)
    assert any(re.fullmatch(r"DETECTOR_FAST_AXIS \S+ \S+ \S+", line) for line in lines)
    assert any(line.startswith("TRACE_PY_PHI phi_tic=0 phi_deg=0 k_frac=") for line in lines)


@pytest.mark.parametrize("pixel", [(-1, 0), (0, 128), (128, 0)])
def test_a_pixel_beyond_the_detector_is_refused(pixel: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="not on the detector"):
        simulate_pixel(experiment_of("cubic_default_f"), *pixel)


def test_a_pixel_outside_the_roi_is_refused() -> None:
    case = golden_case("cubic_default_f")
    experiment = from_command(case.command + " -roi 3 20 5 40", case.inputs)
    with pytest.raises(InputError, match="-roi 3 20 5 40"):
        simulate_pixel(experiment, 4, 10)
    assert float(image_values(experiment, torch.tensor([[4, 10]]))[0]) == 0.0


def test_interpolation_ends_at_the_first_point_out_of_range(tmp_path: Path) -> None:
    table = "\n".join(
        f"{h} {k} {l} {10 + h + 2 * k + 3 * l}" for h in range(-3, 4) for k in range(-3, 4) for l in (-3, 3)
    )
    (tmp_path / "small.hkl").write_text(table + "\n", encoding="utf-8")
    command = "-cell 40 50 60 90 90 90 -distance 60 -detpixels 8 -pixel 2 -lambda 1.1 -N 3 -interpolate -hkl small.hkl"
    experiment = from_command(f"{command} -oversample 1 -default_F 4", tmp_path)
    late = simulate_pixel(experiment, 7, 7)
    assert len(late.warnings) == 1
    assert late.warnings[0].startswith("interpolation out of range at pixel (0, 0) (slow, fast), pass 0")
    free = experiment.with_quirks(interpolation_switch_off=False)
    assert simulate_pixel(free, 7, 7).warnings == ()
