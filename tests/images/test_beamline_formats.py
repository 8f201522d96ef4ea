"""Images of beamlines: the values written come back with their depth, frames are chosen, marked pixels do not count."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from nbtui.cli import main
from nbtui.errors import UnusableInput
from nbtui.images.metrics import compare_images
from nbtui.images.read import read_image

fabio = pytest.importorskip("fabio", reason="the extra nbtui[images] is not installed")
h5py = pytest.importorskip("h5py", reason="the extra nbtui[images] is not installed")

COUNTS = np.arange(12 * 17, dtype=np.int32).reshape(12, 17) * 1000


def tiff(path: Path, values: np.ndarray) -> None:
    """An uncompressed TIFF of 16 bits in one strip, by hand (TIFF 6.0)."""
    slow, fast = values.shape
    tags = [(256, 4, fast), (257, 4, slow), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, 0), (277, 3, 1)]
    tags += [(278, 4, slow), (279, 4, 2 * slow * fast)]
    begin = 8 + 2 + 12 * len(tags) + 4
    tags[5] = (273, 4, begin)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    path.write_bytes(head + entries + struct.pack("<I", 0) + values.astype("<u2").tobytes())


def test_a_tiff_has_its_values_and_depth(tmp_path: Path) -> None:
    values = np.arange(12 * 17, dtype=np.uint16).reshape(12, 17) * 300
    tiff(tmp_path / "x.tif", values)
    found = read_image(tmp_path / "x.tif")
    assert found.values.dtype == np.uint16
    assert (found.values == values).all() and found.valid is None


@pytest.mark.parametrize("form", ["edf", "cbf"])
def test_gaps_do_not_count(form: str, tmp_path: Path) -> None:
    values = COUNTS.copy()
    values[3, :] = -1  # a gap of a Pilatus
    values[5, 6] = -2  # a bad pixel
    kind = fabio.edfimage.EdfImage if form == "edf" else fabio.cbfimage.CbfImage
    kind(data=values).write(str(tmp_path / f"x.{form}"))
    found = read_image(tmp_path / f"x.{form}")
    assert (found.values == values).all() and found.values.dtype == np.int32
    other = values.astype(float)
    other[3, :], other[5, 6] = 7e6, 1e9
    np.save(tmp_path / "y.npy", other)
    compared = compare_images(found, read_image(tmp_path / "y.npy"))
    assert (compared.masked, compared.largest) == (18, 0.0)


def nexus(path: Path, name: str = "data") -> None:
    with h5py.File(path, "w") as file:
        stack = np.stack([COUNTS, COUNTS + 1, COUNTS + 2]).astype(np.uint32)
        stack[:, 0, 0] = 2**32 - 1
        mask = np.zeros(COUNTS.shape, dtype=np.uint32)
        mask[2, 3] = 1
        if name == "data":
            file["entry/data/data"] = stack
        else:
            file["entry/data/data_000001"], file["entry/data/data_000002"] = stack[:2], stack[2:]
        file["entry/instrument/detector/detectorSpecific/pixel_mask"] = mask


@pytest.mark.parametrize("name", ["data", "data_000001"])
def test_a_frame_of_hdf5_is_chosen(name: str, tmp_path: Path) -> None:
    nexus(tmp_path / "x.h5", name)
    with pytest.raises(UnusableInput, match=r"3 frames; choose one: .*#0 to .*#2"):
        read_image(tmp_path / "x.h5")
    with pytest.raises(UnusableInput, match="no frame 3"):
        read_image(tmp_path / "x.h5#3")
    found = read_image(tmp_path / "x.h5#2")
    assert found.values.dtype == np.uint32 and found.valid is not None
    assert np.argwhere(~found.valid).tolist() == [[0, 0], [2, 3]]
    assert (found.values[found.valid] == (COUNTS + 2)[found.valid]).all()


def test_the_command_takes_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nexus(tmp_path / "x.h5")
    assert main(["images", str(tmp_path / "x.h5#0"), str(tmp_path / "x.h5#0"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pixels_masked"] == 2


@pytest.mark.parametrize(
    "begin", [b"II*\0", b"MM\0*", b"###CBF: VERSION 1.5", b"\x89HDF\r\n\x1a\n", b"{\nEDF_DataBlockID = x ;\n"]
)
@pytest.mark.parametrize("rest", [b"", b"\0" * 300, b"\xff" * 300])
def test_a_damaged_file_is_named(begin: bytes, rest: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(begin + rest)
    with pytest.raises(UnusableInput, match="x: "):
        read_image(tmp_path / "x")


def test_without_the_package_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiff(tmp_path / "x.tif", np.ones((4, 4)))
    monkeypatch.setitem(sys.modules, "fabio", None)
    with pytest.raises(UnusableInput, match=r"fabio, which is not installed: pip install 'nbtui\[images\]'"):
        read_image(tmp_path / "x.tif")


def test_a_name_with_a_number_sign_is_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", COUNTS)
    (tmp_path / "x.npy").rename(tmp_path / "x#1")
    assert read_image(tmp_path / "x#1").size == COUNTS.shape
    with pytest.raises(UnusableInput, match="has one image"):
        read_image(tmp_path / "x#1#0")
