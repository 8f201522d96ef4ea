"""The predecessor of a new package, found without reading the whole history of a root."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from nbtui.evidence.history import Entry, entry, time_key
from nbtui.evidence.read.package import Package, read_package

PIECE = 50  # packages read at a time, latest stamps first, until one has the same case and pixel
LONGEST = 0.5  # s of reading per new package; the next one continues from there


class Recent:
    """Judges packages as they arrive, reading as few older ones as necessary.

    Identical evidence is recognised among the packages read so far; a case and pixel not found among those that can
    be read within LONGEST count as new.
    """

    def __init__(self, existing: Iterable[Path] = ()) -> None:
        self._unread = sorted(existing, key=lambda path: path.name)
        self._read: dict[Path, Package] = {}

    def add(self, path: Path) -> Entry:
        """Read the package at ``path`` and judge it against the newest older one of its case and pixel."""
        package = read_package(path, chain_only=True)
        self._unread = [other for other in self._unread if other != path] if path in self._unread else self._unread
        self._read[path] = package
        before = self._before(package)
        deadline = time.monotonic() + LONGEST
        while before is None and self._unread and time.monotonic() < deadline:
            latest, self._unread = self._unread[-PIECE:], self._unread[:-PIECE]
            self._read |= {other: read_package(other, chain_only=True) for other in latest}
            before = self._before(package)
        same = [one for one in self._older(package) if one.trace_hash == package.trace_hash != ""]
        return entry(package, before, min(same, key=time_key).stamp if same else "")

    def forget(self, path: Path) -> None:
        """Drop a package that has vanished."""
        self._read.pop(path, None)
        self._unread = [other for other in self._unread if other != path]

    def _older(self, package: Package) -> list[Package]:
        return [one for one in self._read.values() if time_key(one) < time_key(package)]

    def _before(self, package: Package) -> Package | None:
        group = package.case, package.pixel
        same = [one for one in self._older(package) if (one.case, one.pixel) == group]
        return max(same, key=time_key, default=None)
