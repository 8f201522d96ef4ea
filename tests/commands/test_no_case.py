"""Commands without a CASE: the current folder, or a refusal; only ``nbtui`` alone falls back to the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbtui.cli import COMMANDS, main
from support.places import DEMO

CASE = "nanoBragg -default_F 100 -cell 50 60 70 90 90 90 -lambda 1 -distance 100 -N 5 -detpixels 32 -trace_pixel 3 7\n"
OF_A_CASE = (["trace", "--out", "-"], ["terms"], ["diagnose"], ["compare"], ["export"], ["images"], ["c-trace"])


@pytest.fixture
def folder(here: Path) -> Path:
    """The current directory as a case."""
    (here / "command.txt").write_text(CASE)
    return here


@pytest.mark.parametrize("words", OF_A_CASE, ids=lambda words: words[0])
def test_a_command_without_a_case_is_refused_and_names_the_remedy(
    words: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and "CASE" in err
    assert list(here.iterdir()) == []


def test_a_trace_in_a_case_folder_is_that_of_the_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--out", "mine.log"]) == 0
    assert main(["trace", ".", "--out", "named.log"]) == 0
    assert main(["trace", "demo", "--out", "demo.log"]) == 0
    assert Path("mine.log").read_bytes() == Path("named.log").read_bytes() != Path("demo.log").read_bytes()


def test_the_terms_in_a_case_folder_are_those_of_its_pixel(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terms"]) == 0
    assert capsys.readouterr().out.startswith("pixel slow 3 fast 7 ")


def test_a_diagnosis_in_a_case_folder_uses_its_command_and_log(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["trace", "--out", "trace_c.log"])
    log = Path("trace_c.log").read_text().replace("TRACE_PY", "TRACE_C")
    Path("trace_c.log").write_text(log)
    assert main(["diagnose"]) == 0
    main(["trace", "--out", "py.log", "--", *CASE.split()[1:], "-distance", "101"])
    assert main(["diagnose", "--c", "trace_c.log", "--py", "py.log", "--json"]) == 1
    assert "no command line was given" not in capsys.readouterr().out


def test_nbtui_alone_opens_the_folder_else_the_demo_and_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    assert "the built-in demo" in capsys.readouterr().err
    (here / "command.txt").write_text(CASE)
    assert main([]) == 2
    err = capsys.readouterr().err
    assert "no C log" in err and "demo" not in err


def test_two_logs_are_compared_wherever_one_is(folder: Path) -> None:
    """The command of the folder may be that of other logs."""
    log = str(DEMO / "trace_c.log")
    assert main(["compare", "--c", log, "--py", log]) == 0


def _started(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import sys; from nbtui.cli import main; {code}"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_gets_a_completion_script(shell: str, here: Path) -> None:
    done = _started("sys.exit(main())", here, _NBTUI_COMPLETE=f"{shell}_source")
    assert done.returncode == 0 and "_nbtui_completion" in done.stdout


def test_an_unknown_shell_is_refused(here: Path) -> None:
    done = _started("sys.exit(main())", here, _NBTUI_COMPLETE="cmd_source")
    assert done.returncode == 2 and "bash_source" in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("nbtui ", {"demo", "mine", *COMMANDS}),
        ("nbtui di", {"diagnose"}),
        ("nbtui trace mi", {"mine"}),
        ("nbtui mine --ph", {"--phi-mode"}),
        ("nbtui terms --quir", {"--quirk"}),
    ],
)
def test_completions(typed: str, found: set[str], here: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "command.txt").write_text(CASE)
    (here / "other").mkdir()
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split(" ")) - 1), "_NBTUI_COMPLETE": "bash_complete"}
    done = _started("code = main(); assert 'numpy' not in sys.modules", here, **words)
    assert done.returncode == 0, done.stderr
    assert {line.partition(",")[2] for line in done.stdout.split()} == found
