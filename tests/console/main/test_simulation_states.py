"""The main screen while a simulation runs, after it failed, and without one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.console.app import Console
from nbtui.console.main.pair import Compared
from nbtui.console.main.state import Phase
from nbtui.errors import SimulationFailed
from nbtui.live.model import Case, Settings, Simulation
from nbtui.trace.reading.reader import parse_lines
from support.console_toy import C_LINES, PY_LINES, console, ready, screen_text, toy_simulator, until
from support.patience import PATIENCE


def held(simulator: Callable[[Callable[[Settings], Simulation]], None]) -> threading.Event:
    """The simulation waits until the event is set."""
    go = threading.Event()

    def slow(settings: Settings) -> Simulation:
        assert go.wait(PATIENCE)
        return toy_simulator(settings)

    simulator(slow)
    return go


async def test_shows_cs_log_before_the_simulation_is_done(case: Case, simulator: Callable[..., None]) -> None:
    go = threading.Event()

    def slow(settings: Settings) -> Simulation:
        assert go.wait(PATIENCE)
        return toy_simulator(settings)

    simulator(slow)
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, Console)
        await until(pilot, lambda: app.state.phase is Phase.SIMULATING and bool(app.state.rows))
        await pilot.pause()
        text = screen_text(app)
        assert "simulating" in text and "29.5" in text and "DIVERGE" not in text
        await pilot.press("j", "d", "e", "m")  # nothing of this may break while it waits
        go.set()
        await ready(pilot)


async def test_the_raw_logs_show_the_python_side_when_it_is_there(
    case: Case, simulator: Callable[[Callable[[Settings], Simulation]], None]
) -> None:
    go = held(simulator)
    async with console(case).run_test(size=(100, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, Console)
        await until(pilot, lambda: app.state.phase is Phase.SIMULATING)
        await pilot.press("l")
        await until(pilot, lambda: "simulation is still running" in screen_text(app))
        go.set()
        await until(pilot, lambda: "live, spec" in screen_text(app))


async def test_a_step_during_the_first_simulation_is_taken_after_it(
    case: Case, simulator: Callable[[Callable[[Settings], Simulation]], None]
) -> None:
    go = held(simulator)
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, Console)
        await until(pilot, lambda: app.state.phase is Phase.SIMULATING)
        await pilot.press("right_square_bracket", "right_curly_bracket")
        assert "these 2 steps when the simulation is done" in screen_text(app)
        go.set()
        await ready(pilot)
        assert (app.state.phi, app.state.domain) == (1, 1)


async def test_a_result_that_was_overtaken_is_dropped(case: Case, simulator: Callable[..., None]) -> None:
    """spec takes long, c-parity is asked for meanwhile and done first: spec's result must not come back."""
    go = threading.Event()
    late = threading.Event()

    def racing(settings: Settings) -> Simulation:
        if settings.phi_mode == "spec":
            assert go.wait(PATIENCE)
            late.set()
        return toy_simulator(settings)

    simulator(racing)
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, Console)
        await until(pilot, lambda: app.state.phase is Phase.SIMULATING)
        await pilot.press("m")
        await ready(pilot)
        go.set()
        await until(pilot, late.is_set)
        await pilot.pause(0.1)
        assert app.state.simulation is not None and app.state.simulation.settings.phi_mode == "c-parity"
        assert app.state.comparison is not None and app.state.comparison.agrees


async def test_a_failed_simulation_is_a_sentence(case: Case, simulator: Callable[..., None]) -> None:
    def broken(settings: Settings) -> Simulation:
        raise SimulationFailed("toy: the simulation failed: no memory; take fewer domains")

    simulator(broken)
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, Console)
        await until(pilot, lambda: app.state.phase is Phase.FAILED)
        await pilot.pause()
        text = screen_text(app)
        assert "no memory; take fewer domains" in text and "Traceback" not in text and "29.5" in text
        await pilot.press("q")
    assert app.return_value == 3


async def test_an_unforeseen_error_is_a_sentence_too(case: Case, simulator: Callable[..., None]) -> None:
    def broken(settings: Settings) -> Simulation:
        raise KeyError("surprise")

    simulator(broken)
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, Console)
        await until(pilot, lambda: app.state.phase is Phase.FAILED)
        assert "please report it" in app.state.failure


async def test_a_failure_after_a_result_keeps_the_result(case: Case, simulator: Callable[..., None]) -> None:
    def breaks_later(settings: Settings) -> Simulation:
        if settings.phi_mode == "c-parity":
            raise SimulationFailed("toy: lost the device")
        return toy_simulator(settings)

    simulator(breaks_later)
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("m")
        await until(pilot, lambda: app.state.phase is Phase.FAILED)
        await pilot.pause()
        text = screen_text(app)
        assert "FIRST DIVERGENCE" in text and "lost the device" in text


@pytest.mark.slow
async def test_an_unreadable_log_is_a_sentence(case: Case, simulator: object, tmp_path: Path) -> None:
    async with console(replace(case, c_log=tmp_path / "gone.log")).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, Console)
        await until(pilot, lambda: app.state.phase is Phase.FAILED)
        await pilot.pause()
        assert "gone.log" in screen_text(app) and "Traceback" not in screen_text(app)
        await pilot.press("q")
    assert app.return_value == 2


async def test_a_case_without_a_c_log_has_a_simulated_reference(case: Case, simulator: object) -> None:
    async with console(replace(case, c_log=None)).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        text = screen_text(app)
        assert "simulated C | live" in text and "no C program ran" in text and "29.6" in text
        await pilot.press("e")
        await until(pilot, lambda: not app.state.exporting)
        assert "no C log" in app.state.message
        await pilot.press("q")
    assert app.return_value == 0


async def test_two_logs_without_flags(tmp_path: Path) -> None:
    c, py = parse_lines(C_LINES, "c.log"), parse_lines(PY_LINES, "py.log")
    async with console(None, c_trace=c, suspect=py).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        text = screen_text(app)
        assert "FIRST DIVERGENCE" in text and "c.log | py.log" in text
        assert "stepping is off" in text and "-- FLAGS" in text
        for key in ("right_square_bracket", "right_curly_bracket", "m"):
            await pilot.press(key)
            assert "-- FLAGS" in app.state.message
        await pilot.press("e")
        await until(pilot, lambda: not app.state.exporting)
        assert "-- FLAGS" in app.state.message
        await pilot.press("q")
    assert app.return_value == 1


async def test_two_logs_with_flags_step_but_compare_the_logs(case: Case, simulator: object) -> None:
    c, py = parse_lines(C_LINES, "c.log"), parse_lines(PY_LINES[:-1], "py.log")
    async with console(case, c_trace=c, suspect=py).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        assert app.state.contributions is not None
        assert app.state.right is py and app.state.rows[-1].py_value is None  # the log's, not the live one's
        await pilot.press("m")
        await until(pilot, lambda: app.state.phase is Phase.READY)
        assert app.state.right is py and "your log stays as it is" in app.state.message
        await pilot.press("c")
        await until(pilot, lambda: app.state.shown is Compared.REFERENCE_LIVE)
        assert app.state.right is app.state.live and app.state.comparison is not None
        assert app.state.comparison.named[1].name == "live"
        await pilot.press("c")
        await until(pilot, lambda: app.state.shown is Compared.LOG_LIVE)
        assert (app.state.left, app.state.right) == (py, app.state.live)
        await pilot.press("e")
        await until(pilot, lambda: not app.state.exporting)
        assert "a package compares with C" in app.state.message
        await pilot.press("c")
        await until(pilot, lambda: app.state.shown is Compared.REFERENCE_LOG)
        assert app.state.right is py
