"""The command contract: what each subcommand prints, and its exit code."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nbtui.cli import COMMANDS, main
from nbtui.paths import RECORDED_LOG
from nbtui.trace.reading.reader import read_trace
from support.console_terminal import Terminal, nbtui_program
from support.places import DEMO, TOP
from support.schemas import held

C_LOG = str(DEMO / "trace_c.log")


def test_help_names_every_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_subcommand_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"nbtui {name}" in capsys.readouterr().out


def test_without_a_terminal_the_demo_is_compared(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In C the first phi slice repeats the last one (demo/README.md of the reference data)."""
    assert main([]) == 1
    out = capsys.readouterr().out
    assert out.startswith("FIRST DIVERGENCE  rot_a_angstroms")
    assert "\x1b" not in out
    assert main(["demo", "--phi-mode", "c-parity"]) == 0
    assert capsys.readouterr().out.startswith("AGREE")


def test_a_quirk_is_the_same_as_its_mode(here: Path) -> None:
    assert main(["compare", "demo", "--quirk", "phi_carryover=on"]) == 0
    assert main(["compare", "demo", "--phi-mode", "c-parity", "--quirk", "phi_carryover=off"]) == 1


def test_a_log_agrees_with_itself(here: Path) -> None:
    assert main(["compare", "--c", C_LOG, "--py", C_LOG]) == 0


def test_open_without_a_terminal_compares(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["open", C_LOG, C_LOG]) == 0
    assert capsys.readouterr().out.startswith("AGREE")


def test_open_takes_the_phi_lines_of_a_file_of_their_own(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "demo", "--out", "port.log", "--per-phi", "phi.log"]) == 0
    assert main(["open", C_LOG, "port.log"]) == 1
    without = capsys.readouterr().out
    assert main(["open", C_LOG, "port.log", "--py-phi", "phi.log"]) == 1
    joined = capsys.readouterr().out
    assert "phi.k_frac" in joined and joined != without
    assert main(["open", C_LOG, "port.log", "--py-phi", "gone.log"]) == 2


def test_compare_as_json_and_markdown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "demo", "--json"]) == 1
    found = held(capsys.readouterr().out)
    assert found["schema"] == "nbtui.metrics"
    assert found["pixel"] == {"slow": 12, "fast": 14}
    assert (found["phi_mode"], found["dtype"], found["device"]) == ("spec", "float64", "cpu")
    assert found["first_divergence"] == "rot_a_angstroms"
    assert (found["phi_steps"], found["mosaic_domains"], found["steps"]) == (12, 8, 96)
    # the value that the C program printed
    assert found["I_before_scaling_C"] == 50852131943.9641
    assert main(["compare", "demo", "--markdown"]) == 1
    assert "| I_before_scaling |" in capsys.readouterr().out


def test_only_differing_leaves_agreeing_fields_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["compare", "demo", "--only-differing"])
    short = capsys.readouterr().out
    main(["compare", "demo"])
    whole = capsys.readouterr().out
    assert "omega_pixel" in whole and "omega_pixel" not in short


def test_profile_and_tolerance_decide(here: Path) -> None:
    single = ["compare", "demo", "--phi-mode", "c-parity", "--dtype", "float32"]
    assert main([*single, "--profile", "full"]) == 1
    assert main([*single, "--tolerance", "1e-3"]) == 0
    (here / "nbtui.toml").write_text("[profiles.loose]\ntolerance = 1e-3\n")
    assert main([*single, "--profile", "loose"]) == 0


def test_trace_to_stdout_and_to_files(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "demo", "--phi-mode", "c-parity", "--out", "-"]) == 0
    shown = capsys.readouterr()
    assert "a larger -oversample is advised" in shown.err
    files = ["--out", "py.log", "--per-phi", "phi.log", "--terms", "t.csv"]
    assert main(["trace", "demo", "--phi-mode", "c-parity", *files]) == 0
    assert capsys.readouterr().out == ""
    main_lines, phi_lines = Path("py.log").read_text().splitlines(), Path("phi.log").read_text().splitlines()
    assert sorted(main_lines + phi_lines) == sorted(shown.out.splitlines())
    assert all(line.startswith("TRACE_PY_PHI ") for line in phi_lines) and len(phi_lines) == 12
    assert not [line for line in main_lines if "TRACE_PY_PHI" in line]
    c, py = read_trace(DEMO / "trace_c.log"), read_trace(Path("py.log"))
    assert [record.name for record in py.records] == [record.name for record in c.records]
    assert main(["compare", "--c", C_LOG, "--py", "py.log", "--py-phi", "phi.log"]) == 0


def rows_of(text: str) -> list[dict[str, float]]:
    return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(io.StringIO(text))]


