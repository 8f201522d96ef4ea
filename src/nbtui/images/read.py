"""Images from files: ``.npy`` arrays, SMV images, the raw floats of the C program, and formats of beamlines.

Source: nanobragg_pixel_loop.md sections 10.1 (raw floats) and 10.3 (SMV), nanobragg_setup.md section 5.4 (masks).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import numpy.typing as npt

from nbtui.errors import UnusableInput
from nbtui.images.beamline import frame_of, kind_of, read_frame
from nbtui.regular_file import open_regular
from nbtui.trace.text import clean

Values = npt.NDArray[np.generic]
Size = tuple[int, int]  # (slow, fast)
ImageKind = Literal["npy", "smv", "raw", "simulated", "beamline"]

_NPY = b"\x93NUMPY"
_SMV = re.compile(rb"\{\s*HEADER_BYTES\s*=\s*(\d{1,9})\s*;")
_SMV_TYPES = {"unsigned_short": "u2", "unsigned_long": "u4", "signed_long": "i4", "long_int": "i4", "float": "f4"}
_BYTE_ORDERS = {"little_endian": "<", "big_endian": ">"}
_HEADER_AT_MOST = 1 << 16
_RAW_TYPES = {4: "<f4", 8: "<f8"}  # by bytes per pixel
_LARGEST = 1 << 29  # pixels
SUPPORTED = "raw floats, SMV and .npy; with nbtui[images] also CBF, TIFF, EDF, MarCCD and HDF5"
# by their first bytes
_OTHER_KINDS = {
    b"P5": "a PGM picture with 8-bit grey levels, not pixel values",
    b"\x89PNG": "a PNG picture, not pixel values",
    b"PK\x03\x04": "a zip archive (.npz?)",
    b"\x1f\x8b": "compressed with gzip",
}


@dataclass(frozen=True, eq=False)
class Picture:
    """An image and where it came from."""

    name: str  # for display, sanitized
    values: Values  # (slow, fast), in the type of the file
    kind: ImageKind
    note: str = ""  # assumptions made in reading it
    valid: npt.NDArray[np.bool_] | None = None  # False in gaps and bad pixels that the file marks; None: all valid

    @property
    def size(self) -> Size:
        return self.values.shape[0], self.values.shape[1]

    def as_floats(self) -> npt.NDArray[np.float64]:
        """The values as float64."""
        with np.errstate(invalid="ignore"):  # floats of another byte order may be signalling NaNs
            return self.values.astype(np.float64)


def read_pair(first: Path, second: Path, size: Size | None = None) -> tuple[Picture, Picture]:
    """Read two images; a raw one without ``size`` takes the size of the other.

    Raises:
        UnusableInput: one cannot be read, or neither has a size.
    """
    if size is None and is_raw(first) and not is_raw(second):  # the image with a size first
        other = read_image(second)
        return read_image(first, other.size), other
    picture = read_image(first, size)
    return picture, read_image(second, size or picture.size)


def is_raw(path: Path) -> bool:
    """Whether the file has no known header.

    Raises:
        UnusableInput: it cannot be read.
    """
    with _opened(frame_of(path)[0]) as stream:
        start = stream.read(64)
    return not (start.startswith(_NPY) or _SMV.match(start) or kind_of(start))


def read_image(path: Path, size: Size | None = None) -> Picture:
    """Read the image in ``path``, of the format of its first bytes. ``size`` (slow, fast) is used for raw floats only.

    Raises:
        UnusableInput: missing, damaged, not two-dimensional, or raw without a size that fits.
    """
    name = clean(str(path))
    path, frame = frame_of(path)
    with _opened(path) as stream:
        start = stream.read(64)
        kind = "" if _SMV.match(start) or _is_raw_of(stream, size) else kind_of(start)
        if kind:
            values, valid = read_frame(path, name, kind, frame)
            return Picture(name, values, "beamline", valid=valid)
        if frame is not None:
            raise UnusableInput(f"{name}: #{frame} chooses a frame of a beamline's format; this file has one image")
        stream.seek(0)
        if start.startswith(_NPY):
            return Picture(name, _npy(stream, name), "npy")
        if _SMV.match(start):
            return Picture(name, _smv(stream, name), "smv")
        return _raw(stream, name, size)


def _is_raw_of(stream: BinaryIO, size: Size | None) -> bool:
    """Whether the file has the length of raw floats of the stated size."""
    return size is not None and _length(stream) == 4 * size[0] * size[1]


def read_mask(path: Path, size: Size) -> npt.NDArray[np.bool_]:
    """True where a pixel counts: nonzero in the file. SMV or ``.npy``, of ``size``.

    Raises:
        UnusableInput: unreadable, or of another size.
    """
    picture = read_image(path, size)
    if picture.size != size:
        raise UnusableInput(f"{picture.name}: the mask is {words(picture.size)}, the images are {words(size)}")
    kept: npt.NDArray[np.bool_] = picture.values != 0
    return kept


def placed(picture: Picture, size: Size, at: Size) -> Picture:
    """The image of ``size`` with a cut-out at ``at`` (slow, fast) of its first pixel, NaN around it.

    Raises:
        UnusableInput: it does not fit.
    """
    last = (at[0] + picture.size[0], at[1] + picture.size[1])
    if last[0] > size[0] or last[1] > size[1]:
        raise UnusableInput(
            f"--at {at[0]} {at[1]}: {picture.name} is {words(picture.size)}, which would end at slow {last[0] - 1} "
            f"fast {last[1] - 1} of an image of {words(size)}"
        )
    whole = np.full(size, np.nan)
    whole[at[0] : last[0], at[1] : last[1]] = picture.as_floats()
    valid = None
    if picture.valid is not None:
        valid = np.ones(size, dtype=bool)
        valid[at[0] : last[0], at[1] : last[1]] = picture.valid
    return replace(picture, values=whole, valid=valid)


def words(size: Size) -> str:
    """A size in words."""
    return f"{size[0]} x {size[1]} (slow x fast)"


def c_image_of(folder: Path | None, argv: Sequence[str]) -> Path | None:
    """The C image of a case folder: ``image.npy``, or the float image of the command line."""
    if folder is None:
        return None
    named = [argv[i + 1] for i, word in enumerate(argv[:-1]) if word in ("-floatfile", "-floatimage")]
    candidates = (folder / "image.npy", folder / (named[-1] if named else "floatimage.bin"))
    return next((path for path in candidates if path.is_file()), None)


def _opened(path: Path) -> BinaryIO:
    name = clean(str(path))
    try:
        return open_regular(path)
    except OSError as error:
        raise UnusableInput(f"{name}: cannot be read ({error.strerror or error})") from error


def _length(stream: BinaryIO) -> int:
    here = stream.tell()
    end = stream.seek(0, 2)
    stream.seek(here)
    return end - here


def _npy(stream: BinaryIO, name: str) -> Values:
    from numpy.lib import format as npy_format

    try:
        version = npy_format.read_magic(stream)
        read_header = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
        shape, column_order, dtype = read_header(stream)
    except Exception as error:  # numpy parses the header as Python, and lets every error of that escape
        raise UnusableInput(f"{name}: damaged .npy header") from error
    if dtype.kind not in "fiub":
        raise UnusableInput(f"{name}: an array of {clean(str(dtype))[:60]}; an image needs real numbers")
    if len(shape) != 2 or not all(type(side) is int and side > 0 for side in shape):
        raise UnusableInput(f"{name}: shape {clean(str(shape))[:60]} is not an image; expected (slow, fast)")
    needed = shape[0] * shape[1] * dtype.itemsize
    if _length(stream) < needed:
        raise UnusableInput(f"{name}: truncated; {words((shape[0], shape[1]))} needs {needed} bytes of pixels")
    if shape[0] * shape[1] > _LARGEST:
        raise UnusableInput(f"{name}: {words((shape[0], shape[1]))} is not an image size")
    flat = np.frombuffer(stream.read(needed), dtype=dtype)
    values: Values = flat.reshape(shape[::-1]).T if column_order else flat.reshape(shape)
    return values


def _smv(stream: BinaryIO, name: str) -> Values:
    start = stream.read(_HEADER_AT_MOST)
    found = _SMV.match(start)
    length = int(found[1]) if found else 0
    end = start.find(b"}")
    if end + 1 >= length and start[end + 1 : end + 2] == b"\f":
        length = end + 2  # the C program's header overflows its stated size (quirk L21): the pixels follow at once
    text = start[: end if end >= 0 else length].decode("latin-1")
    stream.seek(length)
    fields = dict(re.findall(r"^[ \t]*(\w+)[ \t]*=([^;\n]*)", text, re.MULTILINE))
    try:
        fast, slow = int(fields["SIZE1"]), int(fields["SIZE2"])
    except (KeyError, ValueError) as error:
        raise UnusableInput(f"{name}: the SMV header has no size (SIZE1, SIZE2)") from error
    kind = fields.get("TYPE", "unsigned_short").strip().lower().replace(" ", "_")
    order = fields.get("BYTE_ORDER", "little_endian").strip().lower()
    if kind not in _SMV_TYPES:
        raise UnusableInput(f"{name}: unsupported SMV TYPE={clean(kind)[:40]}; supported are {', '.join(_SMV_TYPES)}")
    if order not in _BYTE_ORDERS:
        raise UnusableInput(
            f"{name}: unsupported BYTE_ORDER={clean(order)[:40]}; supported are {', '.join(_BYTE_ORDERS)}"
        )
    if fast < 1 or slow < 1 or fast * slow > _LARGEST:
        raise UnusableInput(f"{name}: SIZE1={fast} SIZE2={slow} is not an image size")
    dtype = np.dtype(_BYTE_ORDERS[order] + _SMV_TYPES[kind])
    needed = slow * fast * dtype.itemsize
    if _length(stream) < needed:
        raise UnusableInput(f"{name}: truncated; {words((slow, fast))} needs {needed} bytes after the header")
    return np.frombuffer(stream.read(needed), dtype=dtype).reshape(slow, fast)


def _raw(stream: BinaryIO, name: str, size: Size | None) -> Picture:
    length = _length(stream)
    start = stream.read(8)
    stream.seek(0)
    other_kind = next((kind for magic, kind in _OTHER_KINDS.items() if start.startswith(magic)), None)
    if other_kind is not None and (size is None or length != 4 * size[0] * size[1]):
        raise UnusableInput(f"{name}: {other_kind}; supported are {SUPPORTED}")
    notes: list[str] = []
    if size is None:
        size = next((side for count in _RAW_TYPES if (side := _square(length, count))), None)
        if size is None:
            raise UnusableInput(
                f"{name}: raw floats do not state their size ({length} bytes, not a square image); "
                "give --size SLOW FAST or a CASE"
            )
        notes.append(f"assumed square, {words(size)}; use --size SLOW FAST for another size")
    pixels = size[0] * size[1]
    if pixels > _LARGEST:
        raise UnusableInput(f"{name}: {words(size)} is not an image size")
    kind = next((kind for count, kind in _RAW_TYPES.items() if length == count * pixels), None)
    if kind is None:
        other = f"{length // 4} pixels" if length % 4 == 0 else f"{length} bytes"
        raise UnusableInput(f"{name}: {other} of raw 4-byte floats, but {words(size)} is {pixels} pixels")
    if kind == "<f8":
        notes.append("read as 8-byte floats")
    note = f"{name}: raw floats, {', '.join(notes)}" if notes else ""
    return Picture(name, np.frombuffer(stream.read(), dtype=kind).reshape(size), "raw", note)


def _square(length: int, bytes_per_pixel: int) -> Size | None:
    side = math.isqrt(length // bytes_per_pixel)
    return (side, side) if side and side * side * bytes_per_pixel == length else None
