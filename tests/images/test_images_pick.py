"""The pixel that is worth a trace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nbtui.cli import main
from nbtui.images.pick import APART, brightest_pixels, worst_pixel


def test_brightest_pixels_come_in_order_and_apart() -> None:
    image = np.zeros((20, 30))
    image[5, 7], image[5, 8], image[15, 3], image[0, 29] = 9.0, 8.0, 7.0, np.nan
    assert brightest_pixels(image, 5) == ((5, 7), (15, 3))
    image[5, 8 + APART] = 8.5
    assert brightest_pixels(image, 2) == ((5, 7), (5, 8 + APART))
    assert brightest_pixels(np.zeros((3, 3))) == ()


def test_the_worst_pixel_differs_beyond_rounding() -> None:
    """A rounding error of a bright pixel is larger than the whole value of a faint one, and no difference."""
    c = np.full((4, 5), 1.0)
    c[1, 1] = 1e4
    py = c.copy()
    py[1, 1] += 1e-3
    assert worst_pixel(c, py) is None
    py[2, 3] = 1.0005
    assert worst_pixel(c, py) == (2, 3)
    py[3, 4] = np.nan
    assert worst_pixel(c, py) == (3, 4)
    assert worst_pixel(c, py, np.isfinite(py)) == (2, 3)


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ("one.npy --pick", "-trace_pixel 2 1\n"),
        ("one.npy two.npy --pick", "-trace_pixel 0 4\n"),
        ("one.npy one.npy --pick", "-trace_pixel 2 1\n"),
        ("one.npy two.npy --pick --roi 0 3 0 3", "-trace_pixel 2 1\n"),
    ],
)
def test_pick_prints_a_flag(here: Path, capsys: pytest.CaptureFixture[str], words: str, printed: str) -> None:
    one = np.ones((4, 5), dtype=np.float32)
    one[2, 1] = 7.0
    two = one.copy()
    two[0, 4] = 3.0
    np.save("one.npy", one)
    np.save("two.npy", two)
    assert main(["images", *words.split()]) == 0
    assert capsys.readouterr().out == printed


def test_a_dark_image_has_no_pixel_to_pick(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("dark.npy", np.zeros((3, 3), dtype=np.float32))
    assert main(["images", "dark.npy", "--pick"]) == 2
    assert "dark.npy: no pixel above 0" in capsys.readouterr().err
