"""``make monkey``: random keys, pastes, answers of a terminal, sizes and signals for a console in a pseudo-terminal.

A fault is an end that no key asked for, a traceback or the sentence of a fault on the screen, memory that grows, more
than a second from ``q`` to the end of the program.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import random
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path

from support.places import DATA, SHARED

QUITS = 1.0  # s of processor time from q to the end
QUIET = 60.0  # s without an answer to a key
GROWTH = 150 << 20  # bytes above the memory after the first keys
SETTLED = 300  # keys before memory counts
KEYS = (
    *"jkhlJKHLgGnNpPmMdDxXiIrRcCtTyYuUwWsSfFaAbBoOzZvV0123456789?/:.,;'\"[]{}()<>+-=*&^%$#@!~`| \t",
    "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[F", "\x1bOP", "\x1b[15~", "\x1b",
    "\r", "\x7f", "\x01", "\x04", "\x0c", "\x12", "\x15", "\x17", "\x1b[Z", "\x1bx", "\x1b[1;5C", "\x1b[3~",
)  # fmt: skip
ODD = (
    b"\xe4", b"\xff\xfe", b"\x1b]11;rgb:0000/ffff/d7d7\x1b\\", b"\x1b[?2026;2$y", b"\x1b[12;40R",
    b"\x1b[200~pasted\x1b[201~",
    b"\x1b[<0;10;10M\x1b[<0;10;10m", b"\x1b[<64;5;5M", b"\x1b[I", b"\x1b[O", b"\x1b[999999999999999999;1H", b"\x1bP>|x",
    b"\x1b[200~" + b"z" * 5000 + b"\x1b[201~", b"/nan\r", b"/(((\r", b"pixel 12 14\r", "é漢字\u202e".encode(),
)  # fmt: skip
WRONG = (b"Traceback (most recent", b"bug in nbtui", b"unexpected ")


@dataclass
class Child:
    """A console in a pty."""

    pid: int
    fd: int
    last: bytes = b""
    status: int = 0

    def read(self, seconds: float) -> bool:
        """Take what it sends for so long, or until it is silent; False after its end."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and select.select([self.fd], [], [], left)[0]:
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                return False
            if not piece:
                return False
            self.last = (self.last + piece)[-200_000:]
        return True

    def send(self, data: bytes) -> None:
        while data:
            ready, room, _ = select.select([self.fd], [self.fd], [], QUIET)
            if ready:
                self.read(0.001)
            if room:
                data = data[os.write(self.fd, data[:1024]) :]
            if not (ready or room):
                raise TimeoutError("the console reads no keys")

    def memory(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def processor_time(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ended(self) -> int | None:
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None


def started(words: list[str], folder: Path) -> Child:
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ |= {
            "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(folder / "state"), "EDITOR": "true",
            "OMP_NUM_THREADS": "1", "VISUAL": "true", "PAGER": "true",
        }  # fmt: skip
        os.execv(sys.executable, [sys.executable, "-m", "nbtui", *words])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    return Child(pid, fd)


def act(source: random.Random, child: Child) -> None:
    """One thing that a user, a terminal or a system does."""
    what = source.random()
    if what < 0.90:
        child.send("".join(source.choice(KEYS) for _ in range(source.choice((1, 1, 1, 3, 20)))).encode())
    elif what < 0.96:
        child.send(source.choice(ODD))
    elif what < 0.98:
        size = source.choice(((40, 120), (24, 80), (10, 40), (2, 10), (60, 200), (1, 1)))
        fcntl.ioctl(child.fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    elif what < 0.99:
        os.kill(child.pid, signal.SIGCONT)
    else:
        child.send(bytes(source.randrange(256) for _ in range(40)).translate(None, b"qQ\x03\x1a"))


def quits(child: Child) -> float | None:
    """Processor seconds from the last q to the end; None if it does not end.

    Processor time, because the machine may be busy. A q on another screen than the main one goes
    back, and a q in a prompt is text: it is pressed until the console ends.
    """
    fcntl.ioctl(child.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    while child.read(1.0) and select.select([child.fd], [], [], 2.0)[0]:
        pass
    for _ in range(12):
        child.send(b"\x1b")
        child.read(0.4)
        before = child.processor_time()
        child.send(b"q")
        end = time.monotonic() + 5.0
        while time.monotonic() < end:
            child.read(0.05)
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                child.status = os.waitstatus_to_exitcode(status)
                return usage.ru_utime + usage.ru_stime - before
    return None


def session(source: random.Random, words: list[str], seconds: float) -> list[str]:
    """One console for so long; the faults. A console ended by a key is replaced by the next."""
    folder = Path(tempfile.mkdtemp(prefix="nbtui-keys-"))
    child, faults, keys, basis, most = started(words, folder), [], 0, 0, 0
    begun = time.monotonic()
    child.read(8.0)
    ended: int | None = None
    while time.monotonic() - begun < seconds:
        try:
            act(source, child)
        except (OSError, TimeoutError) as error:
            ended = child.ended()
            if ended is None:
                faults.append(f"{error}")
            break
        keys += 1
        child.read(0.1)
        if any(text in child.last for text in WRONG):
            at = min(child.last.find(text) for text in WRONG if text in child.last)
            faults.append(repr(child.last[max(0, at - 100) : at + 300]))
            child.last = b""
        if (ended := child.ended()) is not None:
            break
        used = child.memory()
        basis, most = (used if keys == SETTLED else basis), max(most, used)
    if basis and most > basis + GROWTH:
        faults.append(f"memory grew from {basis >> 20} to {most >> 20} MB")
    if ended is None:
        took = quits(child)
        if took is None or took > QUITS:
            faults.append(f"from q to the end: {took if took is None else round(took, 1)} s")
            if took is None:
                os.kill(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, 0)
    elif ended not in (0, 1, 130):
        faults.append(f"ended with {ended}: {child.last[-300:]!r}")
    os.close(child.fd)
    shutil.rmtree(folder, ignore_errors=True)
    how = f"{basis >> 20} to {most >> 20} MB{f', ended by a key with {ended}' if ended is not None else ''}"
    print(f"{' '.join(words):40.40} {keys:6} actions {time.monotonic() - begun:6.0f} s, {how}", flush=True)
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    given = parser.parse_args()
    source, faults = random.Random(given.seed), []
    seed_case = SHARED / "seed_case"
    case = seed_case if seed_case.is_dir() else DATA / "golden" / "cases" / "sparse_hkl_default_f"
    log = DATA / "traces" / "oversample3.log"
    cases = [["demo"], [str(case)], ["open", str(log), str(log)]]
    print(f"seed {given.seed}, {given.minutes:g} minutes", flush=True)
    end, number = time.monotonic() + 60.0 * given.minutes, 0
    while (left := end - time.monotonic()) > 5.0:
        found = session(source, cases[number % len(cases)], min(left, 30.0 * given.minutes))
        for fault in found:
            print(f"  FAULT {fault}", flush=True)
        faults += found
        number += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
