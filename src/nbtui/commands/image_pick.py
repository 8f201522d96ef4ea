"""``nbtui images --pick``: the pixel that is worth a trace, as a flag for the next command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbtui.commands.options import say
from nbtui.errors import UnusableInput
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.images.read import Picture

Roi = tuple[int, int, int, int]


def print_pick(pictures: Sequence[Picture], roi: Roi | None, mask: Path | None) -> int:
    """Print ``-trace_pixel SLOW FAST``: the brightest pixel of one picture, or the worst one of two. The exit code.

    Raises:
        UnusableInput: no pixel qualifies, or the mask is unusable.
    """
    import numpy as np

    from nbtui.images.pick import brightest_pixels, worst_pixel
    from nbtui.images.read import read_mask

    first = pictures[0]
    kept = np.ones(first.size, dtype=bool) if mask is None else read_mask(mask, first.size).copy()
    if roi is not None:
        inside = np.zeros_like(kept)
        inside[roi[2] : roi[3] + 1, roi[0] : roi[1] + 1] = True
        kept &= inside
    values = [picture.as_floats() for picture in pictures]
    worst = worst_pixel(values[0], values[1], kept) if len(values) > 1 else None
    if worst is not None:
        slow, fast = worst
        say(
            f"largest difference: {clean(pictures[0].name)} {values[0][worst]:.7g}, "
            f"{clean(pictures[1].name)} {values[1][worst]:.7g}"
        )
    else:
        found = brightest_pixels(np.where(kept, values[0], 0.0))
        if not found:
            raise UnusableInput(f"{clean(first.name)}: no pixel above 0" + (" inside" if roi or mask else ""))
        slow, fast = found[0]
        same = "no pixel differs; " if len(values) > 1 else ""
        say(f"{same}brightest pixel: {clean(first.name)} {values[0][found[0]]:.7g}")
    click.echo(f"-trace_pixel {slow} {fast}")
    return 0
