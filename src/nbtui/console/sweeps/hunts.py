"""Hunts in a child process, so that the console stays as fast as without one, whatever the port does."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.jobs import Failure, start
from nbtui.errors import UnusableInput
from nbtui.processes import Bounds, ProcessEnd, run_process
from nbtui.runs.log_making import tail
from nbtui.sweep.engine import process_count
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.runs.known import KnownCommands
    from nbtui.sweep.record import SweepRecord

_OUTPUT = 1 << 20  # bytes kept
_CLOSING = 15.0  # s, more than a hunt takes to end its processes and ports
_FINDINGS = 1  # exit status


class Hunts:
    """The hunt of this process, at most one; it goes on while another console shows one of its findings."""

    def __init__(self) -> None:
        self.running: Path | None = None  # its folder
        self.told: Callable[[str], None] = lambda sentence: None  # receives the end in a sentence, from a thread
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, words: list[str], folder: Path) -> None:
        """Start a hunt that fills ``folder``."""
        self.running, self._cancel = folder, threading.Event()
        cancel = self._cancel

        def job() -> str:
            with tempfile.TemporaryDirectory(prefix="nbtui-hunt-") as place:
                path = Path(place) / "output"
                with path.open("wb") as output:
                    end = run_process(words, output, bounds=Bounds(stdout=_OUTPUT), cancel=cancel)
                return _sentence(end, path)

        self._thread = start(job, self._ended, self._failed, "nbtui-hunt")

    def stop(self) -> None:
        """Stop the hunt: the command, its processes and their ports end; its rows are kept."""
        self._cancel.set()

    def close(self) -> None:
        """Stop the hunt, and wait for its end."""
        self.stop()
        if self._thread is not None:
            self._thread.join(_CLOSING)

    def _failed(self, failure: Failure) -> None:
        self._ended(f"the hunt has failed: {failure.sentence}")

    def _ended(self, sentence: str) -> None:
        self.running = None
        self.told(sentence)


def _sentence(end: ProcessEnd, output: Path) -> str:
    if end.cancelled:
        return "the hunt is stopped; its rows are kept"
    if end.status in (0, _FINDINGS):
        return "the hunt has finished" + ("" if end.status else ": no finding")
    said = [line for line in tail(output).splitlines() if line.strip()]
    reason = clean(said[-1]).removeprefix("nbtui: ") if said else f"exit status {end.status}"
    return f"the hunt has failed: {reason}"


def hunt_words(known: KnownCommands, profile: str, folder: Path, record: SweepRecord | None) -> list[str]:
    """The command of a hunt of the case in ``folder``; ``record``: go on with this sweep.

    One processor is left to the console.

    Raises:
        UnusableInput: ``nbtui hunt`` has no options for these commands.
    """
    case, commands = known.case, known.commands
    if not known.entry and (commands.shell or commands.sources):
        raise UnusableInput(
            "a hunt takes a shell and sources from [cases.NAME] of nbtui.toml only; put the command of the port there"
        )
    words = [*_gently(), sys.executable, "-m", "nbtui", "hunt"]
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    words += ["--out", str(folder), "--processes", str(min(process_count(), max(1, processors - 1)))]
    if record is not None:
        words += ["--mode", record.mode, "--seed", str(record.seed), "--number", str(record.number)]
        words += ["--image"] if "image" in record.checks else []
    if profile != "full":
        words += ["--profile", profile]
    if case.c_program is not None:
        words += ["--c-program", case.c_program.name]
    if not case.compat:
        words.append("--no-compat")
    if not known.entry or known.where.startswith("--"):  # from the command line
        words += ["--suspect", commands.suspect, "--run-in", str(commands.run_in)]
    if known.entry:
        return [*words, known.entry]
    words += ["--workdir", str(case.workdir)]
    return [*words, str(case.folder)] if case.folder is not None else [*words, "--", *case.argv]


def _gently() -> list[str]:
    """The words that let the console go first, where the system has them."""
    nice = shutil.which("nice")
    return [nice, "-n", "10"] if nice else []


def folder_of(known: KnownCommands) -> Path:
    """The folder of the hunts of a case, in the current folder."""
    from nbtui.sweep.follow import ENDING

    return Path.cwd() / f"{known.key.rpartition('-')[0]}{ENDING}"
