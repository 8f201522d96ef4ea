"""Shared by the tests of the screens: a case, a simulator in place of torch, and programs on pseudo-terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbtui.live.model import Case, Settings, Simulation
from support.console_terminal import Terminal
from support.console_toy import C_LINES, toy_simulator


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


@pytest.fixture
def on_terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Starts a program on a pseudo-terminal, in the test's folder; after the test every one is closed."""
    opened: list[Terminal] = []

    def start(program: str, **environment: str) -> Terminal:
        opened.append(Terminal(program, tmp_path, **environment))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()
