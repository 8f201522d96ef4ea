"""The numbers in an MTZ header, checked against the size of the file before any reader allocates memory for them.

Source: the MTZ format of CCP4: word 2 locates the header, byte 9 of the machine stamp tells the byte order, records of
80 bytes follow.
"""

from __future__ import annotations

import struct
from typing import IO

_RECORD = 80  # bytes; as many precede the reflections
_WORD = 4  # bytes
_MOST_RECORDS = 1_000_000  # unmerged files have several per batch
_MOST_NAMED = 10_000  # data sets, lines of history


def fault_of(stream: IO[bytes], size: int) -> str:
    """What makes the header of an open file of ``size`` bytes impossible; empty if nothing does."""
    start = stream.read(20)
    order = ">" if len(start) == 20 and start[9] & 0xF0 == 0x10 else "<"
    if len(start) < 20:
        return f"it has {size} bytes, which hold no header"
    (at,) = struct.unpack_from(f"{order}i", start, _WORD)
    if at == -1:  # a large file
        (at,) = struct.unpack_from(f"{order}q", start, 3 * _WORD)
    offset = _WORD * (at - 1)
    if not _RECORD <= offset <= size - _RECORD:
        return f"its header begins at byte {offset}, the file has {size}"
    stream.seek(offset)
    for _ in range(_MOST_RECORDS):
        record = stream.read(_RECORD)
        if len(record) < 4 or record.startswith(b"MTZENDOFHEADERS"):
            return ""
        fault = _fault_of_record(record, offset - _RECORD)
        if fault:
            return fault
    return f"its header has more than {_MOST_RECORDS} records"


def _fault_of_record(record: bytes, room: int) -> str:
    """The fault of one record; ``room``: bytes of reflections between the first record and the header."""
    key, *words = record.split()[:4] or [b""]
    numbers = [int(word) if word[:12].isdigit() and len(word) <= 12 else -1 for word in words]
    if key[:4] == b"NCOL":
        columns, rows = (*numbers, -1, -1)[:2]
        if columns < 0 or rows < 0 or _WORD * columns * rows > room:
            return f"its header names {columns} columns of {rows} reflections, the file has room for {room // _WORD}"
    if key[:4] in (b"NDIF", b"MTZH") and numbers and not 0 <= numbers[0] <= _MOST_NAMED:
        return f"its header names {numbers[0]} data sets or lines of history"
    return ""
