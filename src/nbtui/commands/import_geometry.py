"""``nbtui import``: the geometry of DIALS or XDS as a case."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from nbtui.commands.options import Invocation, say
from nbtui.errors import NotWritten, UnusableInput
from nbtui.evidence.write.files import write_file
from nbtui.geometry.command_line import MATRIX_FILE, STEPS, command_words, matrix_text
from nbtui.geometry.expt import read_expt
from nbtui.geometry.model import Geometry
from nbtui.geometry.xparm import is_xparm, read_xparm
from nbtui.paths import COMMAND_FILE
from nbtui.regular_file import open_regular
from nbtui.trace.text import clean


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder of the case.  [default: name of FILE]"
)
@click.option("--experiment", type=click.IntRange(0), metavar="N", help="Experiment of a .expt file, from 0.")
@click.option("--image", type=int, metavar="N", help="Image of the scan.  [default: the first]")
@click.option("--force", is_flag=True, help="Replace existing files.")
@click.pass_context
def command(
    context: click.Context, file: Path, out: Path | None, experiment: int | None, image: int | None, force: bool
) -> int:
    """Turn a .expt file of DIALS, or an XPARM.XDS or GXPARM.XDS of XDS, into a case folder, and print its command line.

    '-- FLAGS' adds flags: structure factors, crystal size, spot shape, pixel; such as
    '-- -hkl my.hkl -N 20 -trace_pixel 100 200'. One flat panel, one wavelength and a static crystal; a file with
    more is refused by name.
    """
    invocation = context.find_object(Invocation)
    flags = (invocation.flags if invocation is not None else None) or ()
    found = _read(file, experiment, image)
    words = [*command_words(found), *(shlex.quote(flag) for flag in flags)]
    folder = out or Path(file.resolve().stem)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise NotWritten(f"{clean(str(folder))}: {error.strerror}") from error
    text = " ".join(words)
    if found.real_axes is not None:
        write_file(folder / MATRIX_FILE, matrix_text(found).encode("ascii"), force=force)
    write_file(folder / COMMAND_FILE, f"nanoBragg {text}\n".encode(), force=force)
    click.echo(clean(f"nanoBragg {text}"))
    say(f"written: {clean(str(folder))}")
    if found.real_axes is None:
        say("no crystal in the file: add -cell or -mat, and -misset")
    if found.rotation is not None:
        say(f"-phisteps {STEPS} is a choice: the file states the width of the image alone")
    return 0


def _read(file: Path, experiment: int | None, image: int | None) -> Geometry:
    try:
        with open_regular(file) as stream:
            begin = stream.read(200).decode("latin-1")
    except OSError as error:
        raise UnusableInput(f"{clean(str(file))}: cannot be read ({error.strerror})") from error
    if is_xparm(begin):
        if experiment is not None:
            raise UnusableInput(f"{clean(str(file))}: --experiment belongs to .expt files; an XPARM.XDS has one")
        return read_xparm(file, image)
    if begin.lstrip().startswith("{"):
        return read_expt(file, experiment, image)
    raise UnusableInput(f"{clean(str(file))}: neither a .expt file of DIALS (JSON) nor an XPARM.XDS of XDS")
