"""``nbtui diagnose``: why two traces of one pixel differ."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbtui.commands.narration import Narration
from nbtui.commands.options import (
    Request,
    c_log_of,
    c_log_option,
    case_options,
    json_option,
    py_log_option,
    py_phi_option,
    reference_of,
    reports_of,
)
from nbtui.errors import UnusableInput
from nbtui.paths import COMMAND_FILE, expanded
from nbtui.schemas import labelled
from nbtui.trace.reading.reader import read_phi, read_trace, with_phi

if TYPE_CHECKING:
    from nbtui.diagnosis.answer import Diagnosis
    from nbtui.live.model import Case
    from nbtui.trace.model import Trace

NO_COMMAND = "no command line was given; name a CASE, --command FILE or '-- FLAGS'"


@click.command("diagnose")
@c_log_option
@py_log_option
@py_phi_option
@click.option("--command", "command_file", type=click.Path(path_type=Path), help="File with the nanoBragg command.")
@json_option
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

    The command line comes from --command FILE, from CASE (the current folder, if it holds command.txt) or from
    '-- FLAGS'. Two logs are diagnosed without it, too,
    or with one that cannot be simulated; the answer then states the reason and its limits.
    """
    if command_file is not None and request.names_case:
        raise UnusableInput("give either --command FILE or a CASE, not both")
    if py_phi is not None and py_log is None:
        raise UnusableInput("--py-phi needs --py FILE")
    if c_log is not None and py_log is not None:
        found = _of_two_logs(request, command_file, c_log, _python_log(py_log, py_phi))
    else:
        case = _case(request, command_file)
        if c_log is None and case.c_log is None and py_log is not None:
            case = case if case.pixel is not None else replace(case, pixel=_python_log(py_log, py_phi).pixel)
            c = reference_of(request, case, None)
        else:
            c_path = c_log_of(case, c_log)
            c = read_trace(c_path)
            case = _with_log(case, c_path, c)
        py = _simulated(request, case) if py_log is None else _python_log(py_log, py_phi)
        found = _of_case(request, case, c, py)
    from nbtui.diagnosis.render import as_object, as_text
    from nbtui.parity.metrics import to_json

    if as_json:
        click.echo(to_json(labelled("diagnosis", as_object(found))), nl=False)
    else:
        click.echo(as_text(found, shutil.get_terminal_size((100, 24)).columns))
    return 1 if found.differs else 0


def _case(request: Request, command_file: Path | None) -> Case:
    """The case; its pixel is None where the command line names none."""
    if command_file is None:
        return request.case(needs_pixel=False)
    from nbtui.live.cases import case_of_command_file

    case = case_of_command_file(command_file, workdir=request.workdir, pixel=request.pixel, needs_pixel=False)
    return request.of_program(case)


def _of_two_logs(request: Request, command_file: Path | None, c_log: Path, py: Trace) -> Diagnosis:
    """The diagnosis of two logs; without a simulation where the command line is missing or unusable.

    Raises:
        UnusableInput: a name of no case and of no file.
    """
    c = read_trace(c_log)
    if command_file is None and not request.finds_case:
        reason = NO_COMMAND
    else:
        try:
            return _of_case(request, _with_log(_case(request, command_file), c_log, c), c, py)
        except UnusableInput as error:
            folder = expanded(request.case_name or "")
            if not (request.flags or (command_file or folder / COMMAND_FILE).is_file()):
                raise
            reason = str(error)
    from nbtui.diagnosis.without_simulation import diagnose_from_logs

    return diagnose_from_logs(c, py, reason)


def _of_case(request: Request, case: Case, c: Trace, py: Trace) -> Diagnosis:
    """The diagnosis, with the findings about older packages of the case."""
    from nbtui.diagnosis.diagnose import diagnose
    from nbtui.evidence.check.stale import seen_before

    with Narration() as narration:
        diagnosis = diagnose(case, c, py, tell=narration.say)
    stale = seen_before(case, c, py, reports_of(request, None))
    return replace(diagnosis, preflight=(*stale, *diagnosis.preflight))


def _with_log(case: Case, c_log: Path, c: Trace) -> Case:
    """The case with its C log, and the log's pixel where the command line names none."""
    return replace(case, c_log=c_log, pixel=case.pixel or c.pixel)


def _simulated(request: Request, case: Case) -> Trace:
    from nbtui.live.session import simulate

    return simulate(case, request.settings()).trace


def _python_log(py_log: Path, py_phi: Path | None) -> Trace:
    py = read_trace(py_log)
    return py if py_phi is None else with_phi(py, read_phi(py_phi))
