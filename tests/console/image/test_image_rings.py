"""Resolution rings and the beam's mark on the image screen, on a detector whose resolution is known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nbtui.console.drawing.line import plain
from nbtui.console.image import pane as panes
from nbtui.console.image.rings import RING, beam_cell, rings
from nbtui.console.image.state import ImagePhase, ImageState
from nbtui.live.images import Resolution


def ringed(rows: int, columns: int, beam: tuple[float, float], **changes: object) -> ImageState:
    """A dark detector whose 1/d is 0.01 per pixel from the beam."""
    slow, fast = np.arange(float(rows)), np.arange(float(columns))
    squares = 1e-4 * ((slow[:, None] - beam[0]) ** 2 + (fast - beam[1]) ** 2)
    resolution = Resolution(slow, fast, squares, beam)
    dark = np.zeros((rows, columns), dtype=np.float32)
    start = ImageState("toy", (0, 0), (0, 0), shape=(rows, columns), phase=ImagePhase.READY, python=dark)
    return replace(start, resolution=resolution, **changes)  # type: ignore[arg-type]


def test_rings_lie_where_their_resolution_is() -> None:
    picture = ringed(60, 60, (30.0, 30.0), zoom=1)
    free = np.ones((30, 60), dtype=bool)
    cells = rings(picture, 1, (30, 60), free)
    dots = [cell for cell, char in cells.items() if char == RING]
    names = {
        "".join(char for (y, _), char in sorted(cells.items()) if y == line and char != RING) for line in range(30)
    }
    spacings = sorted(float(name.removesuffix("A")) for name in names if name)
    assert len(spacings) >= 3 and len(dots) > 100
    for line, column in dots:  # a cell is two pixels high: within a cell of one of the radii
        radius = np.hypot(2 * line + 0.5 - 30.0, column - 30.0)
        assert min(abs(radius - 100.0 / spacing) for spacing in spacings) < 1.8
    free[:, :30] = False
    assert all(x >= 30 for _, x in rings(picture, 1, (30, 60), free))


@pytest.mark.parametrize(
    ("zoom", "corner", "cell"),
    [(1, (0, 0), (15, 30)), (3, (0, 0), (5, 10)), (-2, (25, 25), (5, 11)), (1, (40, 0), None), (-8, (0, 0), None)],
)
def test_the_beam_is_marked_in_its_cell(zoom: int, corner: tuple[int, int], cell: tuple[int, int] | None) -> None:
    picture = ringed(60, 60, (30.0, 30.0), zoom=zoom, corner=corner)
    assert beam_cell(picture, zoom, (30, 60)) == cell


def test_rings_hide_no_pixel_and_can_be_turned_off() -> None:
    picture = ringed(60, 60, (30.0, 30.0), zoom=1)
    bright = replace(picture, python=np.ones((60, 60), dtype=np.float32), bright_python=1.0)
    dark, full = ("\n".join(plain(panes.ImageCanvas().draw(p, 61, 32))) for p in (picture, bright))
    assert "·" in dark and "A" in dark and "x" in dark
    assert "·" not in full and "A" not in full
    off = "\n".join(plain(panes.ImageCanvas().draw(replace(picture, rings=False), 61, 32)))
    assert "·" not in off and "x" not in off
