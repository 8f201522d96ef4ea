"""A reports root as a stream of batches: new, changed and vanished packages.

A package is announced when it is whole. Ours appear by one rename with valid checksums; other tools write file by
file in place, and such a package must be quiet for a while, the longer the less of it exists. Notifications of the
file system (watchfiles) only trigger a look at the directory itself, so that a lost notification costs seconds and
never a package.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nbtui.evidence.follow.follower import Batch, Follower

TICK_MS = 150  # between looks at unfinished packages
STEP_MS = 50  # notifications this close together belong to one burst
BURST_MS = 200  # a burst longer than this is delivered in parts
RESCAN = 5.0  # s between looks at the whole root, with notifications
POLL = 0.4  # s between looks at the whole root, without them
DEEP = 5.0  # s between looks into known packages, without them
SHARE = 10.0  # looks may take at most one part in this many of the time
NETWORK = ("nfs", "cifs", "smb", "fuse", "9p", "afs", "lustre", "gpfs", "beegfs", "ceph", "panfs", "drvfs", "vboxsf")


def follow(root: Path, stop: Callable[[], bool], *, poll: bool = False, quiet: float = 0.0) -> Iterator[Batch]:
    """Batches of changes below ``root`` until ``stop()``; the first lists the existing packages.

    The root may be missing, vanish (its packages are gone then) and come back; packages in a root that was missing are
    new. ``quiet``: seconds without a change before a package is announced; 0: as soon as it is whole. ``poll`` does
    without notifications, as network file systems always do. Runs in the caller's thread and asks ``stop`` about six
    times a second. Batches are never empty.
    """
    missing = lost = False
    while not stop():
        try:
            handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            if not missing:
                missing = True
                yield Batch(first=True, root_there=False, was_there=lost)
            time.sleep(TICK_MS / 1000)
            continue
        try:  # an open root keeps its inode, so that a deleted and recreated one is recognised
            yield from _follow_one(root, handle, stop, poll=poll, quiet=quiet, all_new=missing or lost)
        finally:
            os.close(handle)
        missing, lost = False, True


def _follow_one(
    root: Path, handle: int, stop: Callable[[], bool], *, poll: bool, quiet: float, all_new: bool
) -> Iterator[Batch]:
    place = root.resolve()
    follower = Follower(place, quiet=quiet)
    polling = poll or on_network(place)
    yield Batch(existing=() if all_new else follower.start(), first=True, polling=polling)
    looked = float("-inf")  # a change between the first look and the first notification is not lost
    deep = time.monotonic()
    pause = 0.0
    for changed in _polled(stop) if polling else _notified(place, stop):
        if not _is_still(root, handle):
            gone = Batch(gone=tuple(sorted((*follower.known, *follower.gone))))
            if gone:
                yield gone
            return
        begin = time.monotonic()
        if changed:
            follower.touch(changed)
        elif begin - looked >= pause:
            follower.rescan()
            if changed is None and begin - deep >= DEEP:
                follower.look_into_known()
                deep = time.monotonic()
            looked = time.monotonic()
            pause = max(POLL if changed is None else RESCAN, SHARE * (looked - begin))
        more = True
        while more:
            batch = follower.settle()
            more = batch.more
            if batch:
                yield batch


def _notified(place: Path, stop: Callable[[], bool]) -> Iterator[set[str] | None]:
    """Changed paths after every burst, an empty set at every tick; falls back to polling."""
    from watchfiles import watch  # a slow import, and only needed here

    try:
        for changes in watch(
            place,
            watch_filter=None,
            debounce=BURST_MS,
            step=STEP_MS,
            stop_event=_Stop(stop),
            rust_timeout=TICK_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            yield {path for _, path in changes}
    except (OSError, RuntimeError):  # the kernel has run out of watches, or the root vanished
        yield from _polled(stop)


def _polled(stop: Callable[[], bool]) -> Iterator[None]:
    while not stop():
        yield None
        time.sleep(TICK_MS / 1000)


class _Stop:
    """An event for watchfiles, from the caller's function."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self.is_set = stop


def on_network(place: Path, mounts: Path = Path("/proc/mounts")) -> bool:
    """Whether a real path is on a file system shared with other machines, whose changes send no notification."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    best, kind = "", ""
    for words in (line.split() for line in lines):
        if len(words) > 2:
            point = words[1].replace("\\040", " ")
            if place.is_relative_to(point) and len(point) >= len(best):
                best, kind = point, words[2]
    return kind.startswith(NETWORK)


def _is_still(root: Path, handle: int) -> bool:
    try:
        return os.path.samestat(root.stat(), os.fstat(handle))
    except OSError:
        return False
