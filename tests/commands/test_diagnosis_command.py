"""``nbtui diagnose``: contract of the JSON object, exit codes, errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbtui.cli import main
from support.diagnosis_traces import demo, lines_of


@pytest.fixture()
def logs(tmp_path: Path) -> list[str]:
    """Options that name the demo's C log, a spec-mode Python log, the command file and its folder."""
    case = demo()
    assert case.folder is not None
    py = tmp_path / "py.log"
    py.write_text("\n".join(lines_of(phi_mode="spec")) + "\n")
    return [
        "--c", str(case.c_log), "--py", str(py),
        "--command", str(case.folder / "command.txt"), "--workdir", str(case.workdir),
    ]  # fmt: skip


def test_the_json_object(logs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", *logs, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    best = found["hypotheses"][0]
    assert best["ids"] == ["phi_carryover"]
    assert 0.99 <= best["explained"] <= 1.0
    assert isinstance(best["residual"], float)
    assert best["summary"]
    assert found["verdict"] == "explained" and best["kind"] == "simulation" and 0.5 < best["probability"] <= 1.0
    assert best["worst_left"]["off"] == best["residual"] and isinstance(best["worst_left"]["field"], str)
    assert found["unknown"] == [] and all(isinstance(text, str) for text in (*found["certain"], *found["remarks"]))
    assert all(isinstance(line, str) for line in found["preflight"])


def test_the_table(logs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", *logs]) == 1
    out = capsys.readouterr().out
    assert out.startswith("explained: phi_carryover (probability ")
    assert "\nCauses:\n1. phi_carryover\n   simulation; probability " in out
    assert "confirm:" in out


def test_a_case_without_python_log_is_simulated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", "demo", "--phi-mode", "c-parity", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["hypotheses"] == [] and found["verdict"] == "agrees"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--command", "missing.txt", "--c", "x.log"], "missing.txt"),
        (["demo", "--command", "command.txt"], "not both"),
        (["demo", "--py-phi", "x.log"], "--py"),
        (["demo", "--py", "missing.log"], "missing.log"),
        (["demo", "--pixel", "4000", "1"], "not on the detector"),
    ],
)
def test_errors_name_what_is_wrong(arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert word in shown.err
    assert len(shown.err.strip().splitlines()) <= 2


def test_a_pixel_that_is_too_large_to_be_replayed_is_diagnosed_from_the_logs(
    logs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = "-cell 40 50 60 90 90 90 -default_F 100 -N 5 -lambda 1 -distance 100 -detpixels 64 -trace_pixel 20 30"
    file = tmp_path / "large.txt"
    file.write_text(f"nanoBragg {flags} -osc 1 -phisteps 5000 -mosaic 0.5 -mosaic_domains 1000\n")
    assert main(["diagnose", *logs[:4], "--command", str(file)]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "No simulation: " in said and "5,000,000 terms per pixel, at most 4,000,000" in said


def test_two_logs_without_a_common_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "py.log"
    log.write_text("TRACE_PY: my_own_name 1.5\n")
    assert main(["diagnose", "demo", "--py", str(log)]) == 1
    assert "no value in common" in capsys.readouterr().out
