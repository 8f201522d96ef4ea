"""README.md on PyPI: its links and pictures get addresses as soon as the repository has one."""

from __future__ import annotations

import re
import runpy
import sys
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from support.places import TOP

LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)]+)\)")


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The description for these URLs, by the hook of the build, without the build's library."""
    for name in ("hatchling", "hatchling.metadata", "hatchling.metadata.plugin"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    interface = SimpleNamespace(MetadataHookInterface=object)
    monkeypatch.setitem(sys.modules, "hatchling.metadata.plugin.interface", interface)
    hook = runpy.run_path(str(TOP / "tools" / "pypi_readme.py"))["PypiReadme"]()
    hook.root = str(TOP)

    def text(urls: dict[str, str]) -> str:
        metadata: dict[str, Any] = {"version": "1.2.3", "urls": urls}
        hook.update(metadata)
        assert metadata["readme"]["content-type"] == "text/markdown"
        return str(metadata["readme"]["text"])

    return text


def test_every_relative_link_gets_the_address_of_the_tag(described: Any) -> None:
    readme = (TOP / "README.md").read_text("utf-8")
    before, after = LINK.findall(readme), LINK.findall(described({"Repository": "https://example.org/them/nbtui/"}))
    assert len(before) == len(after) > 20
    for (mark, old), (_, new) in zip(before, after, strict=True):
        kind = "raw" if old.endswith(".svg") else "blob"
        stays = "://" in old or old.startswith("#")
        assert new == (old if stays else f"https://example.org/them/nbtui/{kind}/v1.2.3/{old}"), mark
        assert stays or (TOP / old).is_file()


def test_without_an_address_the_text_is_the_file(described: Any) -> None:
    assert described({"Documentation": "https://example.org"}) == (TOP / "README.md").read_text("utf-8")


def test_the_build_takes_its_description_from_the_hook() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["dynamic"] == ["readme"] and "readme" not in project["project"]
    hook = Path(project["tool"]["hatch"]["metadata"]["hooks"]["custom"]["path"])
    assert (TOP / hook).is_file() and str(hook.parent) in project["tool"]["hatch"]["build"]["targets"]["sdist"][
        "include"
    ]
