"""Data of the image screen: the image of a case, and the position of a pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nbtui.errors import UnusableInput
from nbtui.live.cases import load_case
from nbtui.live.images import Cancelled, pixel_facts, prepare, render_image
from nbtui.live.model import Case, Settings
from nbtui.trace.reading.reader import read_trace


def test_facts_are_those_of_cs_log() -> None:
    """d, 2theta and h k l of the demo's pixel as the C program traced them (|S| = 1/d, lambda = 2 d sin(theta)).

    C's carry-over makes its first phi step show the h k l of the last one, at 0.55 degrees: so that is asked for.
    """
    demo = load_case(None)
    assert demo.c_log is not None and demo.pixel is not None
    log = read_trace(demo.c_log)
    size = math.hypot(*(float(value) for value in log.all("scattering_vec_A_inv")[0].values))
    hkl = [float(value) for value in log.all("hkl_frac")[0].values]
    argv = list(demo.argv)
    argv[argv.index("-phi") + 1] = "0.55"
    facts = pixel_facts(replace(demo, argv=tuple(argv)), Settings(), *demo.pixel)
    assert facts.d_angstrom == pytest.approx(1e10 / size, rel=1e-12)
    assert facts.two_theta_deg == pytest.approx(2 * math.degrees(math.asin(1.2e-10 * size / 2)), rel=1e-12)
    assert facts.hkl == pytest.approx(hkl, rel=1e-9) and facts.phi_deg == pytest.approx(0.55)
    assert (facts.slow_mm, facts.fast_mm) == (6.25, 7.25)  # 0.5 mm pixels
    with pytest.raises(UnusableInput, match="slow 128 fast 0 is not on the detector: 128 x 128"):
        pixel_facts(demo, Settings(), 128, 0)


def test_a_spot_is_where_the_indices_come_closest_to_the_node() -> None:
    """Compared with a search over the facts of every pixel around, whose h k l are linear within a pixel."""
    demo = load_case(None)
    frame, cells = prepare(demo, Settings()), np.array([9.0, 8.0, 7.0])
    node = np.array([0.0, 4.0, -9.0])
    hkl = {(slow, fast): np.array(frame.facts(slow, fast).hkl) for slow in range(8, 20) for fast in range(8, 20)}

    def off(slow: float, fast: float) -> float:
        near, beside = int(slow), int(fast)
        corner = hkl[near, beside]
        down, across = hkl[near + 1, beside] - corner, hkl[near, beside + 1] - corner
        return float(np.linalg.norm(cells * (corner + down * (slow - near) + across * (fast - beside) - node)))

    places = [(slow, fast) for slow in np.arange(10, 17, 0.02) for fast in np.arange(11, 18, 0.02)]
    best = min(places, key=lambda place: off(*place))
    for start in ((12.0, 14.0), (16.0, 10.0)):
        indices = frame.facts(int(start[0]), int(start[1])).hkl
        found = frame.spot(start, 0.0, indices, (0.0, 4.0, -9.0), (9, 8, 7))
        assert found == pytest.approx(best, abs=0.03)
    assert frame.spot((12.0, 14.0), 0.0, frame.facts(12, 14).hkl, (90.0, 4.0, -9.0), (9, 8, 7)) is None


def test_a_spot_moves_with_phi_as_the_crystal_turns() -> None:
    """At another phi, the indices of the same pixel are those of a scan that starts there."""
    demo = load_case(None)
    turned = replace(demo, argv=tuple("0.5" if before == "-phi" else word for before, word in _pairs(demo.argv)))
    there, frame = prepare(turned, Settings()), prepare(demo, Settings())
    indices, node, cells = there.facts(12, 14).hkl, (0.0, 4.0, -9.0), (9, 8, 7)
    expected = there.spot((12.0, 14.0), 0.5, indices, node, cells)
    assert expected is not None
    assert frame.spot((12.0, 14.0), 0.5, indices, node, cells) == pytest.approx(expected, abs=1e-9)


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(("", *words), words, strict=False))


@pytest.mark.parametrize("name", ["beam_crops_sample", "cubic_default_f", "mosaic"])
def test_facts_agree_with_cs_log_in_other_geometries(shared: Path, name: str) -> None:
    """Cases without oversampling and with one phi: the traced subpixel is the pixel's centre."""
    folder = shared / "golden" / "cases" / name
    case = load_case(str(folder), workdir=shared / "golden" / "inputs")
    assert case.pixel is not None
    traced = read_trace(folder / "trace_c.log").all("hkl_frac")[0].values
    facts = pixel_facts(case, Settings(), *case.pixel)
    assert facts.hkl == pytest.approx([float(value) for value in traced], rel=1e-9)


