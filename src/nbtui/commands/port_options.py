"""Options of hunt and suite that describe the port."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbtui.commands.options import Command
from nbtui.errors import UnusableInput

if TYPE_CHECKING:
    from nbtui.sweep.plan import SweptPort

_OPTIONS = (
    click.option("--suspect", default="", metavar="CMD", help="Command of your port, with {command} and {pixel}."),
    click.option("--suspect-program", default="", metavar="NAME", help="In place of a port: nbsim as this C program."),
    click.option(
        "--run-in",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="Working directory of the port.",
    ),
    click.option("--rename", multiple=True, metavar="FLAG=NAME", help="A flag in the port's spelling; repeatable."),
    click.option("--limit", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Time limit of one run."),
)


@dataclass(frozen=True)
class GivenPort:
    """The port as typed."""

    suspect: str
    suspect_program: str
    run_in: Path | None
    rename: tuple[str, ...]
    limit: float | None

    @property
    def pairs(self) -> dict[str, str]:
        """Flags in the port's spelling. Raises UnusableInput."""
        from nbtui.sweep.axes import checked_axis

        pairs = dict(_pair(text) for text in self.rename)
        for flag in pairs:
            checked_axis(flag, "--rename")
        return pairs

    def port(self) -> SweptPort | None:
        """The port that the command line names; None where the settings must.

        Raises:
            UnusableInput: two ports, or a flag that nanoBragg lacks.
        """
        from nbtui.runs.known import named_files
        from nbtui.sweep.plan import SECONDS, SweptPort

        here = Path.cwd()
        if self.suspect and self.suspect_program:
            raise UnusableInput("give either --suspect or --suspect-program")
        if self.suspect_program:
            return SweptPort(here, here, program=self.suspect_program)
        if not self.suspect:
            return None
        run_in = self.run_in.absolute() if self.run_in is not None else here
        return SweptPort(
            run_in=run_in,
            sources_base=run_in,
            suspect=self.suspect,
            rename=self.pairs,
            seconds=self.limit or SECONDS,
            sources=named_files(self.suspect, run_in),
        )

    def applied_to(self, port: SweptPort) -> SweptPort:
        """A port of the settings with the other options as typed. Raises UnusableInput."""
        return replace(
            port,
            rename=self.pairs,
            seconds=self.limit or port.seconds,
            run_in=self.run_in.absolute() if self.run_in is not None else port.run_in,
        )


def port_options(command: Command) -> Command:
    """The options of a port, as one ``given`` argument."""

    @functools.wraps(command)
    def run(**values: Any) -> Any:
        names = ("suspect", "suspect_program", "run_in", "rename", "limit")
        given = GivenPort(**{name: values.pop(name) for name in names})
        return command(given=given, **values)

    wrapped: Any = run
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    result: Command = wrapped
    return result


def _pair(text: str) -> tuple[str, str]:
    flag, found, name = text.partition("=")
    if not (found and flag.startswith("-") and name):
        raise UnusableInput(f"--rename {text}: must be FLAG=NAME, such as -mosaic=-mosaic_spread")
    return flag, name
