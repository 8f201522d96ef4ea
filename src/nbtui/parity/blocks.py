"""Pair the repeated blocks (sub-pixels and layers) of two traces by their position within the pixel.

A port often prints one block where C prints one per layer and sub-pixel. Positions are measured along each trace's own
detector axes, from its own detector origin: an error of the set-up moves every block of a trace alike and does not
change the pairing. Source: nanobragg_pixel_loop, section 2 (loops) and 12.2 (position of a sub-pixel and layer).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from nbtui.parity import align
from nbtui.parity.position import pixel_size
from nbtui.trace.model import Record, Trace

POSITION = "pixel_pos_meters"
_ORIGIN, _FAST, _SLOW = "pix0_vector_meters", "fdet_vec", "sdet_vec"
_SAME = 1e-3  # of the spacing of the blocks, or of a pixel: closer ones are at the same place
_CENTRE = (0.5, 0.5)

Point = tuple[float, ...]


@dataclass(frozen=True)
class BlockPairing:
    """Which block of the reference belongs to each block of the suspect.

    Blocks of the suspect without a partner have numbers beyond those of the reference.
    """

    of_suspect: tuple[int, ...]  # per block of the suspect: number of the block of the reference
    offsets: tuple[tuple[float, float] | None, ...]  # (fast, slow) in its pixel, in pixels; None where unknown
    displaced: frozenset[int] = frozenset()  # blocks of the suspect at a place that no block of the reference has

    @property
    def in_order(self) -> bool:
        """Whether every block has its own number."""
        return self.of_suspect == tuple(range(len(self.of_suspect)))

    def numbered(self, block: int) -> int:
        """The number of the reference's block; blocks beyond the suspect's known ones keep their distance."""
        known = self.of_suspect
        return known[block] if block < len(known) else block - len(known) + max(known, default=-1) + 1

    @property
    def at_centre(self) -> frozenset[int]:
        """Blocks of the suspect at the centre of the pixel, which is none of the reference's sub-pixels."""
        return frozenset(block for block in self.displaced if _is_centre(self.offsets[block]))


@dataclass(frozen=True)
class _Places:
    """Blocks of one trace: metres along fast axis, slow axis and normal, from the detector origin."""

    points: Mapping[int, Point]
    inside: bool  # in the detector's frame; False: plain positions


def paired_blocks(reference: Trace, suspect: Trace) -> BlockPairing:
    """The pairing of the suspect's blocks with those of the reference, and their places within the pixel.

    Equal numbers of blocks pair by order, unless every block of the suspect is at the place of exactly one block of
    the reference; different numbers pair by the nearest place, the closest pair first.
    """
    (ours, left), (theirs, right) = _places(reference), _places(suspect)
    size = pixel_size(reference) or _size_by_index(reference, left) or pixel_size(suspect)
    offsets = _offsets(suspect, right, size, theirs)
    plain = BlockPairing(tuple(range(theirs)), offsets)
    known = len(left.points) == ours and len(right.points) == theirs and left.inside == right.inside
    if ours == 0 or theirs == 0 or not known:
        return plain
    here, there = (_within(trace, places, size) for trace, places in ((reference, left), (suspect, right)))
    room = _SAME * (_spacing(here) or (size or 0.0))
    if ours == theirs and all(math.dist(here[block], there[block]) <= room for block in range(ours)):
        return plain
    near = dict(_nearest(here, there))
    displaced = frozenset(block for block, (distance, _) in near.items() if distance > room)
    if ours == theirs:
        found = tuple(near[block][1] for block in range(theirs))
        exact = not displaced and len(set(found)) == theirs
        return BlockPairing(found if exact else plain.of_suspect, offsets)
    return BlockPairing(_one_each(near, ours, theirs), offsets, displaced)


def _is_centre(offset: tuple[float, float] | None) -> bool:
    return offset is not None and math.dist(offset, _CENTRE) <= _SAME


def _one_each(near: Mapping[int, tuple[float, int]], ours: int, theirs: int) -> tuple[int, ...]:
    """One block of the reference at most once, to the closest of its suitors."""
    taken: dict[int, int] = {}
    for block, (_, partner) in sorted(near.items(), key=lambda item: (item[1][0], item[0])):
        taken.setdefault(partner, block)
    partners = {block: partner for partner, block in taken.items()}
    alone = iter(range(ours, ours + theirs))
    return tuple(partners[block] if block in partners else next(alone) for block in range(theirs))


