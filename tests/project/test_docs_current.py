"""docs/keys.md and docs/settings.md say what the program does, and the pictures are what README shows."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from pkgutil import walk_packages

import pytest

import nbtui.console
from nbsim import FLAGS
from nbtui.cli import COMMANDS
from nbtui.console.keymap import TABLES, resolve
from nbtui.settings import load
from support.places import TOP

SCREENS = {
    "main-spec": "FIRST DIVERGENCE",
    "main-c-parity": "every digit is equal",
    "packages": "vs before",
    "why": "phi_carryover",
    "help": "next field that differs",
    "main-80x24": "[1 fields]",
    "main-200x60": "shares of I",
    "parameters": "-distance",
    "logs": "TRACE_PY: rot_a_angstroms",
    "image": "PIXELS DIFFER",
    "runs": "first divergence moved from",
    "sweeps": "flags and findings",
    "sweeps-80x24": "flags and findings",
}


def test_the_tables_are_current() -> None:
    command = [sys.executable, str(TOP / "tools" / "tables.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_table_of_actions_is_known() -> None:
    """A screen whose keys nobody can look up or change would go unnoticed otherwise."""
    modules = [importlib.import_module(entry.name) for entry in walk_packages(nbtui.console.__path__, "nbtui.console.")]
    named = {id(value) for module in modules for name, value in vars(module).items() if name.endswith("ACTIONS")}
    assert named == {id(table) for table in TABLES}
    assert len({table.prefix for table in TABLES}) == len(TABLES)
    for table in TABLES:
        assert len({action.id for action in table.actions}) == len(table.actions)


def test_the_example_in_the_key_table_works(here: Path) -> None:
    text = (TOP / "docs" / "keys.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.S)
    (here / "nbtui.toml").write_text(example)
    assert set(resolve(load().keys)) == {"export", "help", "image.closer"}


@pytest.mark.parametrize("name", SCREENS)
def test_the_pictures(name: str) -> None:
    path = TOP / "docs" / "screens" / f"{name}.svg"
    svg = path.read_text(encoding="utf-8")
    shown = "".join(ElementTree.fromstring(svg).itertext()).replace("\u00a0", " ")
    assert SCREENS[name] in shown
    assert len(svg) < 200_000 and "@font-face" not in svg
    assert "/home/" not in svg and "/work/" not in svg and "/tmp/" not in svg


def test_readme_shows_them() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (TOP / target).exists(), target
    assert "docs/screens/main-spec.svg" in readme and "docs/keys.md" in readme and "docs/settings.md" in readme


def test_every_file_that_a_page_names_exists() -> None:
    pages = [TOP / "README.md", TOP / "CONTRIBUTING.md", *(TOP / "docs").glob("*.md")]
    named = {
        (page.name, path)
        for page in pages
        for path in re.findall(r"\b(?:tests|tools|benchmarks|docs)/[\w./-]+\.(?:py|md|svg)", page.read_text("utf-8"))
        if page.name != "sentences.md"
    }
    assert len(named) > 20
    assert [pair for pair in sorted(named) if not (TOP / pair[1]).exists()] == []


def test_the_manual_pages_hold_every_command_and_flag_and_nothing_roff_would_obey() -> None:
    pages = {name: (TOP / "man" / f"{name}.1").read_text("utf-8") for name in ("nbtui", "nbsim")}
    assert all(f'"nbtui {name} ' in pages["nbtui"].replace("\\-", "-") for name in COMMANDS)
    assert all(flag.names[0].replace("-", "\\-") in pages["nbsim"] for flag in FLAGS)
    requests = {line.split()[0] for page in pages.values() for line in page.splitlines() if line[:1] in (".", "'")}
    assert requests <= {".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".BR", ".RI", ".I", ".br", ".nf", ".fi", '.\\"'}


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_mandoc_finds_no_fault_in_the_manual_pages() -> None:
    pages = sorted(map(str, (TOP / "man").glob("*.1")))
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *pages], capture_output=True, text=True, check=False)
    faults = [line for line in done.stdout.splitlines() if "missing date" not in line]  # a date would go stale
    assert len(pages) == 2 and not faults
