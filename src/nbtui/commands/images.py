"""``nbtui images``: two images compared, or the C image of a case and our simulation of it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbtui.commands.ci_format import ci_lines, format_option, one_style
from nbtui.commands.image_pick import print_pick
from nbtui.commands.narration import Narration
from nbtui.commands.options import Request, case_options, json_option, say
from nbtui.errors import NotWritten, UnusableInput
from nbtui.schemas import labelled
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.images.metrics import Gates, ImageComparison
    from nbtui.images.read import Picture
    from nbtui.live.images import PreparedCase

Roi = tuple[int, int, int, int]
Size = tuple[int, int]


def _one_or_two(request: Request, second: str | None) -> tuple[Path | None, Path | None, Request]:
    """The C image and the Python image where they are files, and the case to simulate where one is not."""
    first = request.case_name
    if second is not None and request.flags is not None:
        raise UnusableInput(f"give either '{clean(second)}' or '-- FLAGS', not both")
    if second is None and request.flags is None:
        if first is not None and Path(first).is_file():
            raise UnusableInput(
                f"{clean(first)}: only one image; name a second one, a CASE, or '-- FLAGS' to compare it with"
            )
        return None, None, request
    c_image = Path(first) if first is not None else None
    if second is not None and (Path(second).is_file() or Path(second).suffix):
        return c_image, Path(second), request
    return c_image, None, replace(request, case_name=second)


def _simulate(frame: PreparedCase) -> Picture:
    from nbtui.images.read import Picture

    size = f"{frame.shape[0]} x {frame.shape[1]} pixels (slow x fast)"
    began = time.monotonic()

    def progress(done: int, total: int) -> None:
        left = (time.monotonic() - began) * (total - done) / max(done, 1)
        narration.say(f"simulating {size}: {100 * done // max(total, 1)} %, {left:.0f} s left")

    with Narration() as narration:
        return Picture("simulated", frame.image(progress=progress), "simulated")


def _stand_in(picture: Picture, size: Size, name: str) -> Picture:
    """A stand-in of ``size`` without memory of its own."""
    import numpy as np

    return replace(picture, name=f"the detector of {clean(name)}", values=np.broadcast_to(np.float32(0.0), size))


def _pictures(
    request: Request, second: str | None, size: Size | None, at: Size | None
) -> tuple[Picture, Picture, PreparedCase | None]:
    """The C image and the Python image; with ``at``, C's is a cut-out. With a case, also what simulated it."""
    from nbtui.images.metrics import check_sizes
    from nbtui.images.read import c_image_of, placed, read_image, read_pair

    c_path, py_path, request = _one_or_two(request, second)
    if py_path is not None:
        if c_path is None:
            raise UnusableInput("two images are needed, or a CASE")
        if at is not None:
            return read_image(c_path), read_image(py_path, size), None
        return *read_pair(c_path, py_path, size), None
    # the image of a case needs no pixel
    case = replace(request, pixel=request.pixel or (0, 0)).case()
    c_path = c_path or c_image_of(case.folder, case.argv)
    if c_path is None:
        place = clean(str(case.folder or case.workdir))
        raise UnusableInput(
            f"{clean(case.name)}: no C image (neither image.npy nor the float image of the command in {place}); "
            "name it: nbtui images C_IMAGE CASE"
        )
    from nbtui.live.images import prepare

    frame = prepare(case, request.settings())
    c = read_image(c_path, size or (frame.shape if at is None else None))
    # before the simulation, which may take a while
    if at is not None:
        placed(c, frame.shape, at)
    elif c.size != frame.shape:
        check_sizes(c, _stand_in(c, frame.shape, case.name))
    simulated = _simulate(frame)
    return c, replace(simulated, name=f"simulated, {clean(case.name)} ({_how(request)})"), frame


def _with_yours(
    request: Request, second: str | None, size: Size | None, path: Path
) -> tuple[Picture, Picture, PreparedCase | None]:
    """The image of a case, C's own or simulated as a C program, and the user's image."""
    from nbtui.images.metrics import check_sizes
    from nbtui.images.read import c_image_of, read_image
    from nbtui.live.images import prepare
    from nbtui.live.reference import reference_settings

    if second is not None:
        raise UnusableInput(f"give either '{clean(second)}' or --py, not both")
    case = replace(request, pixel=request.pixel or (0, 0)).case()
    c_path = c_image_of(case.folder, case.argv)
    if c_path is not None:
        return read_image(c_path, size), read_image(path, size), None
    settings = reference_settings(request.settings())
    frame = prepare(case, settings)
    yours = read_image(path, size or frame.shape)
    check_sizes(_stand_in(yours, frame.shape, case.name), yours)
    program = settings.c_program.name if settings.c_program is not None else "stock"
    say(f"reference: simulated as {program} C; nbtui images C_IMAGE IMAGE compares with an image of the C program")
    return replace(_simulate(frame), name=f"simulated, {clean(case.name)} as {program} C"), yours, None


def _one_picture(request: Request, size: Size | None) -> Picture:
    """An image file; or the image of a case: C's own, or simulated as the C program."""
    from nbtui.images.read import c_image_of, read_image
    from nbtui.live.images import prepare
    from nbtui.live.reference import reference_settings

    if request.case_name is not None and Path(request.case_name).is_file():
        return read_image(Path(request.case_name), size)
    case = request.case(needs_pixel=False)
    path = c_image_of(case.folder, case.argv)
    if path is not None:
        return read_image(path, size)
    return replace(_simulate(prepare(case, reference_settings(request.settings()))), name=f"simulated, {case.name}")


