"""Shared by the tests of the screens: a case, a simulator in place of torch, and programs on pseudo-terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbtui.live.model import Case, Settings, Simulation
from support.console_terminal import Start, Terminal
from support.console_toy import C_LINES, toy_simulator
from support.warm_start import WarmStart


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case folder with C's log of slow 12 fast 14."""
    log = tmp_path / "trace_c.log"
    log.write_text("\n".join(C_LINES) + "\n")
    return Case("toy", (), tmp_path, (12, 14), log, None, tmp_path)


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Settings], Simulation]], None]:
    """Replaces the simulator; the default one differs in spec mode and agrees in c-parity."""

    def use(run: Callable[[Settings], Simulation]) -> None:
        monkeypatch.setattr("nbtui.live.session.simulate", lambda case, settings: run(settings))

    use(toy_simulator)
    return use


@pytest.fixture(scope="session")
def warm_start() -> Iterator[WarmStart]:
    """The process that forks programs with torch in memory."""
    started = WarmStart()
    yield started
    started.close()


@pytest.fixture
def on_terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Starts a program on a terminal, in the test's folder, ``cold`` in a fresh interpreter; closed after the test."""
    opened: list[Terminal] = []

    def start(program: str, *, cold: bool = False, **environment: str) -> Terminal:
        warm = None if cold else request.getfixturevalue("warm_start")
        opened.append(Terminal(program, tmp_path, environment, warm))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()
