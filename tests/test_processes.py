"""A user's command runs contained: whatever it does, it ends, and its output is bounded."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from nbtui.errors import SimulationFailed
from nbtui.processes import GRACE, MARK, Bounds, ProcessEnd, run_process
from support.patience import wait_until
from support.processes import alive


def python(code: str, *words: str) -> list[str]:
    return [sys.executable, "-c", code, *words]


PATIENT = Bounds(seconds=60)


def run(words: list[str], bounds: Bounds = PATIENT, **more: Any) -> tuple[ProcessEnd, bytes, bytes]:
    out, err = io.BytesIO(), io.BytesIO()
    outcome = run_process(words, out, err, bounds=bounds, **more)
    return outcome, out.getvalue(), err.getvalue()


def test_the_streams_are_kept_apart_byte_for_byte(tmp_path: Path) -> None:
    code = "import os,sys; os.write(1, b'out\\xff\\0'); os.write(2, b'err'); sys.exit(7)"
    outcome, out, err = run(python(code), cwd=tmp_path)
    assert (outcome.status, out, err) == (7, b"out\xff\0", b"err")
    assert not (outcome.timed_out or outcome.cancelled or outcome.cut or outcome.signal)


def test_without_a_file_for_stderr_both_streams_are_one_in_order() -> None:
    out = io.BytesIO()
    run_process(python("import os; os.write(1, b'a'); os.write(2, b'b'); os.write(1, b'c')"), out)
    assert out.getvalue() == b"abc"


def test_directory_environment_and_words_are_taken_literally(tmp_path: Path) -> None:
    code = "import os,sys; print(os.getcwd(), os.environ['COLOUR'], sys.argv[1], sys.stdin.read() == '')"
    _, out, _ = run(python(code, "$HOME; rm *"), cwd=tmp_path, environment={"COLOUR": "red and blue"})
    assert out.decode().strip() == f"{tmp_path} red and blue $HOME; rm * True"


def test_a_signal_is_recorded_as_by_a_shell() -> None:
    outcome, _, _ = run(python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    assert (outcome.status, outcome.signal) == (128 + signal.SIGSEGV, signal.SIGSEGV)


def test_output_beyond_the_limit_is_discarded_and_the_command_goes_on() -> None:
    code = "import os, sys\nfor _ in range(64): os.write(1, b'x' * 65536)\nos.write(2, b'done'); sys.exit(3)"
    heard = []
    outcome, out, err = run(
        python(code), Bounds(seconds=60, stdout=100_000), heard=lambda name, piece: heard.append((name, len(piece)))
    )
    assert (outcome.status, outcome.cut, err) == (3, ("stdout",), b"done")
    assert out == b"x" * 100_000
    assert sum(size for name, size in heard if name == "stdout") == 64 * 65536  # the observer receives everything


def test_a_command_that_hangs_ends_at_the_time_limit_with_its_output() -> None:
    outcome, out, _ = run(python("import time; print('begun', flush=True); time.sleep(600)"), Bounds(seconds=1))
    assert (outcome.timed_out, outcome.status, out) == (True, 128 + signal.SIGTERM, b"begun\n")


def test_a_command_that_ignores_sigterm_is_killed() -> None:
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, lambda *_: os.write(1, b'no')); os.write(1, b'yes ')\n"
        "while True: time.sleep(1)"
    )
    cancel = threading.Event()
    outcome, out, _ = run(python(code), heard=lambda *_: cancel.set(), cancel=cancel)
    assert (outcome.cancelled, outcome.timed_out, outcome.status) == (True, False, 128 + signal.SIGKILL)
    assert out == b"yes no"  # its answer to SIGTERM is output as well
    assert outcome.seconds >= GRACE


def test_children_and_grandchildren_end_with_the_command() -> None:
    code = (
        "import os, time\n"
        "for _ in range(2):\n"
        "    if os.fork() == 0:\n"
        "        if os.fork() == 0: os.write(1, b'%d\\n' % os.getpid())\n"
        "        time.sleep(600)\n"
        "time.sleep(1); print('end', flush=True)"
    )
    outcome, out, _ = run(python(code))
    assert outcome.status == 0
    numbers = [int(word) for word in out.split() if word != b"end"]
    assert len(numbers) == 2
    wait_until(lambda: not any(alive(number) for number in numbers))


@pytest.mark.skipif(not Path("/proc/self/environ").is_file(), reason="the system lists no environments")
def test_a_process_that_left_the_group_ends_as_well() -> None:
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    print(os.getpid(), flush=True); os.close(1); os.close(2)\n"
        "    time.sleep(600)\n"
        "time.sleep(0.5)"
    )
    outcome, out, _ = run(python(code))
    assert outcome.status == 0
    wait_until(lambda: not alive(int(out)))


@pytest.mark.skipif(not Path("/proc/self/environ").is_file(), reason="the system lists no environments")
def test_a_signal_while_the_command_starts_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    class Interrupted(subprocess.Popen[bytes]):
        """A process whose starter never gets it: the exception of a signal comes first."""

        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            started.append(self.pid)
            raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_process(python("import time; time.sleep(600)"), io.BytesIO())
    wait_until(lambda: not alive(started[0]))


def test_the_mark_of_an_outer_run_stays_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, "outer")
    _, out, _ = run(python(f"import os; print(os.environ['{MARK}'])"))
    outer, _, own = out.decode().strip().partition(":")
    assert outer == "outer" and len(own) == 32


def test_an_exception_of_the_observer_ends_the_command() -> None:
    seen: list[int] = []

    def fail(_: str, piece: bytes) -> None:
        seen.append(int(piece))
        raise RuntimeError("full")

    code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with pytest.raises(RuntimeError, match="full"):
        run_process(python(code), io.BytesIO(), heard=fail)
    wait_until(lambda: not alive(seen[0]))


def test_a_command_that_closes_its_streams_is_waited_for() -> None:
    begun = time.monotonic()
    outcome, _, _ = run(python("import os, time; os.close(1); os.close(2); time.sleep(1); os._exit(5)"))
    assert outcome.status == 5
    assert time.monotonic() - begun >= 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["/nowhere/program"], "/nowhere/program: cannot be started (No such file or directory)"),
        (["no\x1b[31mprogram"], "cannot be started"),
        (["a\0b"], "embedded null byte"),
    ],
)
def test_a_command_that_cannot_start_says_why(words: list[str], reason: str) -> None:
    with pytest.raises(SimulationFailed) as caught:
        run(words)
    assert reason in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_missing_working_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(SimulationFailed, match=r"cannot be started in .*gone"):
        run([sys.executable], cwd=tmp_path / "gone")


def test_a_full_disk_ends_the_command() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full")
    with full.open("wb", buffering=0) as stream, pytest.raises(OSError, match="space"):
        run_process(python("import time; print(1, flush=True); time.sleep(600)"), stream)
