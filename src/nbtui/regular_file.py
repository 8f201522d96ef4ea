"""Regular files opened for reading: a pipe, device, socket or directory under such a name is refused, never waited for.

Every file of a user, a program under test or a package is read through this module.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader, TextIOWrapper
from pathlib import Path

WHOLE = 64 << 20  # bytes of a file that is read whole
REFUSED = (errno.EINVAL, errno.EISDIR, errno.EFBIG)  # ``errno`` of a refusal, as opposed to a failure
_KINDS = {
    stat.S_IFIFO: "a pipe, not a file",
    stat.S_IFCHR: "a device, not a file",
    stat.S_IFBLK: "a device, not a file",
    stat.S_IFSOCK: "a socket, not a file",
}


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file, or a link to one, without ever waiting.

    Raises:
        OSError: missing, unreadable or not a regular file; ``strerror`` is the reason in words.
    """
    try:
        _refuse_others(path.stat().st_mode)  # opening a device may already act on it
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ValueError as error:  # a NUL byte, or a character that no file system takes
        raise OSError(errno.EINVAL, "not a valid file name") from error
    try:
        _refuse_others(os.fstat(descriptor).st_mode)  # replaced meanwhile
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def open_regular_text(path: Path, newline: str = "") -> TextIOWrapper:
    """The same for a text in UTF-8, other bytes replaced; ``newline`` as for `open`.

    Raises:
        OSError: as `open_regular`.
    """
    return TextIOWrapper(open_regular(path), "utf-8", "replace", newline=newline)


def read_regular(path: Path, most: int = WHOLE) -> bytes:
    """The content of a regular file of at most ``most`` bytes.

    Raises:
        OSError: as `open_regular`, or larger; ``strerror`` is the reason in words.
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        content = stream.read(size + 1) if size <= most else None  # room for `most` takes longer than the reading
        if content is not None and len(content) > size:  # it grows, or states no size, as in /proc
            content += stream.read(most + 1 - len(content))
    if content is None or len(content) > most:
        raise OSError(errno.EFBIG, f"larger than {most >> 20} MiB" if most >> 20 else f"larger than {most} bytes")
    return content


def _refuse_others(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, "a directory, not a file")
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, _KINDS.get(stat.S_IFMT(mode), "not a regular file"))
