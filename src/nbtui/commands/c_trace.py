"""``nbtui c-trace``: runs the user's C program on a case and keeps its log."""

from __future__ import annotations

import os
from pathlib import Path

import click

from nbtui.commands.options import Request, case_options, say
from nbtui.evidence.write import check_new, new_file, publish
from nbtui.live.c_program import find_program, run_c_program
from nbtui.live.cases import C_LOG


@click.command("c-trace")
@click.option("--binary", help="The instrumented C program.  [default: $NB_C_BIN]")
@click.option("--out", type=click.Path(path_type=Path), help="Where its log goes.  [default: CASE/trace_c.log]")
@click.option("--force", is_flag=True, help="Replace a log that exists.")
@case_options(judged=False)
def command(request: Request, binary: str | None, out: Path | None, force: bool) -> int:
    """Run your C program on CASE, one thread, and keep its whole stdout as the C log.

    It runs in a scratch directory with links to the inputs; the images that it writes are thrown away.
    """
    case = request.case()
    program = find_program(binary)
    log = out or (case.folder or Path()) / C_LOG
    check_new(log, force=force)
    say(f"running {program}; a large detector takes a while")
    with new_file(log.parent) as (descriptor, temporary):
        with os.fdopen(os.dup(descriptor), "w+b") as stdout:
            run_c_program(program, case, stdout)
        publish(temporary, log, force=force)
    click.echo(str(log))
    return 0
