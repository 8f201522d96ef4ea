"""``nbtui doctor``: each part of the machine works, is missing or is at fault, with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.live.absence import INSTALL_TORCH
from support.schemas import held


def report(capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, dict[str, str]]:
    assert main(["doctor", "--json"]) == code
    return {one["name"]: one for one in held(capsys.readouterr().out)["findings"]}


@pytest.mark.slow
def test_a_machine_in_order(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(capsys)
    assert found["versions"]["found"].startswith("nbtui ")
    assert found["torch"]["state"] == found["Textual"]["state"] == "works"
    assert found["C program"]["state"] == "missing"
    assert found["terminal"]["state"] == "missing"  # stdout is a file here


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No look at torch, which takes seconds."""
    monkeypatch.setattr("nbtui.commands.doctor._output", lambda words: None)


def test_torch_that_cannot_be_imported(here: Path, capsys: pytest.CaptureFixture[str], quick: None) -> None:
    found = report(capsys, code=2)
    assert found["torch"] == {
        "name": "torch",
        "state": "fault",
        "found": "cannot be imported",
        "remedy": f"install it again: {INSTALL_TORCH}",
    }


def test_faulty_settings(here: Path, capsys: pytest.CaptureFixture[str], quick: None) -> None:
    Path("nbtui.toml").write_text("reports = [", encoding="utf-8")
    found = report(capsys, code=2)
    assert found["settings"]["state"] == "fault"
    assert "nbtui.toml" in found["settings"]["found"]


def test_a_c_program_that_is_not_there(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    monkeypatch.setenv("NB_C_BIN", "nowhere/nanoBragg")
    found = report(capsys, code=2)
    assert found["C program"]["state"] == "fault"
    assert "nowhere/nanoBragg" in found["C program"]["found"]


def test_a_state_directory_that_is_a_file(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    Path("state").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(here / "state"))
    found = report(capsys, code=2)
    assert found["state directory"]["state"] == "fault"


def test_text_has_no_control_character(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    monkeypatch.setenv("NB_C_BIN", "no\x1b[31mwhere")
    assert main(["doctor"]) == 2
    assert "\x1b" not in capsys.readouterr().out
