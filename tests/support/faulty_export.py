"""A process that exports the demo over and over and dies, or runs into trouble, at a chosen point.

``python faulty_export.py`` reads orders ``KIND POINT CHILDREN FOLDER`` from stdin. Each is done in the folder by that
many forked children at once. A child counts what it does under the root and lets the fault happen at number POINT; its
answer is ``STATUS SENTENCE``: the exit status (negative: the signal that killed it), and ``unharmed`` when it ended
before the point was reached.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

ROOT = "reports"
NOBODY = 65534
WATCHED = frozenset(
    ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.scandir", "os.listdir", "fcntl.flock", "fsync")
)


class Faulty:
    """The process as a test sees it. One serves all tests: what costs time is the start, with torch."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def order(self, kind: str, point: int = 0) -> tuple[int, str]:
        """Let one export happen in the current directory; exit status and sentence."""
        return self.at_once(1, kind, point)[0]

    def at_once(self, children: int, kind: str, point: int = 0) -> list[tuple[int, str]]:
        """The same in several processes at the same time."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{kind} {point} {children} {Path.cwd()}\n")
        self.process.stdin.flush()
        answers = [self.process.stdout.readline().rstrip("\n").partition(" ") for _ in range(children)]
        return [(int(status), sentence) for status, _, sentence in answers]

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def _serve() -> None:
    from nbtui.evidence.write.export import ExportRequest, export
    from nbtui.live.cases import load_case
    from nbtui.live.model import Settings
    from nbtui.live.session import simulate

    case, settings = load_case("demo"), Settings()
    simulation = simulate(case, settings)

    def run() -> None:
        export(ExportRequest(case, settings, Path(ROOT), simulation=simulation))

    for line in sys.stdin:
        kind, point, children, folder = line.rstrip("\n").split(" ", 3)
        os.chdir(folder)
        os.environ["GIT_CEILING_DIRECTORIES"] = str(Path(folder).parent)
        for pid, ours in [_forked(run, kind, int(point)) for _ in range(int(children))]:
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            with os.fdopen(ours) as stream:
                print(status, " ".join(stream.read().split()), flush=True)


def _forked(run: Callable[[], None], kind: str, point: int) -> tuple[int, int]:
    """A child at work: its number, and the descriptor from which its sentence can be read."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(run, kind, point, theirs)
    os.close(theirs)
    return pid, ours


def _child(run: Callable[[], None], kind: str, point: int, said: int) -> NoReturn:
    from nbtui.errors import NotWritten

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    status, sentence, faults = 0, "", None
    try:
        if kind == "nobody":
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        elif kind == "torn":  # killed by the kernel in the middle of a write, at this many bytes
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (point, point))
        elif kind == "large":  # the same as an error
            resource.setrlimit(resource.RLIMIT_FSIZE, (point, point))
        elif kind != "none":
            faults = _Faults(kind, point)
        for _ in range(point if kind == "none" else 1):
            run()
    except NotWritten as error:
        status, sentence = 4, str(error)
    except BaseException as error:
        status, sentence = 99, repr(error)
    if faults is not None and faults.count < point:
        sentence = "unharmed"
    os.write(said, sentence.encode())
    os._exit(status)


class _Faults:
    """Counts what happens under the root; number ``point`` is the fault."""

    def __init__(self, kind: str, point: int) -> None:
        self.kind, self.point, self.count, self.busy = kind, point, 0, False
        sys.addaudithook(self.hook)
        from nbtui.evidence.write import files as write

        flush, rename = os.fsync, write.rename_new

        def fsync(descriptor: int) -> None:
            flush(descriptor)
            self.hook("fsync", (descriptor,))

        def renamed(source: Path, target: Path) -> None:
            self.hook("os.mkdir", (str(source),))  # on a full disk it fails as making a directory does
            rename(source, target)
            self.hook("fsync", (0,))

        os.fsync, write.rename_new = fsync, renamed

    def hook(self, event: str, args: tuple[object, ...]) -> None:
        if self.busy or event not in WATCHED:
            return
        if event not in ("fcntl.flock", "fsync") and not str(args[0]).startswith(ROOT):
            return
        self.count += 1
        if self.kind == "kill" and self.count == self.point:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "vanish" and self.count == self.point:
            self.busy = True
            shutil.rmtree(ROOT, ignore_errors=True)
            self.busy = False
        if self.kind == "full" and self.count >= self.point and _needs_room(event, args):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(args[0]))


def _needs_room(event: str, args: tuple[object, ...]) -> bool:
    """Whether a full disk refuses this: what makes a file or a directory."""
    flags = args[2] if event == "open" and len(args) > 2 and isinstance(args[2], int) else 0
    return event == "os.mkdir" or bool(flags & os.O_CREAT)


if __name__ == "__main__":
    _serve()
