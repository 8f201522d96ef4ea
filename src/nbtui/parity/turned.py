"""Whether the reciprocal vectors of two traces are the same but for a rotation: lengths, angles and hand are equal."""

from __future__ import annotations

import itertools
import math

from nbtui.parity.align import first_of
from nbtui.parity.numbers import Printing
from nbtui.trace.fields.catalogue import FIELDS
from nbtui.trace.model import Trace

ROTATED = tuple(entry.name for entry in FIELDS if entry.rotated_in_logs)
_EQUAL = 1e-6  # of the product of two lengths
Vector = tuple[float, float, float]


def only_turned(c: Trace, py: Trace, printing_c: Printing, printing_py: Printing) -> bool:
    """True as well if the traces have no such vector in common."""
    pairs: list[tuple[Vector, Vector]] = []
    for name in ROTATED:
        ours, theirs = _vector(c, name), _vector(py, name)
        if ours is not None and theirs is not None:
            pairs.append((ours, theirs))
    room = _EQUAL + 2.0 * (_coarseness(printing_c) + _coarseness(printing_py))
    for (one, one_py), (other, other_py) in itertools.combinations_with_replacement(pairs, 2):
        size = math.sqrt(_dot(one, one) * _dot(other, other))
        if abs(_dot(one, other) - _dot(one_py, other_py)) > 2.0 * room * size:
            return False
    if len(pairs) < 3:
        return True
    (a, a_py), (b, b_py), (c_star, c_star_py) = pairs
    return _volume(a, b, c_star) * _volume(a_py, b_py, c_star_py) >= 0.0


def _vector(trace: Trace, name: str) -> Vector | None:
    record = first_of(trace, name)
    if record is None or len(record.values) != 3 or any(isinstance(value, str) for value in record.values):
        return None
    x, y, z = map(float, record.values)
    return x, y, z


def _coarseness(printing: Printing) -> float:
    """Relative rounding of the coarsest number of a log."""
    return 0.0 if printing.digits is None else 0.5 * 10.0 ** (1 - printing.digits)


def _dot(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _volume(a: Vector, b: Vector, c: Vector) -> float:
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return _dot(cross, c)
