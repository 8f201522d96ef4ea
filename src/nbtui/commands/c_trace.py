"""``nbtui c-trace``: run the user's C program on a case and keep its log."""

from __future__ import annotations

import os
from pathlib import Path

import click

from nbtui.commands.options import Request, case_options, say
from nbtui.errors import SimulationFailed
from nbtui.evidence.write.files import check_new, new_file, publish
from nbtui.live.c_program import Limits, find_program, run_c_program
from nbtui.live.cases import C_LOG
from nbtui.trace.text import clean

_ONE_HOUR = 3600.0


@click.command("c-trace")
@click.option("--binary", help="C program, instrumented if available.  [default: $NB_C_BIN]")
@click.option("--out", type=click.Path(path_type=Path), help="File for its log.  [default: CASE/trace_c.log]")
@click.option("--force", is_flag=True, help="Replace an existing log.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="OMP_NUM_THREADS of the run.")
@click.option(
    "--limit",
    type=click.FloatRange(0, min_open=True),
    default=_ONE_HOUR,
    show_default=True,
    metavar="SECONDS",
    help="Time after which the run counts as hung.",
)
@case_options(judged=False, simulated=False)
def command(request: Request, binary: str | None, out: Path | None, force: bool, threads: int, limit: float) -> int:
    """Run your C program on CASE, in one thread by default, and keep its whole stdout as the C log.

    It runs in a scratch directory with links to the inputs; its images are discarded. A build without TRACE lines
    runs a second time, with -printout_pixel. The log of a failed run is kept as NAME.failed.
    """
    case = request.case()
    program = find_program(binary)
    log = out or (case.folder or Path()) / C_LOG
    check_new(log, force=force)
    say(f"running {program}; a large detector takes a while")
    with new_file(log.parent) as (descriptor, temporary):
        try:
            with os.fdopen(os.dup(descriptor), "w+b") as stdout:
                traced = run_c_program(program, case, stdout, Limits(threads, limit), say)
        except SimulationFailed as failure:
            kept = _keep(temporary, log)
            raise SimulationFailed(f"{failure}{kept}") from failure
        publish(temporary, log, force=force)
    if not traced:
        say("a stock build: the log holds only the values of -printout_pixel; an instrumented build traces every field")
    click.echo(str(log))
    return 0


def _keep(temporary: Path, log: Path) -> str:
    """Keep the log of a failed run under the first free name beside ``log``; returns the end of the error message."""
    if temporary.stat().st_size == 0:
        return ""
    names = (log.with_name(f"{log.name}.failed{number or ''}") for number in range(1000))
    target = next((name for name in names if not os.path.lexists(name)), None)
    if target is None:
        return ""
    publish(temporary, target)
    return f"; its log: {clean(str(target))}"
