"""The files of one package directory, each read once."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from nbtui.evidence.read.folder import object_in, unreadable
from nbtui.regular_file import REFUSED, read_with_state

State = tuple[int, ...]  # device, inode, size [bytes], times of change of content and of anything [ns]; () for no file
LASTING = (errno.ENOENT, errno.ENOTDIR, *REFUSED)  # ``errno`` of a property of the file, as opposed to a failure


class Contents:
    """The files of a package. Nothing raises: an unreadable file has no content.

    Attributes:
        path: the directory.
        names: everything but folders in it, sorted.
        states: of the files asked for, before they were read, by name.
        failed: whether one could not be read for now: without permission, or by a fault of the machine.
    """

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self.path = path
        self._folder = str(path)  # thousands of paths are made faster as text
        self.names = tuple(sorted(names))
        self.states: dict[str, State] = {}
        self.failed = False
        self._read: dict[str, bytes | None] = {}

    def bytes(self, name: str) -> bytes | None:
        """Content of a regular file; None if unreadable."""
        if name not in self._read:
            self.states[name], self._read[name] = (), None
            try:
                self._read[name], info = read_with_state(f"{self._folder}/{name}")
                self.states[name] = numbers_of(info)
            except OSError as error:
                self.failed = self.failed or error.errno not in LASTING
        return self._read[name]

    def text(self, name: str) -> str:
        """Text of a file with undecodable bytes replaced; empty if unreadable."""
        return (self.bytes(name) or b"").decode("utf-8", "replace")

    def json(self, name: str) -> tuple[dict[str, object], str]:
        """The object in a JSON file and its fault, as `read_json`."""
        raw = self.bytes(name)
        if raw is None:
            return {}, unreadable(self.path / name)
        return object_in(raw)


def state_of(folder: str, name: str) -> State:
    """The present state of a file, or of the target of a link."""
    try:
        return numbers_of(os.stat(f"{folder}/{name}"))  # noqa: PTH116  a Path takes longer than its state
    except (OSError, ValueError):
        return ()


def numbers_of(info: os.stat_result) -> State:
    """The numbers of a file of which one changes with its content."""
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns
