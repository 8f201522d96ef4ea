"""docs/quirks.md: every quirk has an example, and a new run gives the numbers of the page."""

from __future__ import annotations

import re
import runpy
from dataclasses import fields

import pytest

from nbsim import Quirks
from support.places import TOP

PAGE = (TOP / "docs" / "quirks.md").read_text("utf-8")
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+\.?\d*(?:e[-+]?\d+)?(?![\w.])")
NOISE = re.compile(r"^\| `(?:grating_literal|naive_float32)` .*", re.M)


@pytest.mark.slow
def test_a_new_run_gives_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words exactly, numbers but for their last digit, which another processor may round; noise not at all."""
    monkeypatch.syspath_prepend(TOP / "tools")
    tool = runpy.run_path(str(TOP / "tools" / "quirk_numbers.py"))
    made, page = (NOISE.sub("", text) for text in (tool["page"](tool["effects"]()), PAGE))
    assert NUMBER.sub("#", made) == NUMBER.sub("#", page), "run 'make quirks'"
    ours, theirs = ([float(number) for number in NUMBER.findall(text)] for text in (made, page))
    assert ours == pytest.approx(theirs, rel=5e-3)


def test_every_quirk_has_a_row_in_both_tables() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## φ modes")[0], re.M)
    names = [quirk.name for quirk in fields(Quirks)]
    assert rows == [*names, *names]


def test_every_quirk_shows() -> None:
    assert ": rounding" not in PAGE and "| 0 of " not in PAGE
