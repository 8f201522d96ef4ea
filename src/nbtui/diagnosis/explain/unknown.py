"""Differences that no known cause explains, as sentences with their numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nbtui.diagnosis.explain.differences import by_field, is_vector, is_whole, made_from, names, together
from nbtui.diagnosis.search.ratios import factors_of, match, products
from nbtui.diagnosis.search.rows import Rows
from nbtui.live.scene import Array
from nbtui.parity.streams import upstream

LONGEST = 2  # factors of a named product: with more, small integers meet by chance
NEARER = 0.5  # share of the distance that the nearest cause may leave
RATIO = 0.01  # a smaller relative difference is given as a difference, a larger one as a factor


@dataclass(frozen=True)
class Unexplained:
    """A difference that no known cause explains."""

    field: str
    off: float  # relative to the value, as the best hypothesis leaves it
    sentence: str


def unexplained(
    rows: Rows,
    predicted: Array,
    differing: Sequence[str],
    tried: Sequence[tuple[str, Array]],
    factors: Mapping[str, float] | None = None,
) -> tuple[Unexplained, ...]:
    """One sentence for every differing field that is made from no other differing one, in pipeline order.

    Args:
        predicted: the values that the best hypothesis predicts, (n,); those of the reference without one.
        differing: fields that still differ from them.
        tried: names of causes and the values that each predicts, (n,), from which the nearest is named.
        factors: named factors of the case, for ratios; those among the reference's values by default.
    """
    left = set(differing)
    found = [item for item in by_field(rows, predicted, rows.suspect) if item.field in left]
    known = factors_of(_values(rows)) if factors is None else factors
    out = []
    told: set[str] = set()
    for item in found:
        if made_from(item.field, left):
            continue
        line = together(rows, item.worst)
        size = float(np.linalg.norm(predicted[line]))
        miss = float(np.linalg.norm(rows.suspect[line] - predicted[line]))
        off = miss / size if size > 0.0 else 1.0
        parts = [_known_ratio(rows, predicted, line, known), *_nearest(rows, predicted, line, tried)]
        after = [other.field for other in found if item.field in upstream(other.field)]
        if not told.issuperset(after):
            told.update(after)
            parts.append(f"{names(after, 3)}, made from it, differ{'s' * (len(after) == 1)} as well")
        head = f"{item.field}{_where(rows, item.worst)} {_how_far(rows, predicted, line)}"
        out.append(Unexplained(item.field, off if math.isfinite(off) else math.inf, f"{head}: {'; '.join(parts)}."))
    return tuple(out)


def _values(rows: Rows) -> dict[str, float]:
    """The reference's scalars by field, each from its first row."""
    return {name: float(rows.reference[plan[0][0]]) for name, plan in rows.plan.items() if not is_vector(name)}


def _where(rows: Rows, at: int) -> str:
    """The repetition of a line, if it is not the only one."""
    _, block, _, name, step, _ = rows.places[at]
    places = {rows.places[n][1:5:3] for n in rows.plan[name][0].tolist()}
    if len(places) == 1:
        return ""
    return f" (phi step {step})" if name.startswith("phi.") else f" (block {block})"


def _how_far(rows: Rows, predicted: Array, line: Sequence[int]) -> str:
    expected, actual = predicted[line], rows.suspect[line]
    if (
        not (np.isfinite(expected).all() and np.isfinite(actual).all())
        or not expected.any()
        or not actual.any()
        or is_whole(rows.fields[line[0]])
    ):
        return f"is {_numbers(actual)} where {_numbers(expected)} is expected"
    if len(line) > 1:
        sizes = float(np.linalg.norm(expected)), float(np.linalg.norm(actual))
        cosine = float(expected @ actual) / (sizes[0] * sizes[1])
        angle = math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
        ratio = sizes[1] / sizes[0]
        if not 0.5 < ratio < 2.0:
            return f"is {ratio:.7g} times as long, turned by {angle:.2g} degrees"
        part = float(np.linalg.norm(actual - expected)) / sizes[0]
        turned = f"length x {ratio:.7g}, turned by {angle:.2g} degrees"
        return f"is off by {part:.2g} of its length ({turned})"
    if (ratio := float(actual[0] / expected[0])) < 0.0:
        return f"is {_numbers(actual)} where {_numbers(expected)} is expected"
    return f"is off by {abs(ratio - 1.0):.1e}" if abs(ratio - 1.0) < RATIO else f"is off by a factor of {ratio:#.5g}"


def _numbers(values: Array) -> str:
    return " ".join(f"{value:.9g}" for value in values)


def _known_ratio(rows: Rows, predicted: Array, line: Sequence[int], known: Mapping[str, float]) -> str:
    """Whether the factor of a scalar is a product of named ones, to the printed digits."""
    at = line[0]
    ratio = float(rows.suspect[at] / predicted[at]) if predicted[at] else 0.0
    if len(line) > 1 or not (ratio > 0.0 and math.isfinite(ratio)):
        return "no known cause"
    others = {name: value for name, value in known.items() if value != predicted[at]}  # nothing lacks itself
    found = match(ratio, products(others, LONGEST), float(rows.floor[at])) if others else None
    return f"equal to {found[0]}, yet no known cause produces it" if found else "no known ratio, no known cause"


def _nearest(rows: Rows, predicted: Array, line: Sequence[int], tried: Sequence[tuple[str, Array]]) -> Iterator[str]:
    """The tried cause that comes nearest to the suspect's value, if much nearer than without it."""
    best, name, value = NEARER * _apart(predicted[line], rows.suspect[line]), "", predicted[line]
    for ids, made in tried:
        off = _apart(made[line], rows.suspect[line])
        if off < best:
            best, name, value = off, ids, made[line]
    if name and len(line) == 1 and predicted[line[0]] * value[0] > 0.0:
        yield f"nearest: {name} would give {value[0] / predicted[line[0]]:.5g}"
    elif name:
        yield f"nearest: {name} would leave {best:.2g}"


def _apart(made: Array, actual: Array) -> float:
    """Distance of two vectors relative to the larger one; of two scalars on a scale of factors."""
    if len(made) == 1:
        one, other = float(made[0]), float(actual[0])
        if one == other:
            return 0.0
        ratio = one / other if other else 0.0
        return abs(math.log(ratio)) if ratio > 0.0 and math.isfinite(ratio) else math.inf
    size = max(float(np.linalg.norm(made)), float(np.linalg.norm(actual)))
    off = float(np.linalg.norm(made - actual)) / size if size > 0.0 else 0.0
    return off if math.isfinite(off) else math.inf
