"""Check large allocations in advance, and refuse those that exceed the memory."""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from nbsim.errors import InputError

_LITTLE = 1 << 20  # bytes: the look at the memory takes longer than their use
_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
# of a control group: limit, use, and the line of memory.stat with the cached files, which the kernel gives up first
_V2 = ("memory.max", "memory.current", "inactive_file")
_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def available_bytes(proc: Path = _PROC, cgroups: Path = _CGROUPS) -> int | None:
    """Memory available to this process without swapping; None where the system does not report it.

    The least of what the machine has, what the control groups of the process allow (v1 and v2: containers, batch
    systems, systemd) and what its own limits allow (``ulimit -v`` and ``-d``).
    """
    rooms = [_of_machine(proc), *_of_groups(proc, cgroups), *_of_limits(proc)]
    return min((max(0, room) for room in rooms if room is not None), default=None)


def _of_machine(proc: Path) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in (proc / "meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_groups(proc: Path, cgroups: Path) -> Iterator[int]:
    """The room in every control group from that of this process up to the root; a limit holds for all below it."""
    try:
        lines = (proc / "self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "memory" not in controllers.split(","):
            continue
        root, names = (cgroups / "memory", _V1) if controllers else (cgroups, _V2)
        inside = root / path.lstrip("/")
        # inside a container the path may be that of the host: the group of the container is then the root
        for folder in dict.fromkeys((inside, *inside.parents, root)):
            room = _of_group(folder, *names) if folder == root or root in folder.parents else None
            if room is not None:
                yield room


def _of_group(folder: Path, limit: str, used: str, cached: str) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        most = int((folder / limit).read_text())  # "max" without a limit
        use = int((folder / used).read_text())
        return most - use + _of_cache(folder, cached)
    return None


def _of_cache(folder: Path, cached: str) -> int:
    with suppress(OSError, ValueError, IndexError):
        lines = (folder / "memory.stat").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.split()[0] == cached)
    return 0


def _of_limits(proc: Path) -> Iterator[int]:
    """The room below the limits of address space and of data."""
    with suppress(OSError, ValueError, IndexError):
        pages = [int(word) for word in (proc / "self/statm").read_text().split()]
        for kind, used in ((resource.RLIMIT_AS, pages[0]), (resource.RLIMIT_DATA, pages[5])):
            most = resource.getrlimit(kind)[0]
            if most != resource.RLIM_INFINITY:
                yield most - used * os.sysconf("SC_PAGE_SIZE")


def check_memory(needed: int, what: str, remedy: str = "") -> None:
    """Refuse ``what`` if it needs more than the available memory; ``remedy`` ends the message.

    Raises:
        InputError: ``needed`` bytes are more than available; the message gives both numbers.
    """
    if needed <= _LITTLE:
        return
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
