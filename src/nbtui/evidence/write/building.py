"""Building directories of packages: one lock per time stamp, and the removal of remains of dead exports.

While an export builds ``.STAMP.building`` it holds a lock on the hidden file ``.STAMP.lock`` beside it. The kernel
drops the lock when the process ends, however it ends, so that a free lock proves the export dead. Process numbers,
which are reused, and ages play no part.

On a file system without locks, creating the directory is the claim, and litter is left alone.
Source: spec/evidence_package.md, Directory.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import functools
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

_HIDDEN = re.compile(r"\.(\d{8}T\d{6}Z)\.(?:building|lock)")
_BUSY = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES})
_HERE = -100  # AT_FDCWD: names are relative to the current directory
_ONLY_NEW = 1  # RENAME_NOREPLACE
_ONLY_NEW_MAC = 4  # RENAME_EXCL
_NOT_OFFERED = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})


@contextlib.contextmanager
def building(root: Path, stamp: str) -> Iterator[Path | None]:
    """The empty building directory of a free stamp, else None; its remains are removed afterwards.

    Raises:
        OSError: the root cannot be written.
    """
    with _locked(root, stamp) as lock:
        folder = _made(root, stamp, owned=lock) if lock is not None else None
        if folder is None:
            yield None
            return
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def clear_litter(root: Path) -> None:
    """Remove the hidden remains of dead exports in ``root``; never those of a running one."""
    try:
        with os.scandir(root) as entries:
            stamps = {match[1] for entry in entries if (match := _HIDDEN.fullmatch(entry.name))}
    except OSError:
        return
    for stamp in sorted(stamps):
        with contextlib.suppress(OSError), _locked(root, stamp) as lock:
            if lock:
                shutil.rmtree(root / f".{stamp}.building", ignore_errors=True)


def rename_new(source: Path, target: Path) -> None:
    """Rename a directory unless ``target`` exists.

    Raises:
        FileExistsError: the name exists, even as an empty directory.
        OSError: the disk refuses.
    """
    exclusive = _exclusive_rename()
    number = exclusive(os.fsencode(source), os.fsencode(target)) if exclusive is not None else errno.ENOSYS
    if number == 0:
        return
    if number not in _NOT_OFFERED:
        raise OSError(number, os.strerror(number), str(source), None, str(target))
    if os.path.lexists(target):  # plain rename would replace an empty directory
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    source.rename(target)


def _made(root: Path, stamp: str, *, owned: bool) -> Path | None:
    """Make the building directory; None if the stamp is taken."""
    folder = root / f".{stamp}.building"
    if os.path.lexists(root / stamp):
        return None
    if owned:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir()
    except FileExistsError:
        return None
    if os.path.lexists(root / stamp):  # finished between the two checks, on a file system without locks
        folder.rmdir()
        return None
    return folder


@contextlib.contextmanager
def _locked(root: Path, stamp: str) -> Iterator[bool | None]:
    """True: the stamp's lock is ours; False: the file system has no locks; None: another process holds it."""
    path = root / f".{stamp}.lock"
    try:  # without following a link, or waiting for the other end of a pipe
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError as error:
        if not os.path.lexists(path):
            raise OSError(error.errno, error.strerror, str(root)) from error
        yield None  # another user's, or no file
        return
    owned = None
    try:
        owned = _lock(descriptor, path) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
        yield owned
    finally:
        if owned is not None:
            path.unlink(missing_ok=True)  # while the lock is held: no process can wait for a vanished name
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> bool | None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in _BUSY else False
    try:  # the file may have been removed by its owner between our opening and locking it
        return True if os.path.samestat(os.fstat(descriptor), path.lstat()) else None
    except FileNotFoundError:
        return None


@functools.cache
def _exclusive_rename() -> Callable[[bytes, bytes], int] | None:
    """The system's rename that never replaces, as a function that returns an error number; None without one."""
    library = ctypes.CDLL(None, use_errno=True)
    text = ctypes.c_char_p
    if sys.platform == "darwin":
        mac = library.renamex_np
        mac.argtypes = (text, text, ctypes.c_uint)
        return lambda old, new: ctypes.get_errno() if mac(old, new, _ONLY_NEW_MAC) else 0
    linux = getattr(library, "renameat2", None)
    if linux is None:
        return None
    linux.argtypes = (ctypes.c_int, text, ctypes.c_int, text, ctypes.c_uint)
    return lambda old, new: ctypes.get_errno() if linux(_HERE, old, _HERE, new, _ONLY_NEW) else 0
