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
    descriptor = _opened(path)[0]
    try:
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _opened(path: Path | str) -> tuple[int, os.stat_result]:
    """A descriptor of a regular file, and the state of the file."""
    try:
        _refuse_others(os.stat(path).st_mode)  # noqa: PTH116  opening a device may already act on it
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ValueError as error:  # a NUL byte, or a character that no file system takes
        raise OSError(errno.EINVAL, "not a valid file name") from error
    try:
        info = os.fstat(descriptor)
        _refuse_others(info.st_mode)  # replaced meanwhile
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, info


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
    return read_with_state(path, most)[0]


def read_with_state(path: Path | str, most: int = WHOLE) -> tuple[bytes, os.stat_result]:
    """The content of a regular file, as `read_regular`, and its state before the reading.

    Raises:
        OSError: as `read_regular`.
    """
    descriptor, info = _opened(path)
    size = info.st_size
    try:
        content = os.read(descriptor, size + 1) if size <= most else b""
        if size <= most and len(content) != size:  # it changes, or states no size, as in /proc
            with open(descriptor, "rb", closefd=False) as stream:
                content += stream.read(most + 1 - len(content))
    finally:
        os.close(descriptor)
    if max(size, len(content)) > most:
        raise OSError(errno.EFBIG, f"larger than {most >> 20} MiB" if most >> 20 else f"larger than {most} bytes")
    return content, info


def _refuse_others(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, "a directory, not a file")
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, _KINDS.get(stat.S_IFMT(mode), "not a regular file"))
