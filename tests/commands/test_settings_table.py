"""The settings that are one value: types, defaults, over SSH, NO_COLOR, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbtui.console.drawing.palette import PALETTES
from nbtui.errors import UnusableInput
from nbtui.setting_table import NAMES, SETTINGS, THEMES, effective
from nbtui.settings import TABLES, load

RIGHT = {
    "reports": "r",
    "profile": "scaling",
    "c_program": "fixed",
    "compat": False,
    "sign": "key",
    "theme": "light",
    "characters": "ascii",
    "mouse": False,
}
RIGHT |= {"fps": 7, "diagnose": False, "tight": False, "animation": False}


def toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else f'"{value}"'


def test_every_setting_can_be_written(here: Path) -> None:
    assert tuple(RIGHT) == NAMES
    (here / "nbtui.toml").write_text("".join(f"{name} = {toml(value)}\n" for name, value in RIGHT.items()))
    found = load().effective({})
    expected = {**RIGHT, "reports": here / "r", "sign": here / "key"}
    assert {name: entry.value for name, entry in found.items()} == expected
    assert {entry.origin for entry in found.values()} == {str(here / "nbtui.toml")}


def test_the_nearest_file_wins_setting_by_setting(here: Path) -> None:
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "nbtui" / "nbtui.toml"
    own.parent.mkdir(parents=True)
    own.write_text('theme = "light"\nfps = 5\n')
    (here / "nbtui.toml").write_text("fps = 9\n")
    found = load().effective({})
    assert (found["theme"].value, found["theme"].origin) == ("light", str(own))
    assert (found["fps"].value, found["fps"].origin) == (9, str(here / "nbtui.toml"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fps = 0\n", "fps must be whole number 1 to 60"),
        ("fps = 61\n", "fps must be whole number 1 to 60"),
        ("fps = true\n", "fps must be whole number"),
        ("fps = 1.5\n", "fps must be whole number"),
        ("mouse = 1\n", "mouse must be true | false"),
        ('mouse = "off"\n', "mouse must be true | false"),
        ('theme = "dork"\n', 'theme must be "dark" | "light" | "ansi" | "mono"'),
        ("theme = 3\n", 'theme must be "dark"'),
        ('profile = ""\n', "profile must be a quoted string"),
        ("reports = false\n", "reports must be a quoted string"),
        ('them = "dark"\n', "unknown key 'them'; the nearest known one is 'theme'"),
        ('[keybord]\nx = "y"\n', "unknown key 'keybord'; the nearest known one is"),
        ('"\\u001b[31m" = 1\n', "unknown key ''; the nearest"),
    ],
)
def test_what_is_wrong_is_named(here: Path, text: str, said: str) -> None:
    (here / "nbtui.toml").write_text(text)
    with pytest.raises(UnusableInput) as caught:
        load()
    assert said in str(caught.value)
    assert str(here / "nbtui.toml") in str(caught.value) and str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY"])
def test_over_ssh_it_is_quieter_by_itself(name: str) -> None:
    found = effective({}, {name: "10.0.0.1 1 10.0.0.2 22"})
    local = effective({}, {})
    assert int(str(found["fps"].value)) < int(str(local["fps"].value))
    assert found["fps"].origin == "default over SSH"
    assert (found["animation"].value, local["animation"].value) == (False, True)
    assert found["mouse"].origin == "default"


def test_a_file_wins_over_the_link(here: Path) -> None:
    (here / "nbtui.toml").write_text("fps = 50\n")
    assert load().effective({"SSH_CONNECTION": "x"})["fps"].value == 50


@pytest.mark.parametrize("written", ["", 'theme = "light"\n'])
def test_no_color_is_mono(here: Path, written: str) -> None:
    (here / "nbtui.toml").write_text(written)
    found = load().effective({"NO_COLOR": "1"})["theme"]
    assert (found.value, found.origin) == ("mono", "NO_COLOR")
    assert load().effective({"NO_COLOR": ""})["theme"].value in ("dark", "light")


@pytest.mark.parametrize(
    ("said", "theme"), [("0;15", "light"), ("0;default;7", "light"), ("15;0", "dark"), ("", "dark")]
)
def test_a_terminal_may_say_that_it_is_light(here: Path, said: str, theme: str) -> None:
    assert effective({}, {"COLORFGBG": said})["theme"].value == theme
    (here / "nbtui.toml").write_text('theme = "ansi"\n')
    assert load().effective({"COLORFGBG": said})["theme"].value == "ansi"


@pytest.mark.parametrize(
    ("environ", "characters", "origin"),
    [
        ({"LANG": "en_US.UTF-8"}, "unicode", "default"),
        ({"LANG": "C", "LC_CTYPE": "de_DE.utf8"}, "unicode", "default"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "ascii", "locale C"),
        ({"LANG": "de_DE.ISO-8859-1"}, "ascii", "locale de_DE.ISO-8859-1"),
        ({}, "ascii", "locale C"),
    ],
)
def test_a_locale_without_unicode(here: Path, environ: dict[str, str], characters: str, origin: str) -> None:
    found = effective({}, environ)["characters"]
    assert (found.value, found.origin) == (characters, origin)
    (here / "nbtui.toml").write_text('characters = "unicode"\n')
    assert load().effective(environ)["characters"].value == "unicode"


def test_what_python_makes_of_the_locale_is_not_the_users_word() -> None:
    script = (
        "from nbtui.setting_table import effective\nimport os\nprint(effective({}, os.environ)['characters'].value)"
    )
    others = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    for given, expected in (({"LANG": "C"}, "ascii"), ({"LC_CTYPE": "C.UTF-8"}, "unicode"), ({}, "ascii")):
        done = subprocess.run([sys.executable, "-c", script], env={**others, **given}, capture_output=True, text=True)
        assert done.stdout.strip() == expected, given


def test_the_table_is_complete() -> None:
    assert len(set(NAMES)) == len(NAMES) and not set(NAMES) & set(TABLES)
    for setting in SETTINGS:
        assert setting.help and setting.type
        assert not setting.choices or setting.default in setting.choices
        assert setting.kind != "count" or setting.least <= int(str(setting.default)) <= setting.most
    assert set(THEMES) == set(PALETTES)


def test_the_frame_rate_reaches_the_terminal_library(here: Path) -> None:
    """In a process of its own: the library reads its environment once."""
    script = (
        "from nbtui.settings import load\n"
        "from nbtui.console.startup import apply\n"
        "apply(load())\n"
        "from textual import constants, screen\n"
        "print(constants.MAX_FPS, screen.UPDATE_PERIOD, constants.TEXTUAL_ANIMATIONS)\n"
    )
    environment = {**os.environ, "SSH_CONNECTION": "a b c d"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["15", str(1 / 15), "none"]
