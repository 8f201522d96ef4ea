"""Detector geometry against independent calculations: matrix exponentials, ray and plane, finite differences."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from nbsim import Experiment, from_command, vectors
from nbsim.errors import InputError
from nbsim.options.quirks import Quirks
from nbsim.setup import geometry

CONVENTIONS = ("mosflm", "adxv", "denzo", "xds", "dials", "custom")
BASE = "nanoBragg -cell 50 60 70 90 90 90 -N 5 -default_F 1 -lambda 1 -detpixels_x 40 -detpixels_y 30 -pixel 0.2"


def made(extra: str, **quirks: bool) -> Experiment:
    return from_command(f"{BASE} {extra}", Path(), quirks=quirks)


def vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def matrix_about(axis: Tensor, angle: float) -> Tensor:
    """Rotation as a matrix exponential: independent of Rodrigues' formula."""
    x, y, z = axis.tolist()
    generator = torch.tensor([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]], dtype=torch.float64)
    rotation: Tensor = torch.linalg.matrix_exp(generator * angle)
    return rotation


def flag(convention: str) -> str:
    return "-spindle_axis 0 0 1" if convention == "custom" else f"-{convention}"


def beam_spot(e: Experiment) -> Tensor:
    """Where the direct beam crosses the plane of the detector, from the sample [m]."""
    d = e.detector
    return e.beam.direction * (torch.dot(d.pix0, d.normal) / torch.dot(e.beam.direction, d.normal))


def in_detector(e: Experiment, point: Tensor) -> tuple[float, float]:
    d = e.detector
    return torch.dot(point - d.pix0, d.fast).item(), torch.dot(point - d.pix0, d.slow).item()


def test_rotations_equal_matrix_exponentials() -> None:
    v = vector(0.3, -1.2, 2.5)
    x, y, z = vector(1, 0, 0), vector(0, 1, 0), vector(0, 0, 1)
    angles = (0.3, -0.7, 1.9)
    wanted = matrix_about(z, angles[2]) @ matrix_about(y, angles[1]) @ matrix_about(x, angles[0]) @ v
    assert torch.allclose(vectors.rotate_xyz(v, *map(geometry.scalar, angles)), wanted, rtol=0, atol=1e-14)
    axis = vectors.unit(vector(1, 2, -0.5))
    turned = vectors.rotate_about(v, axis, geometry.scalar(0.8))
    assert torch.allclose(turned, matrix_about(axis, 0.8) @ v, rtol=0, atol=1e-14)


def test_zero_angles_and_zero_vectors_change_nothing() -> None:
    v = vector(1, 2, 3)
    zero = geometry.scalar(0.0)
    for start in (v, vector(-0.0, 2, -0.0)):
        turned = vectors.rotate_xyz(start, zero, zero, zero)
        assert torch.equal(turned, start) and torch.equal(turned.signbit(), start.signbit())
    assert vectors.unit(vector(0, 0, 0)).tolist() == [0.0, 0.0, 0.0]


def test_exact_functions_round_like_the_c_library() -> None:
    x = torch.linspace(0.01, 50.0, 997, dtype=torch.float64)
    assert vectors.sin(x).tolist() == [math.sin(v) for v in x.tolist()]
    assert vectors.cos(x).tolist() == [math.cos(v) for v in x.tolist()]
    assert vectors.sqrt(x).tolist() == [math.sqrt(v) for v in x.tolist()]


@pytest.mark.parametrize("name", ["sin", "cos", "sqrt"])
def test_exact_functions_are_twice_differentiable(name: str) -> None:
    x = torch.tensor([0.4, 1.3, 2.2], dtype=torch.float64, requires_grad=True)
    function = getattr(vectors, name)
    assert torch.autograd.gradcheck(function, (x,))
    assert torch.autograd.gradgradcheck(function, (x,))


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_frames_are_orthonormal_after_rotations(convention: str) -> None:
    e = made(f"{flag(convention)} -detector_rotx 7 -detector_roty -11 -detector_rotz 33 -twotheta 21")
    frame = torch.stack([e.detector.fast, e.detector.slow, e.detector.normal])
    assert torch.allclose(frame @ frame.T, torch.eye(3, dtype=torch.float64), rtol=0, atol=1e-14)
    assert torch.linalg.vector_norm(e.beam.direction).item() == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("tilt", ["", "-detector_rotx 4 -detector_roty 9 -detector_rotz -6"])
