"""Refusals that tell the way on, and listings that show no more and no less than asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtui.cli import main

FLAGS = "-cell 30 37 45 90 90 90 -N 5 -lambda 1 -distance 100 -detpixels 20 -pixel 1 -oversample 1"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code, and stdout with stderr."""
    code = main(list(words))
    told = capsys.readouterr()
    return code, told.out + told.err


def case(here: Path, more: str) -> Path:
    folder = here / "toy"
    folder.mkdir()
    (folder / "command.txt").write_text(f"nanoBragg {FLAGS} {more} -trace_pixel 9 8\n")
    return folder


@pytest.mark.parametrize("flag", ["-hkl absent.hkl", "-default_F 1 -sourcefile absent"])
def test_a_missing_input_file_leads_to_workdir(here: Path, capsys: pytest.CaptureFixture[str], flag: str) -> None:
    code, told = said(capsys, "terms", str(case(here, flag)))
    assert code == 2
    assert "absent" in told and "--workdir DIR" in told


def test_a_damaged_command_line_does_not(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = said(capsys, "terms", str(case(here, "-default_F 1 -lambda none")), "--no-compat")
    assert code == 2
    assert "--workdir" not in told


def test_a_case_without_a_c_log_leads_to_a_simulated_reference(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = said(capsys, "diagnose", str(case(here, "-default_F 1")))
    assert code == 2
    assert "--py FILE" in told


def test_a_missing_argument_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = said(capsys, "schema")
    assert code == 2
    assert "Choose from: bisection, config, " in told


def test_an_empty_setting_does_not_take_its_origin_for_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    _, told = said(capsys, "config")
    (row,) = (line.split() for line in told.splitlines() if line.split()[:1] == ["c_program"])
    assert row == ["c_program", "-", "default"]


def test_a_folder_that_is_no_package_is_not_called_an_old_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = said(capsys, "verify", str(case(here, "")))
    assert code == 1
    assert "is not a package" in told and "reports/STAMP" in told and "old format" not in told


def test_only_differing_holds_for_markdown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, side, value in (("c.log", "C", "1"), ("py.log", "PY", "2")):
        lines = [f"TRACE_{side}: F_cell 100", f"TRACE_{side}: F_latt {value}", f"TRACE_{side}: lambda_angstroms 1"]
        (here / name).write_text("\n".join(lines) + "\n")
    logs = ("compare", "--c", str(here / "c.log"), "--py", str(here / "py.log"), "--markdown")
    _, whole = said(capsys, *logs)
    code, told = said(capsys, *logs, "--only-differing")
    assert code == 1
    assert "| F_cell |" in whole and "| F_latt |" in whole
    assert "| F_latt |" in told and "| F_cell |" not in told
