"""Every action of every screen, by the key in its table, has a visible effect.

The tests of a screen cover each action in detail; here none can be left out, and none can be dead.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from pkgutil import walk_packages
from typing import Never

import pytest
from textual import events
from textual.binding import Binding
from textual.pilot import Pilot
from textual.screen import Screen

import nbtui.console
from nbtui.console.action import Action, ActionTable
from nbtui.console.app import Console
from nbtui.console.image.screen import ImageScreen
from nbtui.console.keymap import TABLES
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.state import Phase
from nbtui.console.screens import SCREENS, ScreenRow
from nbtui.console.session.lifecycle import Lifecycle
from nbtui.console.session.preferences import Preferences
from nbtui.console.session.snapshot import snapshot
from nbtui.console.session.store import Keeper, find
from nbtui.console.terminal.list_screen import ListScreen
from nbtui.console.terminal.screen import ActionScreen
from support.console_toy import ready, screen_text, until

# keys to press first, so that the action has something to do; by the id in [keys]
BEFORE: Mapping[str, tuple[str, ...]] = {
    "phi_previous": ("right_square_bracket",),
    "domain_previous": ("right_curly_bracket",),
    "left": ("3", "right"),
    "right": ("3", "left"),
    "back": ("1", "right_square_bracket"),
    "previous_difference": ("d",),
    "match_next": ("slash", "F", "enter"),
    "match_previous": ("slash", "F", "enter"),
    "mark_next": ("home", "b", "end"),
    "mark_previous": ("home", "b", "end"),
    "up": ("1", "end"),
    "page_up": ("1", "end"),
    "home": ("1", "end"),
    "down": ("1", "home"),
    "page_down": ("1", "home"),
    "end": ("1", "home"),
    "pane_fields": ("2",),
    "close": ("enter",),
    "parameters.undo": ("right",),
    "parameters.redo": ("right", "u"),
    "parameters.restore": ("right",),
    "parameters.reset": ("right",),
    "parameters.match_next": ("slash", "d", "i", "enter"),
    "parameters.match_previous": ("slash", "d", "i", "enter"),
    "parameters.up": ("end",),
    "parameters.page_up": ("end",),
    "parameters.home": ("end",),
    "parameters.down": ("home",),
    "parameters.page_down": ("home",),
    "parameters.end": ("home",),
    "parameters.filter": ("right",),
    "why.up": ("down",),
    "why.page_up": ("end",),
    "why.home": ("end",),
    "why.end": ("home",),
    "why.page_down": ("home",),
    "logs.hit_next": ("slash", "T", "enter"),
    "logs.hit_previous": ("slash", "T", "enter"),
    "logs.up": ("end",),
    "logs.page_up": ("end",),
    "logs.home": ("end",),
    "logs.down": ("home",),
    "logs.page_down": ("home",),
    "logs.end": ("home",),
    "logs.left": ("right",),
    "logs.mark_previous": ("end",),
    "logs.mark_next": ("home",),
    "packages.up": ("down",),
    "packages.page_up": ("down",),
    "packages.first": ("down",),
    "packages.left": ("enter", "right"),
    "packages.right": ("enter",),
    "runs.up": ("down",),
    "runs.page_up": ("down",),
    "runs.first": ("down",),
    "runs.left": ("o", "right"),
    "runs.right": ("o",),
    "runs.close": ("o",),
    "sweeps.stop": ("h",),
    "sweeps.up": ("down",),
    "sweeps.page_up": ("down",),
    "sweeps.first": ("down",),
    "sweeps.left": ("m", "right"),
    "sweeps.right": ("m",),
    "sweeps.close": ("m",),
    "help.match_next": ("slash", "p", "enter"),
    "help.match_previous": ("slash", "p", "enter"),
    "help.up": ("end",),
    "help.page_up": ("end",),
    "help.home": ("end",),
    "help.section_previous": ("end",),
    "image.further": ("plus",),
    "image.whole": ("plus",),
    "image.up": ("down",),
    "image.left": ("right",),
    "image.up_10": ("J",),
    "image.left_10": ("L",),
    "image.home": ("right",),
    "image.log_pixel": ("right",),
}
OPENED_BY = {
    row.actions.prefix: tuple(action.keys[0] for action in ACTIONS if action.id == row.opened_by) for row in SCREENS
}
# these end the program or hand the terminal to another one: tests in a real terminal see to the latter
ENDING = ("quit", "interrupt", "replay", "open_case")
ELSEWHERE = ("suspend", "redraw", "edit")


def seen(app: Console) -> object:
    """Everything that a person could see change: the main state without its automatic parts, and the page on top."""
    mine = {one.name: getattr(app.state, one.name) for one in fields(app.state)}
    for name in (
        "history",
        "generation",
        "simulation",
        "contributions",
        "comparison",
        "others",
        "suspect",
        "diagnosed",
        "files",
    ):
        mine.pop(name)
    page = app.screen
    values = getattr(page, "state", None)
    return mine, app.state.files.frozen, app.state.exporting, type(page), values, app.mouse, app.return_value


async def resting(pilot: Pilot[int], app: Console) -> None:
    """Until no thread has anything to tell."""
    await until(pilot, lambda: app.state.phase in (Phase.READY, Phase.FAILED))
    before: object = None
    while before != (before := seen(app)):
        await pilot.pause(0.01)


def stands_on_screen(app: Console, sentence: str) -> bool:
    return sentence in screen_text(app)


async def press(pilot: Pilot[int], app: Console, *keys: str) -> None:
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))
    await pilot.pause()
    await resting(pilot, app)


def _in_between(screen: Screen[object]) -> bool:
    """Whether a page is typed into, or shows a text of its own."""
    if isinstance(screen, ImageScreen):
        return screen.state.keys or screen.state.typed is not None
    return isinstance(screen, ListScreen) and screen.state.reading is not None


async def does_something(
    pilot: Pilot[int], app: Console, id: str, action: Action[Never], opened: tuple[str, ...]
) -> None:
    if _in_between(app.screen):
        await press(pilot, app, "escape")
    kept = opened in (("i",), ("w",)) and len(app.screen_stack) > 1  # those take long to open
    while len(app.screen_stack) > 1 and not kept:
        await press(pilot, app, "escape")
        if len(app.screen_stack) > 1:
            await press(pilot, app, "q")
    await press(pilot, app, *(() if kept else ("escape", "escape", *opened)), *BEFORE.get(id, ()))
    before = seen(app)
    app.post_message(events.Key(action.keys[0], action.keys[0] if len(action.keys[0]) == 1 else None))
    await until(pilot, lambda: seen(app) != before, f"{id}: {action.keys[0]} does nothing")


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
async def test_every_key_of_every_table_does_something(app: Console, table: ActionTable[Never]) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        if table.prefix == "image.":  # simulated once, and kept
            await press(pilot, app, "i")
            await until(pilot, lambda: isinstance(app.screen, ImageScreen) and app.screen.state.python is not None)
        for action in table.actions:
            if action.id not in (*ENDING, *ELSEWHERE):
                await does_something(pilot, app, table.setting(action), action, OPENED_BY[table.prefix])
                assert app.is_running, table.setting(action)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
async def test_ctrl_c_leaves_every_screen(app: Console, table: ActionTable[Never]) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await press(pilot, app, *OPENED_BY[table.prefix])
        await pilot.press("ctrl+c")
    assert app.return_value == 130


def test_no_preparation_is_left_over() -> None:
    known = {table.setting(action) for table in TABLES for action in table.actions}
    assert BEFORE.keys() <= known and OPENED_BY.keys() == {table.prefix for table in TABLES}


# --- the list of the screens ---------------------------------------------------------------------------------------


def test_no_table_of_actions_is_missing_from_the_list_of_screens() -> None:
    modules = [importlib.import_module(entry.name) for entry in walk_packages(nbtui.console.__path__, "nbtui.console.")]
    tables = {id(value) for module in modules for value in vars(module).values() if isinstance(value, ActionTable)}
    assert tables == {id(row.actions) for row in SCREENS}


@pytest.mark.parametrize("row", SCREENS, ids=lambda row: row.actions.title)
async def test_every_screen_is_reached_by_its_key_and_bound_to_its_table(app: Console, row: ScreenRow) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await press(pilot, app, *OPENED_BY[row.actions.prefix])
        bound = {binding.id for binding in app.screen.BINDINGS if isinstance(binding, Binding)}
        assert bound == {row.actions.setting(action) for action in row.actions if not action.everywhere}


@pytest.mark.parametrize("row", SCREENS, ids=lambda row: row.actions.title)
async def test_an_exception_in_any_action_is_a_sentence_and_the_program_goes_on(
    app: Console, row: ScreenRow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each key answers with the sentence of its own exception, so the program reacts after every one of them."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    keeper = Keeper(("toy",))
    keeper.start()
    app.lifecycle = Lifecycle(Preferences(keeper=keeper))
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await press(pilot, app, *OPENED_BY[row.actions.prefix])
        screen = app.screen
        assert isinstance(screen, ActionScreen)
        done = screen.acts

        def planted(id: str) -> Callable[[], None]:
            def fail() -> None:
                raise RuntimeError(f"planted in {id}")

            return fail

        broken = {action.id: planted(action.id) for action in row.actions}
        screen.acts = {**done, **broken}
        with monkeypatch.context() as patch:
            patch.setattr(app, "everywhere", lambda: broken)
            for action in row.actions:
                key = action.keys[0]
                app.post_message(events.Key(key, key if len(key) == 1 else None))
                sentence = f"internal error, please report it: RuntimeError: planted in {action.id}"
                await until(pilot, partial(stands_on_screen, app, sentence))
                assert app.is_running and app.screen is screen
        screen.acts = done
        await press(pilot, app, *(("q",) if row.opened_by else ()), "end")
        assert app.screen is app.main and app.state.cursor == len(app.state.rows) - 1
        shown = snapshot(app.state)
    keeper.close(left=False)
    assert [saved.snapshot for saved in find().sessions] == [shown]
