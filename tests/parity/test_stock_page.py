"""docs/stock_c.md: the comparison that it shows, of a log of the C program as published."""

from __future__ import annotations

import re

import pytest

from nbtui.cli import main
from support.places import TOP

PAGE = (TOP / "docs" / "stock_c.md").read_text("utf-8")


def test_the_comparison_is_the_one_that_the_page_shows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(TOP)
    ((words, shown),) = re.findall(r"\$ nbtui (.*)\n((?:.*\n)*?)```", PAGE)
    assert main(words.split()) == 0
    printed = [without_ulp(line) for line in capsys.readouterr().out.splitlines()]
    lines = [without_ulp(line) for line in shown.splitlines() if line != "..."]
    assert len(lines) > 5 and [line for line in lines if line not in printed] == []


def without_ulp(line: str) -> str:
    """A row without its distance in float64 steps, which another processor may change."""
    return re.sub(r" +\d+ PASS$", " PASS", line)
