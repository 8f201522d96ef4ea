"""Files and packages that appear whole or not at all, and never replace anything.

Source: spec/evidence_package.md, Directory.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from nbtui.errors import NotWritten
from nbtui.evidence.layout import STAMP_FORMAT
from nbtui.evidence.write.building import building, clear_litter, rename_new
from nbtui.trace.text import clean
from nbtui.whole_file import new_file, put

_STAMPS_TRIED = 3600


def check_new(path: Path, *, force: bool) -> None:
    """Refuse early whatever :func:`write_file` would refuse.

    Raises:
        NotWritten: ``path`` exists (without ``force``), is a directory, or its directory does not exist.
    """
    where = clean(str(path))
    if path.is_dir():
        raise NotWritten(f"{where}: a directory; name a file")
    if not path.parent.is_dir():
        raise NotWritten(f"{where}: no directory {clean(str(path.parent))}; make it first")
    if not force and os.path.lexists(path) and not _is_device(path):
        raise NotWritten(f"{where}: already exists; choose another name or give --force")


def write_file(path: Path, data: bytes, *, force: bool = False) -> None:
    """Write a whole file in one step; devices and pipes are written to directly.

    Raises:
        NotWritten: it exists (without ``force``) or cannot be written; an existing file is unchanged.
    """
    check_new(path, force=force)
    with explained(path):
        if _is_device(path):
            path.write_bytes(data)
            return
        target = path.resolve() if force else path
        with new_file(target.parent) as (descriptor, temporary):
            put(descriptor, data)
            publish(temporary, target, force=force)


def publish(temporary: Path, target: Path, *, force: bool = False) -> None:
    """Give a finished file its name.

    Raises:
        NotWritten: the name is taken (without ``force``), or the disk refuses.
    """
    with explained(target):
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        if not force:
            try:
                os.link(temporary, target)
                return
            except FileExistsError:
                raise
            except OSError:  # a file system without hard links: the name is claimed first, then replaced
                os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        temporary.replace(target)


class Reservation:
    """A free time stamp and the hidden folder where its package is being built."""

    def __init__(self, root: Path, when: datetime, claims: contextlib.ExitStack) -> None:
        self._root, self._claims = root, claims
        self._stamps = (when + timedelta(seconds=later) for later in range(_STAMPS_TRIED))
        self.stamp, self.folder = self._claimed()

    def publish(self, fill: Callable[[Path, str], None]) -> Path:
        """The package, filled by ``fill(folder, stamp)`` and renamed into place; what the folder holds stays in it.

        Raises:
            NotWritten: it cannot be written.
        """
        while True:
            target = self._root / self.stamp
            with explained(target):
                fill(self.folder, self.stamp)
                _sync(self.folder)
                try:
                    rename_new(self.folder, target)
                except FileExistsError:  # made by another tool meanwhile: it stays, this package takes the next stamp
                    self._move_on()
                    continue
                _sync_directory(self._root)
                return target

    def _move_on(self) -> None:
        before = self.folder
        self.stamp, self.folder = self._claimed()
        for path in before.iterdir():
            path.rename(self.folder / path.name)
        before.rmdir()

    def _claimed(self) -> tuple[str, Path]:
        for stamp in (time.strftime(STAMP_FORMAT) for time in self._stamps):
            if os.path.lexists(self._root / stamp):
                continue
            with explained(self._root / stamp):
                folder = self._claims.enter_context(building(self._root, stamp))
            if folder is not None:
                return stamp, folder
        raise NotWritten(f"{clean(str(self._root))}: no free time stamp within an hour")


@contextlib.contextmanager
def reserved(root: Path, when: datetime) -> Iterator[Reservation]:
    """Reserve the first free stamp from ``when`` on (UTC time of the run). Two exports never share one.

    Hidden remains of dead exports in ``root`` are removed first. Without a package, nothing of this one remains,
    neither files nor the folders made for it.

    Raises:
        NotWritten: ``root`` is a link or cannot be written.
    """
    if root.is_symlink():
        raise NotWritten(
            f"{clean(str(root))}: a link, which packages are not written through; "
            f"name its target: --reports {clean(str(root.resolve()))}"
        )
    made = [folder for folder in (root, *root.parents) if not folder.exists()]
    try:
        with explained(root):
            root.mkdir(parents=True, exist_ok=True)
        clear_litter(root)
        with contextlib.ExitStack() as claims:
            yield Reservation(root, when, claims)
    except BaseException:
        with contextlib.suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


def write_package(root: Path, when: datetime, fill: Callable[[Path, str], None]) -> Path:
    """A new package directory ``root/STAMP``, filled by ``fill(folder, stamp)`` aside and renamed into place.

    Raises:
        NotWritten: it cannot be written; no part of it remains.
    """
    with reserved(root, when) as reservation:
        return reservation.publish(fill)


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    _sync_directory(folder)


def _sync_directory(folder: Path) -> None:
    """Flush a directory where the file system allows it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_device(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Report an OSError inside as NotWritten, naming the file."""
    try:
        yield
    except BrokenPipeError:  # the reader of stdout has gone
        raise
    except OSError as error:
        name = error.filename2 or error.filename or path
        raise NotWritten(f"{clean(str(name))}: cannot be written ({error.strerror or error})") from error
