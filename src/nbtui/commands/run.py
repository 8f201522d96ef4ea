"""``nbtui run``: run a port on a case, compare its log, and keep the run in the list of runs."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from nbtui.commands.ci_format import ci_lines, format_option, one_style
from nbtui.commands.narration import Narration
from nbtui.commands.options import Request, case_options, colour, say
from nbtui.commands.run_options import Chosen, run_options, say_output, stopping
from nbtui.errors import UnusableInput
from nbtui.schemas import labelled
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.runs.entry import RunEntry
    from nbtui.runs.run_list import RunList

_PIPE_WIDTH = 120  # columns without a terminal


@click.command("run")
@run_options
@click.option("--again", is_flag=True, help="Make the log of the reference again, even where nothing has changed.")
@click.option("--no-diagnose", is_flag=True, help="Do not look for the cause of a divergence.")
@click.option("--list", "listed", is_flag=True, help="Only list the runs of the case.")
@click.option("--between", type=(int, int), metavar="A B", help="Only compare run A with run B.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per run.")
@format_option
@case_options(judged=True)
def command(
    request: Request,
    chosen: Chosen,
    again: bool,
    no_diagnose: bool,
    listed: bool,
    between: tuple[int, int] | None,
    as_json: bool,
    ci: str | None,
) -> int:
    """Run your port on CASE, compare its log with the reference, and report the changes since the run before.

    The command is suspect = "..." in [cases.NAME] of nbtui.toml, or --suspect: with {command} for the flags of the
    case, {pixel} for SLOW FAST, {log} for the file of the log (default: stdout), {image} for a float image. Exit code
    0: agree, 1: divergence, 3: the port failed.

    Every run is kept with its log, output and source changes: --list shows the runs, --between A B compares two.
    """
    from nbtui.runs.run_list import run_list

    began, style = datetime.now(UTC), one_style("json" if as_json else None, ci)
    known = chosen(request)
    runs = run_list(known)
    if listed or between is not None:
        if ci is not None or (between is not None and (listed or as_json)):
            raise UnusableInput("--between A B takes neither --list nor --json, and --format belongs to a new run")
        return _list(runs, as_json=as_json) if between is None else _between(request, runs, between)
    from nbtui.runs.log_making import RunStopped
    from nbtui.runs.perform import perform
    from nbtui.runs.render import as_object, run_lines

    with stopping() as stop, Narration() as narration:
        try:
            done = perform(
                known,
                runs,
                request.settings(),
                request.compare,
                say=narration.say,
                heard=lambda stream, piece: narration.say("running the port"),
                cancel=stop.event,
                again=again,
                diagnose=not no_diagnose,
            )
        except RunStopped:
            return stop.code
    entry = done.entry
    say_output(runs, done)
    if as_json:
        click.echo(json.dumps(labelled("run", as_object(runs, entry, done.moved)), allow_nan=False))
        return _code(entry)
    if ci is not None:
        from nbtui.ci.traces import of_run

        name, suspect = f"nbtui run {clean(known.case.name)}", done.suspect
        told = tuple(filter(None, (f"cause: {clean(entry.cause)}" if entry.cause else "", done.moved)))
        for line in ci_lines(of_run(suspect.comparison, suspect.trace, suspect.failure, told, name), style, began):
            click.echo(line)
        return _code(entry)
    if done.suspect.comparison is not None:
        from nbtui.parity.render import table_lines

        for line in table_lines(done.suspect.comparison, _width(), colour(), False, False):
            click.echo(line, color=True)
        click.echo("")
    for line in run_lines(entry, done.moved):
        click.echo(line)
    say(f"log: {runs.log(entry.number)}; reference: {clean(entry.reference)}")
    return _code(entry)


def _code(entry: RunEntry) -> int:
    if entry.failed:
        return 3
    return 0 if str(entry.verdict) == "agrees" else 1


def _width() -> int:
    return shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns if sys.stdout.isatty() else _PIPE_WIDTH


def _list(runs: RunList, *, as_json: bool) -> int:
    from nbtui.runs.moved import since_before
    from nbtui.runs.render import as_object, list_lines

    entries = runs.entries()
    if as_json:
        for entry in entries:
            click.echo(
                json.dumps(labelled("run", as_object(runs, entry, since_before(entries, entry))), allow_nan=False)
            )
    elif entries:
        for line in list_lines(entries):
            click.echo(line)
    say(f"{len(entries)} run{'s' * (len(entries) != 1)} in {clean(str(runs.folder))}")
    return 0


def _between(request: Request, runs: RunList, numbers: tuple[int, int]) -> int:
    """Print two runs side by side. Returns 0 for the same outcome without a differing value, else 1."""
    from nbtui.runs.render import between_lines, chosen_pair

    before, now = chosen_pair(runs, numbers)
    for line in between_lines(runs, before, now, request.compare, _width(), colour=colour()):
        click.echo(line, color=True)
    return 0 if before.log_hash == now.log_hash and before.verdict == now.verdict else 1
