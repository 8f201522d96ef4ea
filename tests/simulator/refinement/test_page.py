"""Every block of docs/refinement.md, and the example that it quotes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import nbsim
from support.places import TOP

PAGE = TOP / "docs" / "refinement.md"


@pytest.mark.slow
def test_the_page_runs_from_top_to_bottom(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 8
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    printed = capsys.readouterr().out
    assert "standard errors" in printed and "343 of 2197 reflections are unique" in printed
    assert "every slope <= 0: True" in printed


@pytest.mark.slow
def test_the_example_refines_its_shots(here: Path) -> None:
    program = TOP / "examples" / "refine_shots.py"
    done = subprocess.run([sys.executable, str(program), "--shots", "2"], capture_output=True, text=True, check=True)
    rms = re.search(r"17 parameters; deviation over standard error: rms (\S+)", done.stdout)
    # 17 squares: five standard deviations of their mean
    assert rms is not None and float(rms[1]) ** 2 < 1.0 + 5.0 * (2.0 / 17.0) ** 0.5


@pytest.mark.slow
def test_the_measurement_of_jumps_runs(here: Path) -> None:
    program = TOP / "benchmarks" / "jumps.py"
    words = [sys.executable, str(program), "--boxes", "1", "--crossings", "1"]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == 7 and all("2304 terms; nearest crossing" in line for line in lines)


def test_the_page_names_public_names_only() -> None:
    text = PAGE.read_text(encoding="utf-8") + (TOP / "docs" / "names.md").read_text(encoding="utf-8")
    for names in re.findall(r"^from nbsim import (.+)$", text, re.MULTILINE):
        assert {name.strip() for name in names.split(",")} <= set(nbsim.__all__)
