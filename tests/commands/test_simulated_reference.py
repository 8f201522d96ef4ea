"""No C log: our simulator stands in for a named C program, and says so everywhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import nbtui
from nbtui.cli import main
from support.schemas import held

DEMO = Path(nbtui.__file__).parent / "demo"


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo without its C log, and a log of fresh vectors at phi = 0."""
    monkeypatch.chdir(tmp_path)
    for name in ("command.txt", "demo.hkl"):
        shutil.copy(DEMO / name, tmp_path)
    assert main(["trace", ".", "--out", "py.log"]) == 0
    return tmp_path


def test_compare_names_the_program_that_is_simulated(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["compare", ".", "--py", "py.log"]) == 1
    told = capsys.readouterr()
    assert told.out.startswith("FIRST DIVERGENCE  rot_a_angstroms.x") and "simulated C" in told.out
    assert "as stock C: no C program ran" in told.out and "reference: simulated" in told.err
    assert main(["compare", ".", "--py", "py.log", "--c-program", "fixed", "--json"]) == 0
    found = held(capsys.readouterr().out)
    reference, suspect = found["sides"]
    assert (reference["role"], reference["simulation"]["c_program"]) == ("reference", "fixed")
    assert (suspect["role"], suspect["file"], suspect["simulation"]) == ("suspect", "py.log", None)


def test_the_stand_in_equals_the_c_log(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The C log of the demo comes from the C program."""
    capsys.readouterr()
    assert main(["compare", ".", "--py", str(DEMO / "trace_c.log"), "--tolerance", "1e-9"]) == 0


def test_diagnose_works_without_a_c_log(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["diagnose", ".", "--py", "py.log", "--json"]) == 1
    found = held(capsys.readouterr().out)
    assert found["hypotheses"][0]["ids"] == ["phi_carryover"]
    assert found["waterfall"]["levels"][0]["in_effect"] == ["phi_carryover"]


def test_a_package_says_that_its_reference_is_simulated(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", ".", "--py", "py.log", "--reports", "reports"]) == 1
    (package,) = (case / "reports").iterdir()
    assert "- reference: simulated C, simulated by nbsim" in (package / "summary.md").read_text()
    assert (package / "trace_c.log").read_text().startswith("simulated: nbsim ")
    assert main(["verify", str(package)]) == 0, capsys.readouterr().out


def test_without_a_log_of_your_own_there_is_nothing_to_compare(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "."]) == 2
    assert "no C log" in capsys.readouterr().err


@pytest.mark.slow
def test_an_image_is_compared_with_the_simulated_c_program(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The image of the demo comes from the C program."""
    capsys.readouterr()
    assert main(["images", ".", "--py", str(DEMO / "image.npy"), "--gates", "exact"]) == 0
    assert "as stock C" in capsys.readouterr().out
    assert main(["images", ".", "other.npy", "--py", str(DEMO / "image.npy")]) == 2


def test_the_console_takes_your_log_alone(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal it prints the comparison."""
    capsys.readouterr()
    assert main(["open", "py.log", "."]) == 1
    assert "as stock C: no C program ran" in capsys.readouterr().out
    assert main(["open", "py.log"]) == 2
    assert "one log alone" in capsys.readouterr().err
