"""``nbtui c-trace`` with small programs in the C program's place."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nbtui.cli import main
from nbtui.trace.reading.reader import read_trace
from support.places import DEMO

REAL = os.environ.get("NB_C_BIN", "")


def program(folder: Path, body: str) -> str:
    """An executable shell script; its path."""
    path = folder / "nano Bragg.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def own_case(folder: Path, command: str) -> Path:
    folder.mkdir()
    (folder / "command.txt").write_text(command)
    return folder


def test_the_whole_stdout_is_kept_byte_for_byte(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    golden = DEMO / "trace_c.log"
    binary = program(here, f"cat '{golden}'; echo noise >&2")
    assert main(["c-trace", "demo", "--binary", binary, "--out", "new.log"]) == 0
    assert capsys.readouterr().out == "new.log\n"
    assert Path("new.log").read_bytes() == golden.read_bytes()
    assert main(["compare", "demo", "--c", "new.log", "--phi-mode", "c-parity"]) == 0


def test_the_log_becomes_the_cases_own(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = own_case(here / "one", "nanoBragg -default_F 5 -distance 100 -trace_pixel 3 4")
    monkeypatch.setenv("NB_C_BIN", program(here, f"cat '{DEMO / 'trace_c.log'}'"))
    assert main(["c-trace", "one"]) == 0
    kept = (case / "trace_c.log").read_bytes()
    assert main(["c-trace", "one"]) == 4
    assert main(["c-trace", "demo"]) == 4
    assert (case / "trace_c.log").read_bytes() == kept
    assert main(["c-trace", "one", "--force"]) == 0


def test_a_program_in_the_current_folder_is_found_by_its_path(here: Path) -> None:
    program(here, "echo 'TRACE_C: steps 1'")
    assert main(["c-trace", "demo", "--binary", "./nano Bragg.sh", "--out", "new.log"]) == 0
    assert main(["c-trace", "demo", "--binary", "nano Bragg.sh", "--out", "other.log"]) == 2


RECORDER = """
{ for word in "$@"; do printf '%s\\n' "$word"; done; } > "$RECORD/argv"
pwd > "$RECORD/pwd"; echo "$OMP_NUM_THREADS" > "$RECORD/threads"
cat p1.hkl > "$RECORD/hkl" 2>/dev/null
for name in floatimage.bin intimage.img image.pgm noiseimage.img Fdump.bin float.bin; do echo junk > "$name"; done
echo 'TRACE_C: steps 1'
"""


def test_it_runs_elsewhere_with_links_and_one_thread(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = own_case(here / "one", "x -hkl p1.hkl -mat ../A.mat -floatfile ../float.bin -trace_pixel 3 4")
    mine = {"floatimage.bin": "mine", "Fdump.bin": "mine", "float.bin": "mine", "p1.hkl": "0 0 0 1\n"}
    for name, text in mine.items():
        (case / name).write_text(text)
    (here / "A.mat").write_text("1 0 0\n")
    (here / "float.bin").write_text("mine")
    record = here / "record"
    record.mkdir()
    monkeypatch.setenv("RECORD", str(record))
    assert main(["c-trace", "one", "--binary", program(here, RECORDER)]) == 0
    assert {name: (case / name).read_text() for name in mine} == mine
    assert (here / "float.bin").read_text() == "mine"
    assert (record / "hkl").read_text() == "0 0 0 1\n"
    assert (record / "threads").read_text() == "1\n"
    scratch = Path((record / "pwd").read_text().strip())
    assert scratch not in (here, case) and not scratch.exists()
    words = (record / "argv").read_text().split("\n")[:-1]
    expected = ["-trace_pixel", "3", "4", "-hkl", "p1.hkl", "-mat", str(case / "../A.mat"), "-floatfile", "float.bin"]
    assert words == expected
    assert sorted(path.name for path in case.iterdir()) == sorted([*mine, "command.txt", "trace_c.log"])


def test_an_input_named_like_an_output_is_not_overwritten(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = own_case(here / "one", "x -img intimage.img -default_F 3 -trace_pixel 3 4")
    (case / "intimage.img").write_text("mine")
    (case / "Fdump.bin").write_text("mine")
    record = here / "record"
    record.mkdir()
    monkeypatch.setenv("RECORD", str(record))
    assert main(["c-trace", "one", "--binary", program(here, RECORDER.replace("Fdump.bin ", ""))]) == 0
    assert (case / "intimage.img").read_text() == "mine"
    assert (case / "Fdump.bin").read_text() == "mine"
    assert str(case / "intimage.img") in (record / "argv").read_text().splitlines()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo one >&2; printf 'bad \\033[31mred\\n' >&2; exit 7", "exit status 7"),
        ("kill -SEGV $$", "signal 11"),
        ("echo nothing to see", "neither a TRACE_C line nor the pixel"),
    ],
)
def test_a_program_that_fails(body: str, said: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["c-trace", "demo", "--binary", program(here, body), "--out", "new.log"]) == 3
    text = capsys.readouterr().err
    assert said in text and "\x1b" not in text and "Traceback" not in text
    kept = ["new.log.failed"] if "nothing" in body else []
    assert sorted(path.name for path in here.iterdir()) == ["nano Bragg.sh", *kept]
    if "exit 7" in body:
        assert "one | bad red" in text


def test_the_log_of_a_crash_is_kept_under_a_free_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    binary = program(here, "echo 'TRACE_C: steps 1'; kill -SEGV $$")
    for name in ("new.log.failed", "new.log.failed1"):
        assert main(["c-trace", "demo", "--binary", binary, "--out", "new.log"]) == 3
        assert f"its log: {name}" in capsys.readouterr().err
        assert Path(name).read_text() == "TRACE_C: steps 1\n"
    assert not Path("new.log").exists()


@pytest.mark.slow
def test_a_program_that_hangs_is_stopped_with_its_children(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    binary = program(here, 'echo begun; sleep 600 & echo $! > "$CHILD"; wait')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHILD", str(here / "child"))
        assert main(["c-trace", "demo", "--binary", binary, "--out", "new.log", "--limit", "1"]) == 3
    assert "no end within 1 s" in capsys.readouterr().err
    assert Path("new.log.failed").read_text() == "begun\n"
    child = Path("/proc") / (here / "child").read_text().strip() / "stat"
    assert not child.exists() or " Z " in child.read_text()


def test_threads_as_asked_and_progress_on_stderr(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    binary = program(here, "echo ' 40% done'; echo \"TRACE_C: threads $OMP_NUM_THREADS\"")
    assert main(["c-trace", "demo", "--binary", binary, "--out", "new.log", "--threads", "3"]) == 0
    assert "40 % done" in capsys.readouterr().err
    assert "TRACE_C: threads 3" in Path("new.log").read_text()


STOCK = """
case "$*" in *-printout_pixel*) ;; *) echo 'no trace here'; exit 0;; esac
while [ "$1" != -printout_pixel ]; do shift; done
printf '%4d %4d : stol = 1e9 or 0.1\\nat 0.1 0.2 0.3\\nhkl= 1.5 2.25 3.125  hkl0= 1 2 3\\n' "$2" "$3"
printf ' F_cell=10  F_latt=5   I = 2500\\nI/steps            2500\\n'
printf 'polar               1\\nomega               2\\ncapfrac             1\\npixel            5000\\n'
"""


def test_a_stock_build_prints_the_pixel_fast_first(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["c-trace", "demo", "--binary", program(here, STOCK), "--out", "new.log"]) == 0
    assert "a stock build" in capsys.readouterr().err
    assert Path("new.log").read_text().startswith("  14   12 : stol")
    trace = read_trace(Path("new.log"))
    assert trace.pixel == (12, 14)


@pytest.mark.skipif(not REAL, reason="NB_C_BIN names no C program")
def test_the_real_program(here: Path) -> None:
    assert main(["c-trace", "demo", "--binary", REAL, "--out", "new.log"]) == 0
    assert read_trace(Path("new.log")).pixel == (12, 14)
    assert main(["compare", "demo", "--c", "new.log", "--phi-mode", "c-parity"]) == 0


def test_a_missing_input_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own_case(here / "one", "x -hkl gone.hkl -trace_pixel 3 4")
    assert main(["c-trace", "one", "--binary", program(here, "echo TRACE_C")]) == 2
    assert "-hkl gone.hkl: no such file" in capsys.readouterr().err


def test_flags_need_no_folder(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    binary = program(here, "echo 'TRACE_C: steps 1'")
    flags = ["--", "-default_F", "5", "-trace_pixel", "1", "2"]
    assert main(["c-trace", "--binary", binary, "--out", "a.log", *flags]) == 0
    assert Path("a.log").read_text() == "TRACE_C: steps 1\n"


IMAGES = f"""
printf 'run\\n' >> "$RECORD"
printf 'float' > float.bin; printf 'smv' > intimage.img
{STOCK}
"""


def test_the_images_of_the_run_are_kept_beside_the_log(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = own_case(here / "one", "x -default_F 5 -distance 100 -floatfile out/float.bin -trace_pixel 3 4")
    monkeypatch.setenv("RECORD", str(here / "runs"))
    words = ["c-trace", "one", "--binary", program(here, IMAGES), "--image", "c.bin", "--smv", str(here / "c.img")]
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "one/trace_c.log"
    assert (case / "c.bin").read_bytes() == b"float" and (here / "c.img").read_bytes() == b"smv"
    assert main(words) == 4  # nothing is replaced
    assert main([*words, "--force"]) == 0


def test_an_image_that_the_run_did_not_write_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = own_case(here / "one", "x -default_F 5 -distance 100 -trace_pixel 3 4")
    assert main(["c-trace", "one", "--binary", program(here, STOCK), "--image", "c.bin"]) == 3
    assert "ran, but wrote no float image" in capsys.readouterr().err
    assert not (case / "c.bin").exists() and not (case / "trace_c.log").exists()


@pytest.mark.skipif(not REAL, reason="NB_C_BIN names no C program")
def test_the_real_program_runs_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[list[str]] = []
    started = subprocess.Popen

    def counted(words: list[str], **how: Any) -> subprocess.Popen[bytes]:
        runs.append(words)
        return started(words, **how)

    monkeypatch.setattr(subprocess, "Popen", counted)
    assert main(["c-trace", "demo", "--binary", REAL, "--out", "new.log", "--image", "c.bin"]) == 0
    assert len(runs) == 1 and Path("c.bin").stat().st_size > 0
