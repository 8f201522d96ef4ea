"""Given logs, read once: the bytes compared are those of the copy in the package, whatever happens to the file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

from nbtui.errors import NotWritten
from nbtui.evidence.write.inputs import shown_name
from nbtui.regular_file import open_regular
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.reading.reader import read_trace
from nbtui.trace.text import clean

_PIECE = 1 << 20  # bytes

Read = TypeVar("Read")


@dataclass(frozen=True)
class LogCopy:
    """A log as it was when it was read.

    Attributes:
        source: the file.
        copy: its copy in the package.
        modified: UTC time of its last change.
    """

    source: Path
    copy: Path
    sha256: str
    size: int
    modified: datetime

    def read(self, reader: Callable[[Path], Read]) -> Read:
        """The content as ``reader`` reads it; its errors name the source.

        Raises:
            TraceError: as ``reader``.
            NotWritten: the copy is gone.
        """
        try:
            return reader(self.copy)
        except TraceError as error:
            if not self.copy.is_file():
                raise NotWritten(f"{clean(str(self.copy))}: cannot be written (removed meanwhile)") from error
            sentence = str(error).replace(clean(str(self.copy)), clean(str(self.source)))
            raise TraceError(sentence) from error

    def trace(self) -> Trace:
        """Its trace, with the source as the origin. Raises TraceError."""
        return replace(self.read(read_trace), origin=clean(str(self.source)))

    def input_entry(self, folder: Path) -> dict[str, object]:
        """As an input in metrics.json, named relative to ``folder``."""
        return {"path": shown_name(self.source, folder), "sha256": self.sha256, "size": self.size}

    def side_entry(self, folder: Path) -> dict[str, object]:
        """As a side of the comparison in metrics.json."""
        modified = self.modified.isoformat(timespec="seconds").replace("+00:00", "Z")
        return {"file": shown_name(self.source, folder), "sha256": self.sha256, "modified": modified}


def check_readable(log: Path) -> None:
    """Refuse early a log that cannot be opened. Raises TraceError."""
    _opened(log).close()


def copied(source: Path, copy: Path) -> LogCopy:
    """Copy a log.

    Raises:
        TraceError: it cannot be read.
        OSError: the copy cannot be written.
    """
    digest, size = hashlib.sha256(), 0
    with _opened(source) as stream, copy.open("xb") as target:
        modified = os.fstat(stream.fileno()).st_mtime
        while piece := _piece(stream, source):
            target.write(piece)
            digest.update(piece)
            size += len(piece)
    return LogCopy(source, copy, digest.hexdigest(), size, datetime.fromtimestamp(modified, UTC))


def _opened(log: Path) -> BinaryIO:
    try:
        return open_regular(log)
    except OSError:
        read_trace(log)  # raises the sentence on its fault
        raise


def _piece(stream: BinaryIO, source: Path) -> bytes:
    try:
        return stream.read(_PIECE)
    except OSError as error:
        raise TraceError(f"{clean(str(source))}: cannot be read: {error.strerror or error}") from error
