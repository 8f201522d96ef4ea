"""XDS: XPARM.XDS and GXPARM.XDS with one detector segment.

Source: XDS documentation, XPARM.XDS and Coordinate Systems; pixel (IX, IY) has its centre at whole numbers, from 1.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from nbtui.errors import UnusableInput
from nbtui.geometry.model import Geometry, Rotation
from nbtui.regular_file import read_regular
from nbtui.trace.text import clean

_LARGEST = 1 << 20  # bytes
_COUNTS = (6, 4, 7, 3, 3, 3, 5, 3, 3, 3, 3)  # numbers of each line after the title


def is_xparm(text: str) -> bool:
    """Whether the text begins as these files do."""
    return text.lstrip().startswith("XPARM.XDS")


def read_xparm(path: Path, image: int | None = None) -> Geometry:
    """The geometry of an image, by default of the one that the file starts with.

    Raises:
        UnusableInput: the file is unreadable or of another form, or its detector has several segments.
    """
    where = clean(str(path))
    try:
        text = read_regular(path, _LARGEST).decode("ascii", "replace")
    except OSError as error:
        raise UnusableInput(f"{where}: cannot be read ({error.strerror})") from error
    lines = text.splitlines()
    if not is_xparm(text) or len(lines) < 1 + len(_COUNTS):
        raise UnusableInput(f"{where}: not an XPARM.XDS of XDS (version 2012 or later)")
    rows = [
        _numbers(line, count, f"{where}:{at}")
        for at, (line, count) in enumerate(zip(lines[1:], _COUNTS, strict=False), 2)
    ]
    (frame, start, width, *axis), (wavelength, *beam), _ = rows[0], rows[1], rows[2]
    segments, columns, lines_, pixel_x, pixel_y = rows[6]
    origin_x, origin_y, distance = rows[7]
    if segments != 1:
        raise UnusableInput(f"{where}:8: {segments:g} detector segments; nanoBragg simulates one flat panel")
    if pixel_x != pixel_y:
        raise UnusableInput(f"{where}:8: pixels of {pixel_x:g} x {pixel_y:g} mm; nanoBragg has square ones")
    fast, slow, normal = (np.array(rows[at]) for at in (8, 9, 10))
    corner = distance * normal - (origin_x - 0.5) * pixel_x * fast - (origin_y - 0.5) * pixel_y * slow
    number = frame if image is None else image
    return Geometry(
        wavelength=wavelength,
        beam=np.array(beam) / np.linalg.norm(beam),
        origin=corner,
        fast=fast,
        slow=slow,
        pixel=pixel_x,
        size=(int(columns), int(lines_)),
        real_axes=np.array(rows[3:6]),
        rotation=Rotation(np.array(axis) / np.linalg.norm(axis), start + (number - frame) * width, width),
    )


def _numbers(line: str, count: int, where: str) -> list[float]:
    try:
        values = [float(word) for word in line.split()]
    except ValueError:
        values = []
    if len(values) != count or not all(map(math.isfinite, values)):
        raise UnusableInput(f"{where}: {count} numbers are needed")
    return values
