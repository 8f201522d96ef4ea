"""The shape of the source: sizes and names that a reader can rely on."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from support.places import TOP

PACKAGES = {"nbtui": TOP / "src" / "nbtui", "nbsim": TOP / "simulator" / "nbsim"}
LONGEST = 400  # lines of a file
EMPTY_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}


@cache
def modules(package: str) -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGES[package].rglob("*.py"))}


def test_no_file_is_longer_than_a_reader_keeps_in_mind() -> None:
    files = [path for folder in ("src", "simulator", "tests", "tools") for path in (TOP / folder).rglob("*.py")]
    lengths = {path.relative_to(TOP).as_posix(): len(path.read_text("utf-8").splitlines()) for path in files}
    assert len(lengths) > 400
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_a_class_name_has_one_meaning(package: str) -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path, tree in modules(package).items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(path.relative_to(TOP).as_posix())
    assert len(homes) > 30
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_a_private_name_is_used_in_its_own_module(package: str) -> None:
    found = [
        f"{path.relative_to(TOP)}:{node.lineno} {alias.name}"
        for path, tree in modules(package).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(tuple(PACKAGES))
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]
    assert found == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_has_a_name_that_says_nothing(package: str) -> None:
    paths = list(PACKAGES[package].rglob("*.py"))
    assert len(paths) > 50
    assert [path for path in paths if path.stem in EMPTY_NAMES] == []


def test_a_test_file_has_a_name_of_its_own() -> None:
    """pytest imports test files by their names alone."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in (TOP / "tests").rglob("test_*.py"):
        found[path.name].append(path)
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}
