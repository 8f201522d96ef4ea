"""``nbtui sweep``: a port judged on many command lines, from a plan."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbtui.commands.engine_options import EngineChoice, engine_options
from nbtui.commands.narration import Narration
from nbtui.commands.options import Command, json_option, say
from nbtui.errors import UnusableInput
from nbtui.schemas import labelled
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.sweep.plan import Plan
    from nbtui.sweep.sweep import Part, SweepProgress, Swept

_SUFFIX = ".sweep"  # of a folder
_MERGE = "merge"
_PIPE_WIDTH = 120  # columns without a terminal

out_option = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder of rows, logs, findings and reports."
)
part_option = click.option(
    "--part",
    metavar="I/N",
    help="Only every N-th command line; auto/N: I is the index of a job array's task.",
)
_OF_HUNTS = (
    out_option,
    engine_options,
    part_option,
    click.option(
        "--join",
        "parts",
        multiple=True,
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Folder of a part, whose rows are taken over; once for each part.",
    ),
    json_option,
    click.option(
        "--c-program", metavar="NAME", help="C program of the reference: stock, fixed, cuda.  [default: stock]"
    ),
    click.option("--profile", metavar="NAME", help="Tolerance profile.  [default: full]"),
)


def hunt_options(command: Command) -> Command:
    """The options of a sweep without a plan: hunt and suite."""
    wrapped: Any = command
    for option in reversed(_OF_HUNTS):
        wrapped = option(wrapped)
    result: Command = wrapped
    return result


@click.command("sweep")
@click.argument("words", metavar="PLAN | merge PLAN DIR...", nargs=-1, required=True)
@out_option
@engine_options
@part_option
@click.option("--estimate", is_flag=True, help="Judge a small sample; print the time and disk that the rest takes.")
@json_option
def command(
    words: tuple[str, ...], out: Path | None, estimate: bool, part: str | None, as_json: bool, engine: EngineChoice
) -> int:
    """Judge a port on every command line of PLAN, a TOML file; name each cause once, with its smallest command line.

    Rows are kept in PLAN's folder of the same name with the ending .sweep, so that a sweep that was stopped goes on
    where it was; a change of the plan, its files or the port's sources makes them void. Exit code 0: no finding,
    1: findings.

    \b
    nbtui sweep PLAN                    the whole sweep
    nbtui sweep PLAN --part 3/10        a part, in a folder of its own (auto/10: of a job array)
    nbtui sweep merge PLAN DIR...       the findings of all parts
    nbtui sweep PLAN --estimate         the time and disk that it takes, on this machine and on a cluster

    docs/sweeps.md tells the keys of a plan, docs/sweeps_on_clusters.md the use of several machines.
    """
    from nbtui.sweep.plan_file import read_plan

    merging = words[0] == _MERGE
    if merging and len(words) < 3:
        raise UnusableInput("nbtui sweep merge PLAN DIR...: name the plan and the folders of its parts")
    if estimate and (merging or part is not None):
        raise UnusableInput("--estimate is of a whole plan: neither merge nor --part goes with it")
    if not merging and len(words) > 1:
        raise UnusableInput(f"'{clean(words[1])}': one plan at a time")
    path = Path(words[1] if merging else words[0])
    plan = read_plan(path)
    chosen = part_of(part)
    folder = out or folder_of(path.stem, chosen, path.parent)
    if estimate:
        return estimated(plan, folder, engine, as_json)
    return performed(plan, folder, engine, chosen, as_json, [Path(word) for word in words[2:]])


def folder_of(name: str, part: Part, place: Path = Path()) -> Path:
    """The folder of a sweep with this name in ``place``, or of its part."""
    of_part = "" if part.of == 1 else f"-{part.number}-of-{part.of}"
    return place / f"{clean(name)}{of_part}{_SUFFIX}"


def part_of(text: str | None) -> Part:
    """The part that an option names. Raises UnusableInput."""
    from nbtui.sweep.parts import part_named

    return part_named(text, os.environ)


def performed(
    plan: Plan, folder: Path, chosen: EngineChoice, part: Part, as_json: bool, parts: Sequence[Path] = ()
) -> int:
    """Sweep, write the report and print it; a part is only judged. The exit code.

    ``parts``: folders of parts that were judged elsewhere.
    """
    from nbtui.live.absence import require_torch
    from nbtui.sweep.parts import join
    from nbtui.sweep.sweep import judge_part, sweep

    require_torch()
    if parts and part.of > 1:
        raise UnusableInput("parts are joined into a whole sweep: leave out --part")
    plan = plan.absolute()
    join(parts, folder)
    say(f"rows and logs: {clean(str(folder))}")
    with chosen.opened(plan, folder) as engine, Narration() as narration:

        def tell(progress: SweepProgress) -> None:
            narration.say(_progress(progress))

        if part.of > 1:
            rows = judge_part(plan, folder, engine, tell, part)
        else:
            swept = sweep(plan, folder, engine, tell)
    if part.of == 1:
        return _reported(plan, swept, folder, as_json)
    failing = sum(row.answer.fails for row in rows)
    if as_json:
        click.echo(
            json.dumps(labelled("part", {"part": part.number, "of": part.of, "rows": len(rows), "failing": failing}))
        )
    else:
        click.echo(f"part {part.number} of {part.of}: {len(rows)} rows, {failing} failing")
    return 1 if failing else 0


def estimated(plan: Plan, folder: Path, chosen: EngineChoice, as_json: bool) -> int:
    """Time a sample of a plan and print what the rest takes. The exit code."""
    from dataclasses import asdict

    from nbtui.sweep.estimate import estimate, estimate_lines

    say(f"rows and logs: {clean(str(folder))}")
    with chosen.opened(plan, folder) as engine, Narration() as narration:
        found = estimate(plan, folder, engine, lambda progress: narration.say(_progress(progress)))
    if as_json:
        click.echo(json.dumps(labelled("estimate", asdict(found))))
    else:
        for line in estimate_lines(found):
            click.echo(line)
    return 0


def _progress(progress: SweepProgress) -> str:
    failing = f", {progress.failing} failing" if progress.failing else ""
    return f"{progress.phase}: {progress.done} of {progress.of}{failing}"


def _reported(plan: Plan, swept: Swept, folder: Path, as_json: bool) -> int:
    from nbtui.sweep.render import as_object, summary_lines
    from nbtui.sweep.write import write_report

    folders = write_report(plan, swept, folder)
    if not (swept.judged or swept.found):
        why = swept.rows[0].detail if swept.rows else "the plan has no command line"
        raise UnusableInput(f"nothing was judged: the reference takes none of {len(swept.rows)} command lines; {why}")
    if as_json:
        click.echo(json.dumps(as_object(plan, swept, folders), allow_nan=False))
    else:
        for line in summary_lines(plan, swept, folders, shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns):
            click.echo(line)
    kept = f"{len(folders)} case folder{'s' * (len(folders) != 1)}"
    packages = sum(one.package is not None for one in folders.values())
    kept += f", {packages} with an evidence package," if packages else ""
    say(f"{folder / 'report.html'}; {kept} in {folder / 'findings'}")
    return 1 if swept.found else 0
