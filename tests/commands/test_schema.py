"""``nbtui schema``: every schema is one, and that of nbtui.toml accepts what its reader accepts."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from nbtui import schemas
from nbtui.cli import main
from nbtui.errors import UnusableInput
from nbtui.settings import load
from support.places import TOP


@pytest.mark.parametrize("name", schemas.names())
def test_it_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", name]) == 0
    found = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(found)
    assert found["type"] == "object"


def test_every_schema_has_its_version_and_its_name() -> None:
    stored = {
        path.name.removesuffix(".schema.json") for path in files("nbtui.schemas").iterdir() if "schema.j" in path.name
    }
    assert stored == set(schemas.VERSIONS)
    for name, version in schemas.VERSIONS.items():
        properties = json.loads(schemas.text(name))["properties"]
        assert properties["schema"] == {"const": f"nbtui.{name}"}
        assert properties["schema_version"] == {"const": version}


def test_the_page_lists_every_schema() -> None:
    page = (TOP / "docs" / "json.md").read_text()
    assert sorted(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|(.*?)\|", page, re.MULTILINE)))) == list(
        schemas.names()
    )


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "nothing"]) == 2
    assert "diagnosis" in capsys.readouterr().err


GOOD = (
    "",
    'reports = "r"\nfps = 20\nmouse = false\ntheme = "mono"',
    '[cases.mine]\nfolder = "here"\npixel = [1, 2]\nlimit = 0.5\nsources = "*.py"\nenvironment = { A = "1" }',
    '[cases.mine]\ncommand = "-cell 1 1 1 90 90 90"\nsuspect = "port"\nloop = true\nsources = ["a", "b"]',
    '[profiles.loose]\nbase = "full"\ntolerance = 1e-3\nonly = true\n'
    "fields = { omega_pixel_sr = 0.1, I_pixel_final = { abs = 1 } }",
    '[c_programs.ours]\nbase = "fixed"\nphi_carryover = true',
    '[keys]\nexport = "X"\nquit = ["q", "Q"]\n[keys.image]\nrange = "r"',
)
BAD = (
    "fpz = 20",
    "fps = 0",
    'fps = "fast"',
    'theme = "pink"',
    'reports = ""',
    '[cases.mine]\nfolder = "here"\ncommand = "x"',
    "[cases.mine]\npixel = [1, 2]",
    '[cases.mine]\nfolder = "here"\npixel = [1]',
    '[cases.mine]\nfolder = "here"\nlimit = 0',
    '[cases.mine]\nfolder = "here"\nshell = "yes"',
    "[profiles.loose]\ntolerances = 1e-3",
    "[profiles.loose]\ntolerance = -1",
    '[c_programs.ours]\nphi_carryover = "on"',
    "[keys]\nexport = 3",
)


@pytest.mark.parametrize("text", GOOD + BAD)
def test_the_schema_of_settings_judges_as_their_reader(text: str, tmp_path: Path) -> None:
    (tmp_path / "nbtui.toml").write_text(text)
    schema = Draft202012Validator(json.loads(schemas.text("settings")))
    assert schema.is_valid(tomllib.loads(text)) == (text in GOOD)
    if text in GOOD:
        load(tmp_path)
    else:
        with pytest.raises(UnusableInput):
            load(tmp_path)
