"""The small port is wrong by its listed bugs, and equal to nbsim, and so to the C program, without them."""

import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nbsim
from small_port.fixes import FIXES, fixed

COMMAND = shlex.split(
    "-cell 40 50 60 82 97 108 -misset 11 -7 23 -default_F 100 -lambda 1.2 -N 8 -nointerpolate -oversample 1"
    " -fluence 1e24 -phi 5 -osc 0.6 -phisteps 4 -mosaic_spread 0.25 -mosaic_domains 6 -distance 120"
    " -detpixels 48 -pixel 1.3 -nonoise -nopgm -noprogress"
)


def image(folder: Path, text: str) -> np.ndarray:
    (folder / "port.py").write_text(text, encoding="utf-8")
    line = [sys.executable, "port.py", *COMMAND, "-floatfile", "image.bin"]
    subprocess.run(line, cwd=folder, check=True)
    return np.fromfile(folder / "image.bin", dtype=np.float32).reshape(48, 48)


@pytest.fixture(scope="module")
def right() -> np.ndarray:
    return nbsim.Experiment.from_command(COMMAND).image().photons.numpy()


def test_fixed_port_is_the_reference(tmp_path: Path, right: np.ndarray) -> None:
    np.testing.assert_allclose(image(tmp_path, fixed()), right, rtol=1e-6, atol=1e-6 * right.max())


@pytest.mark.slow
@pytest.mark.parametrize("bug", FIXES)
def test_each_bug_shows_in_the_image(tmp_path: Path, right: np.ndarray, bug: str) -> None:
    others = [name for name in FIXES if name != bug]
    assert abs(image(tmp_path, fixed(*others)) - right).max() > 1e-3 * right.max()
