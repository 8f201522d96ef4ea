"""A scale below a picture: a ramp of its levels with numbers, in a 3 x 5 pixel font. The picture is unchanged."""

from __future__ import annotations

import numpy as np

from nbtui.images.png import DECADES, Bytes, difference_colours, levels

_FONT = {
    "0": "111 101 101 101 111",
    "1": "010 110 010 010 111",
    "2": "111 001 111 100 111",
    "3": "111 001 111 001 111",
    "4": "101 101 111 001 001",
    "5": "111 100 111 001 111",
    "6": "111 100 111 101 111",
    "7": "111 001 010 010 010",
    "8": "111 101 111 101 111",
    "9": "111 101 111 001 111",
    ".": "000 000 000 000 010",
    "e": "000 111 111 100 111",
    "+": "000 010 111 010 000",
    "-": "000 000 111 000 000",
    "i": "010 000 010 010 010",
    "n": "000 110 101 101 101",
    "a": "000 111 001 111 111",
    "f": "011 010 111 010 010",
}
_HEIGHT = 17  # of the legend, in points
_POINTS = 240  # across a picture: a point is one pixel, or several in a large picture
_STEPS = 256  # of a ramp


def with_photons(picture: Bytes, brightest: float) -> Bytes:
    """A grey picture (slow, fast) with the scale of :func:`levels` below."""
    values = brightest * np.logspace(-DECADES, 0.0, _STEPS)
    ends = (f"{brightest * 10.0**-DECADES:.2g}", "", f"{brightest:.3g}")
    return _below(picture, levels(values[None], brightest)[0], ends, paper=0)


def with_difference(picture: Bytes, largest: float) -> Bytes:
    """A picture in colours (slow, fast, 3) with the scale of :func:`difference_colours` below."""
    half = largest * np.logspace(-DECADES, 0.0, _STEPS // 2)
    values = np.concatenate((-half[::-1], half))[None]
    ends = (f"-{largest:.2g}", f"{largest * 10.0**-DECADES:.0e}", f"+{largest:.2g}")
    return _below(picture, difference_colours(np.zeros_like(values), values, largest)[0], ends, paper=255)


def _below(picture: Bytes, ramp: Bytes, labels: tuple[str, str, str], paper: int) -> Bytes:
    point = max(1, picture.shape[1] // _POINTS)
    needed = 4 * (sum(map(len, labels)) + 3) * point
    height, width = picture.shape[0], max(picture.shape[1], needed)
    whole = np.full((height + _HEIGHT * point, width, *picture.shape[2:]), paper, dtype=np.uint8)
    whole[:height, : picture.shape[1]] = picture
    inside = slice(2 * point, width - 2 * point)
    across = np.rint(np.linspace(0, len(ramp) - 1, width - 4 * point)).astype(int)
    whole[height + 3 * point : height + 8 * point, inside] = ramp[across]
    top = height + 10 * point
    for label, part in zip(labels, (0.0, 0.5, 1.0), strict=True):
        ink = _written(label, point)
        left = 2 * point + round(part * (width - 4 * point - ink.shape[1]))
        whole[top : top + ink.shape[0], left : left + ink.shape[1]][ink] = 255 - paper
    return whole


def _written(text: str, point: int) -> np.ndarray:
    """True where a pixel is inked."""
    shapes = [np.array([[cell == "1" for cell in row] + [False] for row in _FONT[char].split()]) for char in text]
    ink = np.concatenate(shapes, axis=1)[:, :-1] if shapes else np.zeros((5, 0), dtype=bool)
    return ink.repeat(point, axis=0).repeat(point, axis=1)
