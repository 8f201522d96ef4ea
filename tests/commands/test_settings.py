"""nbtui.toml: which file counts, and that nothing unknown passes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nbtui.errors import UnusableInput
from nbtui.settings import load


def test_without_files_there_are_no_cases(here: Path) -> None:
    found = load()
    assert (dict(found.cases), dict(found.profiles), found.reports, found.profile) == ({}, {}, Path("reports"), "full")


def test_the_nearest_file_upwards_wins_over_the_users_own(here: Path) -> None:
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "nbtui"
    own.mkdir(parents=True)
    (own / "nbtui.toml").write_text(
        'reports = "mine"\n[cases.a]\ncommand = "x -own"\n[cases.b]\ncommand = "x -own"\n'
        "[profiles.loose]\ntolerance = 1e-3\n"
    )
    (here / "nbtui.toml").write_text('[cases.a]\ncommand = "x -project"\nreports = "kept"\n')
    below = here / "deep" / "er"
    below.mkdir(parents=True)
    found = load(below)
    assert found.cases["a"].command == "x -project"
    assert found.cases["b"].command == "x -own"
    assert found.cases["a"].reports == here / "kept"
    assert found.reports == own / "mine"
    assert found.profiles["loose"].tolerance == 1e-3
    assert found.files == (own / "nbtui.toml", here / "nbtui.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('raports = "x"\n', "unknown key 'raports'; the nearest known one is 'reports'"),
        ('[cases.a]\ncomand = "x"\n', "cases.a: unknown key 'comand'; the nearest known one is 'command'"),
        ("[cases.a]\n", "cases.a: give either folder"),
        ('[cases.a]\nfolder = "f"\ncommand = "c"\n', "cases.a: give either folder"),
        ('[cases.demo]\ncommand = "c"\n', "taken by the built-in demo"),
        ('[cases.a]\ncommand = "c"\npixel = [1]\n', "pixel must be [slow, fast]"),
        ('[cases.a]\ncommand = "c"\npixel = [1, -2]\n', "pixel must be [slow, fast]"),
        ('[cases.a]\ncommand = "c"\npixel = "1 2"\n', "pixel must be [slow, fast]"),
        ('cases = "a"\n', "cases must be tables"),
        ("[cases]\na = 3\n", "cases.a must be a table"),
        ("reports = 3\n", "reports must be a quoted string"),
        ("[profiles.mine]\ntolerence = 1e-3\n", "tolerence"),
        ("[profiles.full]\ntolerance = 1e-3\n", "built-in"),
        ("reports = \n", "not valid TOML"),
        ("\xff", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(here: Path, text: str, said: str) -> None:
    (here / "nbtui.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(UnusableInput) as caught:
        load()
    assert said in str(caught.value)
    assert "nbtui.toml" in str(caught.value)
