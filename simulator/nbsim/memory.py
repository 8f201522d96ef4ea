"""Check large allocations in advance, and refuse those that exceed the memory."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

from nbsim.errors import InputError

_MEMINFO = Path("/proc/meminfo")


def available_bytes() -> int | None:
    """Memory available to this process without swapping; None where the system does not report it."""
    try:
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def check_memory(needed: int, what: str, remedy: str = "") -> None:
    """Refuse ``what`` if it needs more than the available memory; ``remedy`` ends the message.

    Raises:
        InputError: ``needed`` bytes are more than available; the message gives both numbers.
    """
    there = available_bytes()
    if there is not None and needed > there:
        end = f"; {remedy}" if remedy else ""
        raise InputError(f"{what} needs {words(needed)} of memory, {words(there)} are available{end}")


def give_back() -> None:
    """Return free memory of the C library's heap to the system, where the library can (glibc).

    Small objects that outlive a tile, such as the nodes of its graph, settle in the large blocks that the tile freed,
    which are then too small for the next tile: a long gradient would grow with every tile.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def words(size: int) -> str:
    """A number of bytes as text."""
    value = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024.0:
            return f"{value:.3g} {unit}"
        value /= 1024.0
    return f"{value:.4g} TiB"
