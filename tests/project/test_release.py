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


def test_every_python_of_the_metadata_has_a_job_with_the_newest_versions() -> None:
    matrix = re.search(r"python: \[(.+)\]", (TOP / ".github/workflows/ci.yml").read_text())
    assert matrix is not None
    tried = re.findall(r'"(.+?)"', matrix[1])
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert named and PROJECT["requires-python"] == f">={named[0]}"
    assert set(named) <= set(tried)


def test_the_requirements_without_torch_are_those_of_the_wheel() -> None:
    lean = [line for line in (TOP / "requirements-lean.txt").read_text().splitlines() if not line.startswith("#")]
    assert sorted(lean) == sorted(one for one in PROJECT["dependencies"] if not one.startswith(("torch", "gemmi")))