def test_facts_equal_those_worked_out_by_hand(tmp_path: Path) -> None:
    """Cubic cell of 100 A along the laboratory axes, 1 A, 100 mm, 1 mm pixels, the beam on a pixel's centre.

    The default convention: beam along x, fast along z, slow against y; its beam centre is half a pixel on.
    Three pixels along fast: tan 2theta = 3/100.
    """
    flags = "-cell 100 100 100 90 90 90 -default_F 1 -lambda 1 -N 1 -distance 100 -pixel 1 -detpixels 21"
    flags += " -Xbeam 10 -Ybeam 10"
    case = Case("hand", tuple(flags.split()), tmp_path, None, None)
    angle = math.atan(3 / 100)
    facts = pixel_facts(case, Settings(), 10, 13)
    assert facts.two_theta_deg == pytest.approx(math.degrees(angle))
    assert facts.d_angstrom == pytest.approx(1 / (2 * math.sin(angle / 2)))
    assert sorted(abs(index) for index in facts.hkl) == pytest.approx(
        sorted([0.0, 100 * (1 - math.cos(angle)), 100 * math.sin(angle)]), abs=1e-9
    )
    centre = pixel_facts(case, Settings(), 10, 10)
    assert centre.two_theta_deg == pytest.approx(0.0, abs=1e-9) and centre.d_angstrom > 1e9


@pytest.mark.parametrize("name", ["beam_crops_sample", "cubic_default_f", "mosaic"])
def test_resolution_over_the_detector_agrees_with_each_pixel(shared: Path, name: str) -> None:
    """Interpolated from a grid: that of each pixel's own facts; the beam where the angle is smallest."""
    case = load_case(str(shared / "golden" / "cases" / name), workdir=shared / "golden" / "inputs")
    frame = prepare(case, Settings())
    known = frame.resolution()
    slow, fast = np.linspace(1, frame.shape[0] - 2, 7).round(), np.linspace(1, frame.shape[1] - 2, 5).round()
    found = known.at(slow, fast)
    for i, s in enumerate(slow):
        for j, f in enumerate(fast):
            expected = frame.facts(int(s), int(f)).d_angstrom ** -2
            assert found[i, j] == pytest.approx(expected, rel=5e-3, abs=1e-6)
    if known.beam is not None:
        at, angle = known.beam, frame.facts
        middle = angle(round(at[0]), round(at[1])).two_theta_deg
        for step in ((2, 0), (-2, 0), (0, 2), (0, -2)):
            assert angle(round(at[0]) + step[0], round(at[1]) + step[1]).two_theta_deg > middle


def test_the_beam_centre_equals_that_worked_out_by_hand(tmp_path: Path) -> None:
    """1 mm pixels, the beam at 10 mm of the default convention: that is half a pixel on."""
    flags = "-cell 100 100 100 90 90 90 -default_F 1 -lambda 1 -N 1 -distance 100 -pixel 1 -detpixels 21"
    near, far = (
        prepare(Case("hand", tuple(f"{flags} -Xbeam {x} -Ybeam 10".split()), tmp_path, None, None), Settings())
        for x in (10, 50)
    )
    assert near.resolution().beam == pytest.approx((10.0, 10.0))
    assert far.resolution().beam is None  # beside the detector


def test_the_image_equals_cs(shared: Path) -> None:
    """The demo's image against the C program's, where a pixel exceeds 1e-6 of the brightest."""
    golden = np.load(shared / "demo" / "image.npy")
    calls: list[tuple[int, int]] = []
    made = render_image(
        load_case(None), Settings(phi_mode="c-parity"), progress=lambda done, total: calls.append((done, total))
    )
    bright = golden > 1e-6 * golden.max()
    assert np.abs(made / np.where(bright, golden, 1) - 1)[bright].max() <= 1e-6
    assert calls[-1] == (128 * 128, 128 * 128) and calls == sorted(calls)


def test_the_image_can_be_stopped() -> None:
    with pytest.raises(Cancelled) as told:
        prepare(load_case(None), Settings()).image(cancelled=lambda: True)
    assert told.value.exit_code == 130


def test_unusable_input_is_reported_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match=r"hand: .*-lambda"):
        render_image(Case("hand", ("-lambda", "x"), tmp_path, None, None), Settings())
