"""The parameters screen: its panes as text, every key, results in order, hostile text, and bytes in a real terminal."""

from __future__ import annotations

import json
import re
import shlex
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from nbtui.console.app import Console, initial
from nbtui.console.main.state import Phase
from nbtui.console.parameters import state as states
from nbtui.console.parameters.actions import PARAMETERS_ACTIONS
from nbtui.console.parameters.screen import ParametersScreen
from nbtui.console.parameters.state import ParametersState
from nbtui.live.cases import load_case
from nbtui.live.model import Case, Settings, Simulation
from support.console_terminal import Start, console_program
from support.console_toy import C_LINES, JUDGEMENT, console, ready, screen_text, toy_simulator, toy_state, until
from support.patience import PATIENCE

ARGV = tuple(shlex.split("-lambda 1.2 -distance 120 -osc 0.6 -phisteps 12 -cell 30 37 45 82 97 108"))
EVIL = "x\x1b[2J[/red][@click=app.quit]\u202e漢字\x07"


# --- the screen ------------------------------------------------------------------------------------------------------


async def opened(pilot: Pilot[int], app: Console) -> ParametersScreen:
    """The form, with the effective values read."""
    await ready(pilot)
    await pilot.press("p")
    screen = app.screen
    assert isinstance(screen, ParametersScreen)
    await settled(pilot, app, screen)
    return screen


async def settled(pilot: Pilot[int], app: Console, screen: ParametersScreen) -> None:
    def still() -> bool:
        tuning = screen.state.tuning
        return app.state.phase is not Phase.SIMULATING and not tuning.waiting and screen.state.read == tuning.now

    await until(pilot, still)


def gap(app: Console) -> float:
    row = app.state.comparison.row("I_pixel_final") if app.state.comparison else None
    assert row is not None and row.rel_delta is not None
    return row.rel_delta


def agrees(app: Console) -> bool:
    return app.state.phase is Phase.READY and app.state.comparison is not None and app.state.comparison.agrees