def test_terms_are_those_of_the_c_program(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To 1e-9 of the largest term (README of the reference cases)."""
    assert main(["terms", "demo", "--phi-mode", "c-parity", "--csv"]) == 0
    ours, theirs = rows_of(capsys.readouterr().out), rows_of((DEMO / "terms.csv").read_text())
    assert len(ours) == len(theirs) == 96
    largest = max(row["F_cell2_F_latt2"] for row in theirs)
    steps = ("thick", "sub_slow", "sub_fast", "source", "phi_step", "mosaic_domain", "h0", "k0", "l0")
    for mine, c in zip(ours, theirs, strict=True):
        assert [mine[key] for key in steps] == [c[key] for key in steps]
        assert abs(mine["F_cell2_F_latt2"] - c["F_cell2_F_latt2"]) <= 1e-9 * largest


def test_terms_as_json_and_table(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terms", "demo", "--json"]) == 0
    found = held(capsys.readouterr().out)
    assert len(found["terms"]) == 96
    assert sum(term["share"] for term in found["terms"]) == pytest.approx(1.0, abs=1e-12)
    assert main(["terms", "demo"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 96 + 3


def test_flags_instead_of_a_case(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["-default_F", "5", "-cell", "50", "50", "50", "90", "90", "90", "-lambda", "1", "-N", "5"]
    flags += ["-distance", "100", "-detpixels", "64", "-trace_pixel", "3", "4"]
    assert main(["trace", "--out", "-", "--", *flags]) == 0
    assert "TRACE_PY: I_pixel_final" in capsys.readouterr().out
    assert main(["terms", "--pixel", "5", "6", "--json", "--", *flags]) == 0
    assert held(capsys.readouterr().out)["pixel"] == {"slow": 5, "fast": 6}


def test_an_output_that_exists_is_kept(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("py.log").write_text("precious\n")
    assert main(["trace", "demo", "--out", "py.log"]) == 4
    assert main(["trace", "demo", "--out", "new.log", "--terms", "py.log"]) == 4
    assert Path("py.log").read_text() == "precious\n"
    assert not Path("new.log").exists()
    assert "--force" in capsys.readouterr().err
    assert main(["trace", "demo", "--out", "py.log", "--force"]) == 0
    assert Path("py.log").read_text().startswith("TRACE_PY")
    assert [path.name for path in here.iterdir()] == ["py.log"]


def test_a_forced_output_goes_through_a_link(here: Path) -> None:
    Path("real.log").write_text("old\n")
    Path("link.log").symlink_to("real.log")
    assert main(["trace", "demo", "--out", "link.log", "--force"]) == 0
    assert Path("link.log").is_symlink()
    assert Path("real.log").read_text().startswith("TRACE_PY")


def test_another_pixel_than_the_logs_is_a_finding(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "demo", "--phi-mode", "c-parity", "--pixel", "14", "12"]) == 1
    assert "pixel" in capsys.readouterr().out.split("rel. diff")[0]


def nbtui_process(*words: str, stdout: int) -> subprocess.Popen[bytes]:
    code = "import sys; from nbtui.cli import main; sys.exit(main())"
    return subprocess.Popen([sys.executable, "-c", code, *words], stdout=stdout, stderr=subprocess.PIPE)


@pytest.mark.slow
def test_a_reader_that_leaves_is_no_error(here: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = nbtui_process("terms", "demo", stdout=writing)
    os.close(writing)
    _, said = process.communicate()
    assert b"Traceback" not in said and b"BrokenPipe" not in said
    assert process.returncode == 141  # what a shell reports of a program that SIGPIPE ended


@pytest.mark.slow
def test_a_full_disk_is_said(here: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        process = nbtui_process("terms", "demo", stdout=full.fileno())
        _, said = process.communicate()
    assert process.returncode == 4
    assert b"No space left" in said and b"Traceback" not in said


def test_history_and_watch_take_the_reports_of_the_settings(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "nbtui.toml").write_text('reports = "kept"\n')
    assert main(["history"]) == 2
    assert f"{here / 'kept'}: no such directory" in capsys.readouterr().err
    (here / "kept").write_text("")
    assert main(["watch", "--plain"]) == 2
    assert f"{here / 'kept'}: not a directory" in capsys.readouterr().err
    shutil.copytree(TOP / "reports", here / "reports")
    (here / "nbtui.toml").unlink()
    assert main(["history"]) == 0
    assert "demo" in capsys.readouterr().out


@pytest.mark.parametrize("c_log", [RECORDED_LOG, DEMO / "trace_c.log"])
def test_on_a_terminal_compare_prints_what_differs_and_the_verdict_last(here: Path, c_log: Path) -> None:
    words = ("compare", "--c", str(DEMO / "trace_c.log"), "--py", str(c_log))
    terminal = Terminal(nbtui_program(*words), here, {"NO_COLOR": "1"}, None)
    code = terminal.end()
    lines = [line.rstrip() for line in terminal.received.decode().splitlines() if line.strip()]
    rows = [line for line in lines if line[:2] in ("# ", "= ", "~ ")]
    assert lines[-1].endswith("profile full")
    assert lines[-1].startswith("AGREE" if code == 0 else "FIRST DIVERGENCE")
    assert len(rows) == (0 if code == 0 else 19) and not any(row.startswith("=") for row in rows)
    assert any("values agree; --all prints them" in line for line in lines)


def test_on_a_terminal_every_row_goes_through_the_pager(here: Path) -> None:
    words = ("compare", "--all", "--c", str(DEMO / "trace_c.log"), "--py", str(RECORDED_LOG))
    terminal = Terminal(nbtui_program(*words), here, {"NO_COLOR": "1", "PAGER": "sed -e s/^/paged:/"}, None)
    assert terminal.end() == 1
    lines = terminal.received.decode().splitlines()
    assert lines[0].startswith("paged:FIRST DIVERGENCE") and len(lines) > 200


def test_colours_can_be_forced_and_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["compare", "--c", str(DEMO / "trace_c.log"), "--py", str(RECORDED_LOG)]
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(words)
    assert "\x1b[31;1mCRITICAL" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    main(words)
    assert "\x1b" not in capsys.readouterr().out
