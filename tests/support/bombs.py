"""Gzip bombs: logs of a few megabytes that unpack to gigabytes."""

from __future__ import annotations

import gzip
from pathlib import Path

TRACE = b"TRACE_C: F_cell 100.5\nTRACE_C: F_latt 3.5\nTRACE_C: I_pixel_final 7.25\n"
_MEMBER = 64 << 20  # bytes of a member: one is packed and repeated


def bomb(path: Path, filling: bytes, size: int) -> Path:
    """A log that begins with TRACE; ``filling`` follows over and over, ``size`` bytes of it."""
    member = gzip.compress(filling * (_MEMBER // len(filling)))
    with path.open("wb") as file:
        file.write(gzip.compress(TRACE))
        for _ in range(size // _MEMBER):
            file.write(member)
    return path
