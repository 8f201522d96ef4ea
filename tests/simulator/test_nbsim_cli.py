"""``nbsim`` as a program: exit codes, streams, signals, and files left on the disk."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nbsim.cli import main
from nbsim.options.own import OWN
from nbsim.options.table import FLAGS
from support.patience import PATIENCE

COMMAND = "-default_F 50 -cell 30 40 50 90 90 90 -lambda 1 -distance 60 -pixel 2 -detpixels 8 -N 3 -oversample 1"
PLAIN = COMMAND.split()
QUIET = ["-nonoise", "-nopgm"]
# minutes of work, uncompiled
LONG = [
    *PLAIN,
    "-detpixels",
    "3000",
    "-mosaic",
    "1",
    "-mosaic_domains",
    "200",
    *QUIET,
    "--compile",
    "off",
    "-trace_pixel",
    "3",
    "4",
]
PROGRAM = [sys.executable, "-m", "nbsim.cli"]


def started(words: list[str], place: Path, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, *words], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )


def test_files_and_lines_of_a_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*PLAIN, "-seed", "1"]) == 0
    names = sorted(path.name for path in here.iterdir())
    assert names == ["floatimage.bin", "image.pgm", "intimage.img", "noiseimage.img"]
    assert (here / "floatimage.bin").stat().st_size == 4 * 64
    out, err = capsys.readouterr()
    for start in ("max_I = ", "mean= ", "intfile_scale = ", "pgm_scale = ", "solid angle subtended by detector = "):
        assert any(line.startswith(start) for line in out.splitlines()), start
    assert "\r" not in err  # progress is for people


def test_outputs_are_replaced_as_in_c_and_readable_by_others(here: Path) -> None:
    (here / "floatimage.bin").write_bytes(b"old")
    before = os.umask(0o027)
    try:
        assert main([*PLAIN, *QUIET]) == 0
    finally:
        os.umask(before)
    assert (here / "floatimage.bin").stat().st_size == 256
    assert (here / "floatimage.bin").stat().st_mode & 0o777 == 0o640


def test_the_trace_of_a_pixel_is_printed_with_the_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*PLAIN, *QUIET, "-trace_pixel", "3", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("I_pixel_final" in line for line in lines)


def test_a_structure_factor_list_leaves_the_same_cache_as_in_c(here: Path) -> None:
    (here / "a.hkl").write_text("0 0 0 5\n1 1 1 7\n")
    assert main([*PLAIN, *QUIET, "-hkl", "a.hkl"]) == 0
    assert (here / "Fdump.bin").read_bytes().startswith(b"0 1 0 1 0 1\n\x0c")


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_lists_every_option(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 0
    shown = capsys.readouterr().out
    assert "usage: nbsim FLAGS" in shown
    assert all(f"{name}" in shown.replace(",", " ").split() or f"{name})" in shown for f in FLAGS for name in f.names)
    assert all(own.name in shown for own in OWN)
    assert max(map(len, shown.splitlines())) <= 115


def test_without_arguments_the_usage_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    streams = capsys.readouterr()
    assert "usage: nbsim FLAGS" in streams.err and not streams.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-defalt_F", "5"], "nearest known one is -default_F"),
        (["-N"], "-N needs 1 value"),
        (["--dtype", "float16"], "--dtype float16: one of float64, float32"),
        (["--dtype"], "--dtype: a value must follow"),
        (["--device=tpu"], "--device tpu"),
        (["--phi-mode", "c"], "--phi-mode c: one of spec, c-parity"),
        (["--quirk", "phi_carryover"], "--quirk phi_carryover: give NAME=on or NAME=off"),
        (["--quirk", "unknown=on"], "no such quirk"),
        (["--omp-threads", "0"], "--omp-threads 0"),
        (["--omp-threads", "x"], "--omp-threads x"),
        (["-hkl", "gone.hkl"], "gone.hkl: cannot be read"),
        (["-trace_pixel", "99", "0"], "not on the detector"),
        (["-hkl", "\x1b[31mred"], "cannot be read"),
    ],
)
def test_bad_flags_are_named(here: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*PLAIN, *words]) == 2
    out, err = capsys.readouterr()
    assert said in err and "\x1b" not in err and "Traceback" not in err and len(err.splitlines()) <= 2
    assert not out and not list(here.iterdir())


def test_a_missing_cuda_device_is_reported(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    code = main([*PLAIN, *QUIET, "--device", "cuda"])
    assert code == (0 if torch.cuda.is_available() else 2)
    if code:
        assert "no usable CUDA device; use cpu" in capsys.readouterr().err


def test_unwritable_outputs_are_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "folder").mkdir()
    for words in (["-floatfile", "gone/f.bin"], ["-intfile", "folder"]):
        assert main([*PLAIN, *QUIET, *words]) == 4
        assert f"cannot write {words[1]}" in capsys.readouterr().err
    assert not list((here / "folder").iterdir())


def test_devices_are_written_to_and_never_replaced(here: Path) -> None:
    os.mkfifo(here / "pipe")
    reader = os.open(here / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert main([*PLAIN, *QUIET, "-floatfile", "pipe", "-intfile", os.devnull]) == 0
        assert len(os.read(reader, 1000)) == 256
    finally:
        os.close(reader)
    assert Path(os.devnull).is_char_device() and (here / "pipe").is_fifo()


def test_an_unwritable_cache_is_reported(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "a.hkl").write_text("0 0 0 5\n")
    assert main([*PLAIN, *QUIET, "-hkl", "a.hkl", "-dump", "gone/Fdump.bin"]) == 4
    assert "cannot write gone/Fdump.bin" in capsys.readouterr().err


@pytest.mark.slow
def test_a_full_disk_is_reported(here: Path) -> None:
    """The file-size limit of the process simulates a full disk."""
    import resource

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = started([*PLAIN, *QUIET], here, preexec_fn=limit)
    _, err = done.communicate(timeout=PATIENCE)
    assert done.returncode == 4
    assert "cannot write floatimage.bin" in err and "Traceback" not in err
    assert not list(here.iterdir())


def test_the_version(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"nbsim \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize("module", ["nbsim", "nbtui"])
def test_both_programs_run_as_modules(module: str, here: Path) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{module} ")


@pytest.mark.slow
def test_a_closed_pipe_ends_the_run(here: Path) -> None:
    done = subprocess.run(
        f"set -o pipefail; {' '.join(PROGRAM)} {' '.join([*PLAIN, *QUIET])} -printout | head -1",
        shell=True,
        executable="/bin/bash",
        cwd=here,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr
    assert done.returncode in (0, 141)  # 0 where everything was in the pipe before the reader left


@pytest.mark.slow
def test_interruption_leaves_no_image(here: Path) -> None:
    (here / "floatimage.bin").write_bytes(b"old")
    running = started(LONG, here, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert running.stdout is not None
    assert any("I_pixel_final" in line for line in running.stdout)  # traced: the image comes next
    time.sleep(0.5)
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130 and "interrupted" in err and "Traceback" not in err
    assert [path.name for path in here.iterdir()] == ["floatimage.bin"]
    assert (here / "floatimage.bin").read_bytes() == b"old"


def test_options_that_do_nothing_are_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*PLAIN, *QUIET, "-coherent"]) == 0
    assert "-coherent changes nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-hkl", "a.hkl", "-floatfile", "a.hkl"], "-floatfile a.hkl: the run reads this file"),
        (["-hkl", "a.hkl", "-dump", "./a.hkl"], "-dump ./a.hkl: the run reads this file"),
        (["-hkl", "a.hkl", "-intfile", "link"], "-intfile link: the run reads this file"),
        (["-floatfile", "x", "-intfile", "x"], "-intfile x: -floatfile is the same file"),
        (["-floatfile", ""], "-floatfile '': no name"),
    ],
)
def test_an_input_is_never_overwritten(
    here: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "a.hkl").write_text("0 0 0 5\n")
    (here / "link").symlink_to("a.hkl")
    assert main([*PLAIN, *QUIET, *words]) == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in here.iterdir()) == ["a.hkl", "link"]
    assert (here / "a.hkl").read_text() == "0 0 0 5\n"


def test_the_cache_that_is_read_is_not_an_output(here: Path) -> None:
    (here / "a.hkl").write_text("0 0 0 5\n1 1 1 7\n")
    assert main([*PLAIN, *QUIET, "-hkl", "a.hkl"]) == 0
    assert main([*PLAIN, *QUIET]) == 0
    assert main([*PLAIN, *QUIET, "-intfile", "Fdump.bin"]) == 2


def test_a_disk_without_space_is_detected_before_the_run(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    room = os.statvfs(here)
    small = os.statvfs_result((room.f_bsize, 1, room.f_blocks, 500, 500, *tuple(room)[5:]))
    monkeypatch.setattr(os, "statvfs", lambda place: small)
    assert main([*PLAIN, *QUIET]) == 4
    assert re.search(
        r"cannot write floatimage.bin, intimage.img: they need 896 bytes, 500 bytes are free in ",
        capsys.readouterr().err,
    )
    assert not list(here.iterdir())


def test_a_full_device_is_reported(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    assert main([*PLAIN, *QUIET, "-floatfile", "/dev/full"]) == 4
    assert "cannot write /dev/full: No space left on device" in capsys.readouterr().err
    assert not list(here.iterdir())
