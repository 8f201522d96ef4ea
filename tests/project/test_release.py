"""Files that repeat the version or the dependencies of the package agree with pyproject.toml."""

from __future__ import annotations

import re
import tomllib

import pytest

import nbtui
from support.places import TOP

PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
OTHER_NAMES = {"pytorch-cpu": "torch"}  # conda's names


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("CITATION.cff", r"^version: (.+)$"),
        ("conda/recipe.yaml", r'^  version: "(.+)"$'),
        ("CHANGELOG.md", r"^## ([\d.]+)"),
    ],
)
def test_the_version_is_the_same_in_every_file(file: str, pattern: str) -> None:
    found = re.search(pattern, (TOP / file).read_text(), re.MULTILINE)
    assert found is not None
    assert found[1] == PROJECT["version"] == nbtui.__version__


def test_the_conda_recipe_has_the_dependencies_of_the_wheel() -> None:
    section = (TOP / "conda/recipe.yaml").read_text().split("  run:\n")[1].split("\n\n")[0]
    recipe = dict(line.strip("- ").split(" ", 1) for line in section.splitlines() if "python " not in line)
    wheel = dict(re.findall(r"^([\w-]+)(.*)$", "\n".join(PROJECT["dependencies"]), re.MULTILINE))
    assert {OTHER_NAMES.get(name, name): bounds for name, bounds in recipe.items()} == wheel


def test_hooks_before_a_commit_run_programs_of_the_checks() -> None:
    make = (TOP / "Makefile").read_text()
    programs = re.findall(r"entry: \.venv/bin/([\w-]+)", (TOP / ".pre-commit-config.yaml").read_text())
    assert programs
    assert all(f"$(BIN)/{program}" in make for program in programs)
