"""``nbtui c-trace``: runs the user's C program on a case and keeps its log."""

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
@click.option("--binary", help="The C program, instrumented if you have it.  [default: $NB_C_BIN]")
@click.option("--out", type=click.Path(path_type=Path), help="Where its log goes.  [default: CASE/trace_c.log]")
@click.option("--force", is_flag=True, help="Replace a log that exists.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="OMP_NUM_THREADS of the run.")
@click.option(
    "--limit",
    type=click.FloatRange(0, min_open=True),
    default=_ONE_HOUR,
    show_default=True,
    metavar="SECONDS",
    help="Stop it as hung after this time.",
)
@case_options(judged=False, simulated=False)
def command(request: Request, binary: str | None, out: Path | None, force: bool, threads: int, limit: float) -> int:
    """Run your C program on CASE, one thread unless asked, and keep its whole stdout as the C log.

    It runs in a scratch directory with links to the inputs; the images that it writes are thrown away. A build
    without TRACE lines is run again with -printout_pixel. When it fails its log is kept beside, as NAME.failed.
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
        say("a stock build: the log holds only what -printout_pixel shows; an instrumented build shows every field")
    click.echo(str(log))
    return 0


def _keep(temporary: Path, log: Path) -> str:
    """The log of a failed run under the first free name beside ``log``; what to say of it."""
    if temporary.stat().st_size == 0:
        return ""
    names = (log.with_name(f"{log.name}.failed{number or ''}") for number in range(1000))
    target = next((name for name in names if not os.path.lexists(name)), None)
    if target is None:
        return ""
    publish(temporary, target)
    return f"; its log: {clean(str(target))}"
