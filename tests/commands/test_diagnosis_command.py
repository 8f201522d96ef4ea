"""``nbtui diagnose``: contract of the JSON object, exit codes, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nbtui.cli import main
from support.diagnosis_traces import demo, lines_of
from support.schemas import held


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
    found = held(capsys.readouterr().out)
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
    found = held(capsys.readouterr().out)
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


def without_pixel(file: Path) -> str:
    """The demo's command line without its pixel."""
    case = demo()
    assert case.folder is not None
    words = (case.folder / "command.txt").read_text().split()
    at = words.index("-trace_pixel")
    file.write_text(" ".join(words[:at] + words[at + 3 :]) + "\n")
    return str(file)


def answer(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = main(["diagnose", *arguments, "--json"])
    return code, held(capsys.readouterr().out)


def test_a_command_line_without_a_pixel_takes_that_of_the_c_log(
    logs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs[5] = without_pixel(tmp_path / "command.txt")
    code, found = answer(logs, capsys)
    assert code == 1
    assert found["hypotheses"][0]["ids"] == ["phi_carryover"]


def test_two_logs_need_no_command_line(logs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, found = answer(logs[:4], capsys)
    assert code == 1
    assert found["preflight"][0].startswith("No simulation: no command line was given")
    assert found["certain"] and found["unknown"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nanoBragg -cell '30 37\n", "No closing quotation"),
        ("# nothing yet\n", "no nanoBragg flags in it"),
        ("nanoBragg -default_F 1 -trace_pixel 1\n", "-trace_pixel needs SLOW FAST"),
        ("nanoBragg -default_F 1 -cell 50 50 50 -mat gone.mat -detector_thick\n", "the stock C program crashes"),
        ("nanoBragg -hkl gone.hkl -cell 50 50 50\n", "gone.hkl: cannot be read"),
        ("nanoBragg -default_F 1\n", "no crystal"),
    ],
)
def test_a_command_line_that_cannot_be_simulated_leaves_the_logs(
    text: str, reason: str, logs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "command.txt").write_text(text)
    logs[5] = str(tmp_path / "command.txt")
    code, found = answer(logs, capsys)
    assert code == 1
    (told,) = (text for text in found["preflight"] if text.startswith("No simulation: "))
    assert reason in told
    assert found["certain"]


def test_a_mistyped_name_is_still_an_error(logs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", *logs[:4], "--command", "gone.txt"]) == 2
    assert main(["diagnose", *logs[:4], "nowhere"]) == 2
    assert capsys.readouterr().out == ""


def test_a_command_line_that_only_c_accepts_is_simulated(
    logs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(without_pixel(tmp_path / "command.txt"))
    file.write_text(file.read_text().strip() + " -hdivsteps 0 -vdivsteps 0 -convention MOSFLM -dispstep 3\n")
    logs[5] = str(file)
    code, found = answer(logs, capsys)
    assert code == 1
    assert "read as in the C program: -hdivsteps 0 as not given; -vdivsteps 0 as not given" in found["preflight"]
    assert "skipped, as in the C program: -convention MOSFLM -dispstep 3" in found["preflight"]


def test_one_number_is_not_explained_by_a_fitted_setting(
    logs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prose = tmp_path / "one.log"
    prose.write_text("Final intensity = 12.5\n")
    logs[3] = str(prose)
    code, found = answer(logs, capsys)
    assert code == 1
    assert found["hypotheses"] == []
    assert any("too few fields of the pixel loop (1)" in text for text in found["preflight"])
    assert any("1 field in common (I_pixel_final)" in text for text in found["preflight"])
    assert [item["field"] for item in found["unknown"]] == ["I_pixel_final"]


def test_phi_lines_alone_are_diagnosed(logs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    phi = tmp_path / "phi.log"
    phi.write_text("\n".join(line for line in lines_of(phi_mode="spec") if line.startswith("TRACE_PY_PHI")) + "\n")
    logs[3] = str(phi)
    code, found = answer(logs, capsys)
    assert code == 1
    assert found["hypotheses"][0]["ids"] == ["phi_carryover"]
