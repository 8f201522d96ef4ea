"""Textual's own driver: in a browser, by the settings, and with a Textual that the tight driver was not tested with."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from textual.app import App

from nbtui.console.terminal import choice
from nbtui.console.terminal.tight_driver import TightDriver
from nbtui.paths import RECORDED_LOG
from support.console_terminal import Terminal, nbtui_program
from support.places import DEMO

LOGS = ("open", str(DEMO / "trace_c.log"), str(RECORDED_LOG))
BROWSER = {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}  # set by textual-serve


@pytest.fixture(autouse=True)
def afterwards() -> Iterator[None]:
    yield
    choice.choose(True)


def test_the_tight_driver_is_tested_with_the_installed_textual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    assert choice.installed() == version("textual")
    assert choice.is_tested() and choice.is_tight()
    choice.choose(False)
    assert not choice.is_tight()


@pytest.mark.parametrize("installed", ["8.3.0", "9.0.1", ""])
def test_another_textual_gets_its_own_driver(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    monkeypatch.setattr(choice, "installed", lambda: installed)
    assert not choice.is_tight()


def test_a_driver_of_the_environment_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTUAL_DRIVER", BROWSER["TEXTUAL_DRIVER"])
    assert not choice.is_tight()


@pytest.mark.slow
def test_the_console_on_textuals_own_driver(here: Path) -> None:
    (here / "nbtui.toml").write_text("tight = false\n")
    state = {"XDG_STATE_HOME": str(here)}
    terminal = Terminal(nbtui_program(*LOGS), here, state, None)
    terminal.wait_until(lambda: b"FIRST DIVERGENCE" in terminal.received, "the verdict")
    assert b"\x1b[?1003h" in terminal.received  # mouse motion, which only Textual's driver asks for
    terminal.settle()
    os.write(terminal.fd, b"/I_pixel\r")
    terminal.wait_until(lambda: b"I_pixel" in terminal.received, "the search")
    terminal.settle()
    os.write(terminal.fd, b"q")
    assert terminal.end() == 1


@pytest.mark.slow
def test_the_console_in_a_browser(here: Path) -> None:
    """The protocol of textual-serve: packets of a letter, a size and a payload, after a greeting."""
    program = subprocess.Popen(
        [sys.executable, "-c", nbtui_program(*LOGS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=here,
        env={**os.environ, **BROWSER, "XDG_STATE_HOME": str(here), "COLUMNS": "120", "ROWS": "40"},
    )
    assert program.stdout is not None and program.stdin is not None
    assert program.stdout.readline() == b"__GANGLION__\n"
    program.stdin.write(packet(b"M", json.dumps({"type": "resize", "width": 120, "height": 40}).encode()))
    program.stdin.flush()
    screen = b""
    while b"FIRST DIVERGENCE" not in screen:
        kind, size = program.stdout.read(1), program.stdout.read(4)
        assert kind in (b"D", b"M", b"P"), program.stderr and program.stderr.read()
        payload = program.stdout.read(int.from_bytes(size, "big"))
        screen += payload if kind == b"D" else b""
    program.stdin.write(packet(b"D", b"q"))
    program.stdin.flush()
    rest, errors = program.communicate(timeout=60)
    assert b'{"type": "exit"}' in rest
    assert (program.returncode, errors) == (1, b"")


def packet(kind: bytes, payload: bytes) -> bytes:
    return kind + len(payload).to_bytes(4, "big") + payload


def test_a_continuation_after_the_end_of_a_console_is_nothing() -> None:
    """Found by random keys: it was an unexpected error, for want of a running loop."""
    numbers = (signal.SIGTSTP, signal.SIGCONT)
    before = [signal.getsignal(number) for number in numbers]

    async def console() -> TightDriver:
        return TightDriver(App(), debug=False, mouse=False, size=(80, 24))

    try:
        driver = asyncio.run(console())
        assert signal.getsignal(signal.SIGCONT) == driver._sigcont_application
        os.kill(os.getpid(), signal.SIGCONT)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
