"""The image screen's panes, on images made by hand: powers of ten whose levels can be counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nbtui.console.drawing.line import Line, plain, width_of
from nbtui.console.drawing.palette import style
from nbtui.console.image import pane as panes
from nbtui.console.image import state as states
from nbtui.console.image.actions import IMAGE_ACTIONS
from nbtui.console.image.head import footer, header
from nbtui.console.image.jobs import seconds_left
from nbtui.console.image.levels import dots
from nbtui.console.image.reading import reading
from nbtui.console.image.state import ImagePhase, ImageState
from nbtui.console.image.step import Spot, StepMarks
from nbtui.images.metrics import compare_images
from nbtui.images.read import Picture as FilePicture
from nbtui.live.images import PixelFacts
from support.image_toy import SPOTS, finished, spots

# with three decades, six levels lie half a decade apart: 6 down to 10**-0.5 of the top, 5 to 10**-1, ... 1 to 10**-3
TOP = 200.0
STEPS = np.array([1.0, 0.4, 0.2, 0.05, 0.02, 0.005, 0.002, 0.0005, 0.0], dtype=np.float32)
CODES = "665432100"


def codes(picture: ImageState, size: tuple[int, int]) -> list[str]:
    return ["".join(row) for row in dots(picture, size)]


# --- levels ----------------------------------------------------------------------------------------------------------


def test_levels_are_logarithmic() -> None:
    picture = finished(np.stack([TOP * STEPS, TOP * STEPS]), zoom=1)
    assert codes(picture, (2, 9)) == [CODES, CODES]
    # over six decades a level is a whole one
    assert codes(replace(picture, decades=6), (2, 9)) == ["666554430", "666554430"]


def test_a_difference_has_signs() -> None:
    c = np.full((2, 9), 1000.0, dtype=np.float32)
    python = c + np.stack([TOP * STEPS, -TOP * STEPS])
    picture = finished(python, c, view="difference", zoom=1)
    assert codes(picture, (2, 9)) == ["FFEDCBA00", "ffedcba00"]


def test_images_that_agree_have_no_levels() -> None:
    c = np.full((2, 3), 1000.0, dtype=np.float32)
    picture = finished(np.nextafter(c, np.float32(2000)), c, view="difference", zoom=1)
    assert codes(picture, (2, 3)) == ["000", "000"]
    assert plain(panes.ImageCanvas().draw(picture, 30, 4))[-1] == " every pixel agrees"


def test_a_dot_shows_the_largest_of_its_pixels() -> None:
    picture = finished(spots(4, 5, {(1, 1): 1.0, (2, 4): 0.02}), zoom=2)
    assert codes(picture, (4, 6)) == ["600", "003"]
    near = replace(picture, zoom=-2, corner=(1, 1))
    assert codes(near, (2, 6)) == ["660000", "660000"]


def test_what_is_no_number_is_seen() -> None:
    for value in (np.nan, np.inf, -np.inf):
        picture = finished(spots(4, 4, {(0, 0): 1.0, (3, 3): value}), zoom=2)
        assert codes(picture, (2, 2)) == ["60", "0?"]


def test_an_empty_image_and_no_room() -> None:
    picture = finished(spots(3, 3, {}))
    assert codes(picture, (4, 4)) == ["000", "000", "000", "   "]
    assert panes.ImageCanvas().draw(picture, 1, 1)
    assert panes.ImageCanvas().draw(picture, 0, 0) == []


# --- the canvas ------------------------------------------------------------------------------------------------------


def test_the_canvas_in_characters() -> None:
    """Six by six pixels: two rows in a cell, the stronger one is shown; v and > point at the cursor."""
    picture = finished(spots(6, 6, SPOTS), characters=True, cursor=(4, 3))
    assert plain(panes.ImageCanvas().draw(picture, 20, 7)) == [
        "════v═════ 1:1 all ═",
        " @ =   │",
        "       │",
        ">   + @│",
        " ──────┘",
        "",
        " .:=*#@ 0.001 to 1 ~",
    ]


def test_the_canvas_in_half_blocks() -> None:
    picture = finished(spots(6, 6, SPOTS), cursor=(4, 3))
    ruler, first, second, third, *_ = panes.ImageCanvas().draw(picture, 20, 7)
    assert [(span.text, span.tone) for span in first] == [
        (" ", "text"), ("▀", "dots 60"), (" ", "text"), ("▄", "dots 30"), ("   ", "text"), ("│", "rule"),
        (" " * 12, "text"),
    ]  # fmt: skip
    assert [(span.text, span.tone) for span in third][:4] == [
        (">", "cursor"), ("   ", "text"), ("+", "cursor"), (" ", "text")
    ]  # fmt: skip
    assert width_of(ruler) == width_of(second) == 20


def test_every_level_has_a_style_of_its_own() -> None:
    levels = "0123456?"
    assert len({style(f"dots 0{upper}") for upper in levels}) == len(levels)
    signed = "fedcba0ABCDEF"
    assert len({style(f"dots {upper}0") for upper in signed}) == len(signed)
    assert len({panes.LETTERS[code] for code in signed}) == len({panes.LETTERS[code] for code in levels}) + 5


def test_levels_are_kept_until_something_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ImageState] = []

    def counted(picture: ImageState, size: tuple[int, int]) -> np.ndarray:
        made.append(picture)
        return dots(picture, size)

    monkeypatch.setattr(panes, "dots", counted)
    canvas, picture = panes.ImageCanvas(), finished(spots(6, 6, SPOTS), spots(6, 6, SPOTS))
    for step in (picture, replace(picture, cursor=(1, 1)), replace(picture, view="c"), replace(picture, decades=6)):
        canvas.draw(step, 20, 7)
    assert len(made) == 3


def test_what_is_not_there_is_said() -> None:
    start = ImageState("toy", (0, 0), (0, 0))
    waiting = [plain(panes.ImageCanvas().draw(replace(start, view=view), 60, 5))[2] for view in states.TITLES]
    assert waiting == [
        " the C image is being read",
        " the live image is being simulated",
        " the C image is being read",
    ]
    stopped = replace(start, phase=ImagePhase.STOPPED)
    assert "2 starts it again" in plain(panes.ImageCanvas().draw(stopped, 60, 5))[2]
    failed = replace(start, phase=ImagePhase.FAILED, failure="demo.hkl: no such file")
    assert plain(panes.ImageCanvas().draw(failed, 60, 5))[2] == " demo.hkl: no such file"


# --- the read-out ----------------------------------------------------------------------------------------------------

FACTS = PixelFacts(4, 3, 0.45, 0.35, 16.8843, 4.0869, (-0.0815, 4.0463, -9.0446), 0.5)


def test_the_reading() -> None:
    c = spots(6, 6, {**SPOTS, (4, 3): 0.25})
    picture = finished(spots(6, 6, SPOTS), c, cursor=(4, 3), facts=FACTS, log_pixel=(1, 2), rank=0)
    assert plain(reading(picture, 40, 18)) == [
        "── pixel ───────────────────────────────",
        " slow 4      fast 3",
        " mm   0.450       0.350",
        " 2theta 16.884 deg   d 4.0869 A",
        " h k l  -0.082 4.046 -9.045  phi 0.5",
        " C       0.25",
        " live    0.200000003",  # the float32 that is nearest to 0.2
        " live/C  0.8  (-20.0 %)",
        " worst   1 of 1",
        " C's log is of slow 1 fast 2",
        "── 7 x 7, live ──────────────── x 1e-3 ─",
        "    0    0   20    0    0    0",
        "    0    0    0    0    0    0",
        "    0    0    0    0    0    0",
        "    0    0    0 [200]   0    0",
        "    0    0    0    0    0  500",
        "",
        "",
    ]


def test_numbers_about_the_cursor() -> None:
    values = {(0, 0): 9.996, (0, 1): -0.0004, (1, 0): 1e-9, (1, 1): np.nan, (0, 2): np.inf}
    picture = finished(spots(2, 3, values))
    rows = plain(reading(picture, 40, 20))[9:]
    assert "x 1e-1" in rows[0]
    assert [row.split() for row in rows[4:6]] == [["[100]", "-<1", "inf"], ["<1", "nan", "0"]]


def test_ratio_of_zeros_and_before_anything_is_known() -> None:
    both = finished(spots(2, 2, {}), spots(2, 2, {}))
    assert " live/C  both zero" in plain(reading(both, 40, 20))
    assert " live/C  -" in plain(reading(replace(both, c=spots(2, 2, {}), python=spots(2, 2, {(0, 0): 1})), 40, 20))
    empty = plain(reading(ImageState("toy", (7, 9), (7, 9)), 40, 20))
    assert empty[1] == " slow 7      fast 9"
    assert [row.split()[-1] for row in empty[2:8]] == ["-"] * 6


def test_the_direct_beam() -> None:
    picture = finished(spots(6, 6, SPOTS), cursor=(4, 3), facts=replace(FACTS, d_angstrom=float("inf")))
    assert "d direct beam" in plain(reading(picture, 40, 18))[3]


# --- the lines around ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
def test_the_verdict(width: int) -> None:
    c, python = spots(6, 6, SPOTS), spots(6, 6, {**SPOTS, (5, 5): 0.25})
    head, verdict, rest = plain(header(finished(python, c), width, 3))
    assert head.startswith(" nbtui  toy  1 C [2 live] 3 live - C ")
    assert "6 x 6" in head and head.endswith("comparing ...")
    assert verdict.startswith(" 1 PIXEL DIFFER") and not rest
    assert "largest -0.25 at slow 5 fast 5" in verdict
    same = plain(header(finished(c, c.copy()), width, 3))[1]
    assert same.startswith(" IMAGES AGREE  every pixel within 1e-6")
    assert ("image.npy" in head) == (width >= 110)


@pytest.mark.parametrize("width", [80, 120])
def test_the_verdict_in_the_numbers_of_the_field(width: int) -> None:
    """Correlation, sum ratio and peaks, each with ``=`` or ``#``; then what makes one image of the other."""
    c = spots(8, 8, {(1, 1): 4.0, (2, 6): 8.0, (6, 3): 2.0, (5, 6): 1.0})
    for python, numbers, told in (
        (c * np.float32(0.5), ("= 1.00000", "# 0.5", "= 0.00 px"), "agrees once C's image is scaled by 0.5"),
        (c.T.copy(), ("# ", "= 1", "# "), "agrees once C's image is transposed"),
        (
            spots(8, 8, {(1, 1): 4.0, (2, 6): 8.0, (6, 3): 2.0, (5, 6): 1.01}),
            ("= 0.99999", "= 1.0007", "= "),
            "only in pixel slow 5 fast 6",
        ),
    ):
        comparison = compare_images(FilePicture("c", c, "npy"), FilePicture("py", python, "npy"))
        verdict, rest = plain(header(finished(python, c, comparison=comparison, judged=True), width, 3))[1:]
        names = ("correlation", "sum ratio", "peaks") if width >= 110 else ("corr", "sums", "peaks")
        for name, number in zip(names, numbers, strict=True):
            mark, _, value = number.partition(" ")
            assert f"{mark} {name} {value}" in verdict
        assert rest.startswith(" " + told)


