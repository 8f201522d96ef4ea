"""``nbtui open``: the console on two given logs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from nbtui.commands.enter_console import enter_console
from nbtui.commands.narration import read
from nbtui.commands.options import (
    Request,
    case_options,
    made_by_option,
    packages_option,
    port_option,
    py_phi_option,
    reference_of,
    terminal,
)
from nbtui.errors import UnusableInput
from nbtui.trace.reading.reader import read_phi, with_phi
from nbtui.trace.text import clean


@click.command("open")
@click.argument("c_log", type=click.Path(path_type=Path))
@click.argument("py_log", type=click.Path(path_type=Path), required=False)
@packages_option
@py_phi_option
@made_by_option
@port_option
@case_options(judged=True)
def command(
    request: Request,
    c_log: Path,
    py_log: Path | None,
    reports: Path | None,
    py_phi: Path | None,
    made_by: str,
    port: Path | None,
) -> int:
    """Open the console on the logs C_LOG and PY_LOG, your own.

    Stepping through the contributions needs the experiment: name a CASE or give '-- FLAGS'. With these, your own log
    alone is enough: the reference is then simulated as --c-program (default: stock).
    """
    reference, log, request = _logs(request, c_log, py_log)
    case = request.case() if request.names_case else None
    if reference is None and case is not None:
        reference = case.c_log  # its own; without one the reference is simulated
    if terminal():
        from nbtui.console.main.origin import LogOrigin

        origin = LogOrigin(py_phi, made_by, port)
        return enter_console(request, case, reports=reports, logs=(reference, log), origin=origin)
    from nbtui.commands.report import report

    py = read(log)
    if py_phi is not None:
        py = with_phi(py, read_phi(py_phi))
    c = reference_of(request, request.case(), None) if reference is None else read(reference)
    return report(request, case, c, py, None, style="table")


def _logs(request: Request, first: Path, second: Path | None) -> tuple[Path | None, Path, Request]:
    """The C log (None: simulated) and the user's; the second word may be the CASE.

    Raises:
        UnusableInput: one log alone, without the command line of its run.
    """
    if second is not None and not second.is_file() and request.case_name is None and request.flags is None:
        known = second.is_dir() or str(second) in ("demo", *request.configuration.cases)
        if known:
            second, request = None, replace(request, case_name=str(second))
    if second is not None:
        return first, second, request
    if not request.names_case:
        raise UnusableInput(
            f"{clean(str(first))}: one log alone; give the other one, or the command line: nbtui open LOG -- FLAGS"
        )
    return None, first, request
