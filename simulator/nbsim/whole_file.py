"""Write files atomically."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from nbsim.errors import OutputError


def write_whole(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write ``parts`` beside ``path``, flush, and rename over it, as the C program would overwrite its outputs.

    An existing target that is not a plain file (``/dev/null``, a pipe) is written to, never replaced.

    Raises:
        OutputError: the folder is missing, read-only or full; nothing is left behind.
    """
    target = path.resolve() if path.is_symlink() else path
    temporary = ""
    try:
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:
                for part in parts:
                    stream.write(part)
            return
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:80]}.", suffix=".part", dir=target.parent)
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), 0o666 & ~_umask())
            for part in parts:
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(target)
    except BaseException as error:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
