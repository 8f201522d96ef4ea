"""Compiled code that is kept on disk: only what this user wrote is loaded, and only as it was written.

A file's name ends with the SHA-256 of its bytes. The folder and the file belong to this user and nobody else can write
them; no folder above lets others exchange them.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def cache_folder() -> Path:
    """Folder of compiled kernels: $NBSIM_CACHE, else nbsim in the user's cache folder."""
    own = os.environ.get("NBSIM_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "nbsim"
    except RuntimeError:  # a user without a home
        return Path(tempfile.gettempdir()) / f"nbsim-{os.geteuid()}"


def why_not_trusted(folder: Path) -> str | None:
    """The reason why files of ``folder`` must not be loaded; None: only this user can have written them."""
    try:
        real = folder.resolve(strict=True)
        here = real.stat()
    except (OSError, RuntimeError) as error:
        return f"{folder}: {getattr(error, 'strerror', None) or error}"
    if not stat.S_ISDIR(here.st_mode):
        return f"{folder}: not a folder"
    if here.st_uid != os.geteuid():
        return f"{folder}: belongs to another user"
    if here.st_mode & _OTHERS_WRITE:
        return f"{folder}: other users can write there"
    for parent in real.parents:
        if _can_be_exchanged(parent.stat()):
            return f"{parent}: other users can rename what it holds"
    return None


def _can_be_exchanged(parent: os.stat_result) -> bool:
    if parent.st_uid not in (0, os.geteuid()):
        return True
    if parent.st_mode & stat.S_ISVTX:
        return False
    by_group = bool(parent.st_mode & stat.S_IWGRP) and parent.st_gid not in (0, os.getegid())
    return by_group or bool(parent.st_mode & stat.S_IWOTH)


def kept(folder: Path, name: str) -> Path | None:
    """The file ``name``-SHA256.so that this user wrote to ``folder``, whole; a damaged one is removed."""
    if why_not_trusted(folder) is not None:
        return None
    for path in sorted(folder.glob(f"{name}-*.so")):
        try:
            content = _own_bytes(path)
        except OSError:
            continue
        if path.name == _name(name, content):
            return path
        path.unlink(missing_ok=True)
    return None


def keep(folder: Path, name: str, made: Path) -> Path:
    """``made``, a file in a folder of this user on the same file system, moved to ``folder`` under its name.

    Raises:
        OSError: it cannot be moved there.
    """
    made.chmod(0o600)
    target = folder / _name(name, made.read_bytes())
    return made.replace(target)


def own_folder(folder: Path) -> Path:
    """``folder``, made for this user alone where it is missing.

    Raises:
        OSError: it cannot be made, or is not to be trusted.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    reason = why_not_trusted(folder)
    if reason is not None:
        raise PermissionError(reason)
    return folder


def _own_bytes(path: Path) -> bytes:
    """The bytes of a plain file that only this user can write.

    Raises:
        OSError: it is another kind of file, or somebody else's, or cannot be read.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
        state = os.fstat(stream.fileno())
        if not stat.S_ISREG(state.st_mode) or state.st_uid != os.geteuid() or state.st_mode & _OTHERS_WRITE:
            raise PermissionError(f"{path}: not a plain file of this user alone")
        return stream.read()


def _name(name: str, content: bytes) -> str:
    return f"{name}-{hashlib.sha256(content).hexdigest()}.so"
