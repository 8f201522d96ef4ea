"""Every action of every screen, by the key that the registry gives it: something is seen to happen.

What each one does in detail is told by the tests of its screen; here none can be left out, and none can be dead.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Never

import pytest
from textual import events
from textual.pilot import Pilot
from textual.screen import Screen

from nbtui.console import keymap
from nbtui.console.action import Action, ActionTable
from nbtui.console.app import Console
from nbtui.console.image.screen import ImageScreen
from nbtui.console.main.state import Phase
from nbtui.console.packages.screen import PackagesScreen
from nbtui.console.terminal.screen import Page
from nbtui.live.cases import load_case
from support.console_causes import cause, diagnosis
from support.console_toy import C_LINES, console, ready, toy_simulator, until
from support.evidence_packages import new_package
from support.image_toy import ToyFrame

# what must be pressed before, so that there is something to do; by the id in [keys]
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
    "": (),
    "parameters.": ("p",),
    "why.": ("x",),
    "image.": ("i",),
    "logs.": ("l",),
    "packages.": ("w",),
    "help.": ("question_mark",),
}
LONG = diagnosis(cause("phi_carryover", confirm=("Look.",) * 60), cause("phi_midpoint", explained=0.9))
# these end the program or hand the terminal to another one: tests in a real terminal see to the latter
ENDING = ("quit", "interrupt", "replay")
ELSEWHERE = ("suspend", "redraw", "edit")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    monkeypatch.setattr(
        "nbtui.live.session.simulate", lambda case, settings: replace(toy_simulator(settings), case=case)
    )
    monkeypatch.setattr("nbtui.diagnosis.diagnose.diagnose", lambda *words, **more: LONG)
    monkeypatch.setattr("nbtui.console.terminal.clipboard.copy", lambda text, offer: "copied: a file")
    monkeypatch.setattr("nbtui.evidence.write.export.export_package", lambda request: tmp_path / "package")
    frame = ToyFrame(threading.Event())
    frame.go.set()
    monkeypatch.setattr("nbtui.console.image.jobs.prepare", lambda case, settings: frame)
    for number in range(3):
        new_package(tmp_path / "reports", f"20260101T00000{number}Z")
    log = tmp_path / "trace_c.log"
    log.write_text("\n".join([*["noise " * 60] * 80, *C_LINES, *["noise"] * 80]) + "\n")
    demo = load_case("demo")
    return console(replace(demo, c_log=log, c_terms=None, folder=None, name="toy"), tmp_path / "reports")


def seen(app: Console) -> object:
    """All that a person could see change: the main state without what comes by itself, and the page on top."""
    mine = {one.name: getattr(app.state, one.name) for one in fields(app.state)}
    for name in ("history", "generation", "simulation", "contributions", "comparison", "py_trace", "inquiry", "files"):
        mine.pop(name)
    page = app.screen
    values = [getattr(page, name, None) for name in ("logs", "form", "why", "picture", "shelf", "reading")]
    return mine, app.state.files.frozen, app.state.exporting, type(page), values, app.living._mouse, app.return_value


async def resting(pilot: Pilot[int], app: Console) -> None:
    """Until no thread has anything to tell."""
    await until(pilot, lambda: app.state.phase in (Phase.READY, Phase.FAILED))
    before: object = None
    while before != (before := seen(app)):
        await pilot.pause(0.01)


async def press(pilot: Pilot[int], app: Console, *keys: str) -> None:
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))
    await pilot.pause()
    await resting(pilot, app)


def _in_between(screen: Screen[object]) -> bool:
    """Whether a page is typed into, or shows a text of its own."""
    if isinstance(screen, ImageScreen):
        return screen.picture.keys or screen.picture.typed is not None
    return isinstance(screen, PackagesScreen) and screen.shelf.reading is not None


async def does_something(
    pilot: Pilot[int], app: Console, id: str, action: Action[Never], opened: tuple[str, ...]
) -> None:
    if _in_between(app.screen):
        await press(pilot, app, "escape")
    kept = opened in (("i",), ("w",)) and isinstance(app.screen, Page)  # those take long to open
    while isinstance(app.screen, Page) and not kept:
        await press(pilot, app, "escape")
        if isinstance(app.screen, Page):
            await press(pilot, app, "q")
    await press(pilot, app, *(() if kept else ("escape", "escape", *opened)), *BEFORE.get(id, ()))
    before = seen(app)
    app.post_message(events.Key(action.keys[0], action.keys[0] if len(action.keys[0]) == 1 else None))
    for _ in range(1000):
        if seen(app) != before:
            return
        await pilot.pause(0.005)
    raise AssertionError(f"{id}: {action.keys[0]} does nothing")


@pytest.mark.parametrize("registry", keymap.REGISTRIES, ids=lambda registry: registry.title)
async def test_every_key_of_the_registry_does_something(app: Console, registry: ActionTable[Never]) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        if registry.prefix == "image.":  # simulated once, and kept
            await press(pilot, app, "i")
            await until(pilot, lambda: isinstance(app.screen, ImageScreen) and app.screen.picture.python is not None)
        for action in registry.actions:
            if action.id not in (*ENDING, *ELSEWHERE):
                await does_something(pilot, app, registry.setting(action), action, OPENED_BY[registry.prefix])
                assert app.is_running, registry.setting(action)


@pytest.mark.parametrize("registry", keymap.REGISTRIES, ids=lambda registry: registry.title)
async def test_ctrl_c_leaves_every_screen(app: Console, registry: ActionTable[Never]) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await press(pilot, app, *OPENED_BY[registry.prefix])
        await pilot.press("ctrl+c")
    assert app.return_value == 130


def test_no_preparation_is_left_over() -> None:
    known = {registry.setting(action) for registry in keymap.REGISTRIES for action in registry.actions}
    assert BEFORE.keys() <= known and OPENED_BY.keys() == {registry.prefix for registry in keymap.REGISTRIES}
