"""``nbtui compare``: two logs, or a C log and our simulator, field by field."""

from __future__ import annotations

from pathlib import Path

import click

from nbtui.commands.ci_format import format_option, one_style
from nbtui.commands.narration import read
from nbtui.commands.options import (
    Request,
    c_log_of,
    c_log_option,
    case_options,
    py_log_option,
    py_phi_option,
    reference_of,
)
from nbtui.commands.report import report
from nbtui.errors import UnusableInput
from nbtui.trace.reading.reader import read_phi, with_phi


@click.command("compare")
@c_log_option
@py_log_option
@py_phi_option
@click.option("--json", "style", flag_value="json", help="Print the metrics.json object.")
@click.option("--markdown", "style", flag_value="markdown", help="Print tables in Markdown.")
@format_option
@click.option("--only-differing", is_flag=True, help="Omit fields that agree.")
@click.option("--all", "whole", is_flag=True, help="Print every row, however many; on a terminal through a pager.")
@click.option("--matrix", "every", is_flag=True, help="Compare CASE in every phi mode, dtype and available device.")
@case_options(judged=True)
def command(
    request: Request,
    c_log: Path | None,
    py_log: Path | None,
    py_phi: Path | None,
    style: str | None,
    ci: str | None,
    only_differing: bool,
    whole: bool,
    every: bool,
) -> int:
    """Compare the C trace of a pixel with the Python one. Exit code 0: agree, 1: divergence.

    On a terminal the differing fields and, last, the verdict are printed; elsewhere the whole table, verdict first.
    Without --py the pixel of CASE (or of '-- FLAGS') is simulated. Without --c the log of CASE is used; where it has
    none, the reference for --py FILE is simulated as --c-program.
    """
    style = one_style(style, ci)
    if py_phi is not None and py_log is None:
        raise UnusableInput("--py-phi needs --py FILE")
    case = request.case() if request.names_case or (py_log is None and request.finds_case) else None
    if case is not None and py_log is not None:
        c = reference_of(request, case, c_log)
    elif case is not None:
        c = read(c_log_of(case, c_log))
    elif c_log is not None:
        c = read(c_log)
    else:
        raise UnusableInput("nothing to compare: give --c FILE and --py FILE, or a CASE")
    if every:
        if case is None or py_log is not None or style not in ("table", "json"):
            raise UnusableInput("--matrix needs a CASE, and takes neither --py nor --markdown nor --format")
        from nbtui.commands.matrix import matrix

        return matrix(request, case, c, as_json=style == "json")
    if py_log is not None:
        py = read(py_log)
        if py_phi is not None:
            py = with_phi(py, read_phi(py_phi))
        return report(request, case, c, py, None, style=style, only_differing=only_differing, every=whole)
    if case is None:
        raise UnusableInput("give --py FILE, or a CASE (or '-- FLAGS') to simulate")
    from nbtui.live.session import simulate

    simulation = simulate(case, request.settings())
    py = simulation.trace
    return report(request, case, c, py, simulation, style=style, only_differing=only_differing, every=whole)
