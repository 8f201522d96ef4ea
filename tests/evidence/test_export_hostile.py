"""Exports amid faults of others: endless commands, planted links, names that are not UTF-8."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.errors import NotWritten
from nbtui.evidence.ascii_text import ascii_copy
from nbtui.evidence.check.verify import verify
from nbtui.evidence.write import commands as running
from nbtui.evidence.write.files import write_package
from support.patience import PATIENCE, wait_until
from support.places import DEMO
from support.processes import alive

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STAMP = "20260102T030405Z"


def exported(capsys: pytest.CaptureFixture[str], *words: str) -> Path:
    assert main(["export", "demo", "--phi-mode", "c-parity", *words]) in (0, 1)
    return Path(capsys.readouterr().out.splitlines()[-1])


def summary(package: Path) -> str:
    return (package / "summary.md").read_text()


# --- extra commands ---------------------------------------------------------------------------------------------------


def test_an_endless_command_ends_at_its_limit_with_all_its_processes(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endless = "echo begun; sleep 600 & echo $! > child; wait"
    package = exported(capsys, "--run", endless, "--run", "echo next", "--run-limit", "0.5")
    assert (package / "run_1.log").read_text() == "begun\n"
    assert (package / "run_2.log").read_text() == "next\n"
    assert "run_1.log: ended at the time limit of 0.5 s (--run-limit)" in summary(package)
    statuses = [entry["status"] for entry in json.loads((package / "metrics.json").read_text())["commands"]]
    assert statuses == [0, 128 + signal.SIGTERM, 0, 1]
    assert "exit status 143, see run_1.log" in summary(package)
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path("child").read_text()), 0)
    assert verify(package).ok


@pytest.mark.parametrize(("command", "status"), [("kill -9 $$", 137), ("kill -SEGV $$", 139), ("exit 9", 9)])
def test_signals_are_recorded_as_the_shell_does(
    command: str, status: int, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = exported(capsys, "--run", command)
    assert f"# exit status: {status}   log: run_1.log" in (package / "commands.txt").read_text()
    shell = subprocess.run(["bash", "-c", f"bash -c '{command}'; exit $?"], capture_output=True, check=False)
    assert shell.returncode == status
    assert verify(package).ok


def test_the_output_of_a_command_is_cut_at_a_limit(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "LARGEST_LOG", 1 << 20)
    package = exported(capsys, "--run", "yes | head -c 3000000")
    assert (package / "run_1.log").stat().st_size == 1 << 20
    assert "run_1.log: cut at 1 MiB of output" in summary(package)


@pytest.mark.parametrize("piece", [1, 2, 3, 1 << 20])
@pytest.mark.parametrize(
    "text",
    ["", "a", "a\n", "a\n\n\n", "a\r\nb\r\n", "a\rb\r", "φ\n\nÅ", "\n\n", "\n\na", "a\r", "\r\n\r\n", "φ\udc80\udcff"],
)
def test_output_becomes_ascii_wherever_it_is_cut(text: str, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the definition, on the whole text at once."""
    monkeypatch.setattr("nbtui.evidence.ascii_text._PIECE", piece)
    data = text.encode("utf-8", "surrogateescape")
    spelled = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("φ", "phi").replace("Å", "A")
    target = io.BytesIO()
    ascii_copy(io.BytesIO(data), target)
    assert target.getvalue().decode("ascii") == spelled.rstrip("\n") + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_export_that_ends_early_ends_its_command_too(number: signal.Signals, here: Path) -> None:
    words = [sys.executable, "-m", "nbtui", "export", "demo", "--run", "echo $$ > child; sleep 600"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child, until = Path("child"), time.monotonic() + PATIENCE
    while not (child.is_file() and child.read_text()) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    out, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (128 + number, b""), said
    command = int(child.read_text())
    wait_until(lambda: not alive(command))  # the system takes a moment after the kill
    assert [path.name for path in here.iterdir()] == ["child"]


# --- planted links ----------------------------------------------------------------------------------------------------


def nothing(folder: Path, stamp: str) -> None:
    (folder / "metrics.json").write_text("{}\n")


@pytest.mark.parametrize("kind", ["missing", "file", "folder"])
@pytest.mark.parametrize("name", [f".{STAMP}.lock", f".{STAMP}.building", STAMP])
def test_links_under_the_names_of_an_export_are_not_followed(name: str, kind: str, here: Path) -> None:
    root, target = here / "reports", here / "target"
    root.mkdir()
    if kind == "file":
        target.write_text("mine")
    elif kind == "folder":
        target.mkdir()
        (target / "mine").write_text("mine")
    (root / name).symlink_to(target)
    package = write_package(root, WHEN, nothing)
    assert package == root / "20260102T030406Z" and not package.is_symlink()
    assert (root / name).is_symlink()
    if kind == "missing":
        assert not target.exists()
    elif kind == "file":
        assert target.read_text() == "mine"
    else:
        assert [path.name for path in target.iterdir()] == ["mine"]


@pytest.mark.parametrize("there", [True, False])
def test_a_root_that_is_a_link_is_named(there: bool, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = here / "target"
    if there:
        target.mkdir()
    (here / "reports").symlink_to(target)
    assert main(["export", "demo"]) == 4
    said = capsys.readouterr().err
    assert "reports: a link" in said and f"--reports {target}" in said
    assert target.exists() == there and (not there or list(target.iterdir()) == [])
    assert main(["export", "demo", "--reports", str(target)]) == 1


def test_a_link_that_takes_the_place_of_the_root_is_an_error(here: Path) -> None:
    root, target = here / "reports", here / "target"
    target.mkdir()

    def replace_root(folder: Path, stamp: str) -> None:
        nothing(folder, stamp)
        root.rename(here / "before")
        root.symlink_to(target)

    with pytest.raises(NotWritten):
        write_package(root, WHEN, replace_root)
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_a_lock_of_another_kind_takes_its_stamp(kind: str, here: Path) -> None:
    lock = here / f".{STAMP}.lock"
    os.mkfifo(lock) if kind == "pipe" else lock.mkdir()
    assert write_package(here, WHEN, nothing).name == "20260102T030406Z"
    assert lock.exists()


# --- names that are not UTF-8 -----------------------------------------------------------------------------------------

ODD = os.fsdecode(b"M\xe4rz")  # latin-1


@pytest.mark.parametrize(
    "where", ["case", "c log", "python log", "reports", "current directory", "workdir", "port", "note", "command"]
)
def test_names_that_are_not_utf8_are_kept_and_named(
    where: str, here: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    words = ["export", "demo"]
    log, folder = here / f"{ODD}.log", here / ODD
    folder.mkdir()
    if where == "case":
        shutil.copytree(DEMO, folder, dirs_exist_ok=True)
        words = ["export", str(folder)]
    elif where in ("c log", "python log"):
        shutil.copyfile(DEMO / "trace_c.log", log)
        words += ["--c" if where == "c log" else "--py", str(log)]
    elif where == "reports":
        words += ["--reports", str(folder / "kept")]
    elif where == "current directory":
        monkeypatch.chdir(folder)
    elif where == "workdir":
        shutil.copytree(DEMO, folder, dirs_exist_ok=True)
        words += ["--workdir", str(folder)]
    elif where == "port":
        shutil.copyfile(DEMO / "trace_c.log", log)
        words += ["--py", str(log), "--port", str(folder), "--py-made-by", ODD]
    elif where == "note":
        words += ["--note", ODD, "--todo", ODD]
    else:
        words += ["--run", f"echo {ODD}"]
    assert main(words) in (0, 1), capfdbinary.readouterr().err
    package = Path(os.fsdecode(capfdbinary.readouterr().out.splitlines()[-1]))
    assert package.is_dir()
    for name in ("summary.md", "metrics.json", "commands.txt"):
        (package / name).read_text("ascii")
    assert main(["verify", "--replay", str(package)]) == 0, capfdbinary.readouterr().out
