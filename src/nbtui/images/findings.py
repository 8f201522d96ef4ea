"""Oddities of two images, in plain sentences with their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nbtui.images.peaks import PeakPair
from nbtui.images.relation import Differs, Pair, Relation, find_relation

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FULL = 65535  # the largest value of an unsigned 16-bit pixel
_SPOTS = 3  # fewest peaks for a displacement
_DISPLACED = 0.1  # pixels; a smaller displacement is not reported
_FAR = 1.5  # pixels; partners further apart may be different spots


@dataclass(frozen=True)
class ImageFinding:
    """One observation; ``numbers``: the values in the sentence."""

    id: str
    sentence: str
    numbers: dict[str, float | int | str] = field(default_factory=dict)


def odd_values(name: str, image: Array, kept: Mask, is_integer: bool) -> Iterator[ImageFinding]:
    """Values of one image that a diffraction image should not have."""
    values = image[kept & np.isfinite(image)]
    if not values.size:
        return
    low, high = float(values.min()), float(values.max())
    if low == high:
        word = "zero everywhere" if low == 0.0 else f"constant ({low:.7g} everywhere)"
        yield ImageFinding(
            "constant", f"{_image(name)} is {word}, so the correlation is undefined", {"image": name, "value": low}
        )
    negative = int(np.count_nonzero(values < 0.0))
    if negative:
        sentence = f"{negative} pixels of {_image(name)} are negative, the lowest {low:.6g}"
        yield ImageFinding("negative", sentence, {"image": name, "pixels": negative, "lowest": low})
    full = int(np.count_nonzero(values >= FULL)) if is_integer else 0
    if full:
        sentence = f"{full} pixels of {_image(name)} are saturated ({FULL}): their true values are unknown"
        yield ImageFinding("saturated", sentence, {"image": name, "pixels": full})
    if high > 1e30:
        sentence = f"{_image(name)} reaches {high:.3g}: wrong byte order or float size?"
        yield ImageFinding("huge", sentence, {"image": name, "largest": high})


def _image(name: str) -> str:
    return f"{name}'s image" if name == "C" else f"the {name} image"


def displacement(pairs: tuple[PeakPair, ...]) -> ImageFinding | None:
    """The common displacement of the spots, from the centres of intensity of partners."""
    steps = np.array(
        [
            (pair.py.centre[0] - pair.c.centre[0], pair.py.centre[1] - pair.c.centre[1])
            for pair in pairs
            if pair.c and pair.py and pair.distance is not None and pair.distance <= _FAR
        ]
    )
    if len(steps) < max(_SPOTS, len(pairs) / 2):
        return None
    middle = np.median(steps, axis=0)
    scatter = np.median(np.abs(steps - middle), axis=0)
    moved = (np.abs(middle) >= _DISPLACED) & (scatter <= 0.5 * np.abs(middle))
    if not moved.any():
        return None
    told = " and ".join(
        f"{step:+.2f} px along {axis}"
        for step, axis, here in zip(middle.tolist(), ("slow", "fast"), moved.tolist(), strict=True)
        if here
    )
    sentence = f"The other image's spots lie {told} of C's ({len(steps)} spots, scatter {float(scatter.max()):.2f} px)"
    numbers: dict[str, float | int | str] = {
        "slow": float(middle[0]),
        "fast": float(middle[1]),
        "spots": len(steps),
        "scatter": float(scatter.max()),
    }
    return ImageFinding("displaced", sentence, numbers)


def threads(counts: tuple[int, ...], pixels: int, rows: int) -> ImageFinding:
    """The OpenMP threads of the C run, where one of ``counts`` explains all ``pixels`` that differ.

    ``rows``: of the detector; more threads than rows give the same image.
    """
    words = [f"{count} or more" if count == rows else str(count) for count in counts]
    listed = " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]
    one = "OpenMP thread" if counts == (1,) else "OpenMP threads"
    what = (
        "the pixel that differs is the first one" if pixels == 1 else f"the {pixels} pixels that differ are first ones"
    )
    sentence = (
        f"C's image is as with {listed} {one}: {what} of a thread's rows; "
        f"--omp-threads {counts[0]} reproduces {'it' if pixels == 1 else 'them'}"
    )
    return ImageFinding("threads", sentence, {"threads": counts[0], "pixels": pixels})


def related(pair: Pair, differs: Differs) -> ImageFinding | None:
    """The simplest change of C's image that reproduces most of the other one's."""
    relation = find_relation(pair, differs)
    return None if relation is None else _told(relation, pair.steps)


def _told(relation: Relation, steps: tuple[float, float]) -> ImageFinding:
    changes = ", ".join(relation.changes)
    if relation.beyond == 0:
        rounding = " within the rounding to counts" if any(steps) else ""
        sentence = f"agrees{rounding} once C's image is {changes}"
    else:
        sentence = f"C's image {changes} explains {_percent(relation.explained)} of the difference"
        sentence += f"; {relation.beyond} pixels still differ"
    if steps[0] and not steps[1] and relation.scale != 1.0:
        sentence += f" (C = {1.0 / relation.scale:.6g} x other {-relation.offset / relation.scale:+.4g}: counts?)"
    numbers: dict[str, float | int | str] = {
        "turn": relation.turn,
        "shift_slow": relation.shift[0],
        "shift_fast": relation.shift[1],
        "scale": relation.scale,
        "offset": relation.offset,
        "explained": relation.explained,
        "pixels_beyond": relation.beyond,
    }
    return ImageFinding("relation", sentence, numbers)


def _percent(part: float) -> str:
    """A percentage, 100 only without a remainder."""
    digits = 2 if part > 0.99 else 1
    text = f"{100.0 * part:.{digits}f}"
    return f"{text if float(text) < 100.0 or part == 1.0 else '> 99.99'} %"
