"""``nbtui hunt``: a sweep over the usual axes, without a plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbtui.commands.engine_options import EngineChoice
from nbtui.commands.options import Request, case_options
from nbtui.commands.port_options import GivenPort, port_options
from nbtui.commands.sweep import folder_of, hunt_options, part_of, performed

if TYPE_CHECKING:
    from nbtui.live.model import Case
    from nbtui.sweep.plan import SweptPort

_NAME = "hunt"


@click.command("hunt")
@port_options
@click.option(
    "--mode",
    type=click.Choice(["one-at-a-time", "pairwise", "random"]),
    default="pairwise",
    show_default=True,
    help="How values combine.",
)
@click.option("--number", type=click.IntRange(1), metavar="N", help="Command lines of --mode random.  [default: 200]")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the random combinations.")
@click.option("--image", is_flag=True, help="Compare whole images as well.")
@hunt_options
@case_options(judged=False, simulated=False)
def command(
    request: Request,
    given: GivenPort,
    mode: str,
    number: int | None,
    seed: int,
    image: bool,
    out: Path | None,
    part: str | None,
    parts: tuple[Path, ...],
    as_json: bool,
    engine: EngineChoice,
) -> int:
    """Find where your port is wrong: CASE with every flag of nanoBragg, alone and in pairs, against our reference.

    The base command should be small: a detector of some 30 x 30 pixels. Each failure is diagnosed, each cause named
    once, with the smallest command line that shows it, as a case folder with a regression test. The traced pixel is
    the brightest one, or --pixel. Rows are kept in --out (default: hunt.sweep), so that a hunt that was stopped goes on
    where it was; a change of the port's sources makes them void. Exit code 0: no finding, 1: findings.

    \b
    nbtui hunt CASE --suspect "python port.py {command} -trace_pixel {pixel}"
    nbtui hunt CASE --suspect ... --part 1/4        a part, in hunt-1-of-4.sweep
    nbtui hunt CASE --suspect ... --join DIR ...    the findings of all parts
    """
    from nbtui.live.door import options_of
    from nbtui.sweep.modes import Mode
    from nbtui.sweep.plan import NUMBER, PixelRule, Pixels, Plan, SweptCase
    from nbtui.sweep.usual import usual_axes

    case = request.case(needs_pixel=False)
    plan = Plan(
        cases=(SweptCase(case, _port(request, case, given)),),
        axes=usual_axes(options_of(case)),
        mode=Mode(mode),
        number=number or NUMBER,
        seed=seed,
        c_program=request.c_program.name if request.c_program is not None else "stock",
        pixels=Pixels(PixelRule.TRACED) if request.pixel is not None else Pixels(),
        checks=("trace", "image") if image else ("trace",),
        profile=request.profile,
    )
    chosen = part_of(part)
    return performed(plan, out or folder_of(_NAME, chosen), engine, chosen, as_json, parts)


def _port(request: Request, case: Case, given: GivenPort) -> SweptPort:
    """The port, from the command line, else from the case's table in nbtui.toml."""
    from nbtui.runs.known import known_commands
    from nbtui.sweep.plan import SECONDS, SweptPort

    if given.suspect_program:
        found = given.port()
        assert found is not None
        return found
    entry = request.configuration.cases.get(request.case_name or "")
    placed = replace(case, pixel=case.pixel or (0, 0))
    known = known_commands(placed, entry, suspect=given.suspect, run_in=given.run_in)
    commands = known.commands
    return SweptPort(
        run_in=commands.run_in,
        sources_base=known.sources_base,
        suspect=commands.suspect,
        rename=given.pairs,
        environment=commands.environment,
        seconds=given.limit or SECONDS,
        shell=commands.shell,
        sources=known.sources,
    )
