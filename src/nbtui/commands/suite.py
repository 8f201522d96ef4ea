"""``nbtui suite``: a port judged on every case of a directory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbtui.commands.engine_options import EngineChoice
from nbtui.commands.options import say
from nbtui.commands.port_options import GivenPort, port_options
from nbtui.commands.sweep import folder_of, hunt_options, part_of, performed

if TYPE_CHECKING:
    from nbtui.live.model import Case
    from nbtui.settings import Configuration
    from nbtui.sweep.plan import SweptCase


@click.command("suite")
@click.argument("place", metavar="DIR|FILE", type=click.Path(path_type=Path))
@port_options
@click.option("--workdir", type=click.Path(path_type=Path), help="Directory of input files that a case folder lacks.")
@click.option(
    "--pixels",
    metavar="RULE",
    help="Traced pixels: all, traced, 'brightest N' or 'grid K'.  [default: all, or traced with --reference c_log]",
)
@click.option(
    "--reference",
    default="simulated",
    show_default=True,
    metavar="WHAT",
    help="Of the traces: simulated, c_log (the C logs of the cases), NB_C_BIN, or a command.",
)
@click.option("--no-image", is_flag=True, help="Compare traces alone.")
@click.option(
    "--reduce", type=click.IntRange(0), default=0, show_default=True, metavar="N", help="Runs to reduce one finding."
)
@hunt_options
def command(
    place: Path,
    given: GivenPort,
    workdir: Path | None,
    pixels: str | None,
    reference: str,
    no_image: bool,
    reduce: int,
    out: Path | None,
    part: str | None,
    parts: tuple[Path, ...],
    as_json: bool,
    c_program: str | None,
    profile: str | None,
    engine: EngineChoice,
) -> int:
    """Judge your port on every case of DIR: image and trace, the cause of each failure, and one table.

    DIR holds case folders (with command.txt and the input files), at any depth; a text file with one command line per
    line will do as well. The trace is that of the brightest pixel, and where it agrees while the image does not, also
    that of the pixel with the largest difference. The reference is our simulator as the stock C program. Without
    --suspect the command is that of nbtui.toml. Rows are kept in --out (default: the name of DIR, with the ending
    .sweep, in the current directory), so that a suite that was stopped goes on where it was; a change of the port's
    sources makes them void. Exit code 0: no finding, 1: findings.

    \b
    nbtui suite cases --suspect "python port.py {command} -trace_pixel {pixel}"
    """
    from nbtui.settings import load
    from nbtui.sweep.plan import STORED, Plan
    from nbtui.sweep.plan_file import pixels_named
    from nbtui.sweep.suite import read_suite

    configuration = load()
    suite = read_suite(place, workdir)
    for name, reason in suite.unusable:
        say(f"{name} is left out: {reason}")
    plan = Plan(
        cases=_ported(suite.cases, given, configuration),
        axes=(),
        c_program=c_program or configuration.c_program(None) or "stock",
        pixels=pixels_named(pixels or ("traced" if reference == STORED else "all"), "--pixels"),
        reference=reference,
        checks=("trace",) if no_image else ("trace", "image"),
        reduce=reduce,
        profile=profile or configuration.profile,
    )
    whole = place.resolve()
    name, chosen = whole.name if place.is_dir() else whole.stem, part_of(part)
    return performed(plan, out or folder_of(name, chosen), engine, chosen, as_json, parts)


def _ported(cases: tuple[Case, ...], given: GivenPort, configuration: Configuration) -> tuple[SweptCase, ...]:
    from nbtui.sweep.plan import SweptCase
    from nbtui.sweep.suite import known_ports

    port = given.port()
    if port is not None:
        return tuple(SweptCase(case, port) for case in cases)
    known = known_ports(cases, configuration.cases)
    return tuple(replace(one, port=given.applied_to(one.port)) for one in known)
