"""A new file that appears whole or not at all: written beside its target, then renamed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def new_file(folder: Path, *, private: bool = False) -> Iterator[tuple[int, Path]]:
    """A hidden temporary file in ``folder``, its descriptor and path; removed afterwards unless renamed.

    It has the permissions of any new file, or with ``private`` those of its user alone.

    Raises:
        OSError: the folder is missing, read-only or full.
    """
    descriptor, name = tempfile.mkstemp(prefix=".nbtui-", dir=folder)  # mode 0600
    temporary = Path(name)
    try:
        if not private:
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(descriptor, 0o666 & ~mask)
        yield descriptor, temporary
    finally:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file in one step for its readers, in place of an older one. Raises OSError."""
    with new_file(path.parent, private=private) as (descriptor, temporary):
        put(descriptor, data)
        temporary.replace(path)


def put(descriptor: int, data: bytes) -> None:
    """Write all of ``data``; the descriptor stays open."""
    with os.fdopen(os.dup(descriptor), "wb") as stream:
        stream.write(data)
