"""``nbtui [CASE]``: the console; without a terminal, the comparison as text."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbtui.commands.enter_console import enter_console
from nbtui.commands.narration import read
from nbtui.commands.options import Request, c_log_of, c_log_option, case_options, packages_option, say, terminal
from nbtui.commands.run_options import last_log
from nbtui.errors import UnusableInput
from nbtui.live.absence import recorded_log
from nbtui.paths import DEMO
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.live.model import Case
    from nbtui.runs.known import KnownCommands

DEMO_SHOWN = "no case named, no command.txt here: this is the built-in demo"
RECORDED = "torch is not installed: the C log of the demo beside a recorded log of nbsim, nothing simulated"


@click.command("console")
@packages_option
@c_log_option
@click.option(
    "--c-image",
    type=click.Path(path_type=Path),
    help="C image for the image screen ('i').  [default: in the case folder]",
)
@click.option(
    "--c-at",
    type=click.IntRange(min=0),
    nargs=2,
    metavar="SLOW FAST",
    help="Position of the C image, if it is a cut-out.",
)
@case_options(judged=True)
def command(
    request: Request, reports: Path | None, c_log: Path | None, c_image: Path | None, c_at: tuple[int, int] | None
) -> int:
    """Open the console on CASE (default: the current folder, if it holds command.txt, else the demo).

    Your own log beside C's: 'nbtui open C_LOG LOG CASE'. Without a terminal the comparison is printed instead. Exit
    code 0: agree, 1: divergence.
    """
    message = "" if request.finds_case else DEMO_SHOWN
    if message:
        request = replace(request, case_name=DEMO)
    try:
        case = request.case()
        case = replace(case, c_log=c_log or case.c_log, c_image=c_image, c_image_at=c_at)
    except UnusableInput as error:
        raise UnusableInput(f"{error}{_meant(request.case_name)}") from error
    recorded = recorded_log(case, request.settings())
    message = message if recorded is None else RECORDED
    if terminal():
        known = _known(request, case)
        logs, told = last_log(known) if known is not None else (None, "")
        logs = logs if recorded is None else (case.c_log, recorded)
        return enter_console(request, case, reports=reports, logs=logs, known=known, message=message or told)
    from nbtui.commands.report import report
    from nbtui.live.session import simulate

    if message:
        say(message)
    c = read(c_log_of(case, None))
    if recorded is not None:
        return report(request, case, c, read(recorded), None, style="table")
    simulation = simulate(case, request.settings())
    return report(request, case, c, simulation.trace, simulation, style="table")


def _known(request: Request, case: Case) -> KnownCommands | None:
    """The commands of the case in nbtui.toml; None without one for the port."""
    entry = request.configuration.cases.get(request.case_name or "")
    if entry is None or entry.commands is None or not entry.commands.suspect:
        return None
    from nbtui.runs.known import known_commands

    return known_commands(case, entry)


def _meant(name: str | None) -> str:
    """A hint if the unknown case looks like a misspelt subcommand."""
    above = click.get_current_context().parent
    known = above.command.list_commands(above) if above is not None and isinstance(above.command, click.Group) else []
    close = difflib.get_close_matches(name or "", known, 1, 0.75)
    return f"; or the command '{clean(close[0])}'?" if close else ""
