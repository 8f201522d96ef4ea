"""The automatic diagnosis of a difference, beside the main screen and never in the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from nbtui.console.app import Console, initial
from nbtui.console.diagnosis import controller as inquirer
from nbtui.console.diagnosis.controller import wanted
from nbtui.console.diagnosis.screen import DiagnosisScreen
from nbtui.console.main.screen import MainScreen
from nbtui.console.main.state import Phase
from nbtui.console.session.preferences import Preferences
from nbtui.diagnosis.answer import Diagnosis
from nbtui.errors import UnusableInput
from nbtui.live.model import Case, Settings
from nbtui.trace.model import Trace
from support.console_causes import TWO, cause, diagnosis
from support.console_toy import C_LINES, JUDGEMENT, ready, shown, toy_simulator, until
from support.patience import PATIENCE

Tell = Callable[[str], None]


class Slow:
    """A diagnosis that waits until it may go on, asking ``tell`` meanwhile whether it is still wanted."""

    def __init__(self) -> None:
        self.go, self.begun, self.stopped = threading.Event(), threading.Event(), threading.Event()
        self.result: Diagnosis | Exception = TWO
        self.runs = 0

    def __call__(self, case: Case, c: Trace, py: Trace, *, tell: Tell) -> Diagnosis:
        self.runs += 1
        self.begun.set()
        while not self.go.wait(0.005):
            try:
                tell("re-simulated 12 causes")
            except inquirer.Stopped:
                self.stopped.set()
                raise
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    made = Slow()
    monkeypatch.setattr("nbtui.diagnosis.diagnose.diagnose", made)
    monkeypatch.setattr("nbtui.live.session.simulate", lambda case, settings: toy_simulator(settings))
    monkeypatch.setattr(inquirer, "RESTED", 0.02)
    monkeypatch.setattr(inquirer, "AFTER_A_KEY", 0.0)
    return made


@pytest.fixture
def app(tmp_path: Path) -> Console:
    log = tmp_path / "trace_c.log"
    log.write_text("\n".join(C_LINES) + "\n")
    case = Case("toy", (), tmp_path, (12, 14), log, None, None)
    return Console(initial(case, Settings(), None, None, JUDGEMENT), JUDGEMENT, tmp_path, Preferences(diagnose=True))


async def test_the_best_cause_shows_by_itself_and_x_takes_it(app: Console, slow: Slow) -> None:
    slow.go.set()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: app.state.diagnosed is not None)
        assert "Why: explained: phi_carryover (probability >99 %)   x all causes   m try c-parity" in shown(
            app, "detail"
        )
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, DiagnosisScreen))
        assert isinstance(app.screen, DiagnosisScreen) and app.screen.state.diagnosed is app.state.diagnosed
        assert slow.runs == 1


async def test_x_waits_for_the_run_that_is_on_its_way(app: Console, slow: Slow) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await until(pilot, slow.begun.is_set)
        await pilot.press("x")
        await until(
            pilot, lambda: isinstance(app.screen, DiagnosisScreen) and "re-simulated 12" in app.screen.state.progress
        )
        await pilot.press("q")  # it goes on beside the main screen
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        slow.go.set()
        await until(pilot, lambda: app.state.diagnosed is not None)
        assert slow.runs == 1 and not slow.stopped.is_set()


async def test_a_run_of_what_is_no_longer_shown_is_stopped(app: Console, slow: Slow) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await until(pilot, slow.begun.is_set)
        await pilot.press("m")
        await until(pilot, lambda: app.state.phase is Phase.READY and app.state.settings.phi_mode == "c-parity")
        await until(pilot, slow.stopped.is_set)
        slow.go.set()
        await pilot.pause(0.1)
        assert app.state.diagnosed is None and slow.runs == 1  # now the traces agree: there is nothing to look for
        await pilot.press("m")
        await until(pilot, lambda: app.state.diagnosed is not None)
        assert slow.runs == 2


async def test_what_failed_unasked_is_not_tried_again_and_says_so_only_when_asked(app: Console, slow: Slow) -> None:
    slow.go.set()
    slow.result = UnusableInput("x.hkl: no such file; give --workdir")
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await until(pilot, slow.begun.is_set)
        await until(pilot, lambda: app.controllers["why"]._run is None)
        await pilot.press("j", "k")
        await pilot.pause(0.1)
        assert slow.runs == 1 and "Why:" not in shown(app, "detail") and not app.state.message
        await pilot.press("x")
        await until(
            pilot, lambda: isinstance(app.screen, DiagnosisScreen) and "give --workdir" in app.screen.state.problem
        )


@pytest.mark.slow
async def test_esc_stops_it_and_it_does_not_begin_again_by_itself(app: Console, slow: Slow) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await until(pilot, slow.begun.is_set)
        await pilot.press("x", "escape")
        await until(pilot, slow.stopped.is_set)
        await pilot.press("q", "j", "k")
        await pilot.pause(0.1)
        assert slow.runs == 1 and isinstance(app.screen, MainScreen)


async def test_leaving_the_console_stops_it(app: Console, slow: Slow) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await until(pilot, slow.begun.is_set)
        await pilot.press("q")
    assert slow.stopped.wait(PATIENCE)


async def test_keys_come_first(app: Console, slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody presses keys, the thread sleeps: it asks for leave before every cause."""
    monkeypatch.setattr(inquirer, "AFTER_A_KEY", 1e9)
    naps = threading.Event()

    def nap(seconds: float) -> None:
        naps.set()
        time.sleep(0.001)

    monkeypatch.setattr(
        inquirer, "time", SimpleNamespace(sleep=nap, monotonic=time.monotonic, perf_counter=time.perf_counter)
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await until(pilot, slow.begun.is_set)
        slow.begun.clear()
        await until(pilot, naps.is_set)
        slow.go.set()  # not seen: it naps
        await pilot.pause(0.05)
        assert app.state.diagnosed is None
        monkeypatch.setattr(inquirer, "AFTER_A_KEY", 0.0)
        await until(pilot, lambda: app.state.diagnosed is not None)


async def test_off_means_only_when_asked(app: Console, slow: Slow, tmp_path: Path) -> None:
    quiet = Console(app.state, JUDGEMENT, tmp_path, Preferences(diagnose=False))
    async with quiet.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.pause(0.1)
        assert not slow.begun.is_set()


async def test_nothing_is_looked_for_where_it_would_cost_too_much(app: Console, slow: Slow) -> None:
    slow.go.set()
    slow.result = diagnosis(cause("steps_wrong"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: app.state.diagnosed is not None)
        assert "steps_wrong" in shown(app, "detail") and "c-parity" not in shown(app, "detail")
        fresh = replace(app.state, diagnosed=None)
        assert fresh.simulation is not None and wanted(fresh)
        large = replace(fresh.simulation, steps=10**6)
        assert not wanted(replace(fresh, simulation=large))
