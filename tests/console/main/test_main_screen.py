"""The main screen, key by key, over a hand-made simulator."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from nbtui.console.app import Console
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.state import Phase
from nbtui.console.packages.jobs import Verified
from nbtui.evidence.check.finding import CheckOutcome
from nbtui.live.cases import load_case
from nbtui.live.model import Case
from support.console_toy import console, ready, screen_text, shown, until


async def test_opens_on_the_first_divergence(case: Case, simulator: object) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        text = screen_text(app)
        assert "FIRST DIVERGENCE  rot_a_angstroms.x" in text
        assert app.state.row is not None and app.state.row.label == "rot_a_angstroms.x"
        assert "># rot_a_angstroms" in text and "29.[5]" in text
        assert "gap now  -300" in text


async def test_moves(case: Case, simulator: object) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        start = app.state.cursor
        for key, by in (("j", 1), ("down", 1), ("k", -1), ("up", -1)):
            before = app.state.cursor
            await pilot.press(key)
            assert app.state.cursor == before + by
        assert app.state.cursor == start
        await pilot.press("end")
        assert app.state.cursor == len(app.state.rows) - 1
        await pilot.press("home")
        assert app.state.cursor == 0
        await pilot.press("pagedown")
        assert app.state.cursor > 5
        await pilot.press("pageup")
        assert app.state.cursor == 0


async def test_divergences(case: Case, simulator: object) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("d")
        assert app.state.row is not None and app.state.row.label == "hkl_frac.k"
        assert "inherited from rot_a_angstroms.x" in shown(app, "detail")
        await pilot.press("D")
        assert app.state.row is not None and app.state.row.label == "rot_a_angstroms.x"


@pytest.mark.slow
async def test_steps(case: Case, simulator: object) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("right_square_bracket", "right_curly_bracket")
        assert (app.state.phi, app.state.domain) == (1, 1)
        assert "phi 1/1  domain 1/1" in shown(app, "steps")
        await pilot.press("left_square_bracket", "left_curly_bracket")
        assert (app.state.phi, app.state.domain) == (0, 0)
        await pilot.press("3", "down", "right")
        assert (app.state.phi, app.state.domain) == (1, 1)
        await pilot.press("up", "left")
        assert (app.state.phi, app.state.domain) == (0, 0)
        await pilot.press("less_than_sign")
        assert "only source" in app.state.message


@pytest.mark.slow
async def test_phi_mode_changes_the_verdict_and_marks_what_changed(case: Case, simulator: object) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("m")
        await until(pilot, lambda: app.state.phase is Phase.READY and app.state.settings.phi_mode == "c-parity")
        await pilot.pause()
        text = screen_text(app)
        assert " AGREE  10 of 10 fields within tolerance, worst 0" in text and "LIVE c-parity" in text
        assert "rot_a_angstroms.x" in app.state.changed and "*29.5" in text
        assert app.state.row is not None and app.state.row.label == "rot_a_angstroms.x"
        await until(pilot, lambda: not app.state.changed)  # only for a moment
        await pilot.press("q")
    assert app.return_value == 0


async def test_filter(case: Case, simulator: object) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("f")
        table = shown(app, "fields")
        assert "lambda_meters" not in table and "4 rows, only differing" in table
        await pilot.press("f")
        assert "lambda_meters" in shown(app, "fields")


@pytest.mark.slow
async def test_search(case: Case, simulator: object) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("slash", *"f_q", "backspace", *"latt")
        assert "/f_latt" in shown(app, "footer")
        await pilot.press("enter")
        first = app.state.cursor
        assert "F_latt" in app.state.rows[first].label and not app.state.searching
        await pilot.press("n")
        assert app.state.cursor > first and " of " in shown(app, "footer")
        await pilot.press("N")
        assert app.state.cursor == first
        await pilot.press("slash", "q", "escape")  # q is text here
        assert app.is_running and app.state.query == ""


async def test_panes(case: Case, simulator: object) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        for pane in ("detail", "steps", "pipeline", "fields"):
            await pilot.press("tab")
            assert app.state.pane == pane
        await pilot.press("shift+tab")
        assert app.state.pane == "pipeline" and "══ pipeline" in shown(app, "pipeline")
        stage = app.state.rows[app.state.cursor].stage
        await pilot.press("down")
        assert app.state.rows[app.state.cursor].stage != stage


async def test_small_screens_show_one_pane(case: Case, simulator: object) -> None:
    async with console(case).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        for digit, words in (("2", "Tap:"), ("3", "of C's I"), ("4", "Structure factor"), ("1", "PASS")):
            await pilot.press(digit)
            await pilot.pause()
            text = screen_text(app)
            assert words in text and f"[{digit} " in text
            assert "FIRST  rot_a_angstroms.x" in text and "q quit" in text


async def test_click_puts_the_cursor(case: Case, simulator: object) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.click("#fields", offset=(10, 2))
        assert app.state.cursor == 0


def test_every_action_has_a_key_and_does_something(case: Case) -> None:
    app = console(case)
    assert {entry.id for entry in ACTIONS} == app.main.acts.keys() | {"interrupt"}
    assert {key for entry in ACTIONS for key in entry.keys} == {
        *app._bindings.key_to_bindings,
        *app.main._bindings.key_to_bindings,
    }


async def test_a_key_that_was_on_its_way_when_a_page_closed(case: Case) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, Console)
        await pilot.press("question_mark")
        for _ in range(2):
            app.post_message(events.Key("z", "z"))  # the first closes the page, the second is for what lies beneath
        await until(pilot, lambda: app.screen is app.main and app.state.zoomed)
        await pilot.pause()
        assert app.is_running and app.screen is app.main


@pytest.mark.parametrize(("key", "code"), [("q", 1), ("ctrl+q", 1), ("ctrl+c", 130)])
async def test_exit_codes(case: Case, simulator: object, key: str, code: int) -> None:
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press(key)
    assert app.return_value == code


async def test_export_shows_the_path(
    case: Case, simulator: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fake(request: object) -> Path:
        asked.append(request)
        return tmp_path / "20260101T000000Z"

    monkeypatch.setattr("nbtui.evidence.write.export.export_package", fake)
    async with console(case, tmp_path).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("e")
        await until(pilot, lambda: not app.state.exporting)
        assert "20260101T000000Z" in app.state.message
    assert asked[0].simulation is app.state.simulation and asked[0].reports == tmp_path


async def test_the_outcome_of_a_written_package_fits_below_its_path(
    case: Case, simulator: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A diagnosis is judged with --replay alone: beside a path, "incomplete" would suggest a broken package."""
    package = tmp_path / "20260101T000000Z"
    found = Verified(package, "incomplete: metrics.json the diagnosis is not repeated", CheckOutcome.INCOMPLETE, ())
    monkeypatch.setattr("nbtui.evidence.write.export.export_package", lambda request: Path("reports", package.name))
    monkeypatch.setattr("nbtui.console.packages.jobs.verified", lambda path: found)
    async with console(case, tmp_path).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("e")
        await until(pilot, lambda: "unjudged" in app.state.message)
        said = "written: reports/20260101T000000Z, no contradiction, unjudged parts: see w"
        assert app.state.message == said and said in shown(app, "footer")


async def test_export_shows_what_went_wrong(case: Case, simulator: object, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    async with console(case, blocked).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("e")
        await until(pilot, lambda: not app.state.exporting)
        assert "not exported" in shown(app, "footer") and "Traceback" not in screen_text(app)


async def test_the_demo_tells_its_story() -> None:
    """The real simulator. C's numbers are those of its log."""
    async with console(load_case(None)).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        text = screen_text(app)
        assert "FIRST DIVERGENCE  rot_a_angstroms.x   phi step 0   I_pixel_final -9.82 %" in text
        assert "29.6[489458813603]" in text
        assert "12.7%" in text  # C's share of phi step 0, from its terms.csv
        assert "carries the values of its step 11" in text
        await pilot.press("m")
        await until(pilot, lambda: app.state.phase is Phase.READY)
        await pilot.pause()
        text = screen_text(app)
        assert " AGREE  " in text and "no gap" in text and "# -" not in text
