"""Closed streams, readers that leave, no home, no room: every command ends with a code of its own, or 141."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.patience import PATIENCE
from support.places import DEMO

LOG = str(DEMO / "trace_c.log")
COMMANDS = (
    ("compare", "--c", LOG, "--py", LOG),
    ("schema", "metrics"),
    ("config",),
    ("history", "."),
    ("--help",),
    ("compare", "--c", "missing", "--py", LOG),
)
CODES = (0, 0, 0, 0, 0, 2)


def run(script: str, words: Sequence[str], program: str = "nbtui", **more: str) -> subprocess.CompletedProcess[bytes]:
    """A line of bash in which ``"$@"`` is the command."""
    command = [sys.executable, "-m", program, *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **more}
    return subprocess.run(
        ["bash", "-c", script, "bash", *command], capture_output=True, check=False, env=environment, timeout=PATIENCE
    )


@pytest.mark.parametrize(("words", "code"), tuple(zip(COMMANDS, CODES, strict=True)), ids=lambda given: str(given)[:20])
def test_closed_streams_change_no_code(words: tuple[str, ...], code: int, here: Path) -> None:
    closed = run('"$@" >&-', words)
    assert closed.returncode == code and b"Traceback" not in closed.stderr
    assert run('"$@" >&- 2>&- <&-', words).returncode == code


@pytest.mark.parametrize("words", COMMANDS[:3], ids=lambda words: words[0])
def test_a_reader_that_leaves_is_no_failure_to_write(words: tuple[str, ...], here: Path) -> None:
    gone = run('"$@" | true; exit ${PIPESTATUS[0]}', words)
    assert gone.returncode in (0, 141) and gone.stderr == b""


@pytest.mark.slow
def test_a_file_on_a_pipe_whose_reader_leaves_is_no_failure_to_write(here: Path) -> None:
    gone = run('"$@" | true; exit ${PIPESTATUS[0]}', ["trace", "demo", "--out", "/dev/stdout"])
    assert gone.returncode in (0, 141), gone.stderr


def test_a_full_disk_below_stdout_is_a_failure_to_write(here: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    full = run('"$@" > /dev/full', COMMANDS[0])
    assert full.returncode == 4 and b"stdout: No space left on device" in full.stderr


@pytest.mark.slow
@pytest.mark.parametrize("state", ["no home", "read-only", "a file", "full"])
def test_commands_need_neither_a_home_nor_a_state_directory(state: str, here: Path) -> None:
    place = here / "state"
    more = {"HOME": str(here), "XDG_STATE_HOME": str(place), "XDG_CACHE_HOME": str(place)}
    script = '"$@"'
    if state == "no home":
        script = 'unset HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_CONFIG_HOME; "$@"'
    elif state == "read-only":
        place.mkdir(mode=0o500)
    elif state == "a file":
        place.write_text("")
    else:
        more["XDG_STATE_HOME"] = "/dev/full"
    exporting = [("export", "demo", "--phi-mode", "c-parity")] if state in ("no home", "read-only") else []
    for words in (COMMANDS[0], ("config",), *exporting):
        done = run(script, words, **more)
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_simulation_that_is_ended_leaves_no_litter(number: signal.Signals, here: Path) -> None:
    """While the kernel is built, if there is a compiler; no process is left either."""
    if shutil.which("cc") is None and shutil.which("c++") is None and shutil.which("gcc") is None:
        pytest.skip("no compiler: nothing is built")
    temporary, cache = here / "tmp", here / "cache"
    temporary.mkdir()
    cache.mkdir()
    mark = f"LITTER={os.getpid()}-{number}"
    name, _, value = mark.partition("=")
    environment = {**os.environ, "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(cache), "HOME": str(here), name: value}
    environment.pop("NBSIM_CACHE", None)  # the kernel is to be built
    flags = "-cell 30 37 45 90 90 90 -default_F 100 -N 5 -lambda 1 -distance 100 -detpixels 3000 -pixel 0.1"
    words = [sys.executable, "-m", "nbsim", *flags.split(), "-floatfile", "out.bin", "--compile", "on"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    until = time.monotonic() + PATIENCE
    while not list(here.rglob(".build-*")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number, said
    assert [path for path in (*temporary.rglob("*"), *cache.rglob("*")) if path.is_file() or "build" in path.name] == []
    assert sorted(path.name for path in here.iterdir()) == ["cache", "tmp"]
    while _carrying(mark.encode()) and time.monotonic() < until:  # killed, and on their way out
        time.sleep(0.05)
    assert _carrying(mark.encode()) == []


def _carrying(mark: bytes) -> list[str]:
    """Processes with ``mark`` in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found
