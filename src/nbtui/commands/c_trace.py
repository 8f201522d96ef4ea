"""``nbtui c-trace``: run the user's C program on a case and keep its log, and its images on request."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import click

from nbtui.commands.options import Request, case_options, say
from nbtui.errors import SimulationFailed, UnusableInput
from nbtui.evidence.write.files import check_new, publish
from nbtui.live.c_program import FLOAT_IMAGE, SMV_IMAGE, Limits, find_program, run_c_program
from nbtui.live.cases import C_LOG
from nbtui.parity.stock import stock_log
from nbtui.trace.reading.reader import read_trace
from nbtui.trace.text import clean
from nbtui.whole_file import new_file

_ONE_HOUR = 3600.0


@click.command("c-trace")
@click.option("--binary", help="C program, instrumented if available.  [default: $NB_C_BIN]")
@click.option("--out", type=click.Path(path_type=Path), help="File for its log.  [default: CASE/trace_c.log]")
@click.option("--image", type=click.Path(path_type=Path), help="File for its float image; a bare name: beside the log.")
@click.option("--smv", type=click.Path(path_type=Path), help="File for its SMV image; a bare name: beside the log.")
@click.option("--force", is_flag=True, help="Replace existing files.")
@click.option("--identify", "identifies", is_flag=True, help="Only find out which C program it is; no CASE is needed.")
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
def command(
    request: Request,
    binary: str | None,
    out: Path | None,
    image: Path | None,
    smv: Path | None,
    force: bool,
    identifies: bool,
    threads: int,
    limit: float,
) -> int:
    """Run your C program on CASE, in one thread by default, and keep its whole stdout as the C log.

    It runs in a scratch directory with links to the inputs; its images are discarded, but for --image and --smv. A
    build without TRACE lines runs with -printout_pixel; a script in its place may run twice. The log of a failed run is
    kept as NAME.failed.

    --identify runs it on three tiny cases and prints the name for --c-program: stock, fixed, cuda, or "unknown:
    behaves as ... except ..." with exit code 1.
    """
    if identifies:
        return _identify(request, find_program(binary), Limits(1, limit))
    case = request.case()
    program = find_program(binary)
    log = out or (case.folder or Path()) / C_LOG
    wanted = {FLOAT_IMAGE: image, SMV_IMAGE: smv}
    images = {kind: _beside(path, log) for kind, path in wanted.items() if path is not None}
    for path in (log, *images.values()):
        check_new(path, force=force)
    say(f"running {program}; a large detector takes a while")
    with ExitStack() as stack:
        descriptor, temporary = stack.enter_context(new_file(log.parent))
        files = {kind: stack.enter_context(new_file(path.parent)) for kind, path in images.items()}
        try:
            with ExitStack() as streams:
                stdout = streams.enter_context(os.fdopen(os.dup(descriptor), "w+b"))
                targets = {kind: streams.enter_context(os.fdopen(os.dup(at), "w+b")) for kind, (at, _) in files.items()}
                traced = run_c_program(program, case, stdout, Limits(threads, limit), say, targets)
        except SimulationFailed as failure:
            kept = _keep(temporary, log)
            raise SimulationFailed(f"{failure}{kept}") from failure
        publish(temporary, log, force=force)
        for kind, (_, made) in files.items():
            publish(made, images[kind], force=force)
    if not traced:
        say(f"{clean(str(log))}: {stock_log(read_trace(log))}")
    for path in (*images.values(), log):
        click.echo(str(path))
    return 0


def _identify(request: Request, program: Path, limits: Limits) -> int:
    """Print which C program it is, and what it does in each case."""
    from nbtui.live.identify import identify

    if request.names_case:
        raise UnusableInput("--identify runs cases of its own; leave CASE and '-- FLAGS' out")
    found = identify(program, limits, say)
    click.echo(found.sentence)
    for seen in found.observed:
        click.echo(f"  {seen.what}: {seen.words}")
    for line in found.own_table:
        say(f"nbtui.toml: {line}")
    return 0 if found.name else 1


def _beside(path: Path, log: Path) -> Path:
    """The path of an image; a bare name stands beside the log."""
    return log.parent / path if path.parent == Path() else path


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
