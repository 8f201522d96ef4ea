"""Agreement of few common fields: its own verdict, exit code 1, accepted with --allow-partial; also in packages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbtui.cli import main
from support.places import DEMO

WORDS = "too little in common (1 of 73 fields)"


@pytest.fixture
def one_value(here: Path) -> str:
    """A Python log with one value of the demo, the right one."""
    lines = (DEMO / "trace_c.log").read_text().splitlines()
    value = next(line for line in lines if line.startswith("TRACE_C: F_cell "))
    (here / "py.log").write_text(value.replace("TRACE_C", "TRACE_PY") + "\n")
    return "py.log"


def test_compare(one_value: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", "demo", "--py", one_value]
    assert main(words) == 1
    assert capsys.readouterr().out.startswith(f"NO VERDICT  {WORDS}")
    assert main([*words, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["coverage"]) == ("too little in common", "too little")
    assert (found["fields_common"], found["fields_judged"]) == (1, 73)
    assert main([*words, "--allow-partial"]) == 0
    assert capsys.readouterr().out.startswith("AGREE  1 of 1 fields within tolerance (partial: 1 of 73 fields)")


def test_packages(one_value: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["export", "demo", "--py", one_value, "--reports"]
    assert main([*words, "plain"]) == 1
    assert main([*words, "accepted", "--allow-partial"]) == 0
    capsys.readouterr()
    summaries = {name: next(here.glob(f"{name}/*/summary.md")).read_text() for name in ("plain", "accepted")}
    assert f"Verdict: {WORDS}" in summaries["plain"] and f"BLOCKED: {WORDS}" in summaries["plain"]
    assert "Verdict: agree" in summaries["accepted"]
    for name in summaries:
        assert main(["verify", *map(str, here.glob(f"{name}/*"))]) == 0
    metrics = next(here.glob("plain/*/metrics.json"))
    metrics.write_text(metrics.read_text().replace('"verdict": "too little in common"', '"verdict": "agree"'))
    assert main(["verify", str(metrics.parent)]) == 1
