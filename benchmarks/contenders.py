"""What the benchmarks run against each other: the C program, and nbsim in processes of its own."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WORKER = Path(__file__).with_name("image_worker.py")
NBSIM = [sys.executable, "-m", "nbsim.cli"]
QUIET = ["-nonoise", "-nopgm", "-noprogress"]


def environment(threads: int) -> dict[str, str]:
    """The environment of a run with ``threads``, whose Python keeps compiled modules as an installed one does."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}


def find_binary(given: str | None) -> Path | None:
    """The C program, or None with a word about it on stderr."""
    found = shutil.which(given) if given else None
    if found is None:
        print(f"C program skipped: {'no --binary given' if not given else f'{given} is not there'}", file=sys.stderr)
        return None
    return Path(found).resolve()


@dataclass
class Case:
    """A command line and its files, in a scratch folder where outputs may land."""

    words: list[str]
    inputs: Path
    scratch: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="nbsim-benchmark-")))

    def __post_init__(self) -> None:
        for path in self.inputs.iterdir():
            if path.is_file():
                (self.scratch / path.name).symlink_to(path.resolve())

    def remove(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)


def case_of(folder: Path, extra: list[str]) -> Case:
    """The case in ``folder`` without its trace, ``extra`` flags at the end."""
    words = shlex.split((folder / "command.txt").read_text())[1:]
    if "-trace_pixel" in words:
        at = words.index("-trace_pixel")
        del words[at : at + 3]
    return Case([*words, *QUIET, *extra], folder)


@dataclass(frozen=True)
class Cost:
    """What a run took."""

    wall: float  # [s]
    cpu: float  # of all threads together [s]; other work on the machine leaves it nearly alone
    peak_mib: float


def cost_of_command(command: list[str], case: Case, threads: int) -> Cost:
    """Of a whole process."""
    with tempfile.TemporaryFile() as told:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=case.scratch, env=environment(threads), stdout=subprocess.DEVNULL, stderr=told
        )
        _, status, used = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            raise SystemExit(f"{command[0]} ended with {process.returncode}: {told.read().decode()[-300:]}")
    unit = 1 << 20 if sys.platform == "darwin" else 1024
    return Cost(elapsed, used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


class Worker:
    """A process that holds one experiment ready and renders it whenever asked."""

    def __init__(self, case: Case, *, threads: int, dtype: str, compile_kernel: bool) -> None:
        told = json.dumps(
            {
                "words": case.words,
                "folder": str(case.scratch),
                "threads": threads,
                "dtype": dtype,
                "compile": compile_kernel,
            }
        )
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(threads),
        )
        self.ready = self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("a worker ended early; its message is above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def render(self, save: Path | None = None) -> dict[str, Any]:
        """Render once: ``seconds``, ``cpu_seconds``, ``compiled``, ``peak_mib``; the float image goes to ``save``."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{save or ''}\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