@pytest.mark.slow
async def test_every_action(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    app = console(load_case(None), tmp_path / "reports")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        done: set[str] = set()

        async def press(key: str, action: str) -> ParametersState:
            assert key in next(entry.keys for entry in PARAMETERS_ACTIONS if entry.id == action)
            done.add(action)
            await pilot.press(key)
            return screen.state

        start = gap(app)
        assert (await press("home", "home")).cursor == "wavelength"
        assert (await press("tab", "group_next")).cursor == "distance"
        assert (await press("down", "down")).cursor == "close_distance"
        assert (await press("up", "up")).cursor == "distance"
        assert "120.1" in (await press("right", "more")).tuning.now.argv
        assert "121.1" in (await press("L", "much_more")).tuning.now.argv
        assert "120.1" in (await press("H", "much_less")).tuning.now.argv
        await settled(pilot, app, screen)
        assert gap(app) != start and "120.1" in screen_text(app)
        assert screen.state.tuning.gap == pytest.approx(start)
        assert (await press("left", "less")).tuning.now == screen.state.tuning.base
        await settled(pilot, app, screen)
        assert gap(app) == start
        assert "120.1" in (await press("u", "undo")).tuning.now.argv
        assert "120.1" not in (await press("ctrl+r", "redo")).tuning.now.argv
        assert (await press("enter", "type")).entry == "120"
        await pilot.press("ctrl+u", *"125", "enter")
        await settled(pilot, app, screen)
        assert screen.state.in_force["distance"] == pytest.approx(125.0, rel=1e-12)
        assert (await press("slash", "search")).searching
        await pilot.press(*"mosaic", "enter")
        assert (await press("n", "match_next")).cursor == "mosaic_domains"
        assert (await press("N", "match_previous")).cursor == "mosaic"
        await pilot.press(*".3", "enter")
        assert screen.state.tuning.changed == {"distance", "mosaic"}
        assert (await press("f", "filter")).only
        await press("f", "filter")
        assert (await press("backspace", "restore")).tuning.changed == {"distance"}
        assert (await press("equals_sign", "hold")).tuning.held
        await pilot.press("right")
        assert screen.state.tuning.waiting and app.state.phase is Phase.READY and "HELD" in screen_text(app)
        assert not (await press("equals_sign", "hold")).tuning.held
        await settled(pilot, app, screen)
        assert not (await press("r", "reset")).tuning.changed
        await settled(pilot, app, screen)
        assert gap(app) == start
        await pilot.press("u")
        for key, action, words in (("c", "copy", "nbtui compare --c"), ("C", "copy_c", "nanoBragg -cell")):
            await press(key, action)
            await until(pilot, lambda: "copied" in screen.state.message)
            copied = (tmp_path / "state" / "nbtui" / "copied.txt").read_text()
            assert copied.startswith(words) and "-distance 125" in copied
            assert "copied.txt" in screen.state.message
        assert (await press("end", "end")).cursor.startswith("quirk.")
        await press("page_up".replace("_", ""), "page_up")
        await press("pagedown", "page_down")
        assert (await press("shift+tab", "group_previous")).parameter.group == "sampling"
        assert (await press("question_mark", "help")).keys
        await pilot.press("down", "x")
        assert not screen.state.keys
        await settled(pilot, app, screen)
        await press("q", "close")
        assert app.screen is app.main and "2 changed (p)" in screen_text(app)
        await pilot.press("p")
        await press("ctrl+c", "interrupt")
        assert done == {entry.id for entry in PARAMETERS_ACTIONS}
    assert app.return_value == 130


@pytest.mark.slow
async def test_switches_choices_and_the_main_screens_mode_key(tmp_path: Path) -> None:
    app = console(load_case(None), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("slash", *"phi_carryover", "enter", "enter")
        await settled(pilot, app, screen)
        assert agrees(app)
        assert app.state.simulation is not None
        assert app.state.simulation.settings.quirks == (("phi_carryover", True),)
        assert "AGREE" in screen_text(app)
        await pilot.press("u", "q")
        await until(pilot, lambda: app.state.phase is Phase.READY)
        await pilot.press("m")
        await until(pilot, lambda: agrees(app))
        await pilot.press("p")
        assert isinstance(app.screen, ParametersScreen)
        screen = app.screen
        assert "phi_mode" in screen.state.tuning.changed
        await settled(pilot, app, screen)
        await pilot.press("r")
        await settled(pilot, app, screen)
        assert app.state.settings.phi_mode == "spec" and not agrees(app)


@pytest.mark.slow
async def test_what_cannot_be_simulated_says_why_and_is_undone(tmp_path: Path) -> None:
    app = console(load_case(None), tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        before = gap(app)
        await pilot.press("slash", *"structure factors", "enter")
        await pilot.press("enter", "ctrl+u", *"none.hkl", "enter")
        await until(pilot, lambda: app.state.phase is Phase.FAILED)
        await until(pilot, lambda: bool(screen.state.unread))
        assert "none.hkl" in screen_text(app) and "previous verdict" in screen_text(app)
        assert gap(app) == before
        await pilot.press("u")
        await settled(pilot, app, screen)
        assert app.state.phase is Phase.READY and not screen.state.unread and gap(app) == before


async def test_results_arrive_in_order_and_the_last_change_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one simulation runs, changes wait; then the latest is asked for, and only that."""
    go = threading.Semaphore(1)
    seen: list[str] = []

    def simulate(case: Case, settings: Settings | None = None) -> Simulation:
        made = replace(toy_simulator(settings or Settings()), case=case, settings=settings or Settings())
        if made.settings.c_program is not None:  # the reference, which no parameter changes
            return made
        assert go.acquire(timeout=PATIENCE)
        seen.append(case.argv[case.argv.index("-distance") + 1])
        return made

    monkeypatch.setattr("nbtui.live.session.simulate", simulate)
    monkeypatch.setattr("nbtui.console.parameters.jobs.in_force", lambda case, settings: {})
    log = tmp_path / "trace_c.log"  # the reference is not simulated
    log.write_text("\n".join(C_LINES) + "\n")
    app = console(Case("toy", ARGV, tmp_path, (12, 14), log))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("p", "right")
        assert app.state.phase is Phase.SIMULATING
        first = app.state.generation
        await pilot.press("right", "right", "right")
        assert app.state.generation == first and app.state.tuning is not None and app.state.tuning.waiting
        go.release()
        await until(pilot, lambda: app.state.generation == first + 1)
        assert "simulating ..." in screen_text(app)
        await pilot.press("right", "q")  # the form is left: what is wanted is simulated all the same
        go.release(2)
        await until(pilot, lambda: app.state.phase is Phase.READY and seen[-1] == "120.5")
        assert seen == ["120", "120.1", "120.4", "120.5"]
        assert app.state.simulation is not None and "120.5" in app.state.simulation.case.argv


async def test_the_trace_follows_every_nudge(tmp_path: Path) -> None:
    app = console(load_case(None), tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("right")
        await settled(pilot, app, screen)
        seen = [gap(app)]
        for _ in range(4):
            screen._change(states.nudge(screen.state, 1))
            await until(pilot, lambda: gap(app) != seen[-1])
            await settled(pilot, app, screen)
            seen.append(gap(app))
        assert len(set(seen)) == 5


@pytest.mark.slow
async def test_an_export_records_the_changed_command(tmp_path: Path) -> None:
    app = console(load_case(None), tmp_path / "reports")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("right")
        await settled(pilot, app, screen)
        await pilot.press("q", "e")
        await until(pilot, lambda: app.state.message.startswith(("written", "not")))
        (package,) = (tmp_path / "reports").iterdir()
        metrics = json.loads((package / "metrics.json").read_text())
        assert "-distance 120.1 " in json.dumps(metrics) and "-distance 120 " not in json.dumps(metrics)
        assert "-distance 120.1" in (package / "commands.txt").read_text()
        assert "demo-changed" in (package / "summary.md").read_text()


async def test_two_logs_have_no_parameters(tmp_path: Path) -> None:
    state = toy_state()
    app = console(None, tmp_path, c_trace=state.c_trace, suspect=state.right)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        app.main.action_perform("parameters")
        assert "two logs have no parameters" in app.state.message


@pytest.mark.slow
async def test_hostile_texts_reach_no_terminal_and_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "nbtui.live.session.simulate", lambda case, settings=None: toy_simulator(settings or Settings())
    )
    case = Case(EVIL, (*ARGV, "-hkl", EVIL), Path(EVIL), (12, 14), None)
    app = Console(initial(case, Settings(), None, None, JUDGEMENT), JUDGEMENT, Path("reports"))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("slash", *"structure", "enter")
        seen = screen_text(app)
        await pilot.press("enter")
        seen += screen_text(app)
        assert screen.state.unread and "[@click=app.quit]" in seen
        await pilot.press("escape", "slash", *"[/b]", "enter")
        seen += screen_text(app)
        screen.show(replace(screen.state, message=EVIL))
        seen += screen_text(app)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", seen)


# --- in a real terminal ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_bytes_per_key_and_keys_typed_at_once(on_terminal: Start) -> None:
    terminal = on_terminal(console_program())
    terminal.wait_for("simulated in")
    terminal.settle()
    terminal.press("p")
    terminal.wait_for("effective 120 mm")
    terminal.settle()
    down = [terminal.press("j") for _ in range(8)] + [terminal.press("k") for _ in range(8)]
    assert all(0 < sent <= 600 for sent in down), down
    scrolls = [terminal.press(key) for key in ("\t", "\x1b[6~", "\x1b[5~", "\x1b[F", "\x1b[H")]
    assert all(0 < sent <= 10_000 for sent in scrolls), scrolls
    assert terminal.press("".join(f"\x1b[<35;{x};{y}M" for x in range(1, 120) for y in (5, 25))) == 0
    assert len(terminal.read(2.0)) <= 400  # 200 bytes per second
    terminal.press("\t")
    terminal.press("\r\x7f\x7f\x7f130\r")  # all at once, as over a slow link
    terminal.wait_for("typed 130 mm; effective 130 mm")
    terminal.press("u")
    terminal.wait_for("typed 120 mm; effective 120 mm")
    terminal.press("q")
    terminal.settle()
    terminal.press("q")
    assert terminal.end() == 1
    assert b"Traceback" not in terminal.received
