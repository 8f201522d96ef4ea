"""The statuses of all rows of two large traces, in an array.

Values that do not fit an array, or that a printed precision or a vector's length could excuse, are judged one by one
with the `nbtui.parity.judge.Judge` of the plain comparison.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nbtui.parity.judge import Judge, length_of
from nbtui.parity.model import Status
from nbtui.parity.numbers import DIVERGENT_BELOW, MINOR_BELOW, NOISE, ZERO_BELOW
from nbtui.parity.pairing import RowPairs, Stop
from nbtui.parity.scalars import Short
from nbtui.parity.sorting import Array
from nbtui.trace.fields.field import Tolerance

STATUSES = tuple(Status)
PASS, MINOR, DIVERGENT, CRITICAL, MISSING = range(5)

_PIECE = 1 << 17  # rows judged at a time, in some milliseconds
_AT_MOST = 9  # components of a vector


class Verdicts:
    """``status``, ``within_single``, ``of_print``: per row.

    ``progress`` gets the number of rows judged and the total.
    """

    def __init__(self, pairs: RowPairs, judge: Judge, progress: Callable[[int, int], None], stop: Stop) -> None:
        self._pairs, self._judge = pairs, judge
        self._of_facts = _of_facts(pairs, judge)
        self.status = np.full(len(pairs), MISSING, dtype=np.uint8)
        self.within_single = np.zeros(len(pairs), dtype=bool)
        self.of_print = _of_print(pairs, judge)
        self._worst = (0.0, -1)
        for start in range(0, len(pairs), _PIECE):
            stop()
            end = min(len(pairs), start + _PIECE)
            self._judge_piece(start, end, stop)
            progress(end, len(pairs))

    @property
    def worst(self) -> int | None:
        """The row with the largest relative difference among those within their tolerance."""
        return self._worst[1] if self._worst[1] >= 0 else None

    def _judge_piece(self, start: int, end: int, stop: Stop) -> None:
        pairs = self._pairs
        left, right, fact = pairs.left[start:end], pairs.right[start:end], pairs.fact[start:end]
        known = {name: values[fact] for name, values in self._of_facts.items()}
        both = (left >= 0) & (right >= 0)
        a, b = pairs.c.numbers(left), pairs.py.numbers(right)
        odd = np.zeros(len(left), dtype=bool)
        odd[both] = pairs.c.odd(left[both]) | pairs.py.odd(right[both])
        with np.errstate(all="ignore"):
            b = np.where(known["scale"] == 1.0, b, b * known["scale"])
            delta = b - a
            rel = np.where((a != 0) & np.isfinite(a), delta / np.abs(a), np.nan)
            status = _statuses(a, b, delta, rel, known)
            fails = both & ~odd & (status != PASS) & ~known["exact"]
            excused = fails & self._judge.few_digits
            room = np.where(known["of_scale"], np.maximum(known["limit"], NOISE), NOISE)
            excused |= fails & known["vector"] & ~known["absolute"] & _may_be_within(pairs, left, a, delta, room)
            excused |= fails & known["of_scale"] & (np.abs(delta) <= known["limit"] * known["scale_size"])
            single = np.full(len(left), False)
            if self._judge.single:
                share = known["single_share"]
                own = np.abs(delta) <= np.maximum(share * np.abs(a), known["single_room"])
                vector = known["vector"] & _may_be_within(pairs, left, a, delta, share)
                single = fails & (own | vector)
        self.within_single[start:end] = single
        status = np.where(both, status, MISSING).astype(np.uint8)
        self.status[start:end] = status
        within = both & ~odd & (status != MISSING) & known["judged"] & ~(known["aside"] & differs(status))
        size = np.where(within & (np.abs(rel) <= known["limit"]), np.abs(rel), 0.0)
        self._note_worst(size, start)
        for number, at in enumerate(np.nonzero((both & odd) | excused | single)[0]):
            if number % 2048 == 0:
                stop()
            self._judge_one(start + int(at))

    def _judge_one(self, at: int) -> None:
        pairs = self._pairs
        fact = pairs.facts[pairs.fact[at]]
        ours, theirs = pairs.c.cell(int(pairs.left[at])), pairs.py.cell(int(pairs.right[at]))
        verdict = self._judge.verdict(ours, theirs, fact, lambda: length_at(pairs, at))
        self.status[at] = STATUSES.index(verdict.status)
        self.within_single[at] = verdict.within_single
        counted = fact.judged and not (verdict.status.differs and fact.log_only)
        if counted and verdict.rel_delta is not None and abs(verdict.rel_delta) <= fact.limit.value:
            self._note_worst(np.array([abs(verdict.rel_delta)]), at)

    def _note_worst(self, sizes: NDArray[np.float64], start: int) -> None:
        at = int(np.nanargmax(sizes)) if len(sizes) else 0
        size, old = float(sizes[at]) if len(sizes) else 0.0, self._worst
        if size > old[0] or (0.0 < size == old[0] and start + at < old[1]):
            self._worst = (size, start + at)


def _of_print(pairs: RowPairs, judge: Judge) -> NDArray[np.bool_]:
    """True for rows whose line was not taken from what made the pixel."""
    found = np.zeros(len(pairs), dtype=bool)
    if judge.elsewhere:
        block, _ = pairs.places()
        after = np.array([fact.after_position for fact in pairs.facts] or [False])
        found |= after[pairs.fact] & np.isin(block, list(judge.elsewhere))
    for side, scalars in ((pairs.left, pairs.c), (pairs.right, pairs.py)):
        lines = [line for line, implied in scalars.implied.items() if not implied.values]
        if lines:
            found |= (side >= 0) & np.isin(scalars.line[side], lines)
    return found


def differs(status: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """`Status.differs` for an array of statuses."""
    return np.asarray((status >= MINOR) & (status <= CRITICAL))


def _statuses(a: Array, b: Array, delta: Array, rel: Array, known: dict[str, Array]) -> NDArray[np.uint8]:
    """`nbtui.parity.numbers.judge` for arrays, ignoring printed precision and vector length."""
    size = np.abs(rel)
    tolerance = np.where(known["absolute"], -1.0, known["limit"])
    status = np.select(
        [np.isnan(size), size <= tolerance, size < MINOR_BELOW, size < DIVERGENT_BELOW],
        [CRITICAL, PASS, MINOR, DIVERGENT],
        CRITICAL,
    )
    near = (a == 0) & (np.abs(b) < ZERO_BELOW) | known["absolute"] & (np.abs(delta) <= known["limit"])
    status = np.where(near, PASS, status)
    status = np.where(known["exact"] | np.isnan(a) | np.isnan(b), CRITICAL, status)
    return np.where((a == b) | np.isnan(a) & np.isnan(b), PASS, status).astype(np.uint8)


def _of_facts(pairs: RowPairs, judge: Judge) -> dict[str, Array]:
    """The facts as arrays, one value per fact."""
    facts = pairs.facts
    return {
        "scale": np.array([judge.scale(fact.name) for fact in facts] or [1.0]),
        "limit": np.array([fact.limit.value for fact in facts] or [0.0]),
        "absolute": np.array([fact.limit.absolute for fact in facts] or [False]),
        "exact": np.array([fact.kind is Tolerance.INTEGER for fact in facts] or [False]),
        "of_scale": np.array([fact.limit.of_scale for fact in facts] or [False]),
        "scale_size": np.array([fact.scale.size if fact.scale else 0.0 for fact in facts] or [0.0]),
        "single_share": np.array([fact.single.relative for fact in facts] or [0.0]),
        "single_room": np.array([fact.single.absolute for fact in facts] or [0.0]),
        "vector": np.array([fact.in_vector for fact in facts] or [False]),
        "judged": np.array([fact.judged for fact in facts] or [False]),
        "aside": np.array([bool(fact.log_only) for fact in facts] or [False]),
    }


def _may_be_within(pairs: RowPairs, left: Short, a: Array, delta: Array, room: Array) -> NDArray[np.bool_]:
    """True where a difference may be within this share of the length of its vector."""
    here = np.where((left >= 0) & np.isfinite(a), np.abs(a), 0.0)
    lines = pairs.c.line[left] if len(pairs.c.line) else np.zeros_like(left)
    longest = here.copy()
    for shift in range(1, _AT_MOST):  # the components of a vector are neighbours
        same = lines[shift:] == lines[:-shift]
        longest[shift:] = np.where(same, np.maximum(longest[shift:], here[:-shift]), longest[shift:])
        longest[:-shift] = np.where(same, np.maximum(longest[:-shift], here[shift:]), longest[:-shift])
    near = np.abs(delta) <= 1.01 * room * np.sqrt(float(_AT_MOST)) * longest
    near[: _AT_MOST - 1] = True  # their neighbours may be in the piece before or after
    near[-_AT_MOST + 1 :] = True
    return np.asarray(near)


def length_at(pairs: RowPairs, at: int) -> float:
    """Length of C's vector in this row."""
    left = int(pairs.left[at])
    if left < 0:
        return 0.0
    return length_of(value for value in pairs.c.vector(left) if isinstance(value, str | int | float))