def _how(request: Request) -> str:
    """How an image was simulated."""
    program = [] if request.c_program is None else [f"{clean(request.c_program.name)} C program"]
    threads = [f"{request.omp_threads} threads"] if request.omp_threads > 1 else []
    return ", ".join([*program, request.phi_mode, request.dtype, *threads])


def _write_pngs(folder: Path, c: Picture, py: Picture, comparison: ImageComparison, *, force: bool) -> None:
    from nbtui.evidence.write.files import write_file
    from nbtui.images.pictures import DIFFERENCE, PYTHON, C, pictures

    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise NotWritten(f"--png {clean(str(folder))}: {error.strerror}") from error
    made = pictures(c, py, comparison)
    for name, picture in made.items():
        write_file(folder / name, picture.file(name), force=force)
    grey, colour = made[PYTHON].legend, made[DIFFERENCE].legend
    say(f"{clean(str(folder))}: {C}, {PYTHON} ({grey}); {DIFFERENCE} ({colour})")


def _gates(name: str) -> Gates:
    from nbtui.images.metrics import GATES

    if name not in GATES:
        raise UnusableInput(f"--gates {clean(name)}: must be one of {', '.join(GATES)}")
    return GATES[name]


@click.command("images")
@click.option("--roi", type=int, nargs=4, metavar="F0 F1 S0 S1", help="Compare only these pixels; inclusive, as -roi.")
@click.option("--mask", type=click.Path(path_type=Path), help="Mask, SMV or .npy; pixels with 0 are ignored.")
@click.option("--size", type=click.IntRange(min=1), nargs=2, metavar="SLOW FAST", help="Size of raw float images.")
@click.option(
    "--at", type=click.IntRange(min=0), nargs=2, metavar="SLOW FAST", help="Position of C_IMAGE, if it is a cut-out."
)
@click.option(
    "--gates",
    "--profile",
    "gates",
    default="field",
    show_default=True,
    metavar="NAME",
    help="Acceptance criteria: field or exact.",
)
@click.option(
    "--py",
    "yours",
    type=click.Path(path_type=Path),
    help="Your image, against the one of CASE: C's own, or simulated as --c-program.",
)
@json_option
@format_option
@click.option(
    "--png",
    "folder",
    type=click.Path(path_type=Path),
    help="Write c.png, python.png and difference.png to this folder.",
)
@click.option("--force", is_flag=True, help="Replace existing pictures.")
@click.option(
    "--pick",
    is_flag=True,
    help="Only print -trace_pixel SLOW FAST: the brightest pixel of one image, the largest difference of two.",
)
@case_options(judged=False)
@click.argument("second", required=False, metavar="[PY_IMAGE|CASE]")
def command(
    request: Request,
    second: str | None,
    roi: Roi | None,
    mask: Path | None,
    size: Size | None,
    at: Size | None,
    gates: str,
    as_json: bool,
    ci: str | None,
    yours: Path | None,
    folder: Path | None,
    force: bool,
    pick: bool,
) -> int:
    """Compare C_IMAGE with PY_IMAGE, or the C image of CASE with the simulated one. Exit code 0: agree, 1: divergence.

    \b
    nbtui images C_IMAGE PY_IMAGE     two files: raw floats, SMV or .npy
    nbtui images CASE                 the C image in the case folder, and our simulation
    nbtui images C_IMAGE CASE         any C image, and our simulation (also: C_IMAGE -- FLAGS)
    nbtui images CASE --py IMAGE      your image; without a C image in the case folder, C is simulated
    nbtui images IMAGE|CASE --pick    the brightest pixel, as a flag for the next command line

    Gates 'field': a correlation of at least 0.9995, a ratio of sums from 0.99 to 1.01, peaks within 1 pixel;
    'exact': every pixel within 1e-6 of its value where it exceeds 1e-6 of the maximum.
    """
    from nbtui.images.metrics import check_sizes, compare_images
    from nbtui.images.read import placed, read_mask
    from nbtui.images.render import as_object, summary
    from nbtui.images.threads import with_threads
    from nbtui.parity.metrics import to_json

    chosen, began, style = _gates(gates), datetime.now(UTC), one_style("json" if as_json else None, ci)
    if pick and yours is None and second is None:
        return print_pick((_one_picture(request, size),), roi, mask)
    if yours is not None:
        c, py, frame = _with_yours(request, second, size, yours)
    else:
        c, py, frame = _pictures(request, second, size, at)
    extent = None
    if at is not None:
        extent = (at[1], at[1] + c.size[1] - 1, at[0], at[0] + c.size[0] - 1)
        c = placed(c, py.size, at)
    for note in filter(None, (c.note, py.note)):
        say(note)
    check_sizes(c, py)
    if pick:
        return print_pick((c, py), roi or extent, mask)
    kept = read_mask(mask, c.size) if mask is not None else None
    comparison = compare_images(c, py, roi=roi or extent, mask=kept)
    if frame is not None:
        comparison = with_threads(comparison, c, py, frame.thread_counts)
    if folder is not None:
        _write_pngs(folder, c, py, comparison, force=force)
    names = (c.name, py.name)
    if ci is not None:
        from nbtui.ci.images import of_images

        name = f"nbtui images {names[1]}"
        for line in ci_lines(of_images(comparison, chosen, name, "" if frame is not None else names[1]), style, began):
            click.echo(line)
    elif as_json:
        click.echo(to_json(labelled("images", as_object(comparison, chosen, names))), nl=False)
    else:
        for line in summary(comparison, chosen, names):
            click.echo(line)
    return 1 if comparison.failures(chosen) else 0