def test_beam_spot_is_where_the_beam_meets_the_plane(convention: str, tilt: str) -> None:
    e = made(f"{flag(convention)} -distance 123 {tilt}")
    fast, slow = in_detector(e, beam_spot(e))
    assert e.detector.centers["Fbeam"] == pytest.approx(fast, abs=1e-15)
    assert e.detector.centers["Sbeam"] == pytest.approx(slow, abs=1e-15)
    assert e.detector.distance.item() == pytest.approx(torch.linalg.vector_norm(beam_spot(e)).item(), abs=1e-15)


@pytest.mark.parametrize(
    ("convention", "fast_mm", "slow_mm"),
    [
        # pixel 0.2 mm, 40 x 30 pixels: half sizes 4 and 3 mm; X = 2.5, Y = 1.5 typed
        ("mosflm", 1.5 + 0.1, 2.5 + 0.1),
        ("denzo", 1.5, 2.5),
        ("adxv", 2.5, 6.0 - 1.5),
        ("custom", 2.5, 1.5),
        ("xds", 4.0, 3.0),
        ("dials", 4.0, 3.0),
    ],
)
def test_a_typed_beam_centre_follows_the_convention(convention: str, fast_mm: float, slow_mm: float) -> None:
    e = made(f"{flag(convention)} -Xbeam 2.5 -Ybeam 1.5")
    fast, slow = in_detector(e, beam_spot(e))
    assert (fast * 1e3, slow * 1e3) == pytest.approx((fast_mm, slow_mm), abs=1e-12)


@pytest.mark.parametrize(
    ("convention", "fast_px", "slow_px"),
    [
        ("mosflm", 21, 16),
        ("denzo", 20.5, 15.5),
        ("adxv", 20.5, 15.5),
        ("xds", 20, 15),
        ("dials", 20, 15),
        ("custom", 20, 15),
    ],
)
def test_the_default_beam_centre_follows_the_convention(convention: str, fast_px: float, slow_px: float) -> None:
    """Half a pixel more or less between the programs these conventions come from (S9)."""
    fast, slow = in_detector(made(flag(convention)), beam_spot(made(flag(convention))))
    assert (fast / 2e-4, slow / 2e-4) == pytest.approx((fast_px, slow_px), abs=1e-9)


@pytest.mark.parametrize("convention", ["xds", "dials"])
def test_org_is_the_foot_of_the_sample(convention: str) -> None:
    e = made(f"-{convention} -ORGX 11 -ORGY 8.5 -twotheta 30 -detector_rotz 5 -close_distance 80")
    d = e.detector
    foot = d.normal * 0.08
    fast, slow = in_detector(e, foot)
    assert (fast / 2e-4 + 0.5, slow / 2e-4 + 0.5) == pytest.approx((11, 8.5), abs=1e-9)
    assert d.close_distance.item() == pytest.approx(0.08, abs=1e-15)
    assert (d.centers["ORGX"], d.centers["ORGY"]) == pytest.approx((11, 8.5), abs=1e-9)


def test_swing_turns_the_sample_pivot_rigidly() -> None:
    still, swung = made("-xds -ORGX 11 -ORGY 8"), made("-xds -ORGX 11 -ORGY 8 -twotheta 25")
    turn = matrix_about(vector(1, 0, 0), math.radians(25))
    for before, after in (
        (still.detector.pix0, swung.detector.pix0),
        (still.detector.fast, swung.detector.fast),
        (still.detector.normal, swung.detector.normal),
    ):
        assert torch.allclose(turn @ before, after, rtol=0, atol=1e-15)


def test_close_distance_beats_distance() -> None:
    assert made("-distance 200 -close_distance 90").detector.close_distance.item() == pytest.approx(0.09)


def test_the_pivot_of_the_convention_follows_the_quirk() -> None:
    as_c = made("-mosflm -twotheta 20 -pivot sample")
    explicit = made("-mosflm -twotheta 20 -pivot sample -distance 100", convention_forces_pivot=False)
    assert (as_c.detector.pivot, explicit.detector.pivot) == ("BEAM", "SAMPLE")
    assert any("S5" in notice for notice in as_c.notices)
    assert not any("S5" in notice for notice in explicit.notices)


