"""Large allocations are refused in words before they are tried."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

from nbsim.errors import InputError

_MEMINFO = Path("/proc/meminfo")


def available_bytes() -> int | None:
    """Memory that this process may still take without swapping; None where the system does not tell."""
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


def check_memory(needed: int, what: str, way_out: str = "") -> None:
    """Refuse ``what``, which takes ``needed`` bytes, where they are not there; ``way_out`` ends the message.

    Raises:
        InputError: more than is available; the message says both numbers.
    """
    there = available_bytes()
    if there is not None and needed > there:
        end = f"; {way_out}" if way_out else ""
        raise InputError(f"{what} needs {words(needed)} of memory, {words(there)} are available{end}")


def give_back() -> None:
    """Hand what is free inside the C library's heap back to the system, where the library can (glibc).

    Small things that outlive a tile, such as the nodes of its graph, are put into the large blocks that it freed, which
    then are too short for the next tile: without this a long gradient takes new memory for every tile.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def words(size: int) -> str:
    """A number of bytes for a reader."""
    value = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024.0:
            return f"{value:.3g} {unit}"
        value /= 1024.0
    return f"{value:.4g} TiB"
