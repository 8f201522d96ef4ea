"""Relate two images by a rotation, shift, scale or offset: Python = scale x C + offset, on C's pixels moved.

Common mistakes with images: axes exchanged, a flipped axis, an origin off by a pixel, a missing factor, counts with an
offset compared with photons. A relation is the simplest of these changes that removes most of the difference; it
states how much it removes, and whether a difference remains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nbtui.images.ranks import counted, largest, middle

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Shift = tuple[int, int]  # slow, fast
Line = tuple[float, float]  # scale, offset
Turn = Callable[[npt.NDArray[np.generic]], npt.NDArray[np.generic]]

REACH = 8  # pixels; largest shift tried in either direction
ENOUGH = 0.5  # of the difference that a reported relation removes
_ROWS = 256  # of an image processed together
_BRIGHT = 2000  # bright pixels used to find orientation and shift
_PAIRS = 4000  # of a bright and a faint pixel on the line
_BETTER = 1.02  # times better must the bright pixels coincide for a turn or shift
_SIMPLER = 1.5  # a simpler relation may leave so much more
_ROUNDING = 1.5  # times half a count: few bright pixels determine the line
_NOTHING = 1e-13  # of the image: rounding to float32

# the change of C's image, and its inverse on Python's
TURNS: dict[str, Turn] = {
    "": lambda image: image,
    "transposed (slow and fast exchanged)": lambda image: image.T,
    "flipped along slow": lambda image: image[::-1],
    "flipped along fast": lambda image: image[:, ::-1],
    "turned by 180 degrees": lambda image: image[::-1, ::-1],
    "turned clockwise by 90 degrees": lambda image: image.T[::-1],
    "turned anticlockwise by 90 degrees": lambda image: image.T[:, ::-1],
    "transposed about the other diagonal": lambda image: image.T[::-1, ::-1],
}


@dataclass(frozen=True)
class Relation:
    """The change from C's image to Python's: ``turn``, then ``shift`` (Python's pixel minus C's), then the line."""

    turn: str  # a key of TURNS; empty: as it is
    shift: Shift
    scale: float
    offset: float
    explained: float  # removed fraction of the difference, 0 to 1
    beyond: int  # pixels that still differ

    @property
    def changes(self) -> list[str]:
        """Each change in words."""
        found = [self.turn] if self.turn else []
        if self.shift != (0, 0):
            moves = (
                f"{step:+d} px along {axis}" for step, axis in zip(self.shift, ("slow", "fast"), strict=True) if step
            )
            found.append("shifted by " + " and ".join(moves))
        if self.scale != 1.0:
            found.append(f"scaled by {self.scale:.7g}")
        if self.offset != 0.0:
            found.append(f"offset by {self.offset:+.6g}")
        return found


@dataclass(frozen=True, eq=False)
class Pair:
    """Both whole images, the counted region of C's, and the pixels kept there."""

    c: Array
    py: Array
    kept: Mask  # of the whole image: in the region and not masked
    steps: tuple[float, float] = (0.0, 0.0)  # spacing of the values of C's, Python's image: 1 for counts, 0 for floats
    grains: tuple[float, float] = (0.0, 0.0)  # relative spacing: the resolution of floats
    full: tuple[float, float] = (np.inf, np.inf)  # a pixel at this value or above is saturated


Differs = Callable[[Array, Array, Mask], Mask]


