"""docs/ci_gate.md: its case, its commands and their exit codes, on the small port."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nbtui.cli import main
from small_port.fixes import FIXES, fixed
from support.places import TOP

PAGE = (TOP / "docs" / "ci_gate.md").read_text("utf-8")
POLARIZATION = "the polarization factor lacks the square of cos 2θ"


@pytest.mark.slow
def test_the_steps_of_the_page_close_and_open(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (settings,) = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    (here / "nbtui.toml").write_text(settings.replace('"python port.py', f'"{sys.executable} port.py'))
    steps = [shlex.split(step) for step in re.findall(r"- run: nbtui (.*)", PAGE)]
    annotated, junit = ([*step[: [*step, ">"].index(">")], "--no-diagnose"] for step in steps)
    (shown,) = re.findall(r"```\n(::error .*)\n```", PAGE)

    wrong = fixed(*(name for name in FIXES if name != POLARIZATION))
    Path("port.py").write_text(wrong, encoding="utf-8")
    assert main(annotated) == 1
    first = re.sub(r"file=[^,]+", "file=LOG", capsys.readouterr().out.splitlines()[0])
    assert first.partition("%0A")[0] == shown

    Path("port.py").write_text(fixed(), encoding="utf-8")
    assert main(junit) == 0
    cases = list(ElementTree.fromstring(capsys.readouterr().out).iter("testcase"))
    assert len(cases) > 20 and not any(case.find("failure") is not None for case in cases)
