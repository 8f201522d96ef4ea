"""Derivatives by differences and their uncertainty, kinks, and the verdicts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import nbsim
from nbtui.live.cases import load_case
from nbtui.live.gradients.difference import AT_THE_POINT, FiniteDifference, MovedValue, differentiate
from nbtui.live.gradients.judge import judged
from nbtui.live.gradients.kinks import kinks_between, pattern
from nbtui.live.gradients.model import PixelSlopes, Slope, SlopeVerdict
from nbtui.live.gradients.ours import pixel_slopes
from nbtui.live.model import Case, Settings
from nbtui.parity.profiles import profile
from support.golden_cases import golden_case, needs
from support.tapped_port import FLAGS, PIXEL

FUNCTIONS: dict[str, tuple[Callable[[float], float], float, float, float]] = {  # function, at, derivative, first step
    "exp": (math.exp, 1.0, math.e, 0.1),
    "a narrow peak": (lambda x: math.exp(-((x - 1.0) ** 2) / 2e-6), 1.001, -0.001 / 1e-6 * math.exp(-0.5), 0.1),
    "a steep line": (lambda x: 1e9 * x, 3.0, 1e9, 0.1),
    "an extremum": (math.cos, 0.0, 0.0, 0.1),
    "a far point": (lambda x: math.sin(x), 1e6, math.cos(1e6), 0.1),
    "C's grating": (lambda x: (math.sin(80 * x) / math.sin(x)) ** 2, 0.3, 0.0, 0.01),
}


def sides_of(function: Callable[[float], float], at: float) -> Callable[[float], tuple[MovedValue, MovedValue]]:
    return lambda step: (MovedValue(at - step, function(at - step)), MovedValue(at + step, function(at + step)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_uncertainty_covers_the_truth(name: str) -> None:
    function, at, wanted, first = FUNCTIONS[name]
    if name == "C's grating":
        n, d = math.sin(80 * at), math.sin(at)
        wanted = 2 * n / d * (80 * math.cos(80 * at) * d - n * math.cos(at)) / d**2
    found = differentiate(sides_of(function, at), function(at), first)
    assert abs(found.value - wanted) <= found.error + 1e-300
    assert found.error <= 1e-6 * abs(wanted) + 1e-9 and found.smooth == first and not found.kinks


def test_noise_of_single_precision_widens_the_uncertainty() -> None:
    def rough(x: float) -> float:
        return round(math.exp(x) * 2**23) / 2**23

    found = differentiate(sides_of(rough, 1.0), rough(1.0), 0.1)
    assert abs(found.value - math.e) <= found.error
    assert 1e-9 < found.error < 1e-3


def test_only_steps_within_a_smooth_piece_count() -> None:
    def broken(x: float) -> MovedValue:
        return MovedValue(x, math.exp(x) + (x > 1.002), ("a jump",) if x > 1.002 else ())

    found = differentiate(lambda step: (broken(1.0 - step), broken(1.0 + step)), math.e, 0.1)
    assert abs(found.value - math.e) <= found.error < 1e-7
    assert found.kinks == ("a jump",) and 5e-4 < found.smooth <= 2e-3


def test_a_kink_at_the_point_has_no_derivative() -> None:
    def edge(x: float) -> MovedValue:
        return MovedValue(x, abs(x), ("an edge",) if x < 0 else ())

    found = differentiate(lambda step: (edge(-step), edge(step)), 0.0, 0.1)
    assert math.isnan(found.value) and found.kinks == ("an edge",) and found.smooth == 0.0


def test_a_value_beside_its_neighbours_is_a_jump_at_the_point() -> None:
    found = differentiate(sides_of(math.exp, 1.0), math.e + 0.01, 0.1)
    assert math.isnan(found.value) and found.kinks == (AT_THE_POINT,)


def moved(command: str, folder: Path, **values: float) -> tuple[str, ...]:
    """What jumps when parameters move."""
    one = nbsim.from_command(command, folder, quirks={"interpolation_switch_off": False})
    other = one.with_parameters(**values)
    return kinks_between(pattern(one.pixel(40, 50)), pattern(other.pixel(40, 50)))


TABLE = "\n".join(
    f"{h} {k} {l} {100 + 7 * h + 3 * k + l}" for h in range(-9, 10) for k in range(-9, 10) for l in range(-9, 10)
)
CRYSTAL = (
    "-hkl f.hkl -cell 40 50 60 90 90 90 -misset 10 20 30 -lambda 2 -distance 100 -detpixels 64 -pixel 1 -oversample 1"
)


@pytest.mark.parametrize(
    ("flags", "values", "words"),
    [
        ("-N 5 -nointerpolate", {"distance": 100.0 + 1e-9}, ()),
        ("-N 5 -nointerpolate", {"distance": 130.0}, ("becomes the nearest",)),
        ("-N 5 -interpolate", {"distance": 130.0}, ("crosses an integer",)),
        ("-N 5 -nointerpolate -gauss_xtal", {"distance": 130.0}, ("becomes the nearest",)),
        ("-N 1 -nointerpolate -tophat_spots", {"distance": 130.0}, ("becomes the nearest",)),
        ("-N 5 -nointerpolate -dmin 8", {"wavelength": 1.0}, ("drops out",)),
    ],
    ids=["a tiny move", "nearest", "interpolated", "gauss", "tophat", "dmin"],
)
def test_kinks_are_named(flags: str, values: dict[str, float], words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "f.hkl").write_text(TABLE)
    found = moved(f"{CRYSTAL} {flags}", tmp_path, **values)
    assert len(found) >= len(words) and all(any(word in text for text in found) for word in words)
    assert bool(found) is bool(words)


def test_another_nearest_reflection_with_the_same_f_is_no_kink(tmp_path: Path) -> None:
    command = f"-default_F 100 {CRYSTAL.partition(' ')[2].partition(' ')[2]} -N 5"
    assert moved(command, tmp_path, distance=130.0) == ()


def case_of(command: str, pixel: tuple[int, int], folder: Path) -> Case:
    return load_case(None, workdir=folder, flags=command.split(), pixel=pixel)


def test_laws_that_every_derivative_obeys(tmp_path: Path) -> None:
    """The pixel is proportional to the fluence and, with one F for all, to its square; rotations add up."""
    names = ("fluence", "default_f", "misset_z", "phi", "twotheta", "detector_rotations_z", "n_cells", "close_distance")
    found = pixel_slopes(case_of(FLAGS, PIXEL, tmp_path), Settings(), names)
    by_name = {slope.name: slope for slope in found.slopes}
    ours = {name: slope.ours for name, slope in by_name.items() if slope.ours is not None}
    assert ours["fluence"] == pytest.approx(found.value / 1e24, rel=1e-12)
    assert ours["default_f"] == pytest.approx(2.0 * found.value / 100.0, rel=1e-12)
    assert ours["misset_z"] == pytest.approx(ours["phi"], rel=1e-9)  # the spindle is z, and z turns last
    assert ours["detector_rotations_z"] == pytest.approx(-ours["twotheta"], rel=1e-9)
    for slope in by_name.values():
        if slope.ours is not None and slope.difference is not None:
            assert abs(slope.ours - slope.difference.value) <= slope.difference.error, slope.name
            assert slope.difference.error <= 1e-7 * abs(slope.ours), slope.name
    assert by_name["n_cells_a"].ours is None and "whole N" in by_name["n_cells_a"].reason
    assert "change distance" in by_name["close_distance"].reason


def test_phi_zero_in_c_parity_jumps_at_the_point(tmp_path: Path) -> None:
    case = case_of(FLAGS, PIXEL, tmp_path)
    (slope,) = pixel_slopes(case, Settings("c-parity"), ["phi"]).slopes
    assert slope.difference is not None and math.isnan(slope.difference.value)
    assert slope.difference.kinks == (AT_THE_POINT,)
    (smooth,) = pixel_slopes(case, Settings("spec"), ["phi"]).slopes
    assert smooth.difference is not None and not math.isnan(smooth.difference.value)


def slope(ours: float = 2.0, value: float = 2.0, error: float = 1e-8, unit: str = "photons/deg") -> Slope:
    return Slope("misset_x", unit, 10.0, 0.1, ours, FiniteDifference(value, error, 1e-4, 0.1))


def verdict(
    one: Slope, own: float | None = None, *, single: bool = False, c: FiniteDifference | None = None
) -> tuple[str, str]:
    theirs = None if own is None else {"misset_x": own}
    measured = {} if c is None else {"misset_x": c}
    (found,) = judged(PixelSlopes((1, 2), 3.0, (one,)), theirs, measured, profile("full"), single=single)
    return found.verdict, found.note


def test_verdicts() -> None:
    assert verdict(slope()) == ("agree", "")
    assert verdict(slope(), 2.0 + 1e-5)[0] == "agree"
    assert verdict(slope(), 2.0 + 1e-4)[0] == "differ"
    assert verdict(slope(), 2.0 + 1e-4, single=True) == ("agree", "as far as single precision explains")
    assert verdict(slope(error=0.1))[0] == "unknown"
    assert verdict(slope(value=2.1))[0] == "differ"
    assert verdict(slope(), c=FiniteDifference(2.1, 1e-3, 1e-4, 0.1))[0] == "differ"
    assert verdict(slope(), c=FiniteDifference(2.0001, 1e-3, 1e-4, 0.1))[0] == "agree"
    kink = replace(slope(), difference=FiniteDifference(math.nan, math.nan, 0.0, 0.0, ("an edge",)))
    assert verdict(kink, 2.0) == ("kink", "no derivative here: an edge")
    assert verdict(Slope("misset_x", "", 1.0, reason="no effect"), 2.0) == ("none", "no effect")
    (missing,) = judged(PixelSlopes((1, 2), 3.0, (slope(),)), {}, {}, profile("full"))
    assert missing.verdict is SlopeVerdict.MISSING


@pytest.mark.parametrize(
    ("unit", "factor", "words"),
    [
        ("photons/deg", 180 / math.pi, "per radian"),
        ("photons/A", 1e10, "per metre"),
        ("photons/mm", 1e3, "per metre"),
        ("photons/deg", -1.0, "opposite sign"),
        ("photons/deg", 0.0, "no gradient arrives"),
        ("photons/deg", 1.7, "1.7 times ours"),
    ],
)
def test_a_known_ratio_is_named(unit: str, factor: float, words: str) -> None:
    found, note = verdict(slope(unit=unit), 2.0 * factor)
    assert found == "differ" and words in note


@pytest.mark.slow
@pytest.mark.parametrize("name", ["xds_rotations_twotheta", "thick_absorption"])
def test_autograd_is_within_the_uncertainty_on_golden_cases(name: str, request: pytest.FixtureRequest) -> None:
    needs(request, name)
    files = golden_case(name)
    case = load_case(str(files.folder), workdir=files.inputs)
    found = pixel_slopes(case, Settings("c-parity"), ["cell_a", "misset_y", "wavelength", "polarization"])
    judgement = list(judged(found, None, {}, profile("full")))
    assert len(judgement) == 4
    assert {one.verdict for one in judgement} == {SlopeVerdict.AGREE}