def find_relation(pair: Pair, differs: Differs) -> Relation | None:
    """The simplest relation that removes at least ENOUGH of the difference; None without one.

    Args:
        pair: the images, of one size.
        differs: the disagreeing pixels of two images among the counted ones.
    """
    numbers = np.isfinite(pair.c) & np.isfinite(pair.py)
    before = _misfit((1.0, 0.0), pair.c, pair.py, pair.kept & numbers)
    if before <= _NOTHING:
        return None
    found: list[tuple[int, float, Relation]] = []
    for name, shift in _placings(pair):
        c, py, counts = _placed(pair, name, shift)
        if counts.sum() < 0.5 * pair.kept.sum() or counts.sum() < 3:
            continue
        for scale, offset in ((1.0, 0.0), *_lines(pair, c, py, counts)):
            left = _misfit((scale, offset), c, py, counts)
            relation = Relation(name, shift, scale, offset, max(0.0, 1.0 - left / min(before, 1.0)), -1)
            if relation.changes:
                found.append((len(relation.changes), left, relation))
    if not found:
        return None
    least = min(left for _, left, _ in found)
    _, _, best = min(
        (entry for entry in found if entry[1] <= _SIMPLER * least + _NOTHING), key=lambda entry: (entry[0], entry[1])
    )
    if best.explained < ENOUGH:
        return None
    c, py, counts = _placed(pair, best.turn, best.shift)
    return replace(best, beyond=_left_over(pair, best, c, py, counts, differs))


def _placings(pair: Pair) -> Iterator[tuple[str, Shift]]:
    """The identity, and the turn and shift that map the bright pixels of one image to those of the other."""
    yield "", (0, 0)
    c, counts = pair.c, pair.kept & np.isfinite(pair.c)
    flat = np.where(counts, c - middle(counted(c, counts)), 0.0).ravel()
    chosen = largest(flat, _BRIGHT)
    weights, (slow, fast) = _scaled(flat[chosen]), np.divmod(chosen, c.shape[1])
    scores: list[tuple[float, str, Shift]] = []
    finite = np.isfinite(pair.py)
    py = _scaled(np.where(finite, pair.py - middle(counted(pair.py, finite)), 0.0))
    for name, turn in TURNS.items():
        turned = turn(py)
        if turned.shape != c.shape:
            continue
        padded = np.pad(np.asarray(turned, dtype=np.float64), REACH)
        for s in range(-REACH, REACH + 1):
            for f in range(-REACH, REACH + 1):
                values = padded[slow + s + REACH, fast + f + REACH]
                scores.append((float(weights @ values), name, (s, f)))
    as_it_is = next(score for score, name, shift in scores if (name, shift) == ("", (0, 0)))
    for turned_so, shifted_so in ((True, False), (False, True), (True, True)):
        some = [entry for entry in scores if (bool(entry[1]), entry[2] != (0, 0)) == (turned_so, shifted_so)]
        score, name, shift = max(some, key=lambda entry: entry[0])
        if score > max(_BETTER * as_it_is, 0.0):
            yield name, shift


def _scaled(values: Array) -> Array:
    """Values relative to the largest, so that products do not overflow."""
    top = float(np.abs(values).max(initial=0.0))
    return values / top if top > 0.0 else values


def _placed(pair: Pair, name: str, shift: Shift) -> tuple[Array, Array, Mask]:
    """C's image, Python's moved onto it, and the pixels that count in both; other pixels are arbitrary."""
    turn = TURNS[name]
    py: Array = _moved(np.asarray(turn(pair.py), dtype=np.float64), shift)
    there: Mask = _moved(np.asarray(turn(np.isfinite(pair.py)), dtype=bool), shift)
    counts = pair.kept & np.isfinite(pair.c) & there
    counts &= (pair.c < pair.full[0]) & ~(py >= pair.full[1])
    return pair.c, py, counts


def _moved(image: npt.NDArray[Any], shift: Shift) -> npt.NDArray[Any]:
    """``image`` moved by ``shift``; zero beyond its edge."""
    if shift == (0, 0):
        return image
    moved = np.zeros_like(image)
    source, target = [], []
    for step, size in zip(shift, image.shape, strict=True):
        source.append(slice(max(step, 0), size + min(step, 0)))
        target.append(slice(max(-step, 0), size - max(step, 0)))
    moved[tuple(target)] = image[tuple(source)]
    return moved


