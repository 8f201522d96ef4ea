"""One contained way to run a command of the user: bounded output, bounded time, and no process left behind.

The command is a list of words, run without a shell and without input, in a session of its own. Its output streams into
files of the caller. At the end, at the time limit, on a cancel and on any error, the whole process group ends: by
SIGTERM, after a grace period by SIGKILL. On Linux, processes that left the group (``setsid``) end as well: they carry
the mark of the run in their environment.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nbtui.errors import SimulationFailed
from nbtui.trace.text import clean

STDOUT, STDERR = "stdout", "stderr"
MARK = "NBTUI_RUN"  # environment variable; one mark for each nbtui around the command, separated by ":"
GRACE = 2.0  # s between SIGTERM and SIGKILL, and for the last output after the command's own end
_BY_SIGNAL = 128  # added by a shell to the number of a signal
_TICK = 0.05  # s between two looks at the clock and the cancel
_PIECE = 1 << 20  # bytes
_ROUNDS = 5  # of ending marked processes: one may fork while the others end


@dataclass(frozen=True)
class Bounds:
    """Limits of a run. Output beyond a limit is discarded while the command goes on; its time is limited as well.

    Attributes:
        seconds: elapsed time before the command ends; None: no limit.
        stdout: bytes kept of stdout.
        stderr: bytes kept of stderr.
    """

    seconds: float | None = None
    stdout: int = 1 << 30
    stderr: int = 1 << 28


UNTIMED = Bounds()


@dataclass(frozen=True)
class ProcessEnd:
    """The end of a command.

    Attributes:
        status: exit status as a shell gives it: 128 + n after signal n.
        seconds: elapsed time.
        signal: number of the signal that ended it; 0 for an end of its own.
        timed_out: ended at the time limit.
        cancelled: ended by a cancel.
        cut: the streams with discarded output, of ``stdout`` and ``stderr``.
    """

    status: int
    seconds: float
    signal: int = 0
    timed_out: bool = False
    cancelled: bool = False
    cut: tuple[str, ...] = ()


def _unheard(stream: str, piece: bytes) -> None:
    """Ignore the output."""


def run_process(
    words: Sequence[str],
    stdout: BinaryIO,
    stderr: BinaryIO | None = None,
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    bounds: Bounds = UNTIMED,
    heard: Callable[[str, bytes], None] = _unheard,
    cancel: threading.Event | None = None,
) -> ProcessEnd:
    """Run a command to its end, and end every process that it leaves.

    Args:
        words: the program (a path, or a name on PATH) and its arguments.
        stdout: open file that receives the output from its present position on.
        stderr: open file for stderr; None: into ``stdout``, in the order of writing.
        cwd: working directory; None: the current one.
        environment: the whole environment; None: that of this process.
        bounds: limits of time and output.
        heard: receives every piece of output (``stdout`` or ``stderr``, bytes) in the calling thread, also beyond the
            limit.
        cancel: set in another thread to end the command.

    Raises:
        SimulationFailed: the command cannot be started.
        OSError: an output file cannot be written.
    """
    began = time.monotonic()
    mark = uuid.uuid4().hex
    process = None
    try:  # a signal may come before the started process is known here: it carries the mark
        process = _started(
            words, cwd, _marked(os.environ if environment is None else environment, mark), stderr is None
        )
        with _Streams(process, stdout, stderr, bounds, heard) as streams:
            try:
                timed_out, cancelled = _watched(process, streams, began, bounds.seconds, cancel)
            finally:
                _end(process, streams)
            cut = streams.cut
        stdout.flush()
        if stderr is not None:
            stderr.flush()
    finally:
        if process is not None:
            _kill(process)
        else:
            time.sleep(_TICK)  # a process that has just started shows no environment yet
        end_marked(mark)
    code = process.returncode
    number = max(0, -code)
    return ProcessEnd(
        _BY_SIGNAL + number if number else code, time.monotonic() - began, number, timed_out, cancelled, cut
    )


def _started(
    words: Sequence[str], cwd: Path | None, environment: Mapping[str, str], merged: bool
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(words),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL in a word
        reason = error.strerror if isinstance(error, OSError) else str(error)
        place = f" in {clean(str(cwd))}" if cwd is not None and not cwd.is_dir() else ""
        raise SimulationFailed(f"{clean(words[0])}: cannot be started{place} ({clean(reason or 'unknown')})") from error


def _marked(environment: Mapping[str, str], mark: str) -> dict[str, str]:
    outer = environment.get(MARK)
    return {**environment, MARK: f"{outer}:{mark}" if outer else mark}


def _watched(
    process: subprocess.Popen[bytes],
    streams: _Streams,
    began: float,
    seconds: float | None,
    cancel: threading.Event | None,
) -> tuple[bool, bool]:
    """Copy the output until the process has ended or must end; whether it timed out, and whether it was cancelled."""
    while process.poll() is None:
        if cancel is not None and cancel.is_set():
            return False, True
        if seconds is not None and time.monotonic() >= began + seconds:
            return True, False
        if streams.open:
            streams.copy(_TICK)
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_TICK)
    until = time.monotonic() + GRACE  # for the output of processes that it started
    while streams.open and time.monotonic() < until:
        streams.copy(_TICK)
    return False, False


class _Streams:
    """The output of a process on its way into files, up to a number of bytes each."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        stdout: BinaryIO,
        stderr: BinaryIO | None,
        bounds: Bounds,
        heard: Callable[[str, bytes], None],
    ) -> None:
        self._pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
        self._heard = heard
        self._files = {STDOUT: stdout} if stderr is None else {STDOUT: stdout, STDERR: stderr}
        self._left = {STDOUT: bounds.stdout, STDERR: bounds.stderr}
        self._cut: set[str] = set()
        self._ready = selectors.DefaultSelector()
        for name, pipe in zip(self._files, self._pipes, strict=True):
            self._ready.register(pipe, selectors.EVENT_READ, name)

    def __enter__(self) -> _Streams:
        return self

    def __exit__(self, *_: object) -> None:
        self._ready.close()
        for pipe in self._pipes:
            pipe.close()

    @property
    def open(self) -> bool:
        """Whether a process still holds one of the streams."""
        return bool(self._ready.get_map())

    @property
    def cut(self) -> tuple[str, ...]:
        """The streams with discarded output."""
        return tuple(name for name in self._files if name in self._cut)

    def copy(self, seconds: float) -> None:
        """Copy the present output; wait at most ``seconds`` for some."""
        for key, _ in self._ready.select(seconds):
            piece = os.read(key.fd, _PIECE)
            if piece:
                self._keep(key.data, piece)
            else:
                self._ready.unregister(key.fileobj)

    def _keep(self, name: str, piece: bytes) -> None:
        kept = piece[: self._left[name]]
        self._left[name] -= len(kept)
        if len(kept) < len(piece):
            self._cut.add(name)
        self._files[name].write(kept)
        self._heard(name, piece)


