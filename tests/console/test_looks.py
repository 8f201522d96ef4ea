"""How the console looks: pictures of the fields and the contributions in every theme, kept in tests/looks.

A picture that is not there yet is written by the test, which then fails: look at it before it is committed. The text in
these pictures is that of a pixel made by hand: no clock, version, path or machine in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.app import ComposeResult

from nbtui.console.drawing.palette import choose
from nbtui.console.main.panes import fields, steps
from nbtui.console.main.screen import MainScreen
from nbtui.console.terminal.driver import TerminalApp
from nbtui.console.terminal.widgets import PaneView
from nbtui.live.model import Case, Settings, Simulation
from nbtui.setting_table import THEMES
from support.console_toy import console, ready, toy_simulator, toy_state
from support.places import TESTS

LOOKS = TESTS / "console" / "looks"
WIDTH, HEIGHT = 120, 22


@pytest.fixture(autouse=True)
def dark_again() -> Iterator[None]:
    yield
    choose("dark")


class Specimen(TerminalApp[int]):
    """Two panes of a state made by hand, one above the other."""

    CSS = "Screen { background: ansi_default; } PaneView { background: ansi_default; height: 11; width: 100%; }"

    def compose(self) -> ComposeResult:
        state = replace(toy_state(), changed=frozenset({"F_latt"}), view="map")
        yield PaneView(lambda width, height: fields.draw(state, width, height), "fields")
        yield PaneView(lambda width, height: steps.draw(replace(state, pane="steps"), width, height), "steps")


@pytest.mark.parametrize("theme", THEMES)
async def test_a_theme(theme: str) -> None:
    choose(theme)
    async with Specimen().run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()
        picture = neutral(pilot.app.export_screenshot(title=theme))
    kept = LOOKS / f"{theme}.svg"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(picture, encoding="utf-8")
        pytest.fail(f"{kept} is new: look at it, then commit it")
    assert text_of(picture) == text_of(kept.read_text(encoding="utf-8"))
    assert picture == kept.read_text(encoding="utf-8"), "the words are the same, colours or places are not"


def neutral(svg: str) -> str:
    """Without the fonts, which come from the network, and without names that the library makes up."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.S)
    svg = re.sub(r"terminal-\d+-", "t-", svg)
    svg = re.sub(r"(\d+\.\d)\d+", r"\1", svg)
    return re.sub(r"\n\s+", "\n", svg)


def text_of(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


# --- the layout ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((59, 24), "small"),
        ((120, 15), "small"),
        ((60, 16), "header tabs fields footer"),
        ((80, 23), "header tabs fields footer"),
        ((149, 24), "header tabs fields footer"),
        ((150, 24), "header tabs fields detail footer"),
        ((168, 24), "header tabs fields detail footer"),
        ((169, 24), "header tabs fields detail pipeline footer"),
        ((119, 40), "header tabs fields footer"),
        ((120, 36), "header pipeline fields detail steps footer"),
        ((200, 60), "header pipeline fields detail steps footer"),
    ],
    ids=str,
)
async def test_what_is_shown_at_a_size(case: Case, simulated: None, size: tuple[int, int], shown: str) -> None:
    async with console(case).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.pause()
        assert panes_of(app.main) == set(shown.split())


async def test_wide_terminals_have_the_answers_beside_the_fields(case: Case, simulated: None) -> None:
    async with console(case).run_test(size=(179, 60)) as pilot:
        app = await ready(pilot)
        views = app.main.views
        await pilot.pause()
        assert views["detail"].region.y >= views["fields"].region.bottom
        await pilot.resize_terminal(200, 60)
        await pilot.pause()
        assert views["detail"].region.x > views["fields"].region.right - 1
        assert views["detail"].region.y == views["fields"].region.y
        assert views["fields"].region.width >= fields.SIDE_BY_SIDE
        assert views["steps"].region.bottom == views["footer"].region.y == 59


async def test_without_contributions_the_fields_get_their_lines(case: Case, simulated: None) -> None:
    from support.console_toy import toy_comparison

    c, py, _ = toy_comparison()
    async with console(None, c_trace=c, suspect=py).run_test(size=(120, 40)) as pilot:
        given = await ready(pilot)
        await pilot.pause()
        tall = given.main.views["fields"].size.height
    async with console(case).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.pause()
        assert tall > app.main.views["fields"].size.height


def panes_of(screen: MainScreen) -> set[str]:
    """Names of the panes that can be seen."""
    views = [*screen.views.values(), screen.small, screen.prompt]
    seen = (view for view in views if view.region.area and all(node.display for node in view.ancestors_with_self))
    return {str(view.id) for view in seen}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case("toy", ("-hkl", "x"), tmp_path, (12, 14), None)


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    def simulate(case: Case, settings: Settings) -> Simulation:
        return toy_simulator(settings)

    monkeypatch.setattr("nbtui.live.session.simulate", simulate)
