"""Decompress gzip in blocks of bounded size, up to the damage of a damaged file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

_GZIP = 31  # zlib's window bits for a gzip header
_PIECE = 1 << 16  # compressed bytes read at a time
_BLOCK = 1 << 20  # at most so many decompressed bytes at a time


def unpacked(file: BinaryIO) -> Iterator[bytes]:
    """Non-empty blocks of the unpacked text; several packed members follow each other.

    Raises EOFError when the file ends inside a member and zlib.error when it is damaged, after everything before that.
    """
    engine = zlib.decompressobj(_GZIP)
    started = False
    data = file.read(_PIECE)
    while data:
        block = engine.decompress(data, _BLOCK)
        started = True
        if block:
            yield block
        if engine.eof:
            data = (engine.unused_data or file.read(_PIECE)).lstrip(b"\0")  # padding between members
            engine, started = zlib.decompressobj(_GZIP), False
        else:
            data = engine.unconsumed_tail or file.read(_PIECE)
    if started:
        raise EOFError("it ends inside a compressed member")
