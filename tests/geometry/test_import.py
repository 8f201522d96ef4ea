"""``nbtui import``: pixels, crystal and spots lie where the laws of diffraction put them in the frame of the file."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbsim import Experiment, PixelResult, trace_lines
from nbtui.cli import main

WAVELENGTH, PIXEL, SIZE = 1.1, 0.3, (160, 140)  # Å; mm; pixels along (fast, slow)
FLAGS = ("-default_F", "100", "-N", "60", "-oversample", "1", "-nonoise")


def turned(axis: list[float], degrees: float) -> np.ndarray:
    """(3, 3): the right-handed rotation about a unit axis."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = math.radians(degrees)
    return np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross


TILT = turned([1, 0, 0], 7) @ turned([0, 1, 0], -11)
FAST, SLOW = TILT @ [1, 0, 0], TILT @ [0, -1, 0]
ORIGIN = np.array([-20.0, 22.0, -60.0])
AXES = (turned([0.6, 0.8, 0.0], 40) @ turned([0, 0, 1], 25) @ np.array([[31, 0, 0], [2, 37, 0], [3, -4, 43]]).T).T
AXIS, START, WIDTH = [0.8, 0.0, 0.6], 12.0, 0.5
BEFORE, LAST = turned([0, 1, 0], 33), turned([0, 0, 1], -50)  # fixed and setting rotation


def expt(**changes: Any) -> dict[str, Any]:
    """One experiment as DIALS writes it."""
    return {
        "__id__": "ExperimentList",
        "experiment": [{"beam": 0, "detector": 0, "goniometer": 0, "scan": 0, "crystal": 0, "imageset": 0}],
        "beam": [
            {
                "direction": [0.0, 0.0, 2.0],
                "wavelength": WAVELENGTH,
                "polarization_normal": [0.0, 1.0, 0.0],
                "polarization_fraction": 1.0,
            }
        ],
        "detector": [
            {
                "panels": [
                    {
                        "fast_axis": FAST.tolist(),
                        "slow_axis": SLOW.tolist(),
                        "origin": ORIGIN.tolist(),
                        "pixel_size": [PIXEL, PIXEL],
                        "image_size": list(SIZE),
                    }
                ],
                "hierarchy": {
                    "fast_axis": [1, 0, 0],
                    "slow_axis": [0, 1, 0],
                    "origin": [0, 0, 0],
                    "children": [{"panel": 0}],
                },
            }
        ],
        "goniometer": [
            {
                "rotation_axis": AXIS,
                "fixed_rotation": BEFORE.ravel().tolist(),
                "setting_rotation": LAST.ravel().tolist(),
            }
        ],
        "scan": [{"image_range": [5, 9], "oscillation": [START, WIDTH]}],
        "crystal": [{f"real_space_{name}": AXES[at].tolist() for at, name in enumerate("abc")}],
        **changes,
    }


def xparm() -> str:
    """The same experiment as XDS writes it, in a frame with the beam along z."""
    frame = turned([1, 0, 0], 180)  # of XDS from that of DIALS
    fast, slow, corner = frame @ FAST, frame @ SLOW, frame @ ORIGIN
    normal = np.cross(fast, slow)
    # XDS counts from 1 and puts the centre of a pixel at a whole number
    org = [0.5 - corner @ fast / PIXEL, 0.5 - corner @ slow / PIXEL]
    axes = (frame @ LAST @ BEFORE @ AXES.T).T
    axis = frame @ LAST @ AXIS
    rows = [
        [5, START, WIDTH, *axis],
        [WAVELENGTH, *(np.array([0, 0, 1]) / WAVELENGTH)],
        [1, 31, 37, 43, 90, 90, 90],
        *axes.tolist(),
        [1, *SIZE, PIXEL, PIXEL],
        [*org, corner @ normal],
        fast.tolist(),
        slow.tolist(),
        normal.tolist(),
        [1, 1, SIZE[0], 1, SIZE[1]],
    ]
    lines = [
        " ".join(f"{value:d}" if isinstance(value, int) else f"{float(value):.14f}" for value in row) for row in rows
    ]
    return "\n".join([" XPARM.XDS    VERSION Jan 10, 2022", *lines]) + "\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def imported(here: Path, content: dict[str, Any] | str, *words: str) -> Experiment:
    text, name = (content, "XPARM.XDS") if isinstance(content, str) else (json.dumps(content), "refined.expt")
    (here / name).write_text(text)
    assert main(["import", name, "-o", "case", "--force", *words, "--", *FLAGS]) == 0
    command = (here / "case" / "command.txt").read_text().removeprefix("nanoBragg ")
    return Experiment.from_command(command, here / "case")


def position(slow: int, fast: int) -> np.ndarray:
    """mm, of a pixel's centre in the frame of the .expt file."""
    return np.asarray(ORIGIN + (fast + 0.5) * PIXEL * FAST + (slow + 0.5) * PIXEL * SLOW)


