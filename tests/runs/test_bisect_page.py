"""The example of docs/bisect.md: its repository, its case, and its output."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from nbtui.cli import main
from small_port.fixes import FIXES, fixed
from support.places import TOP
from support.port_history import git, history

PAGE = (TOP / "docs" / "bisect.md").read_text("utf-8")
POLARIZATION = "the polarization factor lacks the square of cos 2θ"
CHANGING = re.compile(r"\b[0-9a-f]{7,10}\b|\d{8}T\d{6}Z|-?\d\.\de-\d+")  # hashes, the time, and a gap of rounding


@pytest.mark.slow
def test_the_example_is_what_the_page_shows(
    here: Path, own_state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    (settings,) = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    (here / "nbtui.toml").write_text(settings)
    right, (wrong_line, right_line) = fixed(), FIXES[POLARIZATION]
    named = right.replace("# 1/Å\n", "# in 1/Å\n")
    versions = [
        ("A port of nanoBragg in one file", right),
        ("Name the unit of the scattering vector", named),
        ("Write the polarization as one line", named.replace(right_line, wrong_line)),
    ]
    assert len({text for _, text in versions}) == 3
    history(here, versions)
    (shown,) = re.findall(r"\$ git log --oneline\n(.*?)\$ nbtui bisect small --good HEAD~2\n(.*?)```", PAGE, re.S)
    assert main(["bisect", "small", "--good", "HEAD~2"]) == 0
    made = git(here, "log", "--oneline") + "\n", capsys.readouterr().out
    assert [CHANGING.sub("*", text) for text in made] == [CHANGING.sub("*", text) for text in shown]
