"""The index of a root: its packages as read before, so that a list of thousands opens at once.

A line of the index holds for a package at its path, with the same names of files in it, and the same inode, size and
times of every file that was read for the list, as they were before the reading; any other package is read. The index is
a file of the state directory, one for each root. Without that directory, or with a damaged file in it, every package is
read. No check of a package uses the index.
"""

from __future__ import annotations

import functools
import hashlib
import os
import time
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import get_type_hints

import msgspec

import nbtui
from nbtui.evidence.read.contents import Contents, State, state_of
from nbtui.evidence.read.folder import list_entries
from nbtui.evidence.read.package import Package, package_of
from nbtui.regular_file import open_regular, read_regular
from nbtui.state_directory import state_folder, write_private

FOLDER = "index"  # of the state directory
FORMAT = "nbtui index 3"
WORTH = 100  # packages; fewer are read as fast without an index
NEWS = 0.02  # of the packages; so few new ones are rather read again than the whole index written
SETTLED = 5.0  # s; a file changed more recently may change again without a difference in its times
LARGEST = 1 << 29  # bytes
KEPT = 90 * 86400.0  # s without a change, after which an index is removed
READERS = ("evidence", "parity", "trace")  # rooms whose code decides how a package is read
KEY = 16  # bytes


class Index:
    """The packages of one root. Nothing raises; `keep` writes the index for the next time."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._began = time.time()
        self._file: Path | None = None
        self._known: dict[bytes, bytes] = {}  # lines by key
        self._used: dict[bytes, bytes] = {}
        self._new = 0
        with suppress(OSError, RuntimeError):  # no home directory, no index
            name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()
            self._file = state_folder() / FOLDER / name
            self._known = _lines_in(read_regular(self._file, LARGEST))

    def read(self, path: Path, entries: Iterable[os.DirEntry[str]] | None = None) -> Package:
        """The package in directory ``path`` for a list: `read_package` with ``chain_only``.

        ``entries``: everything but folders in it, just listed.
        """
        names = sorted([entry.name for entry in (list_entries(path) if entries is None else entries)])
        place = "\0".join((str(path).removeprefix(self._root).lstrip("/"), *names))
        key = hashlib.blake2b(os.fsencode(place), digest_size=KEY).digest()
        line = self._known.get(key, b"")
        package = _package_in(line, path, tuple(names))
        if package is None:
            contents = Contents(path, names)
            package = package_of(contents, chain_only=True)
            newest = max((max(state[3:], default=0) for state in contents.states.values()), default=0)
            if not names or contents.failed or newest > 1e9 * (self._began - SETTLED):
                return package
            try:
                line = _line(contents.states, package)
            except UnicodeEncodeError:  # half of a surrogate pair in a text
                return package
            self._new += 1
        self._used[key] = line
        return package

    def keep(self) -> None:
        """Write the packages read so far, if that saves time."""
        if self._file is None or len(self._used) < WORTH or self._new < NEWS * len(self._used):
            return
        with suppress(OSError):  # a read-only or full directory
            lines = _ENCODER.encode(self._used)
            write_private(self._file, b"%b %08x\n%b" % (_head(), zlib.crc32(lines), lines))
            self._new = 0
            for old in self._file.parent.iterdir():
                if old.stat().st_mtime < self._began - KEPT:
                    old.unlink()


@functools.cache
def _head() -> bytes:
    """The first line: what the others depend on apart from the packages, the code and the rights of the user."""
    digest = hashlib.sha256()
    folder = Path(nbtui.__file__).parent
    for source in sorted(source for room in READERS for source in (folder / room).rglob("*.py")):
        with suppress(OSError), open_regular(source) as stream:
            digest.update(stream.read())
    digest.update(repr((os.geteuid(), os.getegid(), sorted(os.getgroups()))).encode())
    return f"{FORMAT} {nbtui.__version__} {digest.hexdigest()}".encode()


def _lines_in(raw: bytes) -> dict[bytes, bytes]:
    """The lines of an index by key; none of a damaged one, or of another code or user."""
    head, _, lines = raw.partition(b"\n")
    if head != b"%b %08x" % (_head(), zlib.crc32(lines)):
        return {}
    try:
        return _INDEX.decode(lines)
    except (msgspec.DecodeError, RecursionError):
        return {}


def _line(states: Mapping[str, State], package: Package) -> bytes:
    """What the index holds of a package. Raises UnicodeEncodeError for half of a surrogate pair."""
    return _ENCODER.encode((states, *_values_of(package)))


def _package_in(line: bytes, path: Path, names: tuple[str, ...]) -> Package | None:
    """The package in a line; None for no line, a damaged one, or one of other states of its files."""
    try:
        states, *values = msgspec.structs.astuple(_LINES.decode(line))
    except (msgspec.DecodeError, RecursionError):
        return None
    folder = str(path)
    for name, state in states.items():
        if state_of(folder, name) != state:
            return None
    return Package(path=path, stamp=path.name, files=names, **dict(zip(_STORED, values, strict=True)))


_STORED = tuple(field.name for field in fields(Package) if field.name not in ("path", "stamp", "files"))
_Line = msgspec.defstruct(
    "_Line",
    [("states", dict[str, State]), *((name, get_type_hints(Package)[name]) for name in _STORED)],
    array_like=True,
)
_values_of = attrgetter(*_STORED)
_ENCODER, _LINES = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(_Line)
_INDEX = msgspec.msgpack.Decoder(dict[bytes, bytes])
