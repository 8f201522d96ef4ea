"""docs/architecture.md is as the source is: picture, rooms, and the files of its walked examples."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from support.places import TOP

PAGE = TOP / "docs" / "architecture.md"
EXAMPLES = ("a flag", "a hypothesis", "a field", "a screen")
COMMAND = re.compile(r"^git grep -lwE '([^']+)' -- 'src/\*\.py' 'simulator/\*\.py'$", re.M)
AXES = (("x", "width"), ("y", "height"))
FILE = re.compile(r"^\d+\. `([^`]+)`", re.M)


def example(kind: str) -> str:
    """The text of one walked example."""
    text = PAGE.read_text("utf-8")
    found = re.search(rf"^### Add {kind}\n(.*?)(?=^##|\Z)", text, re.M | re.S)
    assert found is not None, f"docs/architecture.md walks through no example of {kind}"
    return found[1]


def files_that_name(words: str) -> set[str]:
    """The output of the page's ``git grep``, without git: a source archive has none."""
    pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)")
    sources = [path for folder in ("src", "simulator") for path in (TOP / folder).rglob("*.py")]
    return {path.relative_to(TOP).as_posix() for path in sources if pattern.search(path.read_text("utf-8"))}


def test_picture_and_rooms_are_current() -> None:
    command = [sys.executable, str(TOP / "tools" / "architecture.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_picture_shows_every_room() -> None:
    shown = {text.text for text in ElementTree.parse(TOP / "docs" / "architecture.svg").iter() if text.text}
    packages = [path.parent for root in ("src/nbtui", "simulator/nbsim") for path in (TOP / root).glob("*/__init__.py")]
    assert len(packages) > 12
    assert {f"{package.parent.name}.{package.name}" for package in packages} <= shown


def test_the_list_has_every_package_inside_a_room() -> None:
    text = PAGE.read_text("utf-8")
    inside = [path.parent for root in ("src/nbtui", "simulator/nbsim") for path in (TOP / root).glob("*/*/__init__.py")]
    assert len(inside) > 20
    for package in inside:
        assert re.search(rf"^ {{8}}{package.name} ", text, re.M), package


def test_no_two_boxes_of_the_picture_overlap() -> None:
    picture = ElementTree.parse(TOP / "docs" / "architecture.svg")
    boxes = [box.attrib for box in picture.iter("{http://www.w3.org/2000/svg}rect") if "x" in box.attrib]
    spans = [[(float(box[at]), float(box[at]) + float(box[size])) for at, size in AXES] for box in boxes]
    for one, two in itertools.combinations(spans, 2):
        assert any(a_end <= b or b_end <= a for (a, a_end), (b, b_end) in zip(one, two, strict=True))


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_walked_example_lists_exactly_the_files_that_know_its_feature(kind: str) -> None:
    (words,) = COMMAND.findall(example(kind))
    listed = FILE.findall(example(kind))
    assert len(listed) == len(set(listed))
    assert set(listed) == files_that_name(words)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_other_path_in_a_walked_example_exists(kind: str) -> None:
    for path in re.findall(r"`((?:src|simulator|tests|docs|tools)/[^`*]+)`", example(kind)):
        assert (TOP / path).exists(), path


def test_every_check_named_in_the_rules_exists() -> None:
    rules = PAGE.read_text("utf-8").split("## Rules")[1].split("## Walk")[0]
    named = re.findall(r"`((?:tests|tools|docs)/[\w/.]+)(?: --check)?`", rules)
    assert len(named) > 6
    for path in named:
        assert Path(TOP / path).exists(), path
