"""Two images in numbers: reading, metrics, gates, pictures, and the command on top."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from golden_cases import DATA, golden_case

from nbtui.cli import main
from nbtui.errors import UnusableInput
from nbtui.images.metrics import GATES, compare_images
from nbtui.images.peaks import find_peaks, match_peaks
from nbtui.images.png import difference_colours, levels, png
from nbtui.images.read import Picture, read_image, read_mask, read_pair

FIELD, EXACT = GATES["field"], GATES["exact"]


def picture(values: np.ndarray, name: str = "image") -> Picture:
    return Picture(name, np.asarray(values), "npy")


def spots(*places: tuple[float, float], size: tuple[int, int] = (60, 50), height: float = 1000.0) -> np.ndarray:
    """Round spots on a small smooth background."""
    slow, fast = np.mgrid[: size[0], : size[1]]
    image = 0.01 * (1.0 + slow / size[0])
    for s, f in places:
        image = image + height * np.exp(-((slow - s) ** 2 + (fast - f) ** 2) / 2.0)
    return image


def smv(values: np.ndarray, order: str = "little_endian", kind: str = "unsigned_short", length: int = 512) -> bytes:
    slow, fast = values.shape
    text = f"{{\nHEADER_BYTES={length};\nDIM=2;\nBYTE_ORDER={order};\nTYPE={kind};\nSIZE1={fast};\nSIZE2={slow};\n}}\f"
    letter = {"unsigned_short": "u2", "float": "f4"}[kind]
    data = values.astype((">" if order == "big_endian" else "<") + letter).tobytes()
    return text.encode().ljust(length) + data


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


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 pixels"),
        (b"\0" * 47, "47 bytes"),
        (b"\0" * 96, "8 bytes per pixel"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': 'garb}", "damaged .npy header"),
        (b"\x93NUMPY", "damaged .npy header"),
        (smv(np.ones((3, 4)))[:-2], "cut off"),
        (b"{\nHEADER_BYTES=512;\nSIZE1=4;\n}".ljust(600), "names no size"),
        (smv(np.ones((3, 4))).replace(b"unsigned_short", b"\x1b[31mred_thing"), "TYPE="),
        (smv(np.ones((3, 4))).replace(b"SIZE1=4", b"SIZE1=0"), "is no image"),
    ],
)
def test_a_file_that_is_no_image_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "odd.img"
    path.write_bytes(data)
    with pytest.raises(UnusableInput, match=r"odd\.img") as caught:
        read_image(path, (3, 4))
    assert said in str(caught.value) and "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.ones(5), "no image"),
        (np.ones((2, 2, 2)), "no image"),
        (np.ones((0, 4)), "no image"),
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
    with pytest.raises(UnusableInput, match="cut off"):
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
    assert moved.peak_distance == 2.0
    assert any("px apart" in text for text in moved.failures(FIELD))
    assert (moved.peaks[0].c, moved.peaks[0].py) == ((30, 25), (32, 25))
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
    assert find_peaks(image, np.ones(image.shape, dtype=bool), 3)[:2] in ([(10, 10), (30, 25)], [(30, 25), (10, 10)])
    assert find_peaks(image, np.ones(image.shape, dtype=bool), 3)[2] == (45, 12)
    kept = np.ones(image.shape, dtype=bool)
    kept[8:13, 8:13] = False
    assert (10, 10) not in find_peaks(image, kept)
    assert find_peaks(np.zeros((5, 5)), np.ones((5, 5), dtype=bool)) == []


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
    assert "no number" in found.failures(FIELD)[0]
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
    with pytest.raises(UnusableInput, match="no pixel is left"):
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


def decoded(data: bytes) -> tuple[int, int, int, bytes]:
    """Width, height, colour type and pixels of an unfiltered PNG, its checksums proved."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, found = 8, {}
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert crc == zlib.crc32(name + body)
        found[name] = body
        at += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", found[b"IHDR"][:10])
    assert depth == 8 and b"IEND" in found
    rows = zlib.decompress(found[b"IDAT"])
    stride = width * (3 if colour == 2 else 1) + 1
    assert all(rows[y * stride] == 0 for y in range(height))
    return width, height, colour, b"".join(rows[y * stride + 1 : (y + 1) * stride] for y in range(height))


