"""docs/tutorial.md is the record of a session; here it is repeated, without the diagnosis."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from nbtui.cli import main
from small_port.fixes import FIXES, PORT, fixed
from support.places import TOP

PAGE = (TOP / "docs" / "tutorial.md").read_text(encoding="utf-8")
SETTINGS = re.search(r"```toml\n(.*?)```", PAGE, re.S)
RUNS = re.findall(r"^(run \d: .*?)(?:; cause .*)?$", PAGE, re.M)
MOVED = re.findall(r"^  since before: (.*)$", PAGE, re.M)


@pytest.mark.slow
def test_the_session_goes_as_recorded(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert SETTINGS is not None
    settings = SETTINGS[1].replace('"python port.py', f'"{sys.executable} port.py')
    Path("nbtui.toml").write_text(settings, encoding="utf-8")
    text = PORT.read_text(encoding="utf-8")
    printed = []
    for name in (None, *FIXES):
        text = text if name is None else fixed(name, text=text)
        Path("port.py").write_text(text, encoding="utf-8")
        code = main(["run", "mine", "--no-diagnose"])
        printed.append(capsys.readouterr().out.splitlines())
    assert code == 0
    found = [line for lines in printed for line in lines if line.startswith("run ")]
    assert [_digits(line) for line in found] == [_digits(line) for line in RUNS]
    moved = [line.partition(": ")[2] for lines in printed for line in lines if line.startswith("  since before")]
    assert [_digits(line) for line in moved] == [_digits(line) for line in MOVED]
    main(["run", "mine", "--list", "--json"])
    assert len(capsys.readouterr().out.splitlines()) == len(FIXES) + 1


def _digits(line: str) -> str:
    """The line without the sign and digits of a gap that is rounding."""
    return re.sub(r"[+-]?[\d.]+e-1\d %", "rounding", line)
