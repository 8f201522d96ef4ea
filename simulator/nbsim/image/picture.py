"""An image as a picture in HTML, for notebooks."""

from __future__ import annotations

import base64
import struct
import zlib

import torch
from torch import Tensor

_DECADES = 4.0
_FAINTEST = 32.0  # grey level of the smallest shown value
_WIDTH = 320  # of the picture [CSS pixels]


def _grey(photons: Tensor) -> Tensor:
    """Levels (n_slow, n_fast), uint8: a log scale of four decades below the brightest pixel, brighter is darker."""
    exact = photons.detach().double().cpu().nan_to_num(0.0, 0.0, 0.0)
    top = float(exact.max()) or 1.0
    depth = (1.0 + torch.log10((exact / top).clamp(min=1e-300)) / _DECADES).clamp(0.0, 1.0)
    level = torch.where(exact > 0.0, _FAINTEST + (255.0 - _FAINTEST) * depth, torch.zeros_like(depth))
    return (255.0 - level).round().to(torch.uint8)


def _png(grey: Tensor) -> bytes:
    """A grey picture (n_slow, n_fast), uint8, as a PNG file."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = grey.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = torch.cat((torch.zeros((height, 1), dtype=torch.uint8), grey), dim=1)  # filter type 0 before every row
    body = zlib.compress(rows.contiguous().numpy().tobytes())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def picture(photons: Tensor) -> str:
    """An image element with the photons (n_slow, n_fast) on a log scale of four decades, dark on white."""
    data = base64.b64encode(_png(_grey(photons))).decode("ascii")
    return f'<img width="{_WIDTH}" style="image-rendering: pixelated" src="data:image/png;base64,{data}">'
