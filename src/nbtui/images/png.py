"""Images as PNG files, written with the standard library: 8 bits, one or three channels."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

from nbtui.images.read import Values

Bytes = npt.NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
DECADES = 4
_FAINTEST = 32  # level of the smallest nonzero value: visible against the background


def levels(values: Values, brightest: float) -> Bytes:
    """Grey levels (slow, fast) on a log scale: four decades below ``brightest``; 0 for values that are not positive."""
    exact = values.astype(np.float64)
    seen = np.nan_to_num(exact, nan=0.0) > 0.0
    parts = np.where(seen, exact, 1.0) / brightest if brightest > 0.0 else np.ones_like(exact)
    depth = np.clip(1.0 + np.log10(np.clip(parts, 1e-300, 1.0)) / DECADES, 0.0, 1.0)
    return np.where(seen, np.rint(_FAINTEST + (255.0 - _FAINTEST) * depth), 0.0).astype(np.uint8)


def difference_colours(c: Values, py: Values, largest: float) -> Bytes:
    """Colours (slow, fast, 3), white for equal: red where Python is larger, blue where C is, on the same log scale.

    Black: not finite in one image only. The colours differ for red-green colour blindness, too.
    """
    left, right = c.astype(np.float64), py.astype(np.float64)
    with np.errstate(invalid="ignore"):
        delta = right - left
    depth = 255 - levels(np.abs(delta), largest)
    white = np.full_like(depth, 255)
    red, blue = np.where(delta < 0.0, depth, white), np.where(delta > 0.0, depth, white)
    picture = np.stack((red, depth, blue), axis=-1)
    both_nan = np.isnan(left) & np.isnan(right)
    picture[~np.isfinite(delta) & ~both_nan & (left != right)] = (0, 0, 0)
    return picture


def png(picture: Bytes, legend: str = "") -> bytes:
    """The file of ``picture``: (slow, fast) grey or (slow, fast, 3) colour, slow 0 on top.

    ``legend`` (Latin-1) is stored as the text chunk Description.
    """
    height, width = picture.shape[:2]
    colour = 2 if picture.ndim == 3 else 0
    rows = np.ascontiguousarray(picture).reshape(height, -1)
    # every row begins with its filter type, 0: none
    data = np.concatenate((np.zeros((height, 1), dtype=np.uint8), rows), axis=1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    text = _chunk(b"tEXt", b"Description\0" + legend.encode("latin-1", "replace")) if legend else b""
    return _SIGNATURE + _chunk(b"IHDR", head) + text + _chunk(b"IDAT", zlib.compress(data, 6)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
