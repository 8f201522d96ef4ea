"""``nbtui report``: a package, or a sweep, as one HTML file to send."""

from __future__ import annotations

from pathlib import Path

import click

from nbtui.commands import completions
from nbtui.commands.options import say
from nbtui.errors import NotWritten, UnusableInput
from nbtui.evidence.layout import METRICS
from nbtui.evidence.page.content import PageContent, content_of
from nbtui.evidence.page.figures import share_bars, waterfall_bars
from nbtui.evidence.page.html import page
from nbtui.evidence.write.files import write_file
from nbtui.regular_file import read_regular
from nbtui.results.packages import verified
from nbtui.trace.text import clean

SWEPT = "report.html"  # in the folder of a sweep
_LARGEST = 1 << 28  # bytes of a sweep's page


@click.command("report")
@click.argument("folder", metavar="PACKAGE|SWEEP", type=click.Path(path_type=Path), shell_complete=completions.packages)
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE.html", help="Default: its name with .html.")
@click.option(
    "--images",
    nargs=2,
    type=click.Path(path_type=Path),
    metavar="C_IMAGE IMAGE",
    help="Also show these two images and their difference.",
)
@click.option("--svg", type=click.Path(path_type=Path), metavar="DIR", help="Also write the figures as SVG files.")
@click.option("--replay", is_flag=True, help="Verify by simulating the pixel again, too.")
@click.option("--force", is_flag=True, help="Replace existing files.")
def command(
    folder: Path, out: Path | None, images: tuple[Path, Path] | None, svg: Path | None, replay: bool, force: bool
) -> int:
    """Write one self-contained HTML file: verdict, first divergence, causes, contributions, every value, origin.

    The package is verified first, and the page states the outcome; its comparison is made again from the logs. Without
    scripts or links to elsewhere; for light and dark screens and for paper. For the folder of a sweep, its own page.
    """
    target = out or Path(f"{folder.resolve().name}.html")
    if not (folder / METRICS).exists() and (folder / SWEPT).exists():
        if images or svg is not None or replay:
            raise UnusableInput(f"{clean(str(folder))} is a sweep: --images, --svg and --replay belong to a package")
        write_file(target, read_regular(folder / SWEPT, _LARGEST), force=force)
    else:
        if not (folder / METRICS).exists():
            raise UnusableInput(f"{clean(str(folder))}: neither a package ({METRICS}) nor a sweep ({SWEPT})")
        content = content_of(verified(folder, replay=replay))
        write_file(target, page(content, _pictures(images)).encode("utf-8"), force=force)
        if svg is not None:
            _figures(content, svg, force=force)
    say(f"written: {clean(str(target))}")
    return 0


def _pictures(images: tuple[Path, Path] | None) -> dict[str, tuple[bytes, str]]:
    if not images:
        return {}
    from nbtui.images.metrics import compare_images
    from nbtui.images.pictures import DIFFERENCE, PYTHON, C, pictures
    from nbtui.images.read import read_pair

    c, other = read_pair(*images, None)
    made = pictures(c, other, compare_images(c, other))
    names = {C: clean(str(images[0])), PYTHON: clean(str(images[1])), DIFFERENCE: "their difference"}
    return {names[name]: (drawn.file(name), drawn.legend) for name, drawn in made.items()}


def _figures(content: PageContent, folder: Path, *, force: bool) -> None:
    made = {"waterfall.svg": waterfall_bars(content.waterfall)} if content.waterfall else {}
    for name, shares, axis in (
        ("phi_shares.svg", content.shares.phi, "phi step"),
        ("mosaic_shares.svg", content.shares.mosaic, "mosaic domain"),
    ):
        if len(shares) > 1:
            made[name] = share_bars(shares, axis)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise NotWritten(f"--svg {clean(str(folder))}: {error.strerror}") from error
    for name, text in made.items():
        write_file(folder / name, text.encode("utf-8"), force=force)
    say(f"{clean(str(folder))}: {', '.join(made) or 'no figure: neither terms nor a diagnosis in the package'}")
