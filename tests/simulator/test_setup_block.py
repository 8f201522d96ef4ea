"""The lines of ``nbsim`` before the pixel loop against those of the C program (tests/data/setup_blocks.json)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbsim import from_command
from nbsim.cli import main
from nbsim.output.setup_block import setup_block
from support.places import DATA

RUNS = json.loads((DATA / "setup_blocks.json").read_text())


@pytest.mark.parametrize("run", RUNS["runs"], ids=lambda run: run["flags"])
def test_every_line_is_cs(run: dict[str, list[str]], here: Path) -> None:
    for name, text in RUNS["files"].items():
        Path(name).write_text(text)
    experiment = from_command(f"{RUNS['command']} {run['flags']}", here, phi_mode="c-parity")
    assert list(setup_block(experiment)) == run["lines"]


def test_the_lines_come_first_on_stdout(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUNS["command"].split(), "-N", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  parallelpiped xtal: 3x3x3 cells" in lines
    assert lines[0] == "mosflm convention selected." and lines.index("") < lines.index("  noise image paramters:")
    seed = next(line for line in lines if line.startswith("  seed: "))
    assert int(seed.split()[1]) < -1_000_000_000  # the clock, negated as C prints it
