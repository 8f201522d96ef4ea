"""``nbtui trace``: the Python trace of a case, as a log file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from nbtui.commands.options import Request, case_options, say
from nbtui.errors import UnusableInput
from nbtui.evidence.write.files import check_new, write_file

STDOUT = Path("-")


@click.command("trace")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File for the trace; - for stdout.")
@click.option("--per-phi", type=click.Path(path_type=Path), help="Separate file for the TRACE_PY_PHI lines.")
@click.option("--terms", type=click.Path(path_type=Path), help="File for every contribution, as terms.csv.")
@click.option("--force", is_flag=True, help="Replace existing files.")
@case_options(judged=False)
def command(request: Request, out: Path, per_phi: Path | None, terms: Path | None, force: bool) -> int:
    """Simulate the pixel of CASE and write its trace (TRACE_PY lines in C's order)."""
    from nbtui.live.session import simulate, split_phi, terms_csv

    names = [path for path in (out, per_phi, terms) if path is not None]
    if len({path if path == STDOUT else path.resolve() for path in names}) < len(names):
        raise UnusableInput("--out, --per-phi and --terms must name different files")
    for path in names:
        if path != STDOUT:
            check_new(path, force=force)
    simulation = simulate(request.case(), request.settings())
    for notice in simulation.notices:
        say(notice)
    main, phi = split_phi(simulation.trace_lines)
    outputs: dict[Path, str] = {out: _text(main if per_phi is not None else simulation.trace_lines)}
    if per_phi is not None:
        outputs[per_phi] = _text(phi)
    if terms is not None:
        outputs[terms] = terms_csv(simulation.terms)
    _write(outputs, force)
    return 0


def _text(lines: tuple[str, ...]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _write(outputs: Mapping[Path, str], force: bool) -> None:
    for path, text in outputs.items():
        if path == STDOUT:
            click.echo(text, nl=False)
        else:
            write_file(path, text.encode("utf-8"), force=force)
            say(f"wrote {path}")
