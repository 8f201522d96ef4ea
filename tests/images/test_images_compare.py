"""Two images in numbers: reading, metrics, gates, pictures."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from nbtui.errors import UnusableInput
from nbtui.images.legend import with_difference, with_photons
from nbtui.images.metrics import GATES, compare_images
from nbtui.images.peaks import find_peaks, match_peaks
from nbtui.images.png import difference_colours, levels, png
from nbtui.images.read import read_image, read_mask, read_pair
from support.toy_images import decoded, picture, smv, spots

FIELD, EXACT = GATES["field"], GATES["exact"]


# --- reading -----------------------------------------------------------------------------------------------------


def test_every_format_gives_the_same_pixels(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.save(tmp_path / "a.npy", values)
    np.save(tmp_path / "columns.npy", np.asfortranarray(values))
    (tmp_path / "b.bin").write_bytes(values.tobytes())
    (tmp_path / "c.img").write_bytes(smv(values))
    (tmp_path / "d.img").write_bytes(smv(values, "big_endian", length=1024))
    (tmp_path / "e.img").write_bytes(smv(values, kind="float"))
    for name in ("a.npy", "columns.npy", "b.bin", "c.img", "d.img", "e.img"):
        found = read_image(tmp_path / name, (3, 4))
        assert found.size == (3, 4)
        np.testing.assert_array_equal(found.values, values)


def test_raw_floats_take_the_size_of_the_other_image(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.save(tmp_path / "a.npy", values)
    (tmp_path / "b.bin").write_bytes(values.tobytes())
    for first, second in (("a.npy", "b.bin"), ("b.bin", "a.npy")):
        one, two = read_pair(tmp_path / first, tmp_path / second)
        assert one.size == two.size == (3, 4)
    with pytest.raises(UnusableInput, match="--size SLOW FAST"):
        read_pair(tmp_path / "b.bin", tmp_path / "b.bin")


def test_raw_floats_without_a_size_are_a_square_where_they_can_be_and_it_is_said(tmp_path: Path) -> None:
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    for kind in ("<f4", "<f8"):
        (tmp_path / "b.bin").write_bytes(values.astype(kind).tobytes())
        found = read_image(tmp_path / "b.bin")
        np.testing.assert_array_equal(found.values, values)
        assert "square, 4 x 4" in found.note and ("8-byte" in found.note) == (kind == "<f8")
        assert "square" not in read_image(tmp_path / "b.bin", (4, 4)).note


def test_a_header_that_overflows_what_it_says_is_read_as_c_writes_it(tmp_path: Path) -> None:
    """Quirk L21: HEADER_BYTES=512, but the text is longer and the pixels follow it without padding."""
    values = np.arange(12).reshape(3, 4)
    head = smv(values)[:512].rstrip().removesuffix(b"}\f").removesuffix(b"}")
    text = head + b"BEAM_CENTER_X=217.742;\n" * 25 + b"}\f"
    assert len(text) > 512
    (tmp_path / "a.img").write_bytes(text + values.astype("<u2").tobytes())
    np.testing.assert_array_equal(read_image(tmp_path / "a.img").values, values)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 pixels"),
        (b"\0" * 47, "47 bytes"),
        (b"\0" * 92, "23 pixels"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': 'garb}", "damaged .npy header"),
        (b"\x93NUMPY", "damaged .npy header"),
        (b"P5\n4 3\n255\n" + bytes(12), "a PGM picture"),
        (b"II*\0" + bytes(60), "TIFF or MarCCD"),
        (b"PK\x03\x04" + bytes(60), ".npz?"),
        (smv(np.ones((3, 4)))[:-2], "truncated"),
        (b"{\nHEADER_BYTES=512;\nSIZE1=4;\n}".ljust(600), "has no size"),
        (smv(np.ones((3, 4))).replace(b"unsigned_short", b"\x1b[31mred_thing"), "TYPE="),
        (smv(np.ones((3, 4))).replace(b"SIZE1=4", b"SIZE1=0"), "is not an image"),
    ],
)
def test_a_file_that_is_no_image_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "odd.img"
    path.write_bytes(data)
    with pytest.raises(UnusableInput, match=r"odd\.img(?!.*\('EOF)") as caught:
        read_image(path, (3, 4))
    assert said in str(caught.value) and "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.ones(5), "is not an image"),
        (np.ones((2, 2, 2)), "is not an image"),
        (np.ones((0, 4)), "is not an image"),
        (np.ones((2, 2), dtype=complex), "real numbers"),
        (np.array([["a", "b"]]), "real numbers"),
    ],
)
def test_an_array_that_is_no_image_is_refused(tmp_path: Path, array: np.ndarray, said: str) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(UnusableInput, match=said):
        read_image(tmp_path / "a.npy")


def test_pickled_arrays_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(UnusableInput, match="real numbers"):
        read_image(tmp_path / "a.npy")


def test_an_array_that_claims_more_than_its_file_is_refused_before_it_is_allocated(tmp_path: Path) -> None:
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    head = head.ljust(117) + b"\n"
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + b"\0" * 80)
    with pytest.raises(UnusableInput, match="truncated"):
        read_image(tmp_path / "a.npy")


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    for name in ("gone.npy", "."):
        with pytest.raises(UnusableInput, match=r"cannot be read|not a file"):
            read_image(tmp_path / name)


# --- metrics -----------------------------------------------------------------------------------------------------


def test_numbers_against_a_calculation_by_hand() -> None:
    c = np.array([[1.0, 2.0], [3.0, 10.0]])
    py = np.array([[1.0, 2.5], [3.0, 8.0]])
    found = compare_images(picture(c), picture(py))
    # differences 0, 0.5, 0, -2
    assert found.mse == pytest.approx((0.25 + 4.0) / 4, rel=1e-15)
    assert found.rmse == pytest.approx(1.0625**0.5, rel=1e-15)
    assert (found.largest, found.largest_at) == (2.0, (1, 1))
    assert (found.sum_c, found.sum_py, found.max_c, found.max_py) == (16.0, 14.5, 10.0, 8.0)
    assert found.sum_ratio == 14.5 / 16.0
    # means 4 and 3.625: sums of products 35.5, 50 and 26.6875 of the deviations
    c_dev, py_dev = c.ravel() - 4.0, py.ravel() - 3.625
    expected = (c_dev @ py_dev) / ((c_dev @ c_dev) * (py_dev @ py_dev)) ** 0.5
    assert found.correlation == pytest.approx(expected, rel=1e-14)
    assert [(p.slow, p.fast, p.difference) for p in found.worst] == [(1, 1, -2.0), (0, 1, 0.5)]
    assert found.beyond == 2


def test_correlation_of_numbers_whose_squares_leave_the_double_range() -> None:
    rng = np.random.default_rng(1)
    c, py = rng.random((8, 9)), rng.random((8, 9))
    expected = np.corrcoef(c.ravel(), py.ravel())[0, 1]
    for scale in (1e-250, 1.0, 1e250):
        found = compare_images(picture(c * scale), picture(py * scale)).correlation
        assert found == pytest.approx(expected, rel=1e-12)


def test_equal_images_agree_even_where_numbers_are_undefined() -> None:
    for value in (0.0, 7.0):
        found = compare_images(picture(np.full((4, 5), value)), picture(np.full((4, 5), value)))
        assert found.correlation is None and found.failures(FIELD) == found.failures(EXACT) == []
    zero = compare_images(picture(np.zeros((4, 5))), picture(np.ones((4, 5))))
    assert zero.sum_ratio is None and len(zero.failures(FIELD)) >= 2


def test_the_bound_of_a_pixel_is_relative_to_it_above_a_millionth_of_the_maximum() -> None:
    c = np.array([[1e6, 1.5, 0.5, 100.0]])
    for change, beyond in (
        ([0.9, 0, 0, 0], 0),
        ([1.1, 0, 0, 0], 1),
        ([0, 1.4e-6, 0, 0], 0),
        ([0, 1.6e-6, 0, 0], 1),
        ([0, 0, 0.4, 0], 0),  # both below a millionth of the maximum
        ([0, 0, 2.0, 0], 1),  # Python above it
        ([0, 0, 0, -99.9999], 1),
    ):
        assert compare_images(picture(c), picture(c + np.array([change]))).beyond == beyond, change


def test_gates_of_the_field() -> None:
    image = spots((10, 10), (30.0, 25.0), (45, 12))
    same = compare_images(picture(image), picture(image * 1.009))
    assert same.failures(FIELD) == [] and same.failures(EXACT)
    scaled = compare_images(picture(image), picture(image * 1.011))
    assert [text for text in scaled.failures(FIELD) if "ratio of sums" in text] == scaled.failures(FIELD)
    moved = compare_images(picture(image), picture(spots((10, 10), (32.0, 25.0), (45, 12))))
    assert moved.peak_distance == pytest.approx(2.0, abs=1e-9)
    assert any("px apart" in text for text in moved.failures(FIELD))
    first = moved.peaks[0]
    assert first.c and first.py and (first.c.pixel, first.py.pixel) == ((30, 25), (32, 25))
    noisy = compare_images(picture(image), picture(image + 40 * np.sin(np.arange(3000).reshape(60, 50))))
    assert any("correlation" in text for text in noisy.failures(FIELD))


def test_a_lost_spot_has_no_partner() -> None:
    c, py = spots((10, 10), (30, 25)), spots((10, 10))
    found = compare_images(picture(c), picture(py))
    assert found.peak_distance is not None and found.peak_distance > 1.0
    assert any("peaks" in text for text in found.failures(FIELD))
    flat = compare_images(picture(spots((10, 10), size=(20, 20))), picture(np.zeros((20, 20))))
    assert flat.peak_distance == float("inf")


def test_peaks_are_local_maxima_brightest_first() -> None:
    image = spots((10, 10), (30, 25)) + spots((45, 12), height=500.0)
    whole = np.ones(image.shape, dtype=bool)
    found = find_peaks(image, whole, 3)
    assert {peak.pixel for peak in found[:2]} == {(10, 10), (30, 25)} and found[2].pixel == (45, 12)
    assert [round(peak.height) for peak in found] == [1000, 1000, 500]
    kept = whole.copy()
    kept[8:13, 8:13] = False
    assert (10, 10) not in {peak.pixel for peak in find_peaks(image, kept)}
    assert find_peaks(np.zeros((5, 5)), np.ones((5, 5), dtype=bool)) == []


def naive_maxima(image: np.ndarray) -> set[frozenset[tuple[int, int]]]:
    """Flat tops above the median whose every neighbour is lower, pixel by pixel."""
    rows, columns = image.shape
    found, seen = set(), set()
    for start in np.ndindex(rows, columns):
        if start in seen:
            continue
        top, queue, rim = {start}, [start], set()
        while queue:
            s, f = queue.pop()
            for near in np.ndindex(3, 3):
                at = (s + near[0] - 1, f + near[1] - 1)
                if not (0 <= at[0] < rows and 0 <= at[1] < columns) or at in top:
                    continue
                if image[at] == image[start]:
                    top.add(at)
                    queue.append(at)
                else:
                    rim.add(at)
        seen |= top
        if rim and all(image[at] < image[start] for at in rim) and image[start] > np.median(image):
            found.add(frozenset(top))
    return found


@pytest.mark.parametrize("levels", [3, 8, 1000])
def test_peaks_are_those_of_a_search_pixel_by_pixel(levels: int) -> None:
    """Plateaus, edges, corners, maxima side by side: few levels make many of them."""
    for seed in range(4):
        image = np.random.default_rng(seed).integers(0, levels, (31, 37)).astype(float)
        expected = naive_maxima(image)
        found = find_peaks(image, np.ones(image.shape, dtype=bool), 10**6)
        assert len(found) == len(expected) > 20
        assert all(any(peak.pixel in top for top in expected) for peak in found)
        assert [peak.height for peak in found] == sorted((peak.height for peak in found), reverse=True)
        for top in expected:  # of a plateau the pixel nearest to its middle
            (pixel,) = {peak.pixel for peak in found} & top
            middle = np.mean(list(top), axis=0)
            nearest = min(np.hypot(*(np.array(at) - middle)) for at in top)
            assert np.hypot(*(np.array(pixel) - middle)) == pytest.approx(nearest)


def test_a_saturated_spot_is_one_peak_at_its_middle() -> None:
    image = np.minimum(spots((10, 10), (30, 25)), 300.0)
    found = find_peaks(image, np.ones(image.shape, dtype=bool))
    assert [peak.pixel for peak in found][:2] in ([(10, 10), (30, 25)], [(30, 25), (10, 10)])


def test_a_peak_between_pixels_does_not_jump_a_diagonal() -> None:
    """Four nearly equal pixels: which is the largest is chance, where the spot lies is not."""
    c, py = spots((10.49, 10.49), size=(20, 20)), spots((10.51, 10.51), size=(20, 20))
    (pair,) = match_peaks(c, py, np.ones(c.shape, dtype=bool))
    assert pair.c and pair.py and pair.c.pixel != pair.py.pixel
    assert pair.distance is not None and pair.distance < 0.6


def test_counts_over_a_flat_offset_have_peaks_where_photons_have() -> None:
    photons = spots((10, 10), (30, 25), height=300.0)
    counts = np.floor(photons + 40.5)
    pairs = match_peaks(photons, counts, np.ones(photons.shape, dtype=bool))
    assert len(pairs) == 2 and all(pair.distance is not None and pair.distance < 0.05 for pair in pairs)


def test_every_peak_is_used_once() -> None:
    c, py = np.zeros((9, 9)), np.zeros((9, 9))
    c[4, 3] = c[4, 5] = 10.0
    py[4, 4] = 10.0
    pairs = match_peaks(c, py, np.ones(c.shape, dtype=bool))
    assert [pair.distance for pair in pairs] == [None, 1.0]


def test_roi_and_mask_and_numbers_that_are_none() -> None:
    c, py = spots((10, 10)), spots((10, 10))
    py[50, 5], py[2, 3] = 99.0, np.nan
    c[0, 0] = py[0, 0] = np.nan
    found = compare_images(picture(c), picture(py))
    assert (found.not_numbers, found.only_one, found.first_only_one) == (1, 1, (2, 3))
    assert found.compared == 60 * 50 - 2
    assert found.largest_at == (50, 5)
    assert "not finite" in found.failures(FIELD)[0]
    inside = compare_images(picture(c), picture(py), roi=(1, 20, 5, 30))
    assert (inside.compared, inside.largest, inside.only_one) == (20 * 26, 0.0, 0)
    outside = compare_images(picture(c), picture(py), roi=(4, 6, 49, 59))
    assert outside.worst[0].slow == 50 and outside.worst[0].fast == 5
    mask = np.ones(c.shape, dtype=bool)
    mask[50, 5] = mask[2, 3] = False
    masked = compare_images(picture(c), picture(py), mask=mask)
    assert (masked.masked, masked.largest, masked.failures(EXACT)) == (2, 0.0, [])


def test_infinities_of_either_sign() -> None:
    c = np.array([[1.0, np.inf, np.inf, -np.inf]])
    py = np.array([[1.0, np.inf, -np.inf, -np.inf]])
    found = compare_images(picture(c), picture(py))
    assert (found.not_numbers, found.only_one, found.first_only_one) == (2, 1, (0, 2))


@pytest.mark.parametrize("roi", [(0, 50, 0, 5), (5, 4, 0, 5), (-1, 4, 0, 5), (0, 4, 0, 60)])
def test_a_roi_beyond_the_image_is_refused(roi: tuple[int, int, int, int]) -> None:
    image = picture(spots((10, 10)))
    with pytest.raises(UnusableInput, match="--roi"):
        compare_images(image, image, roi=roi)


def test_sizes_that_differ_show_both() -> None:
    with pytest.raises(UnusableInput, match=r"one is 60 x 50 .*, two is 50 x 60 .*transpose"):
        compare_images(picture(np.ones((60, 50)), "one"), picture(np.ones((50, 60)), "two"))


def test_nothing_left_to_compare() -> None:
    image = picture(np.ones((3, 3)))
    with pytest.raises(UnusableInput, match="no pixel left"):
        compare_images(image, image, mask=np.zeros((3, 3), dtype=bool))


def test_the_map_shows_where() -> None:
    c = np.ones((64, 96))
    py = c.copy()
    py[63, 95] = 5.0
    found = compare_images(picture(c), picture(py)).map
    assert found.block == (4, 3) and found.largest.shape == (16, 32)
    assert found.largest[15, 31] == 4.0 and np.count_nonzero(found.largest) == 1


def test_masks_are_smv_or_npy_of_the_same_size(tmp_path: Path) -> None:
    values = np.array([[1, 0, 2], [0, 0, 1]])
    (tmp_path / "m.img").write_bytes(smv(values))
    np.save(tmp_path / "m.npy", values.astype(bool))
    for name in ("m.img", "m.npy"):
        np.testing.assert_array_equal(read_mask(tmp_path / name, (2, 3)), values != 0)
        with pytest.raises(UnusableInput, match=r"2 x 3 .* 3 x 2"):
            read_mask(tmp_path / name, (3, 2))


# --- pictures ----------------------------------------------------------------------------------------------------


def test_pictures_hold_the_pixels() -> None:
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert decoded(png(grey)) == (3, 2, 0, grey.tobytes())
    colour = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    assert decoded(png(colour)) == (3, 2, 2, colour.tobytes())


@pytest.mark.parametrize("width", [10, 128, 2463])
def test_a_scale_stands_below_the_picture_and_leaves_it_as_it_is(width: int) -> None:
    values = np.random.default_rng(0).random((20, width)) * 10.0
    grey = levels(values, 10.0)
    found = with_photons(grey, 10.0)
    np.testing.assert_array_equal(found[:20, :width], grey)
    assert found.shape[1] >= width and found.shape[0] > 20
    point = max(1, width // 240)
    ramp = found[20 + 5 * point].astype(int)
    inside = ramp[2 * point : -2 * point]
    assert (inside[0], inside[-1]) == (32, 255) and np.all(np.diff(inside) >= 0)
    colour = difference_colours(np.zeros_like(values), values - 5.0, 5.0)
    below = with_difference(colour, 5.0)
    np.testing.assert_array_equal(below[:20, :width], colour)
    left, right = below[20 + 5 * point, 2 * point], below[20 + 5 * point, -2 * point - 1]
    assert left.tolist() == [0, 0, 255] and right.tolist() == [255, 0, 0]  # Python less is blue, more is red


def test_every_number_can_be_written_below_a_picture() -> None:
    for value in (0.0, 1e-300, 3.4e38, 1234567.0, 0.0265, 1e308):
        assert with_photons(np.zeros((2, 3), dtype=np.uint8), value).shape[0] == 19
        assert with_difference(np.zeros((2, 3, 3), dtype=np.uint8), value).shape[0] == 19


def test_levels_are_logarithmic() -> None:
    values = np.array([[0.0, -3.0, np.nan, 1e-9, 1.0, 10.0, 100.0, 1e4, np.inf]])
    found = levels(values, 1e4)[0].tolist()
    assert found[:3] == [0, 0, 0] and found[7:] == [255, 255]
    assert found[3] == found[4] == 32  # four decades below the brightest and fainter: just visible
    assert found[6] - found[5] == pytest.approx((255 - 32) / 4, abs=1)


def test_differences_are_red_where_python_is_larger() -> None:
    c = np.array([[1.0, 5.0, 1.0, np.nan, np.nan]])
    py = np.array([[5.0, 1.0, 1.0, 1.0, np.nan]])
    red, blue, white, odd, none = difference_colours(c, py, 5.0)[0].tolist()
    assert red[0] == 255 and red[2] < 100 and blue[2] == 255 and blue[0] < 100
    assert white == none == [255, 255, 255] and odd == [0, 0, 0]
