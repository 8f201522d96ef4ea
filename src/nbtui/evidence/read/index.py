"""The index of a root: its packages as read before, so that a list of thousands opens at once.

A line of the index holds for a package at its path, with the same names of files in it, and the same inode, size and
times of every file that was read for the list, as they were before the reading; any other package is read. The index is
a file of the state directory, one for each root. Without that directory, or with a damaged file in it, every package is
read. No check of a package uses the index.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import struct
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import datetime
from itertools import chain
from operator import attrgetter
from pathlib import Path

import nbtui
from nbtui.evidence.read.contents import Contents, State, state_of
from nbtui.evidence.read.folder import list_entries
from nbtui.evidence.read.gap import Gap, Subject
from nbtui.evidence.read.package import Factor, Package, package_of
from nbtui.regular_file import open_regular, read_regular
from nbtui.state_directory import state_folder, write_private

FOLDER = "index"  # of the state directory
FORMAT = "nbtui index 2"
WORTH = 100  # packages; fewer are read as fast without an index
NEWS = 0.02  # of the packages; so few new ones are rather read again than the whole index written
SETTLED = 5.0  # s; a file changed more recently may change again without a difference in its times
LARGEST = 1 << 29  # bytes
KEPT = 90 * 86400.0  # s without a change, after which an index is removed
READERS = ("evidence", "parity", "trace")  # rooms whose code decides how a package is read
KEY = 32  # characters at the start of a line
_NUMBERS = slice(Factor._fields.index("c_value"), Factor._fields.index("status"))  # fields of a factor
_BETWEEN = "|"  # texts
CHECKED = KEY + 10  # characters before the values: key, space, checksum, space


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
            head, *lines = read_regular(self._file, LARGEST).split(b"\n")
            self._known = {line[:KEY]: line for line in lines} if head == _head() else {}

    def read(self, path: Path, entries: Iterable[os.DirEntry[str]] | None = None) -> Package:
        """The package in directory ``path`` for a list: `read_package` with ``chain_only``.

        ``entries``: everything but folders in it, just listed.
        """
        names = sorted([entry.name for entry in (list_entries(path) if entries is None else entries)])
        place = "\0".join((str(path).removeprefix(self._root).lstrip("/"), *names))
        key = hashlib.blake2b(os.fsencode(place), digest_size=KEY // 2).hexdigest().encode()
        line = self._known.get(key, b"")
        package = _package_in(line, path, tuple(names))
        if package is None:
            contents = Contents(path, names)
            package = package_of(contents, chain_only=True)
            newest = max((max(state[3:], default=0) for state in contents.states.values()), default=0)
            if not names or contents.failed or newest > 1e9 * (self._began - SETTLED):
                return package
            line = _line(key, contents.states, package)
            self._new += 1
        self._used[key] = line
        return package

    def keep(self) -> None:
        """Write the packages read so far, if that saves time."""
        if self._file is None or len(self._used) < WORTH or self._new < NEWS * len(self._used):
            return
        with suppress(OSError):  # a read-only or full directory
            write_private(self._file, b"\n".join((_head(), *self._used.values(), b"")).decode("ascii"))
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


def _line(key: bytes, states: Mapping[str, State], package: Package) -> bytes:
    text = _ENCODER.encode([states, _packed(package.factors), *_values_of(package)]).encode("ascii")
    return b"%b %08x %b" % (key, zlib.crc32(text, zlib.crc32(key)), text)


def _package_in(line: bytes, path: Path, names: tuple[str, ...]) -> Package | None:
    """The package in a line; None for no line, a damaged one, or one of other states of its files."""
    key, text = line[:KEY], line[CHECKED:]
    if line[KEY:CHECKED] != b" %08x " % zlib.crc32(text, zlib.crc32(key)):
        return None
    try:
        states, factors, *values = json.loads(text)
        folder = str(path)
        for name, state in states.items():
            if state_of(folder, name) != tuple(state):
                return None
        stored = dict(zip(_STORED, values, strict=True))
        time, pixel, quirks = stored["time"], stored["pixel"], stored["quirks"]
        return Package(
            **{
                **stored,
                "path": path,
                "stamp": path.name,
                "files": names,
                "time": None if time is None else datetime.fromisoformat(time),
                "pixel": None if pixel is None else tuple(pixel),
                "factors": _unpacked(*factors),
                "environment": tuple(map(tuple, stored["environment"])),
                "lacks": tuple(Gap(Subject[subject], *words) for subject, *words in stored["lacks"]),
                "quirks": None if quirks is None else tuple(map(tuple, quirks)),
                "made_by": tuple(map(tuple, stored["made_by"])),
            }
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, struct.error):
        return None


def _packed(factors: Sequence[Factor]) -> tuple[str | list[str], str, list[tuple[int, str | None]]]:
    """The texts of all factors, the bytes of their numbers, and what stands in the place of a number.

    One text and bytes take a tenth of the time of a JSON list with digits.
    """
    columns = list(zip(*factors, strict=True))
    values = list(chain(*columns[_NUMBERS]))
    others = [(at, value) for at, value in enumerate(values) if type(value) is not float]
    for at, _ in others:
        values[at] = 0.0
    words = list(chain(*columns[: _NUMBERS.start], *columns[_NUMBERS.stop :]))
    texts = _BETWEEN.join(words)
    alone = texts.count(_BETWEEN) == len(words) - 1
    return texts if alone else words, struct.pack(f"<{len(values)}d", *values).hex(), others


def _unpacked(texts: str | list[str], digits: str, others: list[tuple[int, str | None]]) -> tuple[Factor, ...]:
    """The factors again. Raises ValueError, LookupError, TypeError or struct.error for anything else."""
    values: list[float | str | None] = [*struct.unpack(f"<{len(digits) // 16}d", bytes.fromhex(digits))]
    for at, value in others:
        values[at] = value
    words = texts.split(_BETWEEN) if isinstance(texts, str) else texts
    count = len(values) // (_NUMBERS.stop - _NUMBERS.start)
    before = count * _NUMBERS.start
    row = [*words[:before], *values, *words[before:]]
    columns = [row[at : at + count] for at in range(0, len(row), count)] if row else []
    return tuple(map(Factor._make, zip(*columns, strict=True)))


def _as_json(value: datetime | Gap) -> str | tuple[str, ...]:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.subject.name, value.sentence, value.file, value.part


_STORED = tuple(field.name for field in fields(Package) if field.name not in ("path", "stamp", "files", "factors"))
_values_of = attrgetter(*_STORED)
_ENCODER = json.JSONEncoder(default=_as_json, separators=(",", ":"))
