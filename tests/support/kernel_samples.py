"""Small runs for the kernels: every flag added to a base, every quirk switched."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from nbsim import FLAGS, Experiment, Quirks
from support.flag_samples import BASES, SIZE, words_of

# what the tile kernel leaves to the formula, and the C kernel does not
C_BASES = {
    "round": "-round_xtal -hkl box.hkl -interpolate -curved_det yes -oversample 2 -detector_abs 300 "
    "-detector_thick 400",
    "gauss": "-gauss_xtal -default_F 50 -dmin 3 -oversample 2 -oversample_thick -oversample_polar -oversample_omega "
    "-detector_abs 300 -detector_thick 400 -thicksteps 2 -sourcefile sources.txt -water 0.01",
    "tophat": "-binary_spots -hkl box.hkl -interpolate -dmin 2 -mosaic 2 -mosaic_domains 3 -oversample_polar "
    "-oversample 1 -N 5",
    "square": "-hkl box.hkl -interpolate -phi 0 -osc 3 -phisteps 3 -curved_det yes -oversample_omega "
    "-oversample 2 -N 5",
}


@dataclass(frozen=True)
class Change:
    """A base with one flag added or one quirk switched."""

    base: str
    words: tuple[str, ...] = ()
    quirk: str = ""


@cache
def experiment_of(change: Change, folder: Path) -> Experiment:
    draw = random.Random(change.base)
    angles = " ".join(f"{draw.uniform(0.0, 90.0):.3f}" for _ in range(3))
    start = (
        f"-cell 30 40 50 {draw.uniform(75, 105):.2f} 85 95 -misset {angles} -N 3 -lambda 1 -distance 60 "
        f"-detpixels {SIZE} -pixel 4 {(BASES | C_BASES)[change.base]}"
    )
    default = {field.name: field.default for field in fields(Quirks)}
    quirks = {change.quirk: not default[change.quirk]} if change.quirk else {}
    return Experiment.from_command([*start.split(), *change.words], folder, quirks=quirks)


def flag_changes() -> Iterator[Change]:
    for base in BASES:
        for flag in FLAGS:
            if flag.names == ("--column",) and "box.hkl" in BASES[base]:
                continue  # a text of h k l F has no columns to choose from
            yield Change(base, words_of(flag))


def quirk_changes() -> Iterator[Change]:
    for base in BASES:
        for field in fields(Quirks):
            yield Change(base, quirk=field.name)


CHANGES = (*map(Change, BASES), *flag_changes(), *quirk_changes())


def changes_of(base: str) -> list[Change]:
    """The changes of one base: every flag and quirk, or for those of the C kernel alone every quirk."""
    own = [change for change in CHANGES if change.base == base]
    return own or [Change(base, quirk=name) for name in ("", *(field.name for field in fields(Quirks)))]
