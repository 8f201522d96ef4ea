"""The first pass of a run: that of the first pixel, in scan order, within the resolution cut."""

from __future__ import annotations

import math

import pytest

from nbsim import Experiment
from nbsim.pixel.run_state import first_pass_pixel

SIDE = 60
WORDS = f"-cell 20 25 30 90 90 90 -N 3 -lambda 1 -distance 100 -default_F 9 -oversample 1 -detpixels {SIDE} -pixel 2.5"


def spacing(experiment: Experiment, slow: int, fast: int) -> float:
    """d of the middle of a pixel [Angstrom]; the beam is along x, and the wavelength 1 Angstrom."""
    detector = experiment.detector
    size, axes = float(detector.pixel_size), (detector.pix0.tolist(), detector.slow.tolist(), detector.fast.tolist())
    x, y, z = (at + size * ((slow + 0.5) * s + (fast + 0.5) * f) for at, s, f in zip(*axes, strict=True))
    return 1.0 / (2.0 * math.sin(0.5 * math.atan2(math.hypot(y, z), x)))


@pytest.mark.parametrize("dmin", [0.0, 1.1, 1.35, 1.7, 2.3, 4.0, 12.0, 1e6])
@pytest.mark.parametrize("rows", [range(SIDE), range(3, 20), range(40, SIDE)])
def test_the_first_pixel_within_the_cut(dmin: float, rows: range) -> None:
    """Few pixels are examined before many: it may be among either, or nowhere."""
    experiment = Experiment.from_command(f"{WORDS} -dmin {dmin}" if dmin else WORDS)
    scan = ((slow, fast) for slow in rows for fast in range(SIDE))
    expected = next((pixel for pixel in scan if spacing(experiment, *pixel) > dmin), None)
    assert first_pass_pixel(experiment, rows) == expected
