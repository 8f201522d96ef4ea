"""``nbtui completion``: the scripts in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.live.flag_table import flag_words

ASKING = """
eval "$(nbtui completion bash)"
COMP_WORDS=({words} "{last}"); COMP_CWORD={at}; _nbtui_completion nbtui; printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """An environment with nbtui and nbsim on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("nbtui", "nbsim"):
        script = folder / name
        script.write_text(f"#!{sys.executable}\nimport sys\nfrom {name}.cli import main\nsys.exit(main())\n")
        script.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "last", "expected"),
    [
        ("nbtui", "ver", {"verify"}),
        ("nbtui compare --profile", "s", {"scaling", "spec"}),
        ("nbtui compare --c-program", "", {"stock", "fixed", "cuda"}),
        ("nbtui diagnose --quirk", "phi_c", {"phi_carryover=on", "phi_carryover=off"}),
    ],
)
def test_bash_completes(here: Path, programs: dict[str, str], words: str, last: str, expected: set[str]) -> None:
    script = ASKING.format(words=words, last=last, at=len(words.split()))
    done = subprocess.run(["bash", "-c", script], env=programs, cwd=here, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == expected


@pytest.mark.slow
def test_bash_completes_packages_of_the_reports_folder(here: Path, programs: dict[str, str]) -> None:
    package = Path("reports/20260101T000000Z")
    package.mkdir(parents=True)
    (package / "metrics.json").write_text("{}", encoding="utf-8")
    script = ASKING.format(words="nbtui verify", last="", at=2)
    done = subprocess.run(["bash", "-c", script], env=programs, cwd=here, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(package)]


@pytest.mark.slow
def test_bash_completes_flags_of_nbsim(here: Path, programs: dict[str, str]) -> None:
    script = 'eval "$(nbtui completion bash)"; complete -p nbsim'
    done = subprocess.run(["bash", "-c", script], env=programs, cwd=here, capture_output=True, text=True, check=True)
    for flag in ("-misset", "-phisteps", "--c-program"):
        assert flag in done.stdout.split()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_script_is_valid(here: Path, capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for flag in flag_words():
        assert flag.lstrip("-") in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_unknown_shell_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().err
