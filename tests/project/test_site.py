"""The docs site: every page is in its navigation, every public name in its reference, and its build is strict."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

import nbsim
from nbtui import api, tap
from nbtui.cli import COMMANDS
from support.places import TOP

CONFIG = (TOP / "mkdocs.yml").read_text("utf-8")
MADE = {"index.md", "contributing.md", "changelog.md", "commands.md", "nbtui_api.md", "nbsim.md"}


def test_every_page_is_in_the_navigation_once() -> None:
    shown = re.findall(r"^ +- .*: (\w+\.md)$", CONFIG, re.M)
    left_out = set(re.findall(r"^  (\w+\.md)$", CONFIG, re.M))
    assert len(shown) == len(set(shown))
    assert set(shown) == ({path.name for path in (TOP / "docs").glob("*.md")} - left_out) | MADE


def test_nothing_that_the_build_needs_is_in_the_test_environment_by_declaration() -> None:
    """The site has an extra of its own, which `make test` does not install."""
    make = (TOP / "Makefile").read_text("utf-8")
    (installed,) = re.findall(r"EXTRAS = \[([\w,]+)\]$", make, re.M)
    pinned = (TOP / "constraints.txt").read_text("utf-8").lower()
    extras = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    names = [re.split(r"[\[>=<]", requirement)[0] for requirement in extras["site"]]
    assert "mkdocs-material" in names and all(f"\n{name}==" in pinned for name in names)
    assert not any(name.startswith("mkdocs") for extra in installed.split(",") for name in extras[extra])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly."""
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: make site")
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(TOP / "mkdocs.yml"), "-d", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_the_reference_holds_every_public_name_and_command(site: Path) -> None:
    anchors = {
        name: set(re.findall(r'id="([^"]+)"', (site / name / "index.html").read_text("utf-8")))
        for name in ("nbsim", "nbtui_api", "commands")
    }
    assert {f"nbsim.{name}" for name in nbsim.__all__} <= anchors["nbsim"]
    assert {f"nbtui.api.{name}" for name in api.__all__} <= anchors["nbtui_api"]
    assert {f"nbtui.tap.{name}" for name in tap.__all__} <= anchors["nbtui_api"]
    assert {f"nbtui-{name}" for name in COMMANDS} <= anchors["commands"]


@pytest.mark.slow
def test_every_link_leads_to_a_page_and_a_place_in_it(site: Path) -> None:
    texts = {page: page.read_text("utf-8") for page in site.rglob("index.html")}
    places = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in texts.items()}
    dead = []
    for page, text in texts.items():
        for link in re.findall(r'<a [^>]*href="([^":]*)"', text):
            target, _, place = link.partition("#")
            found = (page.parent / target).resolve() if target else page
            found = found / "index.html" if found.is_dir() else found
            if not found.is_file() or (place and found in places and unquote(place) not in places[found]):
                dead.append(f"{page.parent.name}: {link}")
    assert dead == []


@pytest.mark.slow
def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        loaded = re.findall(r'<(?:link|script|img)[^>]*(?:href|src)="(https?:[^"]+)"', page.read_text("utf-8"))
        assert loaded == [], page


@pytest.mark.slow
def test_roles_of_docstrings_are_links_and_comments_descriptions(site: Path) -> None:
    text = (site / "nbsim" / "index.html").read_text("utf-8")
    assert 'href="../programs/"' in text
    assert not re.search(r":(?:meth|class|func|mod):", text)
    assert 'href="#nbsim.Experiment.photons"' in text and "Sample to the outer corner of pixel" in text