def test_a_typed_pixel_stands_in_the_foot_line() -> None:
    picture = finished(spots(6, 6, SPOTS), typed="4 ")
    assert plain(footer(picture, 80, 1))[0].startswith(" go to pixel, slow fast: 4 ")


def test_what_the_simulation_does_is_in_words() -> None:
    start = ImageState("toy", (0, 0), (0, 0), phase=ImagePhase.SIMULATING, done=0.432)
    head, verdict = plain(header(start, 80, 2))
    assert head.endswith("simulating 43 %, Esc stops it") and verdict == " NOT COMPARED YET  simulating ..."
    assert plain(header(replace(start, left=11.2), 80, 2))[0].endswith("simulating 43 %, 12 s left, Esc stops it")
    assert (seconds_left(3.0, 0.25), seconds_left(3.0, 0.0)) == (9.0, None)
    head, verdict = plain(header(replace(start, phase=ImagePhase.STOPPED), 80, 2))
    assert head.endswith("stopped") and "2 starts it again" in verdict
    missing = plain(header(replace(start, c_problem="give --c-image FILE"), 80, 2))[1]
    assert missing == " NO C IMAGE  give --c-image FILE"
    long = replace(start, c_problem="give --c-image FILE, or put C's float image into the case folder as image.npy")
    assert plain(header(long, 80, 3))[1:] == [
        " NO C IMAGE  give --c-image FILE, or put C's float image into the case folder",
        " as image.npy",
    ]


