"""``nbtui loop``: run a port again after every change of its sources, on the console or as lines."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from nbtui.commands.enter_console import enter_console
from nbtui.commands.narration import Narration
from nbtui.commands.options import Request, case_options, say, terminal
from nbtui.commands.run_options import Chosen, last_log, run_options, say_output, stopping
from nbtui.commands.watch import reader_gone
from nbtui.schemas import labelled
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.runs.known import KnownCommands
    from nbtui.runs.perform import Performed
    from nbtui.runs.run_list import RunList


@click.command("loop")
@run_options
@click.option("--plain", is_flag=True, help="Print each run as lines, until interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per run and line; implies --plain.")
@click.option("--no-diagnose", is_flag=True, help="Do not look for the cause of a divergence.")
@case_options(judged=True)
def command(request: Request, chosen: Chosen, plain: bool, as_json: bool, no_diagnose: bool) -> int:
    """Run your port on CASE now, and again after every change of its sources.

    The command and the sources are those of 'nbtui run'. Without --plain the console opens on the case, and runs it.
    Exit code 130 when interrupted.
    """
    known = chosen(request)
    from nbtui.runs.loop import check_sources, looped
    from nbtui.runs.run_list import run_list

    count = check_sources(known)
    if not plain and not as_json and terminal():
        return _console(request, known)
    runs = run_list(known)
    say(f"following {count} source file{'s' * (count != 1)} of {clean(known.commands.suspect)}")

    def run(cancel: threading.Event) -> Performed:
        from nbtui.runs.perform import perform

        with Narration() as narration:
            return perform(
                known,
                runs,
                request.settings(),
                request.compare,
                say=narration.say,
                cancel=cancel,
                diagnose=not no_diagnose,
            )

    with stopping() as stop:
        ended = stop.event.is_set
        with closing(looped(known, run, lambda: ended() or reader_gone())) as events:
            for event in events:
                if isinstance(event, Exception):
                    _failed(event, as_json=as_json)
                else:
                    _tell(runs, event, as_json=as_json)
                sys.stdout.flush()
        return stop.code if ended() else 0


def _tell(runs: RunList, done: Performed, *, as_json: bool) -> None:
    from nbtui.runs.render import as_object, run_lines

    if as_json:
        click.echo(json.dumps(labelled("run", as_object(runs, done.entry, done.moved)), allow_nan=False))
        return
    for line in run_lines(done.entry, done.moved):
        click.echo(line)
    say_output(runs, done)


def _failed(error: Exception, *, as_json: bool) -> None:
    """A run that was not possible; the loop waits for the next change."""
    sentence = clean(str(error))
    if as_json:
        click.echo(json.dumps(labelled("run", {"run": None, "verdict": "failed", "failure": sentence})))
    else:
        say(sentence)


def _console(request: Request, known: KnownCommands) -> int:
    logs, told = last_log(known)
    looping = replace(known, commands=replace(known.commands, loop=True))
    return enter_console(request, known.case, logs=logs, known=looping, message=told)
