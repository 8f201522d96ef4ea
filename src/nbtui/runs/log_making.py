"""One run of a command: from its text to a log file, its output, and a sentence about a failure."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from nbtui.processes import STDOUT, Bounds, ProcessEnd, run_process
from nbtui.regular_file import open_regular
from nbtui.runs.command import CommandValues, PreparedCommand, case_flags, prepared
from nbtui.runs.known import KnownCommands
from nbtui.trace.text import clean

LOG, OUTPUT, IMAGE = "log", "output", "image.bin"  # files of a run
_TAIL = 65536  # bytes of output that explain a failure
_LONGEST = 300
_FRAME = re.compile(r'\s*File "(.+)", line (\d+)')
_FOREIGN = ("/site-packages/", "/dist-packages/", "<frozen ", "/lib/python")

Heard = Callable[[str, bytes], None]


class RunStopped(Exception):
    """The run was stopped from outside; it is not in the list."""


@dataclass(frozen=True)
class MadeLog:
    """A finished command.

    Attributes:
        path: its log, which may be missing or hold no trace.
        end: the end of the process.
        failure: one sentence; empty after exit status 0.
        command: the command line as it ran, for a shell.
        image: its float image, where it wrote one.
    """

    path: Path
    end: ProcessEnd
    failure: str = ""
    image: Path | None = None
    command: str = ""


def make_log(
    known: KnownCommands,
    text: str,
    where: str,
    folder: Path,
    heard: Heard,
    cancel: threading.Event | None = None,
) -> MadeLog:
    """Run a command of a case; its log, its other output and its image are kept in ``folder``.

    Raises:
        UnusableInput: the command text is unusable.
        SimulationFailed: the command cannot be started.
        OSError: a file cannot be written.
    """
    log, output, image = folder / LOG, folder / OUTPUT, folder / IMAGE
    commands = known.commands
    values = CommandValues(known.pixel, log, image, case_flags(known.case, folder))
    command = prepared(text, where, values, shell=commands.shell)
    environment = {"PYTHONUNBUFFERED": "1", **os.environ, **dict(commands.environment), **command.variables}
    end = _run(command, log, output, commands.run_in, environment, Bounds(commands.seconds), heard, cancel)
    made = image if image.is_file() and image.stat().st_size else None
    return MadeLog(log, end, failure_of(end, output, log, commands.seconds, command), made, command.text)


def _run(
    command: PreparedCommand,
    log: Path,
    output: Path,
    cwd: Path,
    environment: dict[str, str],
    bounds: Bounds,
    heard: Heard,
    cancel: threading.Event | None,
) -> ProcessEnd:
    with output.open("wb") as other, ExitStack() as stack:
        stdout, stderr = other, None
        if not command.writes_log:
            stdout, stderr = stack.enter_context(log.open("wb")), None if command.merged else other
        return run_process(
            command.words, stdout, stderr, cwd=cwd, environment=environment, bounds=bounds, heard=heard, cancel=cancel
        )


def failure_of(end: ProcessEnd, output: Path, log: Path, seconds: float, command: PreparedCommand) -> str:
    """Why a command failed, in one line; empty for exit status 0 and whole output."""
    if end.cancelled:
        return "stopped"
    if end.timed_out:
        return f"no end within {seconds:g} s; stopped. A longer time: limit in nbtui.toml, or --limit SECONDS"
    if STDOUT in end.cut and not command.writes_log:
        return "printed more than 1 GB; its log is cut there"
    if end.status == 0:
        return ""
    last = _last_words(output) or ("" if command.writes_log else _last_words(log))
    how = f"ended by signal {end.signal}" if end.signal else f"exit status {end.status}"
    return f"{how}: {last}" if last else f"{how}, without a word"


def _last_words(path: Path) -> str:
    """The last line of an output, with the place of a Python exception in the user's own code."""
    lines = [line for line in tail(path).splitlines() if line.strip()]
    if not lines:
        return ""
    frames = [found for line in lines if (found := _FRAME.match(line))]
    own = [found for found in frames if not any(part in found[1] for part in _FOREIGN)] or frames
    place = f" ({Path(own[-1][1]).name}:{own[-1][2]})" if own else ""
    return clean(lines[-1].strip())[:_LONGEST] + clean(place)


def tail(path: Path, size: int = _TAIL) -> str:
    """The end of a text file; empty without one."""
    try:
        with open_regular(path) as stream:
            whole = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, whole - size))
            return stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