def test_foot_line_and_keys_come_from_the_registry() -> None:
    picture = finished(spots(6, 6, SPOTS))
    for width in (80, 120):
        foot = plain(footer(picture, width, 1))[0]
        assert "Enter trace it" in foot and foot.endswith("q back")
    assert plain(footer(replace(picture, message="no pixel differs"), 80, 1)) == [" no pixel differs"]
    asked = replace(picture, keys=True)
    listed = "\n".join(plain([*panes.ImageCanvas().draw(asked, 39, 21), *reading(asked, 40, 21)]))
    assert all(entry.help.split()[-1] in listed and entry.shown in listed for entry in IMAGE_ACTIONS)


def test_keys_are_unique() -> None:
    keys = [key for entry in IMAGE_ACTIONS for key in entry.keys]
    assert len(keys) == len(set(keys))


HOSTILE = "\x1b]0;owned\x07[bold red]x[/]\u202e\n\x9b31m"


def test_hostile_text_is_harmless() -> None:
    start = finished(spots(6, 6, SPOTS), spots(6, 6, SPOTS))
    hostile = [
        replace(start, name=HOSTILE, phi_mode=HOSTILE, c_origin=HOSTILE, message=HOSTILE),
        replace(start, c=None, difference=None, view="c", c_problem=HOSTILE, message=HOSTILE),
        replace(start, python=None, difference=None, phase=ImagePhase.FAILED, failure=HOSTILE),
    ]
    for picture in hostile:
        drawn: list[Line] = []
        for draw, height in ((header, 2), (panes.ImageCanvas().draw, 9), (reading, 20), (footer, 1)):
            drawn += draw(picture, 80, height)
        assert all(text.isprintable() for text in plain(drawn))
        assert all(width_of(row) == 80 for row in drawn)
        assert "[bold red]x[/]" in "\n".join(plain(drawn))


