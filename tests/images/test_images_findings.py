"""What is odd about two images: planted mistakes are found, with their numbers, whatever else is there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nbtui.errors import UnusableInput
from nbtui.images.findings import ImageFinding
from nbtui.images.metrics import ImageComparison, compare_images
from nbtui.images.render import sentences
from support.toy_images import picture, spots

# irregular, so that no turn maps it on itself
C = spots((10, 12), (30, 25), (45, 12), (52, 41), (20, 50), (37, 46), size=(64, 64)).astype(np.float32)


def compared(py: np.ndarray, c: np.ndarray = C, **how: object) -> ImageComparison:
    return compare_images(picture(c), picture(py), **how)  # type: ignore[arg-type]


def finding(found: ImageComparison, id: str) -> ImageFinding:
    (one,) = [entry for entry in found.findings if entry.id == id]
    return one


def moved(image: np.ndarray, slow: int, fast: int) -> np.ndarray:
    return np.roll(image, (slow, fast), (0, 1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.T, "transposed (slow and fast exchanged)"),
        (lambda c: c[::-1], "flipped along slow"),
        (lambda c: c[:, ::-1], "flipped along fast"),
        (lambda c: c[::-1, ::-1], "turned by 180 degrees"),
        (lambda c: np.rot90(c, -1), "turned clockwise by 90 degrees"),
        (np.rot90, "turned anticlockwise by 90 degrees"),
        (lambda c: np.rot90(c.T, 2), "transposed about the other diagonal"),
        (lambda c: moved(c, 1, 0), "shifted by +1 px along slow"),
        (lambda c: moved(c, -2, 5), "shifted by -2 px along slow and +5 px along fast"),
        (lambda c: c * np.float32(0.9146397), "scaled by 0.9146397"),
        (lambda c: c * np.float32(1e-12), "scaled by 1e-12"),
        (lambda c: c + np.float32(12.5), "offset by +12.5"),
        (lambda c: c.T * np.float32(1.5), "transposed (slow and fast exchanged), scaled by 1.5"),
        (lambda c: moved(c[::-1], 0, -1), "flipped along slow, shifted by -1 px along fast"),
        (lambda c: 3.0 * moved(c, 0, 1).astype(float) + 7.0, "shifted by +1 px along fast, scaled by 3, offset by +7"),
    ],
)
def test_a_changed_image_is_recognised(change: Callable[[np.ndarray], np.ndarray], said: str) -> None:
    one = finding(compared(change(C)), "relation")
    assert said in one.sentence and one.sentence.startswith("agrees once C's image is")
    assert one.numbers["explained"] == pytest.approx(1.0) and one.numbers["pixels_beyond"] == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.T * np.float32(1.5),
        lambda c: moved(c, 1, -2),
        lambda c: moved(np.rot90(c), 2, 0),
        lambda c: c + np.float32(12.5),
        lambda c: np.float32(3.0) * moved(c[:, ::-1], 1, 0) + np.float32(2.0),
    ],
)
def test_which_of_the_two_is_named_first_does_not_matter(change: Callable[[np.ndarray], np.ndarray]) -> None:
    """The relation the other way is the inverse one; what float32 numbers cannot hold is no difference."""
    py = change(C)
    one, other = (finding(compared(*pair), "relation").numbers for pair in ((py, C), (C, py)))
    assert one["pixels_beyond"] == other["pixels_beyond"] == 0
    assert float(one["scale"]) * float(other["scale"]) == pytest.approx(1.0, rel=1e-6)
    assert float(other["offset"]) == pytest.approx(-float(one["offset"]) / float(one["scale"]), abs=1e-4)


def test_numbers_of_a_relation() -> None:
    numbers = finding(compared(np.float32(0.9146397) * moved(C, 1, -3)), "relation").numbers
    assert numbers["scale"] == pytest.approx(0.9146397, rel=1e-7)
    assert (numbers["shift_slow"], numbers["shift_fast"], numbers["turn"]) == (1, -3, "")


def test_a_scale_is_found_beside_a_spot_of_its_own_mistake() -> None:
    py = C * np.float32(0.5)
    py[44:47, 11:14] *= 1.2
    one = finding(compared(py), "relation")
    assert one.numbers["scale"] == pytest.approx(0.5) and 0 < int(one.numbers["pixels_beyond"]) <= 9
    assert "scaled by 0.5 explains" in one.sentence and "still differ" in one.sentence
    assert 0.9 < float(one.numbers["explained"]) < 1.0


def test_a_transposed_image_is_recognised_inside_a_roi() -> None:
    assert "transposed" in finding(compared(C.T.copy(), roi=(5, 60, 3, 40)), "relation").sentence


@pytest.mark.parametrize("exchanged", [False, True])
def test_counts_with_an_offset_are_photons_scaled(exchanged: bool) -> None:
    """As the C program makes its integer image: floor(photons scale + 40 + 1/2)."""
    photons = spots((10, 12), (30, 25), (45, 12), (52, 41), size=(64, 64)) ** 1.3
    scale = 55000 / photons.max()
    counts = np.floor(photons * scale + 40.5).astype(np.uint16)
    found = compared(photons, counts) if exchanged else compared(counts, photons)
    one = finding(found, "relation")
    assert "within the rounding to counts" in one.sentence and "offset" in one.sentence
    expected = (1 / scale, -40 / scale) if exchanged else (scale, 40.0)
    assert (one.numbers["scale"], one.numbers["offset"]) == pytest.approx(expected, rel=2e-5)


@pytest.mark.slow
def test_saturated_pixels_are_named_and_kept_out_of_the_line() -> None:
    photons = spots((10, 12), (30, 25), (45, 12), size=(64, 64))
    counts = np.minimum(np.floor(photons * 200 + 40.5), 65535).astype(np.uint16)
    found = compared(counts, photons)
    assert finding(found, "saturated").numbers["pixels"] == np.count_nonzero(counts == 65535) > 3
    assert finding(found, "relation").numbers["scale"] == pytest.approx(200.0, rel=1e-5)


@pytest.mark.parametrize("shift", [0.5, -0.25])
def test_spots_that_lie_between_pixels(shift: float) -> None:
    places = ((10, 12), (30, 25), (45, 12), (52, 41), (20, 50), (37, 46))
    py = spots(*((s, f + shift) for s, f in places), size=(64, 64))
    one = finding(compared(py), "displaced")
    assert one.numbers["fast"] == pytest.approx(shift, abs=0.07) and abs(float(one.numbers["slow"])) < 0.02
    assert f"{one.numbers['fast']:+.2f} px along fast" in one.sentence and "6 spots" in one.sentence


def test_images_that_have_nothing_to_do_with_each_other_have_no_relation() -> None:
    other = spots((5, 5), (17, 33), (28, 60), (60, 9), (33, 8), size=(64, 64))
    for py in (other, 1e6 * other, np.random.default_rng(2).random((64, 64))):
        found = compared(py)
        assert "relation" not in {entry.id for entry in found.findings}
        assert sentences(found)[-1].startswith("no turn, shift, scale or offset")


def test_an_image_without_contrast_says_so() -> None:
    zero = finding(compared(np.zeros_like(C)), "constant")
    assert "the other image is zero everywhere" in zero.sentence and "undefined" in zero.sentence
    flat = finding(compared(C, np.full_like(C, 3.0)), "constant")
    assert "C's image is constant (3 everywhere)" in flat.sentence


def test_values_that_no_image_has() -> None:
    py = C.copy()
    py[3, 3] = -2.0
    assert "1 pixels of the other image are negative, the lowest -2" in finding(compared(py), "negative").sentence
    swapped = np.frombuffer(C.astype(">f4").tobytes(), dtype="<f4").reshape(C.shape)
    assert "wrong byte order" in finding(compared(swapped), "huge").sentence


def test_images_that_agree_have_no_findings() -> None:
    found = compared(np.nextafter(C, np.float32(9e9)))
    assert found.beyond == 0 and sentences(found) == []


# --- where -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (np.s_[30, 25], "only in pixel slow 30 fast 25"),
        (np.s_[30, 10:50], "only in row slow 30 fast 10-49: 40 pixels"),
        (np.s_[10:50, 25], "only in column slow 10-49 fast 25: 40 pixels"),
        (np.s_[28:33, 23:28], "only in one spot, slow 28-32 fast 23-27: 25 pixels"),
        (np.s_[28:53:24, 10:42:30], "only in 4 spots within slow 28-52 fast 10-40: 4 pixels"),
        (np.s_[2:16:3, 2:30:3], "only in slow 2-14 fast 2-29: 50 pixels"),
        (np.s_[:32:4, 32::3], "only in the upper right quadrant"),
        (np.s_[32::4, ::3], "only in the lower half"),
        (np.s_[::2, ::2], "all over the image: 1024 pixels (25 %)"),
    ],
)
def test_where_images_differ(where: tuple[slice, slice], said: str) -> None:
    py = C.copy()
    py[where] += 5.0
    found = compared(py)
    assert found.place is not None
    assert said in found.place.sentence
    assert found.place.differing == found.beyond == np.count_nonzero(py != C)
    assert found.place.everywhere == said.startswith("all over")


def test_the_outermost_pixels_are_named() -> None:
    py = C.copy()
    py[0], py[-1], py[:, 0], py[:, -1] = 1.0, 1.0, 1.0, 1.0
    found = compared(py).place
    assert found is not None and "only in the outermost rows and columns: 252 pixels" in found.sentence


def test_few_pixels_that_hold_most_of_the_difference() -> None:
    py = C * np.float32(1.001)
    py[30, 25], py[52, 41] = 2000.0, 2000.0
    found = compared(py, roi=(10, 60, 10, 60)).place
    assert found is not None and (found.main, found.main_spots, found.everywhere) == (2, 2, True)
    assert "2 in 2 spots make 90 % of the difference" in found.sentence


def test_a_roi_does_not_move_the_place() -> None:
    py = C.copy()
    py[40, 33] += 100.0
    found = compared(py, roi=(20, 50, 35, 60)).place
    assert found is not None and found.box == (33, 33, 40, 40)


def test_exchanged_axes_of_an_oblong_detector_are_told_with_the_sizes() -> None:
    oblong = C[:, :40]
    with pytest.raises(UnusableInput, match=r"64 x 40 .* 40 x 64 .*transpose.*correlation 1 after"):
        compared(oblong.T, oblong)
