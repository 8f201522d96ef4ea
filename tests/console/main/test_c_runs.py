"""The user's C program, run from the console: its log replaces the simulated reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.console.main.exporting import export
from nbtui.console.main.state import Phase
from nbtui.live.cases import load_case
from support.console_toy import JUDGEMENT, console, ready, screen_text, until
from support.diagnosis_traces import demo, demo_log


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that prints the C log of the demo."""
    log = demo().c_log
    assert log is not None
    script = tmp_path / "nanoBragg"
    script.write_text(f"#!/bin/sh\ncat '{log}'\n")
    script.chmod(0o755)
    monkeypatch.setenv("NB_C_BIN", str(script))
    return script


@pytest.mark.slow
async def test_a_run_replaces_the_simulated_reference_and_keeps_its_log(tmp_path: Path, program: Path) -> None:
    case = replace(load_case("demo"), c_log=None, c_terms=None)
    async with console(case, tmp_path).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        assert app.state.reference is not None and app.state.reference.simulated
        assert "simulated C | live" in screen_text(app)
        await pilot.press("R")
        await until(pilot, lambda: app.state.c_here is not None and app.state.phase is Phase.READY)
        assert " C | live" in screen_text(app) and "simulated C" not in screen_text(app)
        assert app.state.reference is not None and app.state.reference.records == demo_log().records
        await pilot.press("R")
        assert "is here already" in app.state.message
    assert [path.name for path in (tmp_path / "c-logs").iterdir()] == ["demo_12_14.log"]


@pytest.mark.slow
async def test_without_a_program_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NB_C_BIN", raising=False)
    async with console(replace(load_case("demo"), c_log=None, c_terms=None), tmp_path).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("R")
        await until(pilot, lambda: "NB_C_BIN" in app.state.message)
    assert not (tmp_path / "c-logs").exists()


@pytest.mark.slow
async def test_a_package_after_a_run_holds_that_c_log(tmp_path: Path, program: Path) -> None:
    case = replace(load_case("demo"), c_log=None, c_terms=None)
    async with console(case, tmp_path).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("R")
        await until(pilot, lambda: app.state.c_here is not None and app.state.phase is Phase.READY)
        package = export(app.state, JUDGEMENT, tmp_path / "reports")
    (kept,) = (tmp_path / "c-logs").iterdir()
    assert (package / "trace_c.log").read_bytes() == kept.read_bytes()


@pytest.mark.slow
async def test_a_run_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "nanoBragg"
    script.write_text("#!/bin/sh\nexit 3\n")
    script.chmod(0o755)
    monkeypatch.setenv("NB_C_BIN", str(script))
    async with console(replace(load_case("demo"), c_log=None, c_terms=None), tmp_path).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("R")
        await until(pilot, lambda: app.state.message.startswith("no C log: "))
    assert list((tmp_path / "c-logs").iterdir()) == []
