"""Decompress gzip in blocks of bounded size, up to the damage of a damaged file or to the limit of an absurd one."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

_GZIP = 31  # zlib's window bits for a gzip header
_PIECE = 1 << 16  # compressed bytes read at a time
_BLOCK = 1 << 20  # at most so many decompressed bytes at a time
ANY_RATIO = 1 << 30  # unpacked bytes of a log, however well it packs
RATIO = 100  # unpacked bytes for a packed one beyond that: logs have 3 to 30, a gzip bomb 1000


class CutShort(Exception):
    """The rest of a log is left out; the message is the reason."""


def unpacked(file: BinaryIO) -> Iterator[bytes]:
    """Non-empty blocks of the unpacked text; several packed members follow each other.

    Raises:
        CutShort: the file ends inside a member, is damaged, or unpacks to more than any log does; after everything
            before that.
    """
    try:
        yield from _members(file)
    except (EOFError, zlib.error) as error:
        raise CutShort(f"the compressed log is damaged or truncated ({error})") from None


def _members(file: BinaryIO) -> Iterator[bytes]:
    engine = zlib.decompressobj(_GZIP)
    started = False
    data = file.read(_PIECE)
    taken, given = len(data), 0

    def more() -> bytes:
        nonlocal taken
        piece = file.read(_PIECE)
        taken += len(piece)
        return piece

    while data:
        block = engine.decompress(data, _BLOCK)
        started = True
        given += len(block)
        if given > (most := max(ANY_RATIO, RATIO * taken)):
            raise CutShort(
                f"the log unpacks to more than {RATIO} times its size; reading ended after {most >> 20:,} MiB of text"
            )
        if block:
            yield block
        if engine.eof:
            data = (engine.unused_data or more()).lstrip(b"\0")  # padding between members
            engine, started = zlib.decompressobj(_GZIP), False
        else:
            data = engine.unconsumed_tail or more()
    if started:
        raise EOFError("it ends inside a compressed member")
