"""The console in a real pseudo-terminal of 120x40: bytes per key (design.md section 6), first paint, clean ends."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from support.console_terminal import Start, console_program

pytestmark = pytest.mark.slow

LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"
SHOW_CURSOR = b"\x1b[?25h"

# a simulator that says whether torch was there before it, and then never ends
WAITING = """
import sys, threading
import nbtui.live.session as session
def simulate(case, settings):
    open("torch.txt", "w").write(str("torch" in sys.modules))
    threading.Event().wait()
session.simulate = simulate
"""


def test_bytes_per_key(on_terminal: Start) -> None:
    terminal = on_terminal(console_program())
    terminal.wait_for("simulated in")
    terminal.settle()
    moves = [terminal.press("j") for _ in range(6)] + [terminal.press("k") for _ in range(6)]
    assert all(0 < sent <= 600 for sent in moves), moves
    scrolls = [terminal.press(key) for key in ("\x1b[6~", "\x1b[6~", "\x1b[5~", "\x1b[F", "\x1b[H")]
    assert all(0 < sent <= 10_000 for sent in scrolls), scrolls
    steps = [terminal.press(key) for key in ("]", "}", "[", "{")]
    assert all(0 < sent <= 2_000 for sent in steps), steps
    for key in (":", *"F_latt_b", "\r"):
        terminal.press(key)
    at_fields = [terminal.press(key) for key in ("]", "}", "[", "{")]  # of which the table shows the values
    assert all(0 < sent <= 3_500 for sent in at_fields), at_fields
    pictures = [terminal.press("v") for _ in range(6)]
    assert all(0 < sent <= 10_000 for sent in pictures), pictures
    terminal.press(":")
    typed = [terminal.press(key) for key in "rot"]
    assert all(0 < sent <= 4_000 for sent in typed), typed
    terminal.press("\x1b")
    assert terminal.press("".join(f"\x1b[<35;{x};{y}M" for x in range(1, 120) for y in (5, 25))) == 0
    wheel, click = terminal.press("\x1b[<65;40;8M"), terminal.press("\x1b[<0;40;8M\x1b[<0;40;8m")
    assert 0 < wheel <= 1_000 and 0 < click <= 1_000, (wheel, click)
    assert len(terminal.read(2.0)) <= 400  # 200 bytes per second
    terminal.press("q")
    assert terminal.end() == 1
    assert LEAVE_ALTERNATE_SCREEN in terminal.received and SHOW_CURSOR in terminal.received
    assert b"Traceback" not in terminal.received


def test_bytes_of_every_screen(on_terminal: Start) -> None:
    terminal = on_terminal(console_program())
    terminal.wait_for("simulated in")
    opened = {}
    for key, there in (
        ("x", "What is certain"),
        ("l", "TRACE_C"),
        ("p", "pixel size"),
        ("w", "packages"),
        ("s", "no sweep here yet"),
        ("?", "keys"),
        ("\r", "made in C"),
    ):
        before = len(terminal.received)
        terminal.settle()
        terminal.press(key)
        terminal.wait_for(there)
        terminal.settle()
        opened[key] = len(terminal.received) - before
        if key not in "?s":  # a page that is scrolled
            assert terminal.press("j") <= 600, key
        opened["back from " + key] = terminal.press("\x1b")
    assert max(opened.values()) <= 12_000, opened  # a screen of 120 x 40 sent in full has 20 000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux for the other end of a pty")
def test_a_terminal_that_takes_nothing_does_not_hold_the_end_up(on_terminal: Start) -> None:
    terminal = on_terminal(console_program())
    terminal.wait_for("simulated in")
    terminal.stop_output()
    os.write(terminal.fd, 100 * b"\x1bOQ")  # F2: each turns the mouse, which is written at once
    terminal.rest()
    terminal.signal(signal.SIGTERM)
    assert terminal.end(reading=False) == 128 + signal.SIGTERM


def test_small_frames_leave_the_same_screen_as_a_whole_one(on_terminal: Start) -> None:
    terminal = on_terminal(console_program())
    terminal.wait_for("simulated in")
    terminal.settle()
    for key in ("d", "j", "]", "}", "f", "\x1b[F", "\t", "4"):
        terminal.press(key)
    small = terminal.screen()
    terminal.press("?")
    assert terminal.screen() != small
    terminal.press("x")  # closing the help repaints everything
    assert terminal.screen() == small


def test_cs_log_is_painted_before_torch_is_imported(on_terminal: Start, tmp_path: Path) -> None:
    terminal = on_terminal(console_program(patch=WAITING), cold=True)
    terminal.wait_for("the C log is shown, simulating")
    terminal.wait_for("3.225e-05")  # beam_center_m of C's log
    assert (tmp_path / "torch.txt").read_text() == "False"
    assert terminal.press("j") > 0  # and it can be used
    terminal.press("q")
    assert terminal.end() == 130  # no verdict yet, and nobody waits for the simulation
    assert LEAVE_ALTERNATE_SCREEN in terminal.received


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc whether a process is stopped")
@pytest.mark.parametrize("page", ["", "?"], ids=["main", "help"])
def test_ctrl_z_leaves_the_terminal_in_order_and_fg_paints_everything(on_terminal: Start, page: str) -> None:
    terminal = on_terminal(console_program(patch=WAITING), cold=True)
    terminal.wait_for("the C log is shown, simulating")
    terminal.press(page)
    shown, before = terminal.screen(), len(terminal.received)
    terminal.press("\x1a")
    terminal.wait_until_stopped()
    left = terminal.received[before:]
    for sequence in (LEAVE_ALTERNATE_SCREEN, SHOW_CURSOR, b"\x1b[?1000l", b"\x1b[?2004l", b"\x1b[?7h"):
        assert sequence in left
    terminal.received = b""  # the shell has written over everything
    terminal.signal(signal.SIGCONT)
    terminal.settle()
    assert b"\x1b[?1000h" in terminal.received and b"\x1b[?1003h" not in terminal.received
    assert terminal.screen() == shown


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)], ids=str
)
def test_signals_end_it_cleanly(on_terminal: Start, number: int, code: int) -> None:
    terminal = on_terminal(console_program(patch=WAITING), cold=True)
    terminal.wait_for("the C log is shown, simulating")
    terminal.signal(number)
    assert terminal.end() == code
    assert LEAVE_ALTERNATE_SCREEN in terminal.received and SHOW_CURSOR in terminal.received
    assert terminal.received.rfind(b"\x1b[?1000l") > terminal.received.rfind(b"\x1b[?1000h")  # the mouse is free
    assert b"\x1b[?1003h" not in terminal.received and b"Traceback" not in terminal.received


def test_a_dropped_connection_ends_it(on_terminal: Start) -> None:
    terminal = on_terminal(console_program(patch=WAITING), cold=True)
    terminal.wait_for("the C log is shown, simulating")
    terminal.hang_up()
    assert terminal.end() == 129


def test_no_color_is_respected(on_terminal: Start) -> None:
    terminal = on_terminal(console_program(patch=WAITING), cold=True, NO_COLOR="1")
    terminal.wait_for("3.225e-05")
    painted = terminal.received
    # no foreground or background colour but the default one: bold, dim and reverse remain
    for code in (*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)):
        assert f"\x1b[{code}m".encode() not in painted and f";{code}m".encode() not in painted
    assert b"38;2;" not in painted and b"38;5;" not in painted
    terminal.press("q")
    terminal.end()
