"""The image screen's state: what differs, and every move of the cursor, the zoom and the view."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nbtui.console.image import state as states
from nbtui.console.image.state import ImageState
from support.image_toy import SPOTS, finished, spots


@pytest.mark.parametrize(
    ("text", "cursor", "said"),
    [
        ("4 5", (4, 5), ""),
        (" 4,5 ", (4, 5), ""),
        ("", (0, 0), ""),
        ("4", (0, 0), "two whole numbers"),
        ("4 x", (0, 0), "two whole numbers"),
        ("-1 2", (0, 0), "two whole numbers"),
        ("6 0", (0, 0), "slow 6 fast 0 is not on the detector: slow 0 to 5, fast 0 to 5"),
    ],
)
def test_a_pixel_that_was_typed(text: str, cursor: tuple[int, int], said: str) -> None:
    found = states.typed(finished(spots(6, 6, SPOTS), typed=text), text)
    assert found.cursor == cursor and found.typed is None
    assert said in found.message and bool(said) == bool(found.message)


def test_images_in_different_units_have_levels_of_their_own() -> None:
    picture = finished(spots(6, 6, {(1, 1): 1.0}), spots(6, 6, {(1, 1): 55000.0}))
    assert (replace(picture, view="c").top, replace(picture, view="python").top) == (55000.0, 1.0)
    near = finished(spots(6, 6, {(1, 1): 1.0}), spots(6, 6, {(1, 1): 2.0}))
    assert replace(near, view="c").top == replace(near, view="python").top == 2.0


def test_where_the_images_differ_is_shown_first_unless_a_view_was_chosen() -> None:
    c, python = spots(6, 6, SPOTS), spots(6, 6, {(1, 1): 3.0})
    start = ImageState("toy", (0, 0), (0, 0), shape=(6, 6), c=c)
    difference = states.differences(c, python)
    assert states.simulated(start, python, difference).view == "difference"
    assert states.simulated(states.viewed(start, "c"), python, difference).view == "c"
    assert states.simulated(start, c, states.differences(c, c)).view == "python"


def test_differences() -> None:
    """Beyond 1e-6 of a pixel's value, unless both are below 1e-6 of the brightest."""
    c = np.array([[1e3, 1e3, 1e-4, 0.0], [5.0, np.nan, np.nan, 2.0]], dtype=np.float32)
    python = np.array([[1e3, 1.001e3, 9e-4, 0.5], [4.0, np.nan, 1.0, 2.0]], dtype=np.float32)
    found = states.differences(c, python)
    # no number on one side only, then by size: 1, 1, 0.5; equals keep the order of the rows
    assert found.worst == ((1, 2), (0, 1), (1, 0), (0, 3))
    assert found.differing == 4
    assert found.largest == pytest.approx(1.0)
    assert found.delta.dtype == np.float32


def test_only_so_many_are_listed() -> None:
    c = np.zeros((30, 30), dtype=np.float32)
    found = states.differences(c, np.arange(900, dtype=np.float32).reshape(30, 30))
    assert found.differing == 899  # the first is zero on both sides
    assert found.worst[:2] == ((29, 29), (29, 28)) and len(found.worst) == states.LISTED


def test_the_worst_are_walked_in_a_circle() -> None:
    c, python = spots(6, 6, {}), spots(6, 6, SPOTS)
    picture = finished(python, c)
    visited = []
    for _ in range(5):
        picture = states.worst(picture, 1)
        visited.append((picture.cursor, picture.rank, picture.message))
    by_size = [(0, 0), (5, 5), (4, 3), (1, 2)]
    assert visited == [
        *[(pixel, rank, "") for rank, pixel in enumerate(by_size)],
        ((0, 0), 0, "wrapped around"),
    ]
    assert states.worst(picture, -1).cursor == (1, 2)
    assert states.worst(finished(python, c), -1).cursor == (1, 2)
    assert states.worst(states.moved(picture, 1, 0), 1).cursor == (0, 0)  # a step beside the list starts it again
    assert states.worst(finished(c, c.copy()), 1).message == "no pixel differs"
    assert "give --c-image" in states.worst(finished(python, c_problem="give --c-image FILE"), 1).message


def test_the_cursor_stays_on_the_detector() -> None:
    picture = finished(spots(6, 8, SPOTS))
    assert states.moved(picture, -3, 99).cursor == (0, 7)
    assert states.to_pixel(picture, (99, -1)).cursor == (5, 0)


def test_the_whole_detector_fits() -> None:
    picture = finished(spots(100, 60, {}))
    sizes = ((100, 60), (99, 60), (30, 60), (8, 8), (800, 800))
    assert [states.scale(picture, size) for size in sizes] == [1, 2, 4, 13, -8]
    assert states.scale(picture, (0, 0)) == states.ZOOMS[0]


def test_zoom_is_about_the_cursor() -> None:
    picture = finished(spots(100, 100, {}), cursor=(50, 80))
    near = states.zoomed(picture, 1, (20, 20))  # from 1:5, the whole of it, to 1:4, which shows 80 pixels
    assert near.zoom == 4 and near.corner == (10, 20)
    for _ in range(9):
        near = states.zoomed(near, 1, (20, 20))
    assert near.zoom == -8 and near.message == "already at the closest zoom"
    assert near.corner == (49, 79)  # two pixels are seen
    far = finished(spots(100, 100, {}), zoom=128)
    assert states.zoomed(far, -1, (20, 20)).message == "already at the widest zoom"


def test_the_view_turns_its_page() -> None:
    """Ten by ten dots: the corner stays until the cursor leaves, then the cursor is in the middle again."""
    picture = finished(spots(100, 100, {}), zoom=1, cursor=(9, 0))
    assert states.in_view(picture, (10, 10)).corner == (0, 0)
    turned = states.in_view(states.moved(picture, 1, 0), (10, 10))
    assert turned.corner == (5, 0)
    assert states.in_view(replace(turned, cursor=(99, 99)), (10, 10)).corner == (90, 90)


@pytest.mark.parametrize("zoom", [-8, -2, 1, 3, 16])
def test_dots_and_pixels_belong_together(zoom: int) -> None:
    picture = finished(spots(40, 40, {}), zoom=zoom, corner=(7, 3))
    for pixel in ((7, 3), (8, 5), (20, 33)):
        dot = states.dot_of(picture, pixel, zoom)
        back = states.pixel_of(picture, dot, zoom)
        assert back is not None
        assert all(abs(a - b) < max(zoom, 1) for a, b in zip(pixel, back, strict=True))
    assert states.pixel_of(picture, (999, 0), zoom) is None


def test_ranges_go_round() -> None:
    picture = finished(spots(6, 6, SPOTS))
    seen = []
    for _ in states.RANGES:
        picture = states.ranged(picture)
        seen.append(picture.decades)
    assert seen == [4, 6, 8, 2, 3]
