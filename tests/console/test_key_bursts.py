"""Keys come in bursts over a slow link: each means what it would have meant alone, after those before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.keys import _character_to_key

from nbtui.console.app import Console
from nbtui.console.diagnosis.screen import DiagnosisScreen
from nbtui.console.help.screen import HelpScreen
from nbtui.console.image.screen import ImageScreen
from nbtui.console.logs.screen import LogsScreen
from nbtui.console.packages.screen import PackagesScreen
from nbtui.console.parameters.screen import ParametersScreen
from nbtui.live.cases import load_case
from nbtui.live.model import Case
from support.console_toy import C_LINES, console, ready, toy_simulator, until


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setattr("nbtui.live.session.simulate", lambda case, settings: toy_simulator(settings))
    log = tmp_path / "trace_c.log"
    log.write_text("\n".join([*["noise"] * 50, *C_LINES]) + "\n")
    return Case("toy", (), tmp_path, (12, 14), log, None, None)


def burst(app: Console, text: str) -> None:
    """All at once, as they come in one packet; ``\\n`` is Enter, ``\\x1b`` Esc."""
    for char in text:
        named = {"\n": "enter", "\x1b": "escape"}.get(char)
        key = named or (char if char.isalnum() else _character_to_key(char))
        app.post_message(events.Key(key, None if named else char))


async def test_a_search_and_a_jump_on_the_main_screen(case: Case) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        burst(app, "/f_cell\ndq"[:-1])
        await until(pilot, lambda: app.state.query == "f_cell" and not app.state.searching)
        burst(app, ":phi 1\n:domain 1\n")
        await until(pilot, lambda: (app.state.phi, app.state.domain) == (1, 1) and app.state.prompt is None)
        burst(app, ":qqq\x1b")
        await until(pilot, lambda: app.state.prompt is None)
        assert app.is_running


async def test_the_logs_are_opened_and_searched_in_one_breath(case: Case) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        burst(app, "l/hkl")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen) and app.screen.state.query == "hkl")
        screen = app.screen
        assert isinstance(screen, LogsScreen)
        await until(pilot, lambda: not screen.state.busy)
        burst(app, "\x1b/F_(cell|latt)\nn")
        await until(pilot, lambda: screen.state.pattern is not None and len(screen.state.side.hits) > 1)
        assert screen.state.query == "F_(cell|latt)"
        burst(app, "?x?xqj")  # help on, off, on, off, back, a line down
        await until(pilot, lambda: app.screen is app.main)
        assert app.is_running


@pytest.mark.slow
async def test_a_value_is_typed_as_soon_as_the_form_is_asked_for() -> None:
    async with console(load_case("demo")).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        burst(app, "p/dist\n121\n")
        await until(pilot, lambda: app.state.tuning is not None and app.state.tuning.changed == {"distance"})
        screen = app.screen
        assert isinstance(screen, ParametersScreen) and screen.state.entry is None
        burst(app, "uq" + "d")
        await until(pilot, lambda: app.screen is app.main and not (app.state.tuning and app.state.tuning.changed))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "page"),
    [("w", PackagesScreen), ("i", ImageScreen), ("x", DiagnosisScreen), ("?", HelpScreen), ("l", LogsScreen)],
)
async def test_a_page_is_opened_and_left_again_and_the_rest_is_for_the_main_screen(
    case: Case, keys: str, page: type
) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        before = app.state.phi
        burst(app, f"{keys}q]")
        await until(pilot, lambda: app.screen is app.main and app.state.phi == before + 1)
        burst(app, keys)
        await until(pilot, lambda: isinstance(app.screen, page))
        assert app.is_running
