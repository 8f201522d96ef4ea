"""The reference of a run: a C log, the log of a command or of the C program, or a simulation.

A log made here is kept, and made again only after a change of the command, its program, the environment that the
settings give, or an input file of the case.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from nbtui.errors import NotWritten, SimulationFailed
from nbtui.live.c_program import Limits, find_program, run_c_program
from nbtui.live.cases import input_names
from nbtui.live.files import signature
from nbtui.live.model import Case, Settings
from nbtui.runs.known import C_PROGRAM, SIMULATED, KnownCommands
from nbtui.runs.log_making import Heard, RunStopped, make_log
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import read_trace
from nbtui.trace.text import clean
from nbtui.whole_file import new_file

KEPT = 16  # logs made here


@dataclass(frozen=True)
class Reference:
    """The reference of a run, and its origin in words."""

    trace: Trace
    origin: str


def reference_of_run(
    known: KnownCommands,
    settings: Settings,
    folder: Path,
    *,
    heard: Heard,
    say: Callable[[str], None],
    cancel: threading.Event | None = None,
    again: bool = False,
) -> Reference:
    """The reference of a case as its settings say; logs made here are kept below ``folder``.

    ``again``: make the log again even where nothing has changed.

    Raises:
        UnusableInput, SimulationFailed, TraceError: the log, the command or the program is unusable.
        NotWritten: a log cannot be kept.
        RunStopped: ``cancel`` was set.
    """
    wanted = known.commands.reference.strip()
    if not wanted and known.case.c_log is not None:
        trace = read_trace(known.case.c_log)
        if trace.pixel in (None, known.pixel):
            return Reference(trace, str(known.case.c_log))
        say(f"{known.case.c_log.name} is of pixel {trace.pixel}; another reference is needed for {known.pixel}")
    if wanted == SIMULATED or not (wanted or os.environ.get(C_PROGRAM)):
        return _simulated(known, settings)
    if wanted in ("", C_PROGRAM):
        program = find_program(None)
        words, origin = (str(program), *known.case.argv), f"C program {program}"
        seconds = known.commands.seconds

        def run(log: Path) -> None:
            with log.open("w+b") as stdout:
                run_c_program(program, known.case, stdout, Limits(known.case.omp_threads, seconds, cancel), say)
    else:
        words, origin = (wanted, *known.case.argv), f"command {wanted}"

        def run(log: Path) -> None:
            _run_command(known, wanted, log, heard, cancel)

    path = folder / f"{_key(known, words)}.log"
    if again or not path.is_file():
        say(f"making the reference: {clean(origin)}")
        try:
            _make(path, run)
        except SimulationFailed as error:
            if cancel is not None and cancel.is_set():
                raise RunStopped from error
            raise
    return Reference(replace(read_trace(path), pixel=known.pixel), origin)


def _simulated(known: KnownCommands, settings: Settings) -> Reference:
    from nbtui.live.reference import simulated_reference  # imports torch

    found = simulated_reference(known.case, settings).trace
    return Reference(found, f"simulated, {found.origin}")


def _run_command(known: KnownCommands, text: str, log: Path, heard: Heard, cancel: threading.Event | None) -> None:
    with tempfile.TemporaryDirectory(prefix="nbtui-reference-") as scratch:
        made = make_log(known, text, f"{known.where}reference", Path(scratch), heard, cancel)
        if made.end.cancelled:
            raise RunStopped
        if made.failure or not made.path.is_file():
            raise SimulationFailed(f"the reference command: {made.failure or 'it wrote no log'}")
        shutil.copyfile(made.path, log)


def _make(path: Path, run: Callable[[Path], None]) -> None:
    """Make a log under its name; nothing remains of a failed run."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with new_file(path.parent) as (_, temporary):
            run(temporary)
            temporary.replace(path)
        logs = sorted(path.parent.glob("*.log"), key=lambda one: one.stat().st_mtime)
        for old in logs[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise NotWritten(f"{clean(str(error.filename or path))}: {error.strerror or error}") from error


def _key(known: KnownCommands, words: Iterable[str]) -> str:
    """A name that changes with everything that the log depends on."""
    commands, listed = known.commands, list(words)
    files = {*_inputs(known.case), *_named(listed, commands.run_in)}
    states = {str(path): signature(path) for path in sorted(files)}
    settings = dict(commands.environment), str(commands.run_in), commands.shell, known.case.omp_threads
    content = json.dumps([listed, known.pixel, states, settings])
    return hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def _inputs(case: Case) -> Iterable[Path]:
    return ((case.workdir / name).absolute() for _, name in input_names(case.argv))


def _named(texts: Iterable[str], run_in: Path) -> Iterable[Path]:
    """Files that a command names: its program, scripts, inputs."""
    for text in texts:
        try:
            words = shlex.split(text)
        except ValueError:
            continue
        for word in words:
            found = shutil.which(word) if "/" not in word else None
            path = Path(found) if found else run_in / word
            if path.is_file():
                yield path.absolute()
