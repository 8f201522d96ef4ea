"""A comparison on stdout: table, metrics object or Markdown; the exit code is the verdict."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from nbtui.commands.ci_format import GITHUB, JUNIT, ci_lines
from nbtui.commands.options import Request, colour, say
from nbtui.evidence.write.record import TWO_LOGS
from nbtui.parity.render import markdown, table_lines, terminal_lines
from nbtui.results.comparison import WIDTH, TracePair, metrics_text
from nbtui.trace.model import Trace
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.live.model import Case, Settings, Simulation
    from nbtui.parity.model import Comparison


def _stand_in(request: Request) -> Settings:
    from nbtui.live.reference import reference_settings

    return reference_settings(request.settings())


def _to_terminal(comparison: Comparison, only_differing: bool, every: bool) -> None:
    """What differs, and the verdict last; every row through a pager."""
    width = shutil.get_terminal_size((WIDTH, 24)).columns
    if every:
        os.environ.setdefault("LESS", "FRX")  # as git does: no pager for a page that fits
        lines = table_lines(comparison, width, colour(), only_differing, every)
        click.echo_via_pager((f"{line}\n" for line in lines), color=True)
        return
    for line in terminal_lines(comparison, width, colour()):
        click.echo(line, color=True)


def report(
    request: Request,
    case: Case | None,
    c: Trace,
    py: Trace,
    simulation: Simulation | None,
    *,
    style: str,
    only_differing: bool = False,
    every: bool = False,
) -> int:
    """Print the comparison of ``c`` and ``py``; ``style``: table, json, markdown, github or junit. Returns 0 or 1."""
    began = datetime.now(UTC)
    comparison = request.compare(c, py)
    if style == "json":
        settings = request.settings() if simulation is not None else None
        stand_in = _stand_in(request) if c.simulated else None
        click.echo(metrics_text(TracePair(comparison, c, py, case, settings, simulation, stand_in)), nl=False)
    elif style == "markdown":
        click.echo(markdown(comparison, only_differing=only_differing).rstrip("\n"))
    elif style in (GITHUB, JUNIT):
        from nbtui.ci.traces import of_traces

        name = f"nbtui compare {TWO_LOGS if case is None else clean(case.name)}"
        for line in ci_lines(of_traces(comparison, py, name), style, began):
            click.echo(line)
    elif not sys.stdout.isatty():
        for line in table_lines(comparison, WIDTH, colour(), only_differing, every):
            click.echo(line, color=True)
    else:
        _to_terminal(comparison, only_differing, every)
    if simulation is not None:
        for notice in simulation.notices:
            say(notice)
    return 0 if comparison.agrees else 1
