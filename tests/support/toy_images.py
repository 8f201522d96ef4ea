"""Small images, files of them, and a reader of PNG files, for the tests of comparing images."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from nbtui.images.read import Picture


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


def files(folder: Path, c: np.ndarray, py: np.ndarray) -> tuple[str, str]:
    np.save(folder / "c.npy", c)
    np.save(folder / "py.npy", py)
    return str(folder / "c.npy"), str(folder / "py.npy")
