"""``nbtui open``: the console on two given logs."""

from __future__ import annotations

from pathlib import Path

import click

from nbtui.commands.narration import read
from nbtui.commands.options import (
    Request,
    case_options,
    made_by_option,
    port_option,
    py_phi_option,
    reports_of,
    terminal,
)
from nbtui.trace.reading.reader import read_phi, with_phi


@click.command("open")
@click.argument("c_log", type=click.Path(path_type=Path))
@click.argument("py_log", type=click.Path(path_type=Path))
@click.option(
    "--reports", type=click.Path(path_type=Path), help="Directory for packages written with 'e'.  [default: reports]"
)
@py_phi_option
@made_by_option
@port_option
@case_options(judged=True)
def command(
    request: Request,
    c_log: Path,
    py_log: Path,
    reports: Path | None,
    py_phi: Path | None,
    made_by: str,
    port: Path | None,
) -> int:
    """Open the console on the logs C_LOG and PY_LOG.

    Stepping through the contributions needs the experiment: name a CASE or give '-- FLAGS'.
    """
    case = request.case() if request.names_case else None
    if terminal():
        from nbtui.console.startup import preferences

        found = preferences(request.configuration, request.invocation.argv, request.invocation.resumed)
        from nbtui.console.entry_points import run_console  # after the settings: it reads the frame rate once
        from nbtui.console.main.origin import LogOrigin

        return run_console(
            case,
            request.settings(),
            logs=(c_log, py_log),
            origin=LogOrigin(py_phi, made_by, port),
            profile=request.profile,
            tolerance=request.tolerance,
            allow_partial=request.allow_partial,
            reports=reports_of(request, reports),
            profiles=request.configuration.profiles,
            preferences=found,
        )
    from nbtui.commands.report import report

    c, py = read(c_log), read(py_log)
    if py_phi is not None:
        py = with_phi(py, read_phi(py_phi))
    return report(request, case, c, py, None, style="table")
