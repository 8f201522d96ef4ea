"""``nbtui history``: the packages of a root in order of time, with the change in each."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from nbtui.errors import UnusableInput
from nbtui.evidence.history import history, load, note
from nbtui.evidence.read.folder import is_package, list_files
from nbtui.evidence.render import as_object, table
from nbtui.schemas import labelled
from nbtui.trace.text import clean

PIPE_WIDTH = 160  # columns without a terminal


@click.command("history")
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--note", "package", type=click.Path(path_type=Path), help="Print five plain lines about one package.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, oldest first.")
def command(directory: Path | None, package: Path | None, as_json: bool) -> int:
    """List the packages of DIR (default: the reports of the settings) in order of time: first divergence, gap, change.

    Each is compared with the previous package of the same case and pixel. With --note PACKAGE: verdict, delta,
    first divergence, changes and relative path, to paste into a ledger; DIR then holds the predecessors (default:
    the directory of PACKAGE).
    """
    if package is not None:
        if not is_package(package.resolve().name, set(list_files(package))):
            raise UnusableInput(f"{clean(str(package))}: not a package; name a directory such as reports/STAMP")
        for line in note(package, directory).splitlines():
            click.echo(clean(line))
        return 0
    if directory is None:
        from nbtui.settings import load as load_configuration  # takes as long as all other modules

        directory = load_configuration().reports
    if not directory.is_dir():
        raise UnusableInput(f"{clean(str(directory))}: no such directory; name the one of the packages")
    entries = history(load(directory))
    if as_json:
        from nbtui.parity.metrics import to_json

        click.echo(to_json([labelled("package", as_object(entry)) for entry in entries]), nl=False)
    elif not entries:
        click.echo(f"no packages in {clean(str(directory))}", err=True)
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH
        click.echo(table(entries, width))
    return 0
