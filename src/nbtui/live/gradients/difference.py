"""The derivative of an exact function by central differences at many steps, with its uncertainty.

Ridders' method: differences at steps that shrink by a constant factor, extrapolated to step 0 (Richardson). The entry
of the tableau with the smallest estimated error is the result, if smaller steps confirm it; steps across a kink do not
count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LEVELS = 10  # steps: from the first one down to 4e-6 of it
SHRINK = 4.0  # between two steps
_APART = 3.0  # times the errors of two results: they disagree
SAFETY = 2.0  # on the estimated error; see tests/live/test_live_gradients.py for how often it covers the truth
AT_THE_POINT = "the pixel jumps at exactly this value (at phi = 0, C may keep the vectors of the last step)"
_ROUNDING = 2.0**-52  # relative, of a value and of a parameter, at the least
_JUMP = 100.0  # times the change across the smallest step: what lies so far beside its neighbours is not on their curve
_ENOUGH = 2  # steps on one smooth piece
_NOISY = 3  # smallest steps, whose quotients differ from the derivative by nothing but rounding


@dataclass(frozen=True)
class MovedValue:
    """The function at a step to one side: where the parameter really was, the value, the kinks passed on the way."""

    at: float
    value: float
    kinks: tuple[str, ...] = ()


@dataclass(frozen=True)
class FiniteDifference:
    """A derivative by differences.

    Attributes:
        value: the derivative; nan where too few steps stay on one smooth piece.
        error: its uncertainty, in the unit of the value.
        step: the step of the result, in the unit of the parameter.
        smooth: the largest step within which no kink lies, 0 at a kink.
        kinks: what happens at the nearest kink, empty if no step reached one.
    """

    value: float
    error: float
    step: float
    smooth: float
    kinks: tuple[str, ...] = ()


def differentiate(
    sides: Callable[[float], tuple[MovedValue, MovedValue]], here: float, first: float, levels: int = LEVELS
) -> FiniteDifference:
    """The derivative from the values on both sides (below, above) at steps ``first``, ``first / SHRINK``, ...

    ``here``: the value at the point itself, which may lie beside the values around it.
    """
    slopes: list[_Slope] = []  # the smallest step last
    nearest: tuple[str, ...] = ()
    for step in (first / SHRINK**level for level in range(levels)):
        below, above = sides(step)
        kinks = tuple(dict.fromkeys((*below.kinks, *above.kinks)))
        if kinks:
            both = bool(below.kinks and above.kinks) and step == first / SHRINK ** (levels - 1)
            slopes, nearest = [], (AT_THE_POINT,) if both else kinks
            continue
        width = above.at - below.at
        if width > 0.0:
            slope = (above.value - below.value) / width
            sizes = abs(above.value) + abs(below.value) + abs(slope) * (abs(above.at) + abs(below.at))
            slopes.append(_Slope(step, width, slope, _ROUNDING * sizes / width, (above.value + below.value) / 2.0))
    smooth = slopes[0].step if slopes else 0.0
    if len(slopes) < _ENOUGH:
        return FiniteDifference(math.nan, math.nan, 0.0, smooth, nearest)
    before, last = slopes[-2:]
    off = abs(last.middle - here)  # of a curve, a sixteenth of the one before
    if off > _JUMP * (abs(last.value) + last.rounding) * last.width and off > abs(before.middle - here) / 2.0:
        return FiniteDifference(math.nan, math.nan, 0.0, 0.0, (AT_THE_POINT,))
    value, error, step = _agreed([_extrapolated(slopes[start:]) for start in range(len(slopes) - 1)])
    return FiniteDifference(value, SAFETY * error, step, smooth, nearest)


@dataclass(frozen=True)
class _Slope:
    """A difference quotient, its rounding error, and the mean of the values on both sides."""

    step: float
    width: float
    value: float
    rounding: float
    middle: float


_Found = tuple[float, float, float]  # value, error, smallest step


def _agreed(found: Sequence[_Found]) -> _Found:
    """The result with the smallest error that most results from smaller steps confirm.

    Steps beyond the width of a peak may agree with each other on a wrong derivative.
    """

    def confirmed(at: int) -> bool:
        value, error, _ = found[at]
        finer = found[at + 1 :]
        against = sum(abs(other - value) > _APART * (error + its) for other, its, _ in finer)
        return 2 * against <= len(finer)

    return min((one for at, one in enumerate(found) if confirmed(at)), key=lambda one: one[1])


def _extrapolated(slopes: Sequence[_Slope]) -> _Found:
    """The best entry of Richardson's tableau, with its error, including the noise that the smallest steps show."""
    best, at = (math.nan, math.inf), 0
    before: list[float] = []
    for number, slope in enumerate(slopes):
        row = [slope.value]
        for order, coarser in enumerate(before, start=1):
            finer = row[-1]
            row.append(finer + (finer - coarser) / (SHRINK ** (2 * order) - 1.0))
            error = max(abs(row[-1] - finer), abs(row[-1] - coarser)) + slope.rounding
            if error < best[1]:
                best, at = (row[-1], error), number
        before = row
    value, error = best
    finest = slopes[max(at + 1, len(slopes) - _NOISY) :]
    noise = max((abs(finer.value - value) * finer.width for finer in finest), default=0.0)
    return value, error + noise / slopes[at].width, slopes[at].step
