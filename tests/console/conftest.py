"""Shared by the tests of the screens: a case, a simulator in place of torch, and programs on pseudo-terminals."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.console.app import Console
from nbtui.live.cases import load_case
from nbtui.live.model import Case, Settings, Simulation
from nbtui.runs.perform import perform
from nbtui.runs.run_list import run_list
from support.console_causes import cause, diagnosis
from support.console_terminal import Start, Terminal
from support.console_toy import C_LINES, JUDGEMENT, PY_LINES, console_with_port, toy_simulator
from support.evidence_packages import new_package
from support.image_toy import ToyFrame
from support.run_port import toy_commands, toy_port
from support.sweep_folder import finished_sweep
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


LONG = diagnosis(
    cause("phi_carryover", confirm=("Look.",) * 60, fix=("Correct it.",) * 60), cause("phi_midpoint", explained=0.9)
)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A console with something to show on every screen: a long diagnosis, an image, packages, sweeps, two long logs."""
    monkeypatch.setattr(
        "nbtui.live.session.simulate", lambda case, settings: replace(toy_simulator(settings), case=case)
    )
    monkeypatch.setattr("nbtui.diagnosis.diagnose.diagnose", lambda *words, **more: LONG)
    monkeypatch.setattr("nbtui.console.terminal.clipboard.copy", lambda text, offer: "copied: a file")
    monkeypatch.setattr("nbtui.evidence.write.export.export_package", lambda request: tmp_path / "package")
    words = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr("nbtui.console.sweeps.hunts.hunt_words", lambda *arguments: words)
    for name in ("first.sweep", "second.sweep"):
        finished_sweep(tmp_path / "reports", name)
    frame = ToyFrame(threading.Event())
    frame.go.set()
    monkeypatch.setattr("nbtui.console.image.jobs.prepare", lambda case, settings: frame)
    for number in range(3):
        new_package(tmp_path / "reports", f"20260101T00000{number}Z")
    log = tmp_path / "trace_c.log"
    log.write_text("\n".join([*["noise " * 60] * 80, *C_LINES, *["noise"] * 80]) + "\n")
    demo = load_case("demo")
    case = replace(demo, c_log=log, c_terms=None, folder=None, name="toy")
    (tmp_path / "port.py").write_text(toy_port(*PY_LINES, more="print('wide ' * 60, file=sys.stderr)"))
    known = toy_commands(case, tmp_path)
    for factor in (1, 2):
        text = toy_port(*PY_LINES[factor:], more="print('wide ' * 60, file=sys.stderr)")
        (tmp_path / "port.py").write_text(text)
        perform(known, run_list(known), Settings(), JUDGEMENT.compare)
    return console_with_port(case, known, tmp_path / "reports")
