"""Changes of source files, once they rest: the content counts, so that saving an unchanged file is not a change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nbtui.evidence.follow.watch import on_network
from nbtui.paths import expanded
from nbtui.runs.sources import source_files

REST = 0.3  # s without a change before the sources count as changed: editors write several files one after the other
LOOK = 2.0  # s between looks without a notification: one may be lost
SHARE = 20.0  # such looks take at most one part in this many of the time
POLL = 0.5  # s between looks where the file system sends no notifications
_STEP_MS = 50
_TICK_MS = 250

Signatures = tuple[tuple[str, int, int, int], ...]


def source_changes(patterns: Sequence[str], base: Path, stop: Callable[[], bool]) -> Iterator[frozenset[str]]:
    """Names of the changed source files, after every change, until ``stop()``; runs in the caller's thread.

    Notifications of the file system (watchfiles) only trigger a look at the files.
    """
    known = signatures(patterns, base)
    moving: Signatures = known
    since = time.monotonic()
    for _ in _looks(patterns, base, stop):
        now, clock = signatures(patterns, base), time.monotonic()
        if now != moving:
            moving, since = now, clock
        elif now != known and clock - since >= REST:
            changed = frozenset(one[0] for one in set(now) ^ set(known))
            known = now
            yield changed


def signatures(patterns: Sequence[str], base: Path) -> Signatures:
    """Name, modification time, size and inode of every source file."""
    found = []
    for name, path in sorted(source_files(patterns, base).items()):
        try:
            status = path.stat()
        except OSError:
            continue
        found.append((name, status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)


def _looks(patterns: Sequence[str], base: Path, stop: Callable[[], bool]) -> Iterator[None]:
    """A tick whenever the files deserve a look: at once after a notification, and regularly without any."""
    roots = sorted({_root(pattern, base) for pattern in patterns})
    if not roots or any(on_network(root.resolve()) for root in roots):
        yield from _polled(stop)
        return
    from watchfiles import watch  # a slow import, and only needed here

    ended = threading.Event()
    busy = spent = 0.0
    looked = float("-inf")
    try:
        for changes in watch(
            *roots,
            recursive=any(_is_deep(pattern, base) for pattern in patterns),
            watch_filter=None,
            debounce=_TICK_MS,
            step=_STEP_MS,
            stop_event=_StopAsked(stop, ended),
            rust_timeout=_TICK_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            now = time.monotonic()
            busy = now + 4 * REST if changes else busy
            if now < busy or now - looked >= max(LOOK, SHARE * spent):
                looked = now
                yield
                spent = time.monotonic() - now
    except (OSError, RuntimeError):  # the kernel has run out of watches, or a root vanished
        yield from _polled(stop)
    finally:
        ended.set()


def _root(pattern: str, base: Path) -> Path:
    """The deepest existing directory that holds every match of a pattern."""
    path = base / expanded(pattern)
    while any(character in str(path) for character in "*?[") or not path.is_dir():
        path = path.parent
    return path


def _is_deep(pattern: str, base: Path) -> bool:
    """Whether a pattern matches files below its root in further directories."""
    path = base / expanded(pattern)
    return "**" in path.parts or path.parent != _root(pattern, base)


def _polled(stop: Callable[[], bool]) -> Iterator[None]:
    while not stop():
        yield
        time.sleep(POLL / 2)


class _StopAsked:
    """An event for watchfiles, from the caller's function."""

    def __init__(self, stop: Callable[[], bool], ended: threading.Event) -> None:
        self._stop, self._ended = stop, ended

    def is_set(self) -> bool:
        return self._ended.is_set() or self._stop()
