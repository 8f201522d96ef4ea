"""Options of the subcommands that run a port: its commands, and their circumstances."""

from __future__ import annotations

import functools
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from nbtui.commands.options import Command, Request, c_log_option, say
from nbtui.commands.watch import ENDING
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.runs.known import KnownCommands
    from nbtui.runs.perform import Performed
    from nbtui.runs.run_list import RunList

SHOWN_LINES = 20  # of the output of a failed run
_OPTIONS = (
    click.option("--suspect", default="", metavar="CMD", help="Command that makes the log of your port."),
    click.option(
        "--reference",
        default="",
        metavar="CMD",
        help="Command that makes the C log, NB_C_BIN, or simulated.  [default: the case's C log, else NB_C_BIN, else "
        "simulated]",
    ),
    click.option("--sources", multiple=True, metavar="PATTERN", help="Source files of the port; repeatable."),
    click.option(
        "--run-in",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="Working directory of the commands.",
    ),
    click.option(
        "--limit",
        type=click.FloatRange(0, min_open=True),
        metavar="SECONDS",
        help="Time after which a command counts as hung.  [default: 600]",
    ),
    click.option("--shell", is_flag=True, help="Run the commands in a shell."),
    c_log_option,
)


def run_options(command: Command) -> Command:
    """The options of a run, as one ``chosen`` argument: a function from the request to the known commands."""

    @functools.wraps(command)
    def run(**values: Any) -> Any:
        names = ("suspect", "reference", "sources", "run_in", "limit", "shell", "c_log")
        given = {name: values.pop(name) for name in names}
        return command(chosen=lambda request: _known(request, **given), **values)

    wrapped: Any = run
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    result: Command = wrapped
    return result


Chosen = Callable[[Request], "KnownCommands"]


def _known(
    request: Request,
    *,
    suspect: str,
    reference: str,
    sources: tuple[str, ...],
    run_in: Path | None,
    limit: float | None,
    shell: bool,
    c_log: Path | None,
) -> KnownCommands:
    """The commands of the case of ``request``. Raises UnusableInput without a suspect command, a case or a pixel."""
    from nbtui.runs.known import known_commands

    case = request.case()
    entry = request.configuration.cases.get(request.case_name or "")
    found = known_commands(
        case if c_log is None else replace(case, c_log=c_log),
        entry,
        suspect=suspect,
        reference=reference,
        sources=sources,
        run_in=run_in,
        shell=shell,
    )
    return found if limit is None else replace(found, commands=replace(found.commands, seconds=limit))


def last_output(runs: RunList, done: Performed) -> Iterator[str]:
    """The last lines of the output of a failed run; safe for a terminal."""
    if not done.entry.failed:
        return
    from nbtui.runs.log_making import tail

    lines = [line for line in tail(runs.output(done.entry.number)).splitlines() if line.strip()]
    for line in lines[-SHOWN_LINES:]:
        yield clean(line)


def say_output(runs: RunList, done: Performed) -> None:
    """The last output of a failed run, on stderr."""
    for line in last_output(runs, done):
        click.echo(f"  {line}", err=True)
    if done.entry.failed:
        say(f"all of its output: {runs.output(done.entry.number)}")


def last_log(known: KnownCommands) -> tuple[tuple[Path | None, Path] | None, str]:
    """The C log of the case and the log of its last good run, for the console, and a sentence about that run."""
    from nbtui.runs.run_list import run_list

    runs = run_list(known)
    for entry in reversed(runs.entries()):
        path = runs.log(entry.number)
        if path is not None and entry.compared and not entry.failed and entry.pixel == known.pixel:
            return (known.case.c_log, path), f"your log is that of run {entry.number}, {entry.when}"
    return None, ""


class Stopping:
    """Interrupt, termination and hang-up while a command runs: they stop it before nbtui ends.

    An exception in their place could strike while a process is being started, and leave it behind.
    """

    def __init__(self) -> None:
        self.event = threading.Event()
        self._signal = 0

    def note(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal; the second one ends nbtui at once."""
        if self._signal:
            raise SystemExit(128 + number)
        self._signal = number
        self.event.set()

    @property
    def code(self) -> int:
        """The exit code of a stopped command; says that it was interrupted."""
        if self._signal == signal.SIGINT:
            say("interrupted")
        return 128 + self._signal


@contextmanager
def stopping() -> Iterator[Stopping]:
    """Let signals stop the running command."""
    found = Stopping()
    before = {number: signal.signal(number, found.note) for number in ENDING}
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
