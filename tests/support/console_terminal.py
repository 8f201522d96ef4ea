"""A console in a real pseudo-terminal: what it sends, byte for byte, and how it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.cells import cell_len

from support.patience import PATIENCE
from support.warm_start import WarmStart

_PIECES = re.compile(
    r"\x1b\[(?P<move>[0-9;]*)H|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P].*?(?:\x07|\x1b\\)|\x1b.|\r|\n|[^\x1b\r\n]+", re.S
)

RESTING = 4  # looks, 0.05 s apart, at which a program must be found silent and asleep


def nbtui_program(*words: str) -> str:
    """A program: ``nbtui`` with these words."""
    return f"from nbtui.cli import main\nraise SystemExit(main({list(words)!r}))\n"


def console_program(c_log: Path | None = None, py_log: Path | None = None, patch: str = "") -> str:
    """A program: the console on two logs, or on the demo, after the lines of ``patch``."""
    case = "load_case(None)" if c_log is None else "None"
    c, py = (f"read_trace(Path({str(log)!r}))" if log else "None" for log in (c_log, py_log))
    return f"""
from pathlib import Path
from nbtui.console.entry_points import run_console
from nbtui.live.cases import load_case
from nbtui.live.model import Settings
from nbtui.trace.reading.reader import read_trace
{patch}
raise SystemExit(run_console({case}, Settings(), c_trace={c}, suspect={py},
                             profile="full", tolerance=None, reports=Path("reports")))
"""


class Terminal:
    """A child process on a pty of 120 x 40. ``received`` is everything it has sent."""

    def __init__(self, program: str, folder: Path, environment: Mapping[str, str], warm: WarmStart | None) -> None:
        self.received = b""
        self.columns, self.lines = 120, 40
        self.fd, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", self.lines, self.columns, 0, 0))
        # os.environ, not what readline has put behind its back: LINES and COLUMNS of another terminal
        colours = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1"}
        whole = {**os.environ, **colours, **environment}
        for size in {"COLUMNS", "LINES"} - set(environment):  # of another terminal
            whole.pop(size, None)
        if warm:
            self.pid = warm.start(program, folder, whole, inside)
        else:
            self.pid = os.fork()
            if self.pid == 0:
                os.login_tty(inside)
                os.chdir(folder)
                os.execve(sys.executable, [sys.executable, "-c", program], whole)
        os.close(inside)

    def read(self, quiet: float) -> bytes:
        """What arrives until nothing came for ``quiet`` seconds."""
        got = b""
        while select.select([self.fd], [], [], quiet)[0]:
            try:
                chunk = os.read(self.fd, 65536)
            except OSError:
                break
            if not chunk:
                break
            got += chunk
        self.received += got
        return got

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Read until ``condition`` holds. AssertionError with ``what`` was awaited and the screen otherwise."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"{what} never came:\n{self.screen()}"
            self.read(0.05)

    def wait_for(self, text: str) -> None:
        """Read until ``text`` is on the screen. AssertionError with the screen otherwise."""
        self.wait_until(lambda: text in self.screen(), repr(text))

    def screen(self) -> str:
        """What a terminal shows after everything received: text and cursor positions, nothing else."""
        rows = [[" "] * self.columns for _ in range(self.lines)]
        x = y = 0
        for match in _PIECES.finditer(self.received.decode("utf-8", "replace")):
            piece = match.group()
            if match["move"] is not None:
                y, x = (int(part or 1) - 1 for part in (match["move"] + ";").split(";")[:2])
            elif piece == "\x1b[K":
                rows[y][x:] = [" "] * (self.columns - x)
            elif piece == "\r":
                x = 0
            elif piece == "\n":
                x, y = 0, y + 1
            elif not piece.startswith("\x1b") and y < self.lines:
                for char in piece:
                    size = cell_len(char)
                    if size and x + size <= self.columns:
                        rows[y][x : x + size] = [char] + [""] * (size - 1)
                        x += size
        return "\n".join("".join(row) for row in rows)

    def press(self, keys: str) -> int:
        """Bytes sent in answer to ``keys``: everything until the program rests, however slow the machine is."""
        os.write(self.fd, keys.encode())
        return len(self.settle())

    def settle(self) -> bytes:
        """What arrives until the program has been silent and asleep for a while."""
        got = b""
        end = time.monotonic() + PATIENCE
        still = 0
        while still < RESTING and time.monotonic() < end:
            before = _processor_time(self.pid)
            arrived = self.read(0.05)
            got += arrived
            awake = bool(arrived) or _is_running(self.pid) or _processor_time(self.pid) - before > 1
            still = 0 if awake else still + 1
        return got

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """The connection is gone: close the terminal's end and tell the process."""
        os.close(self.fd)
        self.fd = -1
        self.signal(signal.SIGHUP)

    def wait_until_stopped(self) -> None:
        """Until the process sleeps as after Ctrl-Z."""
        self.wait_until(lambda: _stat(self.pid)[:1] == ["T"], "the stop")
        self.read(0.05)

    def stop_output(self) -> None:
        """As Ctrl-S, or a link that stands still: whoever writes waits."""
        number = struct.unpack("i", fcntl.ioctl(self.fd, 0x80045430, struct.pack("i", 0)))[0]  # TIOCGPTN of Linux
        inside = os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY)
        termios.tcflow(inside, termios.TCOOFF)
        os.close(inside)

    def rest(self) -> None:
        """Wait until the program is asleep, without reading what it sends."""
        end = time.monotonic() + PATIENCE
        still = 0
        while still < RESTING and time.monotonic() < end:
            before = _processor_time(self.pid)
            time.sleep(0.05)
            still = 0 if _is_running(self.pid) or _processor_time(self.pid) - before > 1 else still + 1

    def end(self, patience: float = PATIENCE, *, reading: bool = True) -> int:
        """Wait for the process; its exit code, negative for a signal that killed it."""
        limit = time.monotonic() + patience
        while time.monotonic() < limit:
            if self.fd >= 0 and reading:
                self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        raise AssertionError("the console did not end")

    def close(self) -> None:
        if self.pid:
            self.signal(signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self.fd >= 0:
            os.close(self.fd)


def _is_running(pid: int) -> bool:
    """Whether a thread wants the processor, also one that waits for it; False where no /proc tells."""
    try:
        threads = [thread / "stat" for thread in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return False
    return any(_fields(thread)[:1] in (["R"], ["D"]) for thread in threads)


def _processor_time(pid: int) -> int:
    """Ticks (10 ms) that the process has used; 0 where the system does not say."""
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12]) if len(fields) > 12 else 0


def _stat(pid: int) -> list[str]:
    return _fields(Path(f"/proc/{pid}/stat"))


def _fields(stat: Path) -> list[str]:
    """Fields of a stat file from the state on; none when the process or thread has ended."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []


Start = Callable[..., Terminal]  # of the fixture on_terminal: program, cold=False, **environment
