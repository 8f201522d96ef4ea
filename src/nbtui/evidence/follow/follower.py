"""State of one watched root: its packages, and those still being written."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from nbtui.evidence.layout import CHECKSUMS, METRICS, SUMMARY
from nbtui.evidence.read.folder import find_packages, list_files, read_bytes, read_json, regular_size
from nbtui.evidence.read.package import python_logs

Signature = tuple[tuple[str, int, int], ...]

FRESH = 10.0  # s; a directory changed this recently before the start may still be growing
QUIET_CHECKED, QUIET_READABLE, QUIET_PARTIAL, QUIET_BROKEN = 0.25, 0.6, 3.0, 10.0  # s without a change
SLICE = 0.15  # s; a longer burst is announced in parts
HASHED = 256 * 1024 * 1024  # bytes; larger packages count as whole after a quiet time


@dataclass(frozen=True)
class Batch:
    """What happened since the last batch. Paths are package directories, sorted."""

    existing: tuple[Path, ...] = ()  # present at the start, with ``first``
    added: tuple[Path, ...] = ()
    changed: tuple[Path, ...] = ()
    gone: tuple[Path, ...] = ()
    first: bool = False  # a first look at the root: earlier batches are void
    root_there: bool = True
    was_there: bool = False  # the root was followed before and has vanished
    polling: bool = False
    more: bool = False  # a long burst: call settle again at once

    def __bool__(self) -> bool:
        return self.first or bool(self.added or self.changed or self.gone)


@dataclass
class _Pending:
    signature: Signature | None  # None: not looked at yet
    since: float
    quiet: float = 0.0


@dataclass
class Follower:
    """The packages of one root. Synchronous; tests supply their own clock."""

    root: Path
    clock: Callable[[], float] = time.monotonic
    quiet: float = 0.0  # s without a change before any announcement, even of a whole package
    known: dict[Path, Signature] = field(default_factory=dict)  # announced; () = never looked into
    pending: dict[Path, _Pending] = field(default_factory=dict)
    gone: set[Path] = field(default_factory=set)

    def start(self) -> tuple[Path, ...]:
        """Take stock: every package is known, except those changed a moment ago and not whole yet."""
        limit = time.time() - FRESH
        for path in list(find_packages(self.root)):
            try:
                fresh = path.stat().st_mtime > limit
            except OSError:
                continue
            if fresh and not is_whole(path):
                self._wait_for(path)
            else:
                self.known[path] = ()
        return tuple(sorted(self.known))

    def rescan(self) -> None:
        """Look at the whole root: new directories become pending, vanished ones gone."""
        seen = set(find_packages(self.root, {**self.known, **self.pending}))
        for path in seen.difference(self.known, self.pending):
            self._wait_for(path)
        for path in [path for path in self.known if path not in seen and not path.is_dir()]:
            del self.known[path]
            self.gone.add(path)

    def look_into_known(self) -> None:
        """Find files changed inside known packages by a stat of each (where there are no notifications)."""
        for path, before in list(self.known.items()):
            current = signature(path)
            if before == ():
                self.known[path] = current
            elif current != before:
                self._wait_for(path)

    def touch(self, changed: set[str]) -> None:
        """Note changes at these absolute paths."""
        elsewhere = False
        for path in map(Path, changed):
            inside = path.relative_to(self.root).parts if path.is_relative_to(self.root) else ()
            if any(part.startswith(".") for part in inside):
                continue
            owner = path if path in self.known else path.parent
            if owner in self.known and owner.is_dir():
                if signature(owner) != self.known[owner]:
                    self._wait_for(owner)
            elif owner not in self.pending:
                elsewhere = True
        if elsewhere:
            self.rescan()

    def settle(self) -> Batch:
        """The packages that have become whole, or been quiet for long enough, since the last call."""
        added, changed, more = [], [], False
        started = self.clock()
        for path, entry in sorted(self.pending.items(), key=lambda item: item[0].name, reverse=True):  # latest first
            if more := self.clock() - started > SLICE:
                break
            current = signature(path)
            if current != entry.signature:
                entry.signature, entry.since = current, self.clock()
                entry.quiet = max(self.quiet, quiet_needed(path, current))
            if self.clock() - entry.since < entry.quiet:
                continue
            del self.pending[path]
            if not current and not path.is_dir():
                if self.known.pop(path, None) is not None:
                    self.gone.add(path)
                continue
            if path not in self.known:
                added.append(path)
            elif self.known[path] != current:
                changed.append(path)
            self.known[path] = current
        gone, self.gone = self.gone, set()
        return Batch(added=tuple(sorted(added)), changed=tuple(sorted(changed)), gone=tuple(sorted(gone)), more=more)

    def _wait_for(self, path: Path) -> None:
        if path not in self.pending:
            self.pending[path] = _Pending(None, self.clock())


def signature(path: Path) -> Signature:
    """Name, size [bytes] and time of change [ns] of every file of a directory, sorted by name."""
    found = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                info = entry.stat(follow_symlinks=False)
                found.append((entry.name, info.st_size, info.st_mtime_ns))
    except OSError:
        return ()
    return tuple(sorted(found))


def is_whole(path: Path) -> bool:
    """Whether every file listed in sha256.txt exists with that content."""
    lines = (read_bytes(path / CHECKSUMS) or b"").decode("utf-8", "replace").splitlines()
    listed = [(line[:64].lower(), PurePath(line[64:].strip()).name) for line in lines if len(line) > 66]
    listed = [(digest, name) for digest, name in listed if name != CHECKSUMS]
    if not listed or sum(regular_size(path / name) or 0 for _, name in listed) > HASHED:
        return False
    for digest, name in listed:
        raw = read_bytes(path / name, HASHED)
        if raw is None or hashlib.sha256(raw).hexdigest() != digest:
            return False
    return True


def quiet_needed(path: Path, current: Signature) -> float:
    """Quiet time [s] after which a directory counts as finished: the less it holds, the longer."""
    names = {name for name, _, _ in current}
    metrics, _ = read_json(path / METRICS)
    if not metrics:
        return QUIET_BROKEN
    if is_whole(path):
        return 0.0 if "schema" in metrics else QUIET_CHECKED
    if "schema" in metrics or SUMMARY not in names or not python_logs(list_files(path)):
        return QUIET_PARTIAL
    return QUIET_READABLE
