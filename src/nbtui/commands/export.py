"""``nbtui export``: an evidence package of one comparison."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbtui.commands.options import (
    Request,
    c_log_of,
    c_log_option,
    case_options,
    made_by_option,
    package_option,
    port_option,
    py_log_option,
    py_phi_option,
    reports_of,
    say,
)
from nbtui.endings import orderly_ending
from nbtui.errors import UnusableInput

if TYPE_CHECKING:
    from nbtui.diagnosis.answer import Diagnosis
    from nbtui.live.model import Case
    from nbtui.trace.model import Trace


@click.command("export")
@c_log_option
@py_log_option
@py_phi_option
@made_by_option
@port_option
@package_option
@click.option("--baseline", type=click.Path(path_type=Path), help="Older package to compare with.")
@click.option("--run", "runs", multiple=True, metavar="CMD", help="Also run CMD and keep its output; repeatable.")
@click.option(
    "--run-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time limit of each CMD; then all its processes end.  [default: 3600]",
)
@click.option("--with-inputs", is_flag=True, help="Also keep the input files: up to 16 MiB each, 64 MiB in all.")
@click.option(
    "--sign",
    type=click.Path(path_type=Path),
    metavar="KEY",
    help="SSH key that signs the package (ssh-keygen).  [default: the setting sign]",
)
@click.option("--note", default="", help="Note for the reader.")
@click.option("--todo", default="", help="Next step.  [default: from the first divergence]")
@click.option("--diagnose", is_flag=True, help="Also diagnose the difference.")
@click.option("--hostname", is_flag=True, help="Record this machine's name.")
@case_options(judged=True)
def command(
    request: Request,
    c_log: Path | None,
    py_log: Path | None,
    py_phi: Path | None,
    made_by: str,
    port: Path | None,
    reports: Path | None,
    baseline: Path | None,
    runs: tuple[str, ...],
    run_limit: float | None,
    with_inputs: bool,
    sign: Path | None,
    note: str,
    todo: str,
    diagnose: bool,
    hostname: bool,
) -> int:
    """Write an evidence package of CASE; its path is the last line of stdout. Exit code 1 on divergence."""
    from nbtui.evidence.write.export import ExportRequest, export
    from nbtui.evidence.write.request import RUN_LIMIT
    from nbtui.parity.render import verdict

    if py_log is None and (py_phi is not None or made_by or port is not None):
        raise UnusableInput("--py-phi, --py-made-by and --port describe a Python log: give it with --py FILE")
    case = request.case()
    wanted = ExportRequest(
        case=case,
        settings=request.settings(),
        reports=reports_of(request, reports),
        c_log=c_log or case.c_log if py_log is not None else c_log_of(case, c_log),
        py_log=py_log,
        py_phi=py_phi,
        made_by=made_by,
        port=port,
        profile=request.profile,
        tolerance=request.tolerance,
        allow_partial=request.allow_partial,
        profiles=request.configuration.profiles,
        baseline=baseline,
        runs=runs,
        run_limit=RUN_LIMIT if run_limit is None else run_limit,
        with_inputs=with_inputs,
        sign=sign or request.configuration.sign,
        note=note,
        todo=todo,
        argv=request.invocation.argv,
        hostname=hostname,
        diagnose=_diagnosis if diagnose else None,
    )
    with orderly_ending():
        done = export(wanted)
    say(verdict(done.comparison))
    for reason in done.blocked:
        say(f"BLOCKED: {reason}")
    click.echo(os.fsencode(done.path))  # the bytes of the name, whatever the encoding of the terminal
    return done.exit_code


def _diagnosis(case: Case, c: Trace, py: Trace) -> Diagnosis:
    from nbtui.diagnosis.diagnose import diagnose

    return diagnose(case, c, py)