def test_the_pix0_vector_follows_the_quirk() -> None:
    as_c = made("-pix0_vector_mm 1 2 3")
    used = made("-pix0_vector_mm 1 2 3", pix0_vector_discarded=False)
    assert as_c.detector.pix0.tolist() != used.detector.pix0.tolist()
    assert used.detector.pix0.tolist() == [0.001, 0.002, 0.003]
    # start axes of CUSTOM: normal along x
    assert used.detector.close_distance.item() == pytest.approx(0.001)


def test_the_normal_is_rederived_with_the_quirk() -> None:
    text = "-fdet_vector 1 0 0 -sdet_vector 0 -1 0 -odet_vector 0 0 2 -beam_vector 0 0 1"
    assert made(text).detector.normal.tolist() == [0.0, 0.0, -1.0]
    assert any("S10" in notice for notice in made(text).notices)
    assert made(text, normal_rederived=False).detector.normal.tolist() == [0.0, 0.0, 1.0]


def test_the_length_of_the_twotheta_axis_follows_the_quirk() -> None:
    text = "-twotheta_axis 0 0 -2 -twotheta 20 -Xbeam 3 -Ybeam 3"
    literal, sound = made(text).detector, made(text, twotheta_axis_as_typed=False).detector
    assert torch.linalg.vector_norm(sound.slow).item() == pytest.approx(1.0)
    assert abs(torch.linalg.vector_norm(literal.slow).item() - 1.0) > 1e-3


def test_the_twotheta_axis_sets_the_angle_with_the_quirk() -> None:
    text = "-twotheta 20 -twotheta_axis 0 0 -1 -Xbeam 3 -Ybeam 3"
    assert made(text).options.twotheta_deg == 0.0
    assert made(text, twotheta_axis_sets_angle=False).options.twotheta_deg == 20.0


def test_the_distance_without_twotheta_follows_the_quirk() -> None:
    """At 20 degrees the reported distance is 93.97 mm as C has it (S12), 100 mm in truth."""
    text = "-distance 100 -twotheta 20"
    assert made(text).detector.distance.item() == pytest.approx(0.1 * math.cos(math.radians(20)), rel=1e-12)
    assert made(text, ratio_without_twotheta=False).detector.distance.item() == pytest.approx(0.1, rel=1e-12)


def test_pixel_counts_follow_from_the_sizes() -> None:
    size = made("-detpixels 0 -detsize_f 5.03 -detsize_s 6 -pixel 0.1").detector
    assert (size.n_fast, size.n_slow) == (50, 60)
    # the size itself is not rounded: half of it is the default centre
    assert made("-detpixels 0 -detsize 5.03 -xds -pixel 0.1").detector.centers["Fclose"] == pytest.approx(0.002515)


def test_place_is_differentiable() -> None:
    e = made("-mosflm")
    frame = geometry.axes(e.options, Quirks())

    def pix0(x: Tensor, y: Tensor, z: Tensor, twotheta: Tensor, distance: Tensor, f: Tensor, s: Tensor) -> Tensor:
        centers = geometry.Centers(f, s, f, s, f, s, f, s)
        angles = geometry.Angles(x, y, z, twotheta)
        placed = geometry.place(frame, angles, "BEAM", centers, distance, None, Quirks())
        return torch.cat([placed.pix0, placed.fast, placed.distance[None]])

    values = (0.1, -0.2, 0.3, 0.15, 0.1, 0.004, 0.003)
    leaves = tuple(torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in values)
    assert torch.autograd.gradcheck(pix0, leaves)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-pixel 0", "-pixel 0"),
        ("-detpixels -4", "pixels"),
        ("-beam_vector 0 0 0", "-beam_vector 0 0 0"),
        ("-fdet_vector 1 0 0 -sdet_vector 2 0 0 -odet_vector 0 0 2", "parallel"),
        ("-lambda 0", "-lambda 0"),
        ("-distance 0", "distance 0"),
    ],
)
def test_unusable_geometry_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        made(text)