def _places(trace: Trace) -> tuple[int, _Places]:
    """The number of blocks, and the place of every block that prints its position."""
    count, positions = _positions(trace)
    frame = [_numbers(found[0]) if len(found := trace.all(name)) else () for name in (_ORIGIN, _FAST, _SLOW)]
    if not all(len(vector) == 3 for vector in frame):
        return count, _Places(positions, inside=False)
    origin, fast, slow = frame
    axes = (fast, slow, _cross(fast, slow))
    return count, _Places(
        {
            block: tuple(sum((p - o) * a for p, o, a in zip(point, origin, axis, strict=True)) for axis in axes)
            for block, point in positions.items()
        },
        inside=True,
    )


def _positions(trace: Trace) -> tuple[int, dict[int, Point]]:
    """The number of blocks, and the three numbers of the position in each block that prints it."""
    records: Iterator[Record] = iter(trace.all(POSITION))
    numbers = align.blocks(trace)
    points: dict[int, Point] = {}
    for name, block in zip(trace.names(), numbers, strict=True):
        if name == POSITION:
            point = _numbers(next(records))
            if len(point) == 3:
                points[block] = point
    return align.count_blocks(trace, numbers), points


def _numbers(record: Record) -> Point:
    values = record.values
    return tuple(float(v) for v in values if not isinstance(v, str) and math.isfinite(v))


def _cross(a: Point, b: Point) -> Point:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _size_by_index(trace: Trace, places: _Places) -> float | None:
    """Edge of a pixel in metres: the mean place of all blocks is the centre of the pixel, at its index plus a half."""
    if trace.pixel is None or not places.inside or not places.points:
        return None
    count = len(places.points)
    middle = [sum(point[axis] for point in places.points.values()) / count for axis in (1, 0)]
    slow, fast = (place / (index + 0.5) for place, index in zip(middle, trace.pixel, strict=True))
    return fast if fast > 0 and abs(slow - fast) <= _SAME * fast else None


def _within(trace: Trace, places: _Places, size: float | None) -> dict[int, Point]:
    """The places less the corner of the pixel, as far as that is known."""
    if not places.inside or not size:
        return dict(places.points)
    return {
        block: (*(size * part for part in _fraction(trace, point, size)), point[2])
        for block, point in places.points.items()
    }


def _fraction(trace: Trace, point: Point, size: float) -> tuple[float, float]:
    """Place within the pixel along the fast and the slow axis, in pixels."""
    if not all(map(math.isfinite, (point[0] / size, point[1] / size))):
        return math.nan, math.nan
    indices = (math.floor(point[0] / size), math.floor(point[1] / size)) if trace.pixel is None else trace.pixel[::-1]
    parts = [place / size - index for place, index in zip(point, indices, strict=False)]
    if any(abs(part - 0.5) > 0.5 + _SAME for part in parts):  # the lines are of another pixel, or of a moved detector
        parts = [part - math.floor(part + _SAME) for part in parts]
    return parts[0], parts[1]


def _offsets(trace: Trace, places: _Places, size: float | None, count: int) -> tuple[tuple[float, float] | None, ...]:
    if not places.inside or not size:
        return (None,) * count
    points = places.points
    return tuple(_fraction(trace, points[block], size) if block in points else None for block in range(count))


def _spacing(points: Mapping[int, Point]) -> float:
    """The smallest distance of two neighbours along any axis; 0 for a single place."""
    steps = []
    for axis in range(3):
        sorted_places = sorted(point[axis] for point in points.values())
        span = sorted_places[-1] - sorted_places[0]
        steps += [b - a for a, b in pairwise(sorted_places) if b - a > 1e-6 * span]
    return min(steps, default=0.0)


def _nearest(reference: Mapping[int, Point], suspect: Mapping[int, Point]) -> Iterator[tuple[int, tuple[float, int]]]:
    """For every block of the suspect the distance and the number of the nearest block of the reference."""
    ordered = sorted((point[0], block) for block, point in reference.items())
    for block, point in suspect.items():
        best = (math.inf, -1)
        at = bisect_left(ordered, (point[0], -1))
        for steps in (range(at, len(ordered)), range(at - 1, -1, -1)):
            for index in steps:
                along, other = ordered[index]
                if abs(along - point[0]) > best[0]:
                    break
                best = min(best, (math.dist(point, reference[other]), other))
        yield block, best
