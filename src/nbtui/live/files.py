"""Detect changes of a few files written by other programs, once they are complete enough to read.

Polling a few files by ``stat`` costs microseconds, and works on a network folder, with a replaced directory and after a
rename, where notifications get lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbtui.regular_file import open_regular

Signature = tuple[int, int, int]  # mtime [ns], size [bytes], inode

EVERY = 0.4  # s between polls
RESTED, CUT_RESTED = 2, 8  # equal polls before a change is reported; for a file that ends in the middle of a line
SHARE = 10.0  # polling takes at most 1 / SHARE of the time: a slow network folder is polled less often


@dataclass(frozen=True)
class FileChange:
    """The changes since the last report."""

    changed: tuple[Path, ...] = ()  # new content, or a new file
    gone: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


class Lookout:
    """Tracks the state of each file. A change is reported once two consecutive polls find the same state:
    a file that is still being written, or missing between two versions, is left alone. A file that ends in the
    middle of a line gets more time: programs write in blocks.
    """

    def __init__(self) -> None:
        self._told: dict[Path, Signature | None] = {}
        self._moving: dict[Path, tuple[Signature | None, int]] = {}  # its last signature, and in how many polls

    def follow(self, paths: Iterable[Path]) -> None:
        """Poll these files; the current state of a new one is its baseline."""
        wanted = set(paths)
        for path in self._told.keys() - wanted:
            del self._told[path]
            self._moving.pop(path, None)
        for path in wanted - self._told.keys():
            self._told[path] = signature(path)

    def look(self) -> FileChange:
        """Files that changed and are now stable."""
        changed: list[Path] = []
        gone: list[Path] = []
        for path, told in self._told.items():
            now = signature(path)
            if now == told:
                self._moving.pop(path, None)
                continue
            before, times = self._moving.get(path, (None, 0))
            times = times + 1 if before == now else 1
            self._moving[path] = now, times
            if times >= RESTED and (times >= CUT_RESTED or now is None or _ends_a_line(path)):
                del self._moving[path]
                self._told[path] = now
                (gone if now is None else changed).append(path)
        return FileChange(tuple(sorted(changed)), tuple(sorted(gone)))


def _ends_a_line(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
    except OSError:  # including an empty file
        return False


def signature(path: Path) -> Signature | None:
    """Time, size and inode of a file; None if it is missing or inaccessible."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