# --- the step of the main screen ----------------------------------------------------------------------------------


def test_the_spots_of_the_step_are_marked_and_named() -> None:
    step = StepMarks(
        "phi 1 domain 0", "0 4 -9", (Spot("o", "bar-c", "C", (2.2, 1.4)), Spot("&", "bar-py", "live", (4.6, 2.0)))
    )
    picture = finished(spots(8, 6, SPOTS), zoom=1, characters=True, rings=False, cursor=(0, 5), step=step)
    rows = plain(panes.ImageCanvas().draw(picture, 20, 8))
    assert (rows[2][2], rows[3][3]) == ("o", "&")  # two pixels a line: 2 in the second, 5 in the third
    told = plain(reading(picture, 40, 36))
    assert " step    phi 1 domain 0  node 0 4 -9" in told
    assert " o C       slow 2.20 fast 1.40" in told and " & live    slow 4.60 fast 2.00" in told
    onto = replace(picture, cursor=(2, 1))
    cell = panes.ImageCanvas().draw(onto, 20, 8)[2]
    assert any(span.text == "o" and span.tone == "cursor" for span in cell)


def test_a_step_without_a_term_has_no_spot() -> None:
    picture = finished(spots(8, 6, SPOTS), zoom=1, step=StepMarks("phi 1 domain 0", ""))
    assert " step    phi 1 domain 0  no term" in plain(reading(picture, 40, 36))
