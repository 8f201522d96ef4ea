"""``nbtui config`` and the user's own keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Never

import pytest

from nbtui.cli import main
from nbtui.console import keymap
from nbtui.console.action import ActionTable
from nbtui.console.diagnosis import pane as why
from nbtui.console.diagnosis.state import DiagnosisState
from nbtui.console.drawing.line import plain
from nbtui.console.help import pane as help
from nbtui.console.keymap import TABLES, choose, resolve, shown
from nbtui.console.logs import state as logview
from nbtui.console.logs.state import LogSide, LogsState
from nbtui.console.main import searching
from nbtui.console.main.actions import ACTIONS, Action
from nbtui.console.main.panes import detail, fields, footer, header
from nbtui.console.main.state import Phase
from nbtui.console.parameters.state import ParametersState, reset
from nbtui.console.screens import KEY_TABLES
from nbtui.errors import UnusableInput
from nbtui.live.model import Case, Settings
from nbtui.live.parameters.edits import Edit
from nbtui.live.parameters.tuning import begun, put
from nbtui.settings import KeyEntry, load
from support.console_toy import console, toy_state, until
from support.schemas import held

FILE = Path("nbtui.toml")


@pytest.fixture(autouse=True)
def default_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("SSH_CONNECTION", "SSH_TTY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    yield
    choose({})


def action(id: str) -> Action:
    return next(entry for entry in ACTIONS if entry.id == id)


def keys(**given: str) -> dict[str, KeyEntry]:
    return {id: KeyEntry((key,), FILE) for id, key in given.items()}


# --- nbtui config ----------------------------------------------------------------------------------------------------


def test_values_and_where_they_come_from(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "nbtui" / "nbtui.toml"
    own.parent.mkdir(parents=True)
    own.write_text('theme = "ansi"\n[keys]\nexport = "X"\n[keys.image]\nrange = ["r", "R"]\n')
    (here / "nbtui.toml").write_text('fps = 20\n[cases.mine]\ncommand = "x -y"\n[profiles.loose]\ntolerance = 1e-3\n')
    assert main(["config"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["theme", "ansi", str(own)] in rows
    assert ["fps", "20", "frames", "per", "second", str(here / "nbtui.toml")] in rows
    assert ["mouse", "true", "default"] in rows
    assert ["export", "X", str(own)] in rows and ["image.range", "r", "R", str(own)] in rows
    assert ["mine", str(here / "nbtui.toml")] in rows and ["loose"] in rows


def test_json(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "a b c d")
    assert main(["config", "--json", "--keys"]) == 0
    content = held(capsys.readouterr().out)
    values = {entry["name"]: (entry["value"], entry["origin"]) for entry in content["settings"]}
    assert values["fps"] == (15, "default over SSH") and values["theme"] == ("dark", "default")
    assert values["reports"] == ("reports", "default")
    assert [entry["found"] for entry in content["files"]] == [False, False]
    assert len(content["keys"]) == sum(len(registry.actions) for registry in TABLES)
    assert {"action": "export", "keys": "e", "origin": "default", "help": action("export").help} in content["keys"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[keys]\nexprt = "x"\n', "keys.exprt: unknown action; the nearest known one is 'export'"),
        ('[keys.imag]\nrange = "x"\n', "keys.imag.range: unknown action; the nearest known one is 'image.range'"),
        ('[keys]\nexport = "d"\n', "keys.export: d is also next_difference on this screen"),
        ('[keys]\nexport = "x"\nhelp = "x"\n', "x is also"),
        ('[keys]\nexport = "hyperspace"\n', "keys.export: 'hyperspace' is not a key"),
        ('[keys]\nexport = "ctl+x"\n', "keys.export: 'ctl+x' is not a key"),
        ('[keys]\nexport = "\\u0007"\n', "keys.export: '\\x07' is not a key"),
        ('[keys]\ninterrupt = "x"\n', "keys.interrupt: Ctrl-C always quits"),
        ("[keys]\nexport = 3\n", 'keys.export must be a key such as "x"'),
        ('[keys]\nexport = [""]\n', 'keys.export must be a key such as "x"'),
        ("keys = 3\n", "keys must be a table [keys]"),
        ('profile = "nope"\n', "no profile is called 'nope'; known: "),
        ("fps = 99\n", "fps must be whole number"),
    ],
)
def test_what_is_wrong_is_named(here: Path, capsys: pytest.CaptureFixture[str], text: str, said: str) -> None:
    (here / "nbtui.toml").write_text(text)
    assert main(["config"]) == 2
    told = capsys.readouterr().err
    assert said in told and str(here / "nbtui.toml") in told


# --- keys ------------------------------------------------------------------------------------------------------------


def test_no_screen_has_two_meanings_for_a_key() -> None:
    assert resolve({}) == {}


def test_how_people_write_keys() -> None:
    written = {"[": "left_square_bracket", "F5": "f5", "ctrl+E": "ctrl+e", "PgUp": "pageup", "page-up": "pageup"}
    for key, name in {
        **written,
        "Esc": "escape",
        "shift+tab": "shift+tab",
        "ctrl+[": "ctrl+left_square_bracket",
    }.items():
        if name in action("page_up").keys:
            continue
        assert keymap._names(key, "here") == (name,)
    assert keymap._names("X", "here") == ("X", "shift+x")


def test_keys_may_change_places() -> None:
    assert resolve(keys(export="f", filter="e")) == {"export": ("f",), "filter": ("e",)}
    with pytest.raises(UnusableInput, match="f is also filter"):
        resolve(keys(export="f"))


def test_the_same_key_on_another_screen_is_no_conflict() -> None:
    assert resolve({"image.range": KeyEntry(("d",), FILE)}) == {"image.range": ("d",)}


def test_foot_line_and_help_show_the_users_keys() -> None:
    state = toy_state()
    assert " e export " in plain(footer.draw(state, 200, 1))[0]
    choose(resolve(keys(export="X", phi_next="F6")))
    foot = plain(footer.draw(state, 200, 1))[0]
    assert " X export " in foot and " [ F6 phi " in foot
    assert any(
        line.startswith(" X ") and "evidence package" in line for line in plain(help.lines(state, KEY_TABLES, 80))
    )
    choose(resolve({"export": KeyEntry((), FILE)}))
    assert action("export").shown == "none"


def test_sentences_of_every_screen_name_its_own_keys() -> None:
    mine = {"search": "F7", "parameters.undo": "F8", "logs.search": "F9", "why.stop": "F10"}
    choose(resolve({id: KeyEntry((key,), FILE) for id, key in mine.items()}))
    state = toy_state()
    assert searching.to_match(state, True).message.endswith(": F7 starts a search")
    form = ParametersState(
        put(begun(Case("toy", ("-lambda", "1"), Path(), (1, 2), None), Settings()), Edit("wavelength", 2.0))
    )
    assert reset(form).message.endswith("; F8 undoes")
    empty = LogSide("c.log", count=1)
    assert logview.to_hit(LogsState("toy", (empty, empty)), True, 5).message.endswith(": F9 starts a search")
    assert any("F10 stops it" in row for row in plain(why.draw(state, DiagnosisState(progress="looking"), 100, 30)))


@pytest.mark.parametrize("entry", ACTIONS.actions, ids=lambda entry: entry.id)
def test_defaults_are_written_as_they_are_shown(entry: Action) -> None:
    """The hand-written form names keys that the action really has."""
    names = {shown(key) for key in entry.keys}
    assert set(entry.written.split()) <= names


async def test_the_users_keys_work_and_the_old_ones_do_not(tmp_path: Path, here: Path) -> None:
    (here / "nbtui.toml").write_text('[keys]\nhelp = "f5"\nfilter = []\n')
    choose(resolve(load().keys))
    app = console(Case("toy", ("-hkl", "x"), tmp_path, (12, 14), None))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.state.phase in (Phase.READY, Phase.FAILED))
        await pilot.press("question_mark", "f")
        assert app.screen is app.main and not app.state.only_differing
        await pilot.press("f5")
        await until(pilot, lambda: app.screen is not app.main)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('[keys.image]\ncloser = "F3"', "keys.image.closer: F3 is also theme"),
        ('[keys]\ntheme = "+"', "keys.theme: + is also image.closer"),
        ('[keys.help]\nsearch = "q"', "keys.help.search: q is also help.close"),
    ],
)
def test_a_key_that_counts_on_every_screen_is_nobody_elses(
    here: Path, capsys: pytest.CaptureFixture[str], written: str, said: str
) -> None:
    (here / "nbtui.toml").write_text(written + "\n")
    assert main(["config"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("registry", keymap.TABLES, ids=lambda registry: registry.title)
def test_every_key_of_every_screen_can_be_another(here: Path, registry: ActionTable[Never]) -> None:
    file = here / "nbtui.toml"
    for action in registry.actions:
        id = registry.setting(action)
        if action.id == keymap.FIXED:
            continue
        assert keymap.resolve({id: KeyEntry(("F12",), file)}) == {id: ("f12",)}
        assert keymap.resolve({id: KeyEntry((), file)}) == {id: ()}


def test_sentences_name_the_users_keys() -> None:
    """As in foot line and help: no sentence names a key that has another meaning now."""
    choose({"phi_mode": ("f9",), "filter": ("f8",), "help": ("f1",), "freeze": ("f7",), "export": ("f6",)})
    state = toy_state()
    shown_now = "\n".join(
        text
        for draw, width, height in ((detail.draw, 120, 34), (fields.draw, 120, 20), (header.draw, 120, 3))
        for text in plain(draw(replace(state, history=()), width, height))
    )
    assert "F9: make the live side do the same" in shown_now and "[F8]" in shown_now and "F6 writes one" in shown_now
    waiting = replace(state, files=replace(state.files, frozen=True, waiting=frozenset({Path("c.log")})))
    assert "F7 reloads it" in "\n".join(plain(header.draw(waiting, 120, 3)))
