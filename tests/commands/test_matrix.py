"""One case over every phi mode, dtype and device at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtui.cli import main
from support.schemas import held

DEMO_C_PARITY = "c-parity float64 cpu"


def test_the_matrix_shows_where_tolerance_is_left(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "demo", "--matrix"]) == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()
    columns = {name: at for at, name in enumerate(("c-parity float64", "spec float64", "c-parity float32"))}
    assert lines[0].index("c-parity float64 cpu") < lines[0].index("spec float64 cpu")
    row = next(line for line in lines if line.startswith("rot_a_angstroms")).split()
    # the demo's pixel keeps C's vectors of the last phi step: only the phi mode moves them
    assert row[1 + columns["c-parity float64"]] == "=" and row[1 + columns["spec float64"]] != "="
    assert row[1 + columns["c-parity float32"]] == "="
    verdict = next(line for line in lines if line.startswith("verdict")).split()
    assert verdict[1:3] == ["AGREE", "DIVERGE"]
    assert lines.index(next(line for line in lines if line.startswith("verdict"))) == 1
    assert any(line.startswith("spec float64 cpu: leaves tolerance first at rot_a_angstroms") for line in lines)
    assert ("cuda: not available to torch" in lines) != ("float64 cuda" in lines[0])
    assert "simulating spec float32 cpu" in err


def test_the_matrix_as_an_object(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "demo", "--matrix", "--json"]) == 1
    whole = held(capsys.readouterr().out)
    found = whole["matrix"]
    assert whole["devices_absent"] == [name for name in ("cuda",) if name not in {way["device"] for way in found}]
    ways = {f"{way['phi_mode']} {way['dtype']} {way['device']}": way for way in found}
    assert len(ways) == len(found) >= 4
    assert ways[DEMO_C_PARITY]["verdict"] == "agree" and ways[DEMO_C_PARITY]["outside"] == []
    assert ways["spec float64 cpu"]["first_divergence"].startswith("rot_a_angstroms")
    assert {row["field"] for row in ways["c-parity float32 cpu"]["outside"]} >= {"I_pixel_final"}


def test_every_way_inside_tolerance_is_agreement(here: Path) -> None:
    assert main(["compare", "demo", "--matrix", "--tolerance", "1e9"]) == 0


@pytest.mark.parametrize("words", [["--py", "x.log"], ["--markdown"], ["--quirk", "nothing=on"]])
def test_what_the_matrix_cannot_do_is_said(here: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "demo", "--matrix", *words]) == 2
    assert "Traceback" not in capsys.readouterr().err
