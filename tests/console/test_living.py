"""The packages on the main screen, and that one comes back from a replay to where one was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.console.app import Console, Shelf
from nbtui.console.main.state import Phase
from nbtui.console.packages.screen import PackagesScreen
from nbtui.console.packages.state import PackagesState
from nbtui.console.session.store import find
from nbtui.live.cases import load_case
from nbtui.live.model import Case
from support.console_terminal import Start, nbtui_program
from support.console_toy import JUDGEMENT, console, screen_text, toy_state, until
from support.places import TOP


async def test_the_packages_and_back(tmp_path: Path) -> None:
    app = console(Case("toy", ("-hkl", "x"), tmp_path, (12, 14), None), TOP / "reports")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.state.phase in (Phase.READY, Phase.FAILED))
        mode = app.state.settings.phi_mode
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, PackagesScreen) and app.screen.state.entry is not None)
        assert "not verified" in screen_text(app)
        await pilot.press("m", "d", "f")  # keys of the main screen mean nothing here
        assert app.state.settings.phi_mode == mode and not app.state.only_differing
        await pilot.press("q")
        await until(pilot, lambda: app.screen is app.main)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, PackagesScreen) and app.screen.state.entry is not None)
        await pilot.press("o")
        await until(pilot, lambda: app.replaying is not None)
    assert app.replaying is not None and app.replaying.package.path == example()
    assert app.replaying.case is not None and app.replaying.obstacle == ""


def example() -> Path:
    """The package of this repository."""
    (package,) = (path for path in (TOP / "reports").iterdir() if (path / "metrics.json").is_file())
    return package


async def test_a_console_that_has_everything_does_not_begin_again(tmp_path: Path) -> None:
    """As after a replay: no simulation, and the packages are open on the one that was replayed."""
    here = replace(toy_state(), cursor=2, phi=1)
    package = example()
    made = console(None)
    app = Console(
        here,
        made.judgement,
        TOP / "reports",
        shelf=Shelf(
            packages=PackagesState(str(TOP / "reports"), selected=package, message="cannot be read"), opens="packages"
        ),
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PackagesScreen) and app.screen.state.entry is not None)
        assert "cannot be read" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        assert (app.state.cursor, app.state.phi, app.state.generation) == (2, 1, here.generation)


@pytest.mark.slow
def test_a_replay_from_the_main_screen(on_terminal: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    terminal = on_terminal(nbtui_program("demo", "--reports", str(TOP / "reports")))
    terminal.wait_for("simulated in")
    terminal.press("w")
    terminal.wait_for("not verified")
    terminal.press("o")
    terminal.wait_for(f"{example().name} demo")  # the header names the stamp
    terminal.wait_for("phi 0/11")  # and the input files were found: stepping works
    terminal.hang_up()
    assert terminal.end() == 129
    assert [saved.snapshot.name for saved in find().sessions] == ["demo"]  # the console beneath is the one to resume


@pytest.mark.slow
async def test_a_written_package_is_verified_and_the_list_shows_it(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    app = console(load_case(None), reports)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.state.phase is Phase.READY and not app.state.busy)
        await pilot.press("e")
        await until(pilot, lambda: app.state.message.startswith("written: ") and "verified" in app.state.message)
        (package,) = reports.iterdir()
        assert app.state.message == f"written: {package}, verified"
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, PackagesScreen) and app.screen.state.entry is not None)
        await until(pilot, lambda: " verified " in screen_text(app) and "not verified" not in screen_text(app))
        await pilot.press("q", "w")  # returning keeps the list and its marks
        assert isinstance(app.screen, PackagesScreen)
        assert list(app.screen.state.checks) == [package.resolve()] and len(app.screen.state.entries) == 1


async def test_esc_and_q_lead_back_from_an_opened_package(tmp_path: Path) -> None:
    for key in ("escape", "q"):
        app = Console(replace(toy_state(), opened=True), JUDGEMENT, tmp_path)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("2", "z")
            assert "q back" in screen_text(app) and "q quit" not in screen_text(app)
            await pilot.press("escape")
            await pilot.pause()
            assert app.is_running and app.state.pane == "fields"
            await pilot.press(key)
        assert app.return_value == 1
    app = Console(toy_state(), JUDGEMENT, tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert app.is_running and "q quit" in screen_text(app)
