"""A comparison on stdout: table, metrics object or Markdown; the exit code is the verdict."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

from nbtui.commands.options import Request, colour, say
from nbtui.evidence.write.record import record, side_entry
from nbtui.parity.metrics import to_json
from nbtui.parity.render import markdown, table_lines
from nbtui.trace.model import Trace

if TYPE_CHECKING:
    from nbtui.live.model import Case, Settings, Simulation

_PIPE_WIDTH = 120  # columns without a terminal


def _stand_in(request: Request) -> Settings:
    from nbtui.live.reference import reference_settings

    return reference_settings(request.settings())


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
    """Print the comparison of ``c`` and ``py``; ``style`` is table, json or markdown. Returns 0 or 1."""
    comparison = request.compare(c, py)
    if style == "json":
        settings = request.settings() if simulation is not None else None
        reference, other = comparison.named
        sides = [side_entry(reference, c, _stand_in(request) if c.simulated else None), side_entry(other, py, settings)]
        more = {"sides": sides}
        found = record(comparison, c, py, case=case, settings=settings, simulation=simulation, more=more)
        click.echo(to_json(found), nl=False)
    elif style == "markdown":
        click.echo(markdown(comparison).rstrip("\n"))
    else:
        width = shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns if sys.stdout.isatty() else _PIPE_WIDTH
        for line in table_lines(comparison, width, colour(), only_differing, every):
            click.echo(line, color=True)
    if simulation is not None:
        for notice in simulation.notices:
            say(notice)
    return 0 if comparison.agrees else 1
