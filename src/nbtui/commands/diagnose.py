"""``nbtui diagnose``: why two traces of one pixel differ."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import click

from nbtui.commands.narration import Narration
from nbtui.commands.options import Request, c_log_of, c_log_option, case_options, py_phi_option, reports_of
from nbtui.errors import UnusableInput
from nbtui.trace.reading.reader import read_phi, read_trace, with_phi


@click.command("diagnose")
@c_log_option
@click.option(
    "--py", "py_log", type=click.Path(path_type=Path), help="Log of the Python program.  [default: simulated]"
)
@py_phi_option
@click.option("--command", "command_file", type=click.Path(path_type=Path), help="File with the nanoBragg command.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@case_options(judged=False)
def command(
    request: Request,
    c_log: Path | None,
    py_log: Path | None,
    py_phi: Path | None,
    command_file: Path | None,
    as_json: bool,
) -> int:
    """State what two logs prove, the causes of their difference and what stays unknown.

    Exit code 0: no difference, 1: a difference.

    The command line comes from --command FILE, from CASE or from '-- FLAGS'.
    """
    if command_file is not None and request.names_case:
        raise UnusableInput("give either --command FILE or a CASE, not both")
    if py_phi is not None and py_log is None:
        raise UnusableInput("--py-phi needs --py FILE")
    if command_file is not None:
        from nbtui.live.cases import case_of_command_file

        case = case_of_command_file(command_file, workdir=request.workdir, pixel=request.pixel)
    else:
        case = request.case()
    c_path = c_log_of(case, c_log)
    case = replace(case, c_log=c_path)
    c = read_trace(c_path)
    if py_log is not None:
        py = read_trace(py_log)
        if py_phi is not None:
            py = with_phi(py, read_phi(py_phi))
    else:
        from nbtui.live.session import simulate

        py = simulate(case, request.settings()).trace
    from nbtui.diagnosis.diagnose import diagnose
    from nbtui.diagnosis.render import as_object, as_text
    from nbtui.evidence.check.stale import seen_before
    from nbtui.parity.metrics import to_json

    with Narration() as narration:
        diagnosis = diagnose(case, c, py, tell=narration.say)
    stale = seen_before(case, c, py, reports_of(request, None))
    diagnosis = replace(diagnosis, preflight=(*stale, *diagnosis.preflight))
    if as_json:
        click.echo(to_json(as_object(diagnosis)), nl=False)
    else:
        click.echo(as_text(diagnosis, shutil.get_terminal_size((100, 24)).columns))
    return 1 if diagnosis.differs else 0