def _lines(pair: Pair, c: Array, py: Array, counts: Mask) -> Iterator[tuple[float, float]]:
    """A scale, a scale with an offset, and an offset alone: medians, robust against a few odd pixels."""
    values_c, values_py = counted(c, counts), counted(py, counts)
    bright = largest(values_c, _PAIRS)
    bright = bright[(values_c[bright] > 0.0) & (values_c[bright] >= 1e-3 * values_c.max())]
    if not len(bright):
        return
    ratio = float(np.median(values_py[bright] / values_c[bright]))
    if ratio > 0.0 and np.isfinite(ratio):
        yield ratio, 0.0
    yield 1.0, middle(values_py - values_c)
    faint = np.resize(np.flatnonzero(values_c <= middle(values_c)), len(bright))
    run, rise = values_c[bright] - values_c[faint], values_py[bright] - values_py[faint]
    if not (run > 0.0).any():
        return
    scale = float(np.median(rise[run > 0.0] / run[run > 0.0]))
    offset = middle(values_py - scale * values_c)
    if not (scale > 0.0 and np.isfinite(scale)):
        return
    if pair.steps == (1.0, 0.0):
        slope, adc = _line_of_counts(values_py[bright], values_c[bright], 1.0 / scale, -offset / scale)
        if slope > 0.0:
            yield 1.0 / slope, -adc / slope
    elif any(pair.steps):
        yield _line_of_counts(values_c[bright], values_py[bright], scale, offset)
    else:
        yield scale, offset


def _line_of_counts(values: Array, counts: Array, scale: float, offset: float) -> tuple[float, float]:
    """The line from ``values`` to rounded ``counts``, refined by many pixels from the given one.

    An offset close to an integer is rounded: faint pixels, all rounded the same way, would bias it.
    """
    whole = float(round(offset))
    offset = whole if abs(offset - whole) < 0.1 else offset
    for _ in range(3):  # the set of pixels near the line depends on the line
        rest = np.abs(counts - offset - scale * values)
        near = rest <= max(1.0, 4.0 * float(np.median(rest)))
        if not values[near].any():
            break
        scale = float(values[near] @ (counts[near] - offset) / (values[near] @ values[near]))
    return scale, offset


def _misfit(line: Line, c: Array, py: Array, counts: Mask) -> float:
    """Sum of squared differences from the line, in parts of the larger image's own variation."""
    scale, offset = line
    # in pieces: whole images would need many times their memory
    pieces = [slice(at, at + _ROWS) for at in range(0, c.shape[0], _ROWS)]
    number = int(counts.sum())

    def values() -> Iterator[tuple[Array, Array]]:
        for rows in pieces:
            yield scale * c[rows][counts[rows]] + offset, py[rows][counts[rows]]

    with np.errstate(over="ignore", invalid="ignore"):
        tops = [max(float(np.abs(image).max(initial=0.0)) for image in pair) for pair in values()]
        top = max(tops, default=0.0)
        if top == 0.0 or not np.isfinite(top) or not number:
            return 0.0
        means = [sum(float((pair[side] / top).sum()) for pair in values()) / number for side in (0, 1)]
        rest, squares = 0.0, [0.0, 0.0]
        for pair in values():
            first, second = (image / top for image in pair)
            rest += float(np.square(second - first).sum())
            for side, image in enumerate((first, second)):
                squares[side] += float(np.square(image - means[side]).sum())
    variation = max(squares)
    return rest / variation if variation > 0.0 else float(rest > 0.0)


def _left_over(pair: Pair, relation: Relation, c: Array, py: Array, counts: Mask, differs: Differs) -> int:
    """Pixels that still differ after ``relation``; the rounding of counts and floats is not a difference."""
    expected = relation.scale * c + relation.offset
    left = differs(expected, py, counts)
    rounding = 0.5 * (pair.steps[1] + pair.steps[0] * abs(relation.scale))
    grain = pair.grains[0] * np.abs(relation.scale * c) + pair.grains[1] * np.abs(py)
    left &= np.abs(py - expected) > _ROUNDING * rounding + grain
    return int(left.sum())