def _end(process: subprocess.Popen[bytes], streams: _Streams) -> None:
    """End the group by SIGTERM, and copy its last output while it does so within the grace period."""
    if not _signalled(process.pid, signal.SIGTERM):
        return
    until = time.monotonic() + GRACE
    while time.monotonic() < until and (process.poll() is None or _signalled(process.pid, 0)):
        streams.copy(_TICK) if streams.open else time.sleep(_TICK)
    if streams.open:
        streams.copy(0)


def _kill(process: subprocess.Popen[bytes]) -> None:
    _signalled(process.pid, signal.SIGKILL)
    process.wait()


def _signalled(group: int, number: int) -> bool:
    """Send a signal to a process group; False without one."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS: only zombies are left
        return False
    return True


def end_marked(mark: str) -> None:
    """End the processes outside the group that carry the mark, where the system lists environments."""
    for _ in range(_ROUNDS):
        found = list(_carrying(mark.encode()))
        for number in found:
            with contextlib.suppress(OSError):
                os.kill(number, signal.SIGKILL)
        if not found:
            return
        time.sleep(_TICK)


def _carrying(mark: bytes) -> Iterator[int]:
    """Numbers of the running processes with ``mark`` in their environment; none without ``/proc``."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            content = (entry / "environ").read_bytes()  # empty for a zombie
        except OSError:  # gone, or of somebody else
            continue
        if mark in content:
            yield int(entry.name)