def test_pixels_lie_where_the_file_puts_them(here: Path) -> None:
    found = imported(here, expt())
    for slow, fast in ((0, 0), (139, 0), (3, 150), (70, 80)):
        made = found.detector.pix0 + (fast + 0.5) * PIXEL * 1e-3 * found.detector.fast
        made = made + (slow + 0.5) * PIXEL * 1e-3 * found.detector.slow
        assert 1e3 * made.numpy() == pytest.approx(position(slow, fast), abs=1e-10)
    assert found.detector.normal.numpy() == pytest.approx(np.cross(FAST, SLOW), abs=1e-12)


def test_the_crystal_stands_as_the_goniometer_sets_it(here: Path) -> None:
    found = imported(here, expt())
    made = np.array([1e10 * getattr(found.crystal, name).numpy() for name in "abc"])
    assert made == pytest.approx((LAST @ BEFORE @ AXES.T).T, abs=1e-9)


def indices(slow: int, fast: int, angle: float) -> np.ndarray:
    """Fractional h, k, l of a pixel's centre at a spindle angle: q = (s1 - s0) / lambda, by hand."""
    ray = position(slow, fast)
    q = (ray / np.linalg.norm(ray) - [0, 0, -1]) / WAVELENGTH
    crystal = LAST @ turned(AXIS, angle) @ BEFORE @ AXES.T  # columns a, b, c
    return np.asarray(crystal.T @ q)


@pytest.mark.parametrize(("image", "form"), [(None, "expt"), (8, "expt"), (None, "xparm"), (8, "xparm")])
def test_every_phi_step_has_the_indices_of_the_file(here: Path, image: int | None, form: str) -> None:
    words = () if image is None else ("--image", str(image))
    found = imported(here, expt() if form == "expt" else xparm(), *words)
    start = START + (0 if image is None else image - 5) * WIDTH
    for slow, fast in ((0, 0), (70, 80), (139, 12), (20, 159)):
        columns = found.terms(slow, fast)
        made = np.stack([columns[name] for name in "hkl"], axis=1)
        expected = [indices(slow, fast, start + step * WIDTH / 10) for step in range(10)]
        assert made == pytest.approx(np.array(expected), abs=1e-7)


def factor(pixel: PixelResult) -> float:
    """The polarization factor that a trace prints."""
    (values,) = [line.values for line in trace_lines(pixel) if line.name == "polar"]
    return float(values[0])


def test_the_electric_vector_lies_in_the_polarization_plane(here: Path) -> None:
    """Along the electric vector a fully polarized beam scatters as cos^2 2theta, across it as 1 (Kahn et al. 1982)."""
    flat = {"fast_axis": [1, 0, 0], "slow_axis": [0, -1, 0], "origin": [-24.0, 21.0, -20.0]}
    panel = {**flat, "pixel_size": [PIXEL, PIXEL], "image_size": list(SIZE)}
    found = imported(here, expt(detector=[{"panels": [panel]}]))  # the electric vector is along x, the fast axis
    along, across = found.pixel(70, 155), found.pixel(135, 80)
    two_theta = math.atan2((155.5 - 80) * PIXEL, 20.0)
    assert factor(along) == pytest.approx(math.cos(two_theta) ** 2, rel=1e-3)
    assert factor(across) == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "words", "said"),
    [
        ({"beam": []}, (), "its beam is not in the file"),
        ({"experiment": []}, (), "no list 'experiment'"),
        ({"experiment": [{}, {}]}, (), "--experiment 0 to 1"),
        ({"detector": [{"panels": [{}, {}]}]}, (), "2 panels"),
        ({"crystal": [{"A_at_scan_points": [1], "real_space_a": [1, 0, 0]}]}, (), "varies along the scan"),
        ({"crystal": [{f"real_space_{name}": [1, 0, 0] for name in "abc"}]}, (), "no volume"),
        ({}, ("--image", "4"), "5 to 9"),
        ({}, ("--experiment", "1"), "no experiment 1"),
        ({"beam": [{"direction": [0, 0, "x"], "wavelength": 1.0}]}, (), "3 finite numbers"),
        ({"goniometer": [{"axes": [[1, 0, 0], [0, 1, 0]], "angles": [0, 30], "scan_axis": 0}]}, (), "other angles"),
    ],
)
def test_more_than_nanobragg_describes_is_refused_by_name(
    here: Path, changes: dict[str, Any], words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "x.expt").write_text(json.dumps(expt(**changes)))
    assert main(["import", "x.expt", *words]) == 2
    assert said in capsys.readouterr().err
    assert not (here / "x").exists()


@pytest.mark.parametrize(
    "text", ["", "nothing", "{", "[1, 2]", "XPARM.XDS\n1 2 3", "{}", xparm().replace("1 160", "2 160")]
)
def test_other_files_are_refused(here: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x").write_text(text)
    assert main(["import", "x", "-o", "case"]) == 2
    assert capsys.readouterr().err.startswith("nbtui: x")


def test_nothing_is_overwritten(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(here, expt())
    before = (here / "case" / "command.txt").read_text()
    assert main(["import", "refined.expt", "-o", "case"]) == 4
    assert "--force" in capsys.readouterr().err
    assert (here / "case" / "command.txt").read_text() == before