def test_pictures_hold_the_pixels() -> None:
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert decoded(png(grey)) == (3, 2, 0, grey.tobytes())
    colour = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    assert decoded(png(colour)) == (3, 2, 2, colour.tobytes())


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
    assert white == none == [255, 255, 255] and odd == [0, 160, 0]


# --- the command -------------------------------------------------------------------------------------------------


def files(folder: Path, c: np.ndarray, py: np.ndarray) -> tuple[str, str]:
    np.save(folder / "c.npy", c)
    np.save(folder / "py.npy", py)
    return str(folder / "c.npy"), str(folder / "py.npy")


def test_exit_code_is_the_verdict(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = spots((10, 10), (30, 25))
    assert main(["images", *files(here, image, image)]) == 0
    assert "every compared pixel is equal" in capsys.readouterr().out
    assert main(["images", *files(here, image, 1.005 * image)]) == 0
    assert "pixels differ by more than 1e-06" in capsys.readouterr().out
    assert main(["images", *files(here, image, 1.005 * image), "--gates", "exact"]) == 1
    assert "DIFFER (exact gates)" in capsys.readouterr().out
    assert main(["images", *files(here, image, 2.0 * image)]) == 1


def test_json_is_one_strict_object(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    c, py = spots((10, 10), size=(20, 20)), np.zeros((20, 20))
    py[3, 3] = np.nan
    assert main(["images", *files(here, c, py), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["gates"], found["correlation"]) == ("diverge", "field", None)
    assert found["size"] == {"slow": 20, "fast": 20} and found["pixels_not_numbers_in_one"] == 1
    assert found["peak_distance_max"] == "inf" and found["worst_pixels"][0]["slow"] == 10
    assert len(found["map"]["max_abs_diff"]) == 10


def test_pictures_are_written_and_never_replaced_unasked(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pair = files(here, spots((10, 10)), spots((12, 10)))
    words = ["images", *pair, "--roi", "5", "14", "0", "29", "--png", "out"]
    assert main(words) == 1
    for name in ("c.png", "python.png", "difference.png"):
        assert decoded((here / "out" / name).read_bytes())[:2] == (10, 30)
    assert main(words) == 4
    assert "exists" in capsys.readouterr().err
    assert main([*words, "--force"]) == 1
    assert main(["images", *pair, "--png", str(here / "c.npy" / "sub")]) == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["c.npy"], "one image"),
        (["c.npy", "gone.npy"], "cannot be read"),
        (["c.npy", "py.npy", "--gates", "lax"], "--gates"),
        (["c.npy", "py.npy", "--roi", "0", "99", "0", "5"], "--roi"),
        (["c.npy", "py.npy", "--mask", "small.npy"], "the mask is 3 x 3"),
        (["c.npy", "small.npy"], "sizes differ"),
        (["c.npy", "demo"], "sizes differ"),
        (["demo"], "no C image"),
        (["c.npy", "nowhere"], "no case 'nowhere'"),
    ],
)
def test_bad_input_is_named(here: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    files(here, spots((10, 10)), spots((10, 10)))
    np.save(here / "small.npy", np.ones((3, 3)))
    assert main(["images", *words]) == 2
    shown = capsys.readouterr()
    assert said in shown.err and "Traceback" not in shown.err and not shown.out


def test_a_case_is_simulated_and_compared(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = golden_case("interpolate_out_of_range")
    inputs = ["--workdir", str(DATA / "inputs"), "--phi-mode", "c-parity"]
    assert main(["images", str(case.folder), *inputs, "--gates", "exact", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pixels_beyond_1e-6"] == 0 and found["correlation"] == pytest.approx(1.0)
    assert main(["images", str(case.folder / "image.npy"), str(case.folder), *inputs]) == 0


def test_the_image_that_the_command_names_is_found(here: Path) -> None:
    image = golden_case("cubic_default_f").image()
    folder = here / "case"
    folder.mkdir()
    command = golden_case("cubic_default_f").command.replace("\n", " ")
    (folder / "command.txt").write_text(command + " -floatfile mine.bin")
    (folder / "mine.bin").write_bytes(image.astype("<f4").tobytes())
    assert main(["images", "case", "--phi-mode", "c-parity", "--gates", "exact"]) == 0
    (folder / "mine.bin").write_bytes(image.astype("<f4").tobytes()[:-4])
    assert main(["images", "case"]) == 2
