"""The session file: saved on every change, and offered for resumption after a lost connection.

Every console locks its own file for its lifetime, so that concurrent consoles neither overwrite nor resume each
other's session. A file without a live owner is an interrupted session, or the last one that a user has left.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbtui.console.session.snapshot import Snapshot, from_json
from nbtui.errors import UnusableInput
from nbtui.regular_file import REFUSED, open_regular, read_regular
from nbtui.state_directory import state_folder, write_private
from nbtui.trace.text import clean

FORMAT = 1
PATIENCE = 0.4  # s between two writes during user activity
KEPT = 14 * 86400.0  # s: lifetime of an interrupted session
OFFERED = 86400.0  # s: period of the automatic offer
LARGEST = 1_000_000  # bytes of a session file
DAMAGED = ".damaged"  # suffix of a session file set aside


@dataclass(frozen=True)
class Saved:
    """A session to resume. ``words`` are the arguments of ``nbtui``, ``cwd`` its working directory."""

    path: Path
    at: float  # s since 1970
    cwd: str
    words: tuple[str, ...]
    snapshot: Snapshot
    left: bool = False  # the user has quit; otherwise the console was interrupted

    @property
    def offered(self) -> bool:
        """Whether the start of nbtui offers it: it ended against the user's will, and not long ago."""
        return not self.left and time.time() - self.at < OFFERED

    @property
    def told(self) -> str:
        """The session as one sentence for the foot line."""
        day = "" if time.time() - self.at < 43200 else "%Y-%m-%d "
        when = time.strftime(f"{day}%H:%M", time.localtime(self.at))
        return f"a session from {when} on {clean(self.snapshot.name or 'a case')} was interrupted: nbtui --resume"


def folder() -> Path:
    """The folder of the user's sessions."""
    return state_folder() / "sessions"


@dataclass(frozen=True)
class Sessions:
    """The sessions without a live owner, and the damaged files that were set aside just now.

    First come those offered at the start of nbtui, so that ``--resume`` continues them; then the newest.
    """

    sessions: tuple[Saved, ...] = ()
    damaged: tuple[Path, ...] = ()

    @property
    def complaint(self) -> str:
        """The damaged files as one sentence; empty without any."""
        if not self.damaged:
            return ""
        several = "" if len(self.damaged) == 1 else f", and {len(self.damaged) - 1} more like it"
        return f"a damaged session file was set aside as {clean(str(self.damaged[0]))}{several}"


def find() -> Sessions:
    """Look for sessions to resume, excluding unreadable and expired files; a damaged file is set aside."""
    sessions: list[Saved] = []
    damaged: list[Path] = []
    with suppress(OSError):
        for path in sorted(folder().glob("*.json")):
            if _alive(path):
                continue
            try:
                saved = _read(path)
            except _DamagedError:
                damaged.extend(_set_aside(path))
                continue
            if saved is not None and abs(time.time() - saved.at) < KEPT:
                sessions.append(saved)
    return Sessions(tuple(sorted(sessions, key=lambda saved: (saved.offered, saved.at), reverse=True)), tuple(damaged))


def claim(saved: Saved) -> bool:
    """Claim a session exclusively for this process. False: already claimed."""
    try:
        saved.path.unlink()
    except OSError:
        return False
    _lock_of(saved.path).unlink(missing_ok=True)
    return True


def newest() -> Saved:
    """The session for ``nbtui --resume``. Raises UnusableInput without one, or if its folder is gone."""
    found = find()
    if not found.sessions:
        reason = f"; {found.complaint}" if found.damaged else ""
        raise UnusableInput(f"no session to resume{reason}; 'nbtui CASE' starts one")
    saved = found.sessions[0]
    if not Path(saved.cwd).is_dir():
        raise UnusableInput(
            f"the session was in {clean(saved.cwd)}, which is gone; bring it back, or remove {clean(str(saved.path))}"
        )
    return saved


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _alive(path: Path) -> bool:
    """Whether a process holds the lock of a session; the kernel releases it at any exit."""
    try:
        with open_regular(_lock_of(path)) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks: check the process number, valid on its own machine only
        host, number, _ = path.stem.rsplit("-", 2) if path.stem.count("-") >= 2 else ("", "", "")
        return host != socket.gethostname() or not number.isdecimal() or _runs(int(number))
    return False


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


class _DamagedError(Exception):
    """The content of a session file is not a session."""


def _read(path: Path) -> Saved | None:
    """The session in a file; None if the file is unreadable or of a later version. Raises _DamagedError."""
    try:
        content = json.loads(read_regular(path, LARGEST))
        if content["format"] != FORMAT:
            return None
        words = tuple(str(word) for word in content["words"])
        at = float(content["saved"])
        time.localtime(at)  # raises for a time beyond the calendar
        left = content.get("left") is True
        return Saved(path, at, str(content["cwd"]), words, from_json(content["snapshot"]), left)
    except OSError as error:
        if error.errno in REFUSED:
            raise _DamagedError from error
        return None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise _DamagedError from error


def _set_aside(path: Path) -> list[Path]:
    """Rename a damaged file, so that it is reported once; its new path, or none if that fails."""
    aside = path.with_suffix(DAMAGED)
    try:
        path.rename(aside)
    except OSError:
        return []
    return [aside]


class Keeper:
    """Saves the newest snapshot in its own thread. ``trouble`` is called once on failure."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self._head: dict[str, Any] = {"format": FORMAT, "cwd": str(Path.cwd()), "words": list(words)}
        self.trouble: Callable[[str], None] = lambda sentence: None
        self.path = folder() / f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}.json"
        self._lock: Any = None
        self._newest: Snapshot | None = None
        self._written: Snapshot | None = None
        self._told = False
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nbtui-session", daemon=True)

    def start(self) -> None:
        """Start the saving thread."""
        self._thread.start()

    def note(self, snapshot: Snapshot) -> None:
        """Replace the snapshot to save; the thread writes it soon."""
        if snapshot != self._newest:
            self._newest = snapshot
            self._wake.set()

    def close(self, *, left: bool) -> bool:
        """Write the last state and end the session, ``left`` by the user or interrupted.

        Only the last of the sessions that users have left is kept. Returns whether ``nbtui --resume`` continues it.
        """
        self._ended.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._head["left"], self._written = left, None
        self._write()
        others = find().sessions
        if left and self._written is not None:
            for saved in others:
                if saved.left:
                    claim(saved)
        if self._lock is not None:
            self._lock.close()
            with suppress(OSError):
                _lock_of(self.path).unlink(missing_ok=True)
            self._lock = None
        return self._written is not None and not any(saved.offered for saved in others)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wake.wait()
            self._wake.clear()
            if not self._ended.is_set():
                self._write()
            self._ended.wait(PATIENCE)

    def _write(self) -> None:
        snapshot = self._newest
        if snapshot is None or snapshot == self._written:
            return
        content = {**self._head, "saved": time.time(), "snapshot": asdict(snapshot)}
        try:
            if self._lock is None:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._lock = _lock_of(self.path).open("wb")
                with suppress(OSError):  # a file system without locks
                    fcntl.flock(self._lock, fcntl.LOCK_EX)
            write_private(self.path, json.dumps(content, indent=1))
            self._written = snapshot
        except OSError as error:
            if not self._told:
                self._told = True
                self.trouble(f"the session cannot be saved in {self.path.parent}: {error.strerror}")
