"""Input on a real pseudo-terminal: stray bytes, late answers, a lost terminal and SIGCONT harm nothing."""

from __future__ import annotations

import os
import select
import signal
import termios
import time
from pathlib import Path

import pytest

from support.console_terminal import Start, Terminal, console_program
from support.patience import PATIENCE

pytestmark = pytest.mark.slow

BETWEEN = 0.4  # s: longer than the pause that makes a key of a lone Escape
CLIPBOARD = b"\x1b]52;"


def started(on_terminal: Start) -> Terminal:
    terminal = on_terminal(console_program())
    terminal.wait_for("simulated in")
    terminal.settle()
    return terminal


def send(terminal: Terminal, *pieces: bytes) -> None:
    for number, piece in enumerate(pieces):
        if number:
            time.sleep(BETWEEN)
        os.write(terminal.fd, piece)
    terminal.settle()


def test_bytes_outside_utf8_are_ignored(on_terminal: Start) -> None:
    terminal = started(on_terminal)
    shown = terminal.screen()
    for stray in (b"\xe4", b"\xea", bytes(range(0x80, 0x100))):
        send(terminal, stray)
        assert terminal.screen() == shown
    assert terminal.press("j") > 0 and terminal.screen() != shown
    terminal.press("q")
    assert terminal.end() == 1 and b"Traceback" not in terminal.received


def test_answers_of_the_terminal_press_no_key(on_terminal: Start) -> None:
    terminal = started(on_terminal)
    shown = terminal.screen()
    for pieces in (
        (b"\x1b]11;rgb:0000/ffff/d7d7\x1b\\",),
        (b"\x1b]10;rgb:cccc/", b"yyyy/cccc\x07"),
        (b"\x1b[?0u",),
        (b"\x1b[?2026", b";2$y"),
        (b"\x1b[?", b"62;1;4c"),
        (b"\x1b[12;4", b"0R"),
        (b"\x1bP>|XT", b"erm(390)\x1b\\"),
    ):
        send(terminal, *pieces)
        assert terminal.screen() == shown, pieces
    assert CLIPBOARD not in terminal.received
    assert terminal.press("y") > 0 and CLIPBOARD in terminal.received  # the key itself does copy
    terminal.press("q")
    assert terminal.end() == 1


def test_a_lost_terminal_takes_its_queued_keys_along(on_terminal: Start) -> None:
    terminal = started(on_terminal)
    keys = 8000 * b"]["
    os.set_blocking(terminal.fd, False)
    end = time.monotonic() + 3.0
    while keys and time.monotonic() < end:  # a program that reads no further makes the link wait
        readable, writable, _ = select.select([terminal.fd], [terminal.fd], [], 0.1)
        if readable:
            os.read(terminal.fd, 65536)
        if writable:
            keys = keys[os.write(terminal.fd, keys[:512]) :]
    terminal.hang_up()
    pid, terminal.pid = terminal.pid, 0
    before = _processor_seconds(pid)
    end = time.monotonic() + PATIENCE
    while (ended := os.wait4(pid, os.WNOHANG))[0] == 0 and time.monotonic() < end:
        time.sleep(0.01)
    assert os.waitstatus_to_exitcode(ended[1]) == 128 + signal.SIGHUP
    assert ended[2].ru_utime + ended[2].ru_stime - before < 1.0


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks /proc for the threads of a process")
def test_sigcont_adds_no_thread_and_restores_the_terminal(on_terminal: Start) -> None:
    terminal = started(on_terminal)
    shown, threads = terminal.screen(), _threads(terminal.pid)
    for number in range(5):
        terminal.received = b""
        if number == 4:  # stopped for real, and written over meanwhile
            terminal.signal(signal.SIGSTOP)
            terminal.wait_until_stopped()
            attributes = termios.tcgetattr(terminal.fd)
            attributes[3] |= termios.ICANON | termios.ECHO  # as a shell leaves them
            termios.tcsetattr(terminal.fd, termios.TCSANOW, attributes)
        terminal.signal(signal.SIGCONT)
        terminal.settle()
        assert _threads(terminal.pid) == threads
        assert terminal.screen() == shown
    for sequence in (b"\x1b[?1049h", b"\x1b[?25l", b"\x1b[?1000h", b"\x1b[?2004h"):
        assert sequence in terminal.received
    assert not termios.tcgetattr(terminal.fd)[3] & (termios.ICANON | termios.ECHO)
    assert terminal.press("j") > 0
    terminal.press("q")
    assert terminal.end() == 1


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc whether a process is stopped")
def test_many_stops_need_one_continuation(on_terminal: Start) -> None:
    terminal = started(on_terminal)
    shown, threads = terminal.screen(), _threads(terminal.pid)
    for _ in range(20):
        terminal.signal(signal.SIGTSTP)
        time.sleep(0.01)
    terminal.wait_until_stopped()
    terminal.received = b""
    terminal.signal(signal.SIGCONT)
    terminal.wait_until(lambda: terminal.screen() == shown, "the screen")
    assert _threads(terminal.pid) == threads
    assert terminal.press("j") > 0
    terminal.press("q")
    assert terminal.end() == 1


def _threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
