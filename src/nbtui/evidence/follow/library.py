"""All packages of a watched root, judged, newest first; the newest are read first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nbtui.evidence.follow.follower import Batch
from nbtui.evidence.history import Entry, history
from nbtui.evidence.read.index import Index
from nbtui.evidence.read.package import Package, read_package

PIECE = 40  # packages read between two checks for new ones


class Library:
    """Takes batches and reads the backlog in pieces, so that a new package never waits for old ones."""

    def __init__(self, root: Path, known: Iterable[Package] = ()) -> None:
        """``known``: packages of an earlier visit, shown until they are read again."""
        self._root = root
        self._index: Index | None = None
        self._packages: dict[Path, Package] = {package.path: package for package in known}
        self._backlog: list[Path] = []  # latest stamp last
        self._entries: dict[Path, Entry] = {}  # the latest judgements

    @property
    def unread(self) -> int:
        """Number of packages known only by name."""
        return sum(path not in self._packages for path in self._backlog)

    @property
    def behind(self) -> bool:
        """Whether packages wait for being read, or read again."""
        return bool(self._backlog)

    def __len__(self) -> int:
        return len(self._packages)

    def take(self, batch: Batch) -> None:
        """Read new and changed packages, drop vanished ones, queue those present at the start."""
        if batch.first:
            self._index = Index(self._root)
            there = set(batch.existing)
            self._packages = {path: package for path, package in self._packages.items() if path in there}
            self._backlog = sorted(batch.existing, key=lambda path: (path.name, path))
        for path in batch.gone:
            self._packages.pop(path, None)
        settled = {*batch.gone, *batch.added, *batch.changed}
        if settled:
            self._backlog = [path for path in self._backlog if path not in settled]
        for path in (*batch.added, *batch.changed):
            self._packages[path] = read_package(path, chain_only=True)

    def read_some(self) -> None:
        """Read the next piece of the backlog, latest stamps first."""
        index = self._index
        if index is None:
            return
        latest, self._backlog = self._backlog[-PIECE:], self._backlog[:-PIECE]
        for path in latest:
            read = index.read(path)
            if read != self._packages.get(path):  # an unchanged package keeps its judgement
                self._packages[path] = read
        if not self._backlog:
            index.keep()
            self._index = None

    def entries(self) -> tuple[Entry, ...]:
        """The packages read so far, newest first, each judged against the one before of its case and pixel."""
        entries = history(self._packages.values(), self._entries)
        self._entries = {entry.package.path: entry for entry in entries}
        return entries[::-1]
